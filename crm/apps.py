"""The crm concern."""

from django.apps import AppConfig


class CrmConfig(AppConfig):
    """Its tables stand in each cell's crm database."""

    name = "crm"
    label = "crm"
    concern = "crm"
