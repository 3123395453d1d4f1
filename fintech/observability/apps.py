"""The observability app: no tables; apps register their probes in a module named `probes`."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ObservabilityConfig(AppConfig):
    """Finds the probes of all apps."""

    name = "fintech.observability"
    label = "observability"

    def ready(self) -> None:
        """Import each app's `probes`, which register themselves."""
        autodiscover_modules("probes")
