"""The http app: no tables; apps describe their problems in a module named `problem_types`."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class HttpConfig(AppConfig):
    """Finds the kinds of problem of all apps."""

    name = "fintech.http"
    label = "http"

    def ready(self) -> None:
        """Import each app's `problem_types` and how the schema shows our fields; both register themselves."""
        autodiscover_modules("problem_types")
        from fintech.http import schema  # noqa: F401
