"""The privacy app: tables of keys in three databases, and the check of declarations."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Registers the system checks."""

    name = "fintech.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.BigAutoField"
    concerns = ("crm", "trading", "payments")

    def ready(self) -> None:
        """Import the checks, which register themselves."""
        from fintech.privacy import checks  # noqa: F401
