"""The table of wrapped keys, in each database that holds sealed data; for reading."""

from __future__ import annotations

from django.db import models

from fintech.privacy.declarations import Columns


class PrivacyKey(models.Model):
    """The key of one person and retention class, wrapped by the cell's master key.

    `wrapped` is null once the key is destroyed; the row stays, so that no second key is ever made
    for what has been forgotten. `keys.py` writes it; it's used by explicit alias.
    """

    columns = Columns(
        plain=("person_id", "retention", "created_at", "destroyed_at"),
        never=("wrapped",),
    )

    pk = models.CompositePrimaryKey("person_id", "retention")
    person_id = models.UUIDField()
    retention = models.TextField()
    wrapped = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        """Made and guarded by `sql/schema_v1.sql`."""

        managed = False
        db_table = "privacy_key"

    def __str__(self) -> str:
        """For operators."""
        return f"{self.retention} of {self.person_id}"
