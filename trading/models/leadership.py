"""Which engine may deal: the fence that a stale leader runs into."""

from __future__ import annotations

from django.db import models

from fintech.privacy.declarations import Columns


class Leadership(models.Model):
    """One row per role, with the epoch of its present leader. Each leader begins a higher one."""

    columns = Columns(
        plain=("role", "epoch"),
        captured=False,  # says who runs, not what happened to anybody
    )

    role = models.CharField(max_length=20, primary_key=True)
    epoch = models.BigIntegerField()

    class Meta:
        db_table = "trading_leadership"
        verbose_name_plural = "leaderships"

    def __str__(self) -> str:
        return f"{self.role}: {self.epoch}"
