"""The fact log's tables, for reading: their SQL stands in `sql/`, and functions alone write the log."""

from __future__ import annotations

from django.db import models

from fintech.privacy.declarations import Columns


class Fact(models.Model):
    """One fact: a verb's, or a captured change of a row."""

    columns = Columns(
        plain=(
            "id",
            "kind",
            "version",
            "subject_type",
            "subject_id",
            "seq",
            "recorded_at",
            "actor",
            "request_id",
            "reason",
            "journal_id",
            "data",
        ),
        captured=False,  # the log itself
    )

    id = models.BigIntegerField(primary_key=True)
    kind = models.TextField()
    version = models.SmallIntegerField()
    subject_type = models.TextField()
    subject_id = models.TextField()
    seq = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()
    actor = models.TextField(null=True)
    request_id = models.TextField(null=True)
    reason = models.TextField(null=True)
    journal_id = models.BigIntegerField(null=True)
    data = models.JSONField()

    class Meta:
        managed = False
        db_table = "factlog_fact"

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"


class Parked(models.Model):
    """A fact that its follower couldn't take, or that waits behind such a one."""

    columns = Columns(
        plain=(
            "id",
            "follower",
            "source",
            "incarnation",
            "fact_id",
            "subject_type",
            "subject_id",
            "error",
            "attempts",
            "parked_at",
            "resolved_at",
        ),
        captured=False,  # the follower's own bookkeeping
    )

    id = models.BigIntegerField(primary_key=True)
    follower = models.TextField()
    source = models.TextField()
    incarnation = models.UUIDField()
    fact_id = models.BigIntegerField()
    subject_type = models.TextField()
    subject_id = models.TextField()
    error = models.TextField()
    attempts = models.IntegerField()
    parked_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "factlog_parked"
        verbose_name = "parked fact"

    def __str__(self) -> str:
        return f"{self.follower}: {self.source} {self.fact_id}"
