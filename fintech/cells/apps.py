"""The cells app: no tables, only checks and commands."""

from django.apps import AppConfig


class CellsConfig(AppConfig):
    """Registers the system checks and guards the querysets."""

    name = "fintech.cells"
    label = "cells"

    def ready(self) -> None:
        """Register the checks, and guard Django's querysets."""
        from fintech.cells import checks  # noqa: F401
        from fintech.cells.foreign_objects import guard_querysets

        guard_querysets()
