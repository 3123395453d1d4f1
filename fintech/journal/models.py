"""The journal's table, for reading; the functions in `sql/` alone write it."""

from __future__ import annotations

from django.db import models

from fintech.privacy.declarations import Columns


class JournalEntry(models.Model):
    """One request and its answer. Of these rows only refusals are captured: what was done tells its own facts."""

    columns = Columns(
        plain=(
            "id",
            "principal",
            "operation",
            "key",
            "outcome",
            "answer",
            "recorded_at",
            "actor",
            "request_id",
            "reason",
        ),
        never=("payload_hash",),
    )

    id = models.BigIntegerField(primary_key=True)
    principal = models.TextField()
    operation = models.TextField()
    key = models.TextField()
    payload_hash = models.BinaryField()
    outcome = models.TextField(choices=[("done", "done"), ("refused", "refused")])
    answer = models.JSONField()
    recorded_at = models.DateTimeField()
    actor = models.TextField()
    request_id = models.TextField()
    reason = models.TextField()

    class Meta:
        managed = False
        db_table = "journal_entry"
        verbose_name_plural = "journal entries"

    def __str__(self) -> str:
        return f"{self.operation} by {self.principal}: {self.outcome}"
