"""The journal stands in each concern's database that has verbs."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """One table in several databases: always used through an alias."""

    name = "fintech.journal"
    label = "journal"
    concerns = ("crm", "trading", "payments")
