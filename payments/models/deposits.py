"""Deposits: money on its way in through a PSP."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from payments.models.columns import CODE, CURRENCY, choices_of, is_state_of
from payments.models.sources import PaymentSource
from payments.models.wallets import Wallet
from payments.rules.states import DEPOSIT


class Deposit(models.Model):
    """A deposit. `reference` is what the PSP knows it by, and carries the cell; `transfer_id` is the ledger's.

    `bank_only` marks one begun before identity was proved, which may come from a bank account alone.
    `sql/states_v1.sql` refuses every way through the states but forward.
    """

    class Method(models.TextChoices):
        """How the client wants to pay."""

        CARD = "card", "card"
        BANK_TRANSFER = "bank_transfer", "bank transfer"

    columns = Columns(
        plain=(
            "id",
            "wallet_id",
            "client_id",
            "psp",
            "method",
            "reference",
            "amount_minor",
            "currency",
            "bank_only",
            "state",
            "state_since",
            "requested_at",
            "psp_reference",
            "failure_code",
            "source_id",
            "transfer_id",
            "settled_at",
        ),
        # Whoever has the address may see the payment and pay it.
        never=("page_url",),
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="deposits")
    client_id = models.UUIDField(db_index=True)
    psp = models.CharField(max_length=40)
    method = models.CharField(max_length=20, choices=Method)
    reference = models.CharField(max_length=80, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(**CURRENCY)
    bank_only = models.BooleanField("bank account only")
    state = models.CharField(max_length=20, choices=choices_of(DEPOSIT), default="requested")
    state_since = models.DateTimeField()
    requested_at = models.DateTimeField()
    psp_reference = models.CharField(**CODE, null=True)
    page_url = models.TextField(null=True)
    failure_code = models.CharField(**CODE, null=True)
    source = models.ForeignKey(PaymentSource, on_delete=models.PROTECT, related_name="deposits", null=True)
    transfer_id = models.BigIntegerField(unique=True, null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payments_deposit"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="payments_deposit_state", condition=is_state_of(DEPOSIT)),
            models.CheckConstraint(name="payments_deposit_amount", condition=Q(amount_minor__gt=0)),
            # Settled and booked are one thing: neither a settled deposit without its transfer, nor the reverse.
            models.CheckConstraint(
                name="payments_deposit_settled_is_booked",
                condition=Q(state__in=["settled", "charged_back"], transfer_id__isnull=False, settled_at__isnull=False)
                | (~Q(state__in=["settled", "charged_back"]) & Q(transfer_id__isnull=True, settled_at__isnull=True)),
            ),
        ]
        indexes = [models.Index(name="payments_deposit_of_wallet", fields=["wallet", "state"])]

    def __str__(self) -> str:
        return self.reference
