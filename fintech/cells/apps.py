"""The cells app: no tables, only checks and commands."""

from django.apps import AppConfig


class CellsConfig(AppConfig):
    """Registers the system checks and the pools' metrics, and guards the querysets."""

    name = "fintech.cells"
    label = "cells"

    def ready(self) -> None:
        """Register checks and metrics, and guard Django's querysets."""
        from fintech.cells import checks  # noqa: F401
        from fintech.cells.foreign_objects import guard_querysets
        from fintech.cells.pools import pool_metrics

        pool_metrics()
        guard_querysets()
