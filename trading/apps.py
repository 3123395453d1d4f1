"""The trading concern."""

from django.apps import AppConfig


class TradingConfig(AppConfig):
    """Its tables stand in each cell's trading database."""

    name = "trading"
    label = "trading"
    concern = "trading"

    def ready(self) -> None:
        """Import the feed's follower, which registers itself."""
        from trading.feed import wake_ups  # noqa: F401
