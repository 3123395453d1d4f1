"""The payments concern."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Its tables stand in each cell's payments database."""

    name = "payments"
    label = "payments"
    concern = "payments"
