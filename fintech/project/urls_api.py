"""The service `api`: the client portal's door, signing in, and the PSPs' webhooks."""

from django.urls import include, path

urlpatterns = [
    path("_allauth/", include("allauth.headless.urls")),
]
