"""Messages of PSPs, stored as they came before anything is made of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from fintech.privacy.fields import SealedField
from payments.models.columns import CODE, choices_of, is_state_of
from payments.rules.states import EVENT


class PspEvent(models.Model):
    """One proved message. What it says stands sealed; in clear are ids, amounts and codes, read by form.

    `event_id` is the PSP's, the same in each repetition. `why` says what came of it, or why a person has to look.
    """

    columns = Columns(
        plain=(
            "id",
            "psp",
            "event_id",
            "type",
            "occurred_at",
            "received_at",
            "reference",
            "psp_reference",
            "amount_minor",
            "currency",
            "failure_code",
            "chargeback_minor",
            "state",
            "state_since",
            "why",
            "attempts",
        ),
        sealed=("body_sealed",),
        # A hash of what may be personal, only to tell a repetition from another message under the same id.
        never=("body_sha256",),
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    psp = models.CharField(max_length=40)
    event_id = models.CharField(max_length=200)
    type = models.CharField(**CODE)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    body_sealed = SealedField(retention="payments")
    body_sha256 = models.BinaryField()
    reference = models.CharField(**CODE, null=True)
    psp_reference = models.CharField(**CODE, null=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, null=True)
    failure_code = models.CharField(**CODE, null=True)
    chargeback_minor = models.BigIntegerField(null=True)
    state = models.CharField(max_length=20, choices=choices_of(EVENT), default="stored")
    state_since = models.DateTimeField()
    why = models.CharField(**CODE, default="")
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "payments_psp_event"
        verbose_name = "PSP event"
        default_permissions = ("view",)
        permissions = [("review_event", "Can decide on messages of PSPs that couldn't be applied")]
        constraints = [
            # However often it's sent, a message is stored once.
            models.UniqueConstraint(name="payments_psp_event_once", fields=["psp", "event_id"]),
            models.CheckConstraint(name="payments_psp_event_state", condition=is_state_of(EVENT)),
            # Whoever is to look at a message is told why.
            models.CheckConstraint(name="payments_psp_event_says_why", condition=Q(state="stored") | ~Q(why="")),
        ]
        indexes = [
            # What a bell looks for every two seconds, and the review queue.
            models.Index(
                name="payments_psp_event_open",
                fields=["state", "received_at"],
                condition=Q(state__in=["stored", "waiting", "review"]),
            ),
            models.Index(name="payments_psp_event_about", fields=["reference"]),
        ]

    def __str__(self) -> str:
        return f"{self.psp} {self.event_id}"
