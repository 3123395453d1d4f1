"""Introducing brokers, their hierarchy, and whom they introduced; each place dated, so that history stays."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from crm.models.clients import Client
from crm.models.users import User
from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from fintech.privacy.fields import SealedField


class IntroducingBroker(models.Model):
    """A person or company that introduces clients. `id` is the `ib_id`, also of its wallet in payments."""

    columns = Columns(plain=("id", "code", "user_id", "registered_at"), sealed=("name_sealed",))

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=20, unique=True, help_text="What clients type when they register.")
    name_sealed = SealedField(retention="identity")
    user = models.OneToOneField(User, on_delete=models.PROTECT, null=True, related_name="introducing_broker")
    registered_at = models.DateTimeField()

    class Meta:
        db_table = "crm_introducing_broker"
        default_permissions = ("view",)
        permissions = [("manage_introducing_brokers", "Can register introducing brokers and introductions")]
        constraints = [
            # Clients type the code by hand: one form only, so that no two look alike by case or white space.
            models.CheckConstraint(
                name="crm_introducing_broker_code_is_canonical",
                condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9-]{1,18}[A-Z0-9]$"),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class BrokerMembership(models.Model):
    """A broker's place in the hierarchy from one moment to another: below `parent`, or at the top.

    `sql/hierarchy_v1.sql` refuses overlaps, cycles and any change but ending a place.
    """

    columns = Columns(plain=("id", "broker_id", "parent_id", "valid_from", "valid_to"))

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    broker = models.ForeignKey(IntroducingBroker, on_delete=models.PROTECT, related_name="memberships")
    parent = models.ForeignKey(IntroducingBroker, on_delete=models.PROTECT, null=True, related_name="children")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        db_table = "crm_broker_membership"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="crm_broker_membership_lasts",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.broker_id} below {self.parent_id or 'nobody'}"


class Introduction(models.Model):
    """Which broker a client counts for, from one moment to another."""

    columns = Columns(plain=("id", "client_id", "broker_id", "valid_from", "valid_to"))

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="introductions")
    broker = models.ForeignKey(IntroducingBroker, on_delete=models.PROTECT, related_name="introductions")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        db_table = "crm_introduction"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="crm_introduction_lasts", condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} by {self.broker_id}"
