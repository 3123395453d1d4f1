"""The service `web`: the back office."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]

handler500 = "fintech.http.error_views.server_error"
