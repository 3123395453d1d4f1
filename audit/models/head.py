"""How far the log has grown; `sql/append_v1.sql` alone moves it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fintech.privacy.declarations import Columns


class AuditHead(models.Model):
    """The one row that numbers entries: the log's size, and the tree over it."""

    # Follows from the entries.
    columns = Columns(plain=("id", "size", "frontier", "cell", "appended_at", "partitioned_until"), captured=False)

    id = models.IntegerField(primary_key=True)
    size = models.BigIntegerField()
    frontier = ArrayField(models.BinaryField())
    cell = models.TextField(null=True)
    appended_at = models.DateTimeField(null=True)
    partitioned_until = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "audit_head"

    def __str__(self) -> str:
        return f"{self.size} entries"


class AuditSource(models.Model):
    """How far a followed log has been appended, in one life of its database."""

    # Follows from the entries.
    columns = Columns(plain=("source", "incarnation", "last_source_id", "entries"), captured=False)

    pk = models.CompositePrimaryKey("source", "incarnation")
    source = models.TextField()
    incarnation = models.UUIDField()
    last_source_id = models.BigIntegerField()
    entries = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "audit_source"

    def __str__(self) -> str:
        return f"{self.source} to {self.last_source_id}"
