"""Signed heads of the log; `services/checkpoints.py` makes them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fintech.privacy.declarations import Columns


class AuditCheckpoint(models.Model):
    """The log's head at one size, as it was signed and anchored."""

    # Anchored outside the database, which says more than a capture inside it.
    columns = Columns(plain=("size", "root", "frontier", "note", "signed_at"), captured=False)

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    frontier = ArrayField(models.BinaryField())
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "audit_checkpoint"

    def __str__(self) -> str:
        return f"checkpoint of {self.size}"
