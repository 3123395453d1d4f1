"""The service `api`: the client portal's door, signing in, the PSPs' webhooks, and what problems mean."""

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny

urlpatterns = [
    path("api/v1/", include("crm.api.urls")),
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/", include("trading.api.urls")),
    path(
        "api/v1/openapi.json",
        SpectacularJSONAPIView.as_view(permission_classes=[AllowAny], authentication_classes=[]),
        name="openapi",
    ),
    path("webhooks/", include("payments.api.webhook_urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("", include("fintech.http.urls")),
]

handler400 = "fintech.http.error_views.bad_request"
handler403 = "fintech.http.error_views.permission_denied"
handler404 = "fintech.http.error_views.page_not_found"
handler500 = "fintech.http.error_views.server_error"
