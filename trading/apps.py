"""The trading concern."""

from django.apps import AppConfig


class TradingConfig(AppConfig):
    """Its tables stand in each cell's trading database."""

    name = "trading"
    label = "trading"
    concern = "trading"
