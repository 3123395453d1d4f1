"""The cells app: no tables, only checks and commands."""

from django.apps import AppConfig


class CellsConfig(AppConfig):
    """Registers the system checks."""

    name = "fintech.cells"
    label = "cells"

    def ready(self) -> None:
        """Import the checks, which register themselves."""
        from fintech.cells import checks  # noqa: F401
