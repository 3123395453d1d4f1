"""The product's table of deposits, as a bare Django sees it."""

from __future__ import annotations

import uuid

from django.db import models


class Deposit(models.Model):
    """The columns that a new deposit fills, and those it leaves empty."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    wallet_id = models.UUIDField()
    client_id = models.UUIDField()
    psp = models.CharField(max_length=40)
    method = models.CharField(max_length=20)
    reference = models.CharField(max_length=80)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    bank_only = models.BooleanField()
    state = models.CharField(max_length=20)
    state_since = models.DateTimeField()
    requested_at = models.DateTimeField()
    psp_reference = models.CharField(max_length=80, null=True)
    page_url = models.TextField(null=True)
    failure_code = models.CharField(max_length=80, null=True)
    source_id = models.UUIDField(null=True)
    transfer_id = models.BigIntegerField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects: models.Manager[Deposit] = models.Manager()

    class Meta:
        managed = False
        db_table = "payments_deposit"

    def __str__(self) -> str:
        return self.reference
