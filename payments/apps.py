"""The payments concern."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Its tables stand in each cell's payments database."""

    name = "payments"
    label = "payments"
    concern = "payments"

    def ready(self) -> None:
        """Register the providers, and the tasks: whoever publishes one must know its queue."""
        from payments import tasks  # noqa: F401  # models are there only now
        from payments.psps.deployment import register_providers

        register_providers()
