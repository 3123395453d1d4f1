"""The fact log stands in each concern's database; its bookmarks in that of each follower."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class FactlogConfig(AppConfig):
    """Finds followers and bells in the apps."""

    name = "fintech.factlog"
    label = "factlog"
    verbose_name = "Facts"
    concerns = ("crm", "trading", "payments", "audit")

    def ready(self) -> None:
        """Import each app's followers and bells, which register themselves."""
        autodiscover_modules("followers", "bells")
