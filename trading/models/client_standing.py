"""Copies of what crm says about clients, so that a fill reads no other database. Rebuilt from crm's facts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fintech.privacy.declarations import Columns


class ClientStanding(models.Model):
    """A client's standing as crm last told it; see the fact ClientStandingChanged."""

    columns = Columns(
        plain=(
            "client_id",
            "entity",
            "category",
            "status",
            "verified",
            "risk",
            "may_trade",
            "since",
            "fact_id",
        ),
        captured=False,  # a projection: crm's log has each change already
    )

    client_id = models.UUIDField(primary_key=True)
    entity = models.CharField(max_length=40)
    category = models.CharField(max_length=30)
    status = models.CharField(max_length=20)
    verified = models.BooleanField()
    risk = models.CharField(max_length=10)
    may_trade = models.BooleanField()
    since = models.DateTimeField()
    fact_id = models.BigIntegerField()

    class Meta:
        db_table = "trading_client_standing"
        verbose_name = "client standing"
        verbose_name_plural = "client standings"

    def __str__(self) -> str:
        return f"{self.client_id}: {self.status}"


class Introduction(models.Model):
    """Who introduced a client, from when on: the chain of introducing brokers, nearest first.

    The one that counts at a moment is the latest in effect by then; of two from the same moment the later
    told.
    """

    columns = Columns(
        plain=("fact_id", "client_id", "chain", "effective_from"),
        captured=False,  # a projection: crm's log has each change already
    )

    fact_id = models.BigIntegerField(primary_key=True)
    client_id = models.UUIDField()
    chain = ArrayField(models.UUIDField())
    effective_from = models.DateTimeField()

    class Meta:
        db_table = "trading_introduction"
        indexes = [models.Index(name="trading_introduction_in_effect", fields=["client_id", "-effective_from"])]

    def __str__(self) -> str:
        return f"{self.client_id} from {self.effective_from}"


class SourceClock(models.Model):
    """Up to which moment of its own time a source's facts are known here; moved by its heartbeats."""

    columns = Columns(
        plain=("source", "at"),
        captured=False,  # moves every second and says nothing that the heartbeats don't
    )

    source = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "trading_source_clock"
        verbose_name = "source clock"

    def __str__(self) -> str:
        return f"{self.source} at {self.at}"
