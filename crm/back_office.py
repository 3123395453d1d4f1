"""Django's admin app with our own site: stands in INSTALLED_APPS instead of django.contrib.admin."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """The back office."""

    default_site = "crm.admin.site.BackOffice"
