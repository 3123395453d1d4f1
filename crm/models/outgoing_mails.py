"""Mails on their way out: written in the database first, so that none is lost with a broker or a mail server."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from fintech.privacy.fields import SealedField


class OutgoingMail(models.Model):
    """A mail to a person: sealed until it is sent, emptied afterwards."""

    columns = Columns(
        plain=("id", "person_id", "template", "queued_at", "due_at", "attempts", "sent_at"),
        sealed=("recipient_sealed", "subject_sealed", "text_sealed", "html_sealed"),
        # A queue, whose rows hold codes to sign in with: what was sent is told by the fact crm.mail.sent.
        captured=False,
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField(help_text="The client's id, or the user's of a staff member.")
    template = models.TextField(help_text="What the mail is about, such as account/email/email_confirmation.")
    recipient_sealed = SealedField(retention="identity", null=True)
    subject_sealed = SealedField(retention="identity", null=True)
    text_sealed = SealedField(retention="identity", null=True)
    html_sealed = SealedField(retention="identity", null=True)
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="Not to be tried before.")
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "crm_outgoing_mail"
        default_permissions = ("view",)
        constraints = [
            # A mail that was sent holds nothing any more, one that waits holds all that it needs.
            models.CheckConstraint(
                name="crm_outgoing_mail_is_whole_or_empty",
                condition=Q(
                    sent_at__isnull=True,
                    recipient_sealed__isnull=False,
                    subject_sealed__isnull=False,
                    text_sealed__isnull=False,
                )
                | Q(
                    sent_at__isnull=False,
                    recipient_sealed__isnull=True,
                    subject_sealed__isnull=True,
                    text_sealed__isnull=True,
                    html_sealed__isnull=True,
                ),
            ),
        ]
        indexes = [models.Index(name="crm_outgoing_mail_due", fields=["due_at"], condition=Q(sent_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.template} {self.id}"
