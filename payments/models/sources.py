"""Where clients' money came from, and where it may go back: cards and bank accounts, by the PSP's token."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from fintech.privacy.fields import SealedField


class PaymentSource(models.Model):
    """A card or bank account of a client at one PSP. No card number ever gets here; the token says where to pay.

    `verified_at` is set once staff have found a bank account to be the client's own: then more than came from it may
    go there.
    """

    class Kind(models.TextChoices):
        """What kind of instrument it is."""

        CARD = "card", "card"
        BANK = "bank", "bank account"

    columns = Columns(
        plain=(
            "id",
            "client_id",
            "psp",
            "kind",
            "token",
            "accepts_returns",
            "first_seen_at",
            "verified_at",
            "verified_by",
        ),
        sealed=("display_sealed",),
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField(db_index=True)
    psp = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind)
    token = models.CharField(max_length=80)
    display_sealed = SealedField(retention="payments")
    accepts_returns = models.BooleanField(default=True)
    first_seen_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    verified_by = models.UUIDField("verified by (user)", null=True)

    class Meta:
        db_table = "payments_source"
        verbose_name = "card or bank account"
        verbose_name_plural = "cards and bank accounts"
        default_permissions = ("view",)
        permissions = [
            ("verify_source", "Can verify clients' bank accounts, and close sources"),
        ]
        constraints = [
            # One row for one instrument of one client, so that what went back there is counted in one place.
            models.UniqueConstraint(name="payments_source_once", fields=["client_id", "psp", "token"]),
            models.CheckConstraint(name="payments_source_kind", condition=Q(kind__in=["card", "bank"])),
            # A verification has a person and a moment; a card is never an account that takes profits.
            models.CheckConstraint(
                name="payments_source_verified",
                condition=Q(verified_at__isnull=True, verified_by__isnull=True)
                | Q(verified_at__isnull=False, verified_by__isnull=False, kind="bank"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.id}"
