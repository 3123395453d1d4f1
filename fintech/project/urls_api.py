"""The service `api`: the client portal's door, signing in, the PSPs' webhooks, and what problems mean."""

from django.urls import include, path, re_path

from fintech.http.error_views import nothing_here
from fintech.http.schema_view import OpenApiView, api_docs

urlpatterns = [
    path("api/v1/", include("crm.api.urls")),
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/", include("trading.api.urls")),
    path("api/v1/openapi.json", OpenApiView.as_view(), name="openapi"),
    path("api/v1/docs", api_docs, name="api-docs"),
    path("webhooks/", include("payments.api.webhook_urls")),
    # No telephones are kept for signing in, no codes are sent instead of passwords, and sessions are the only tokens.
    *(
        re_path(rf"^_allauth/(?:app|browser)/v1/{address}$", nothing_here)
        for address in ("auth/phone/verify(?:/resend)?", "account/phone", "auth/code/confirm", "tokens/refresh")
    ),
    path("_allauth/", include("allauth.headless.urls")),
    path("", include("fintech.http.urls")),
]

handler400 = "fintech.http.error_views.bad_request"
handler403 = "fintech.http.error_views.permission_denied"
handler404 = "fintech.http.error_views.page_not_found"
handler500 = "fintech.http.error_views.server_error"
