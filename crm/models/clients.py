"""A client: a person with a contract with one regulatory entity of the cell."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crm.models.users import User
from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from fintech.privacy.fields import SealedField


class Client(models.Model):
    """A client. `id` is the `client_id` that every other concern knows; the personal data are sealed."""

    columns = Columns(
        plain=(
            "id",
            "user_id",
            "entity",
            "country",
            "category",
            "status",
            "risk",
            "may_trade",
            "standing_since",
            "email_confirmed_at",
            "verified_at",
            "registered_at",
            "ended_at",
        ),
        sealed=("full_name_sealed", "address_sealed", "date_of_birth_sealed", "phone_sealed"),
    )

    class Category(models.TextChoices):
        """How much protection the law gives (MiFID II Annex II)."""

        RETAIL = "retail", "retail"
        PROFESSIONAL = "professional", "professional"
        ELIGIBLE_COUNTERPARTY = "eligible_counterparty", "eligible counterparty"

    class Status(models.TextChoices):
        """Whether the relationship lives; a suspended client may close positions and nothing else."""

        ACTIVE = "active", "active"
        SUSPENDED = "suspended", "suspended"
        CLOSED = "closed", "closed"

    class Risk(models.TextChoices):
        """How risky the relationship is to money laundering."""

        LOW = "low", "low"
        MEDIUM = "medium", "medium"
        HIGH = "high", "high"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="client")
    entity = models.TextField(help_text="The regulatory entity's code, as the jurisdiction's file has it.")
    country = models.CharField("country of residence", max_length=2)
    full_name_sealed = SealedField(retention="identity")
    address_sealed = SealedField(retention="identity")
    date_of_birth_sealed = SealedField(retention="identity")
    phone_sealed = SealedField(retention="identity", null=True)
    category = models.TextField(choices=Category, default=Category.RETAIL)
    status = models.TextField(choices=Status, default=Status.ACTIVE)
    risk = models.TextField(choices=Risk)
    may_trade = models.BooleanField(default=False)
    standing_since = models.DateTimeField()
    email_confirmed_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField("identity verified at", null=True)
    registered_at = models.DateTimeField()
    ended_at = models.DateTimeField("relationship ended at", null=True)

    class Meta:
        db_table = "crm_client"
        default_permissions = ("view",)
        permissions = [
            ("read_client", "Can read a client's personal data"),
            ("change_standing", "Can change a client's category, risk rating and status"),
        ]
        constraints = [
            # Followers act on these words: one that they don't know would be a client nobody protects.
            models.CheckConstraint(
                name="crm_client_category_is_known",
                condition=Q(category__in=["retail", "professional", "eligible_counterparty"]),
            ),
            models.CheckConstraint(
                name="crm_client_status_is_known", condition=Q(status__in=["active", "suspended", "closed"])
            ),
            models.CheckConstraint(name="crm_client_risk_is_known", condition=Q(risk__in=["low", "medium", "high"])),
            # Retention counts from the end of the relationship: an end without a day would never let data go.
            models.CheckConstraint(
                name="crm_client_closed_has_its_day",
                condition=Q(status="closed", ended_at__isnull=False) | (~Q(status="closed") & Q(ended_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
