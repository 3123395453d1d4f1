"""Entries of the log; `sql/append_v1.sql` alone writes them."""

from __future__ import annotations

from django.db import models

from fintech.privacy.declarations import Columns


class AuditEntry(models.Model):
    """One row of a followed log, with the exact bytes that were hashed."""

    # The log of logs: capturing it would only make it longer.
    columns = Columns(
        plain=(
            "number",
            "source",
            "incarnation",
            "source_id",
            "kind",
            "subject",
            "client_id",
            "recorded_at",
            "appended_at",
            "leaf",
            "leaf_hash",
        ),
        captured=False,
    )

    number = models.BigIntegerField(primary_key=True)
    source = models.TextField()
    incarnation = models.UUIDField()
    source_id = models.BigIntegerField()
    kind = models.TextField()
    subject = models.TextField()
    client_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()
    appended_at = models.DateTimeField()
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_entry"
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"
