"""Django's admin app with our own site: stands in INSTALLED_APPS instead of django.contrib.admin.

It stands apart from `crm.admin`, whose modules register themselves with the site while they are imported.
"""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """The back office."""

    default_site = "crm.back_office.site.BackOffice"
