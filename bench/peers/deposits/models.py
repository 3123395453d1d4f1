"""The same columns and indexes as the product's deposits, captured once by auditlog and once by pghistory.

Without the product's foreign keys and without its guard against steps backwards: peers do less here.
"""

import uuid

import pghistory
from auditlog.registry import auditlog
from django.db import models


class Deposit(models.Model):
    """A deposit's columns."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wallet_id = models.UUIDField(db_index=True)
    client_id = models.UUIDField(db_index=True)
    psp = models.CharField(max_length=40)
    method = models.CharField(max_length=20)
    reference = models.CharField(max_length=80, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    bank_only = models.BooleanField()
    state = models.CharField(max_length=20, default="requested")
    state_since = models.DateTimeField()
    requested_at = models.DateTimeField()
    psp_reference = models.CharField(max_length=80, null=True)
    page_url = models.TextField(null=True)
    failure_code = models.CharField(max_length=80, null=True)
    source_id = models.UUIDField(null=True, db_index=True)
    transfer_id = models.BigIntegerField(null=True, unique=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["wallet_id", "state"])]

    def __str__(self) -> str:
        return self.reference


class AuditedDeposit(Deposit):
    """Captured by django-auditlog: in Python, when Django's signals tell of a change."""


auditlog.register(AuditedDeposit, exclude_fields=["page_url"])


@pghistory.track(exclude=["page_url"])
class TrackedDeposit(Deposit):
    """Captured by django-pghistory: in the database, by triggers."""
