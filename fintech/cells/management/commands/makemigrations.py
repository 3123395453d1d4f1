"""`manage.py makemigrations`, without asking any database: drafting a migration needs none."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import makemigrations

from fintech.cells.router import drafting_migrations


class Command(makemigrations.Command):
    """Django's command; the history of a cell's databases is checked by `migrate_cells`."""

    def handle(self, *app_labels: Any, **options: Any) -> None:
        """Draft migrations from the models."""
        with drafting_migrations():
            super().handle(*app_labels, **options)
