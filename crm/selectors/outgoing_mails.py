"""Reading the queue of mails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from crm.models import OutgoingMail
from fintech.privacy.sealing import unseal

MOST_AT_ONCE: Final = 100

# A mail's own task has this long before the bell rings for it.
GRACE: Final = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class OpenedMail:
    """A mail in clear, on its way out of this process."""

    recipient: str
    subject: str
    text: str
    html: str | None


def overdue_mails() -> list[UUID]:
    """Mails that are due and that nobody seems to be sending, oldest first."""
    overdue = OutgoingMail.objects.filter(sent_at__isnull=True, due_at__lte=datetime.now(UTC) - GRACE)
    return list(overdue.order_by("due_at").values_list("pk", flat=True)[:MOST_AT_ONCE])


def mails_to(person_id: UUID) -> QuerySet[OutgoingMail]:
    """The mails to a person, without what they said; the latest first."""
    return OutgoingMail.objects.filter(person_id=person_id).order_by("-queued_at")


def opened(mail_id: UUID) -> OpenedMail:
    """A queued mail in clear. Raises Erased when the person has been forgotten."""
    mail = OutgoingMail.objects.get(pk=mail_id)
    columns = (mail.recipient_sealed, mail.subject_sealed, mail.text_sealed, mail.html_sealed)
    recipient, subject, text, html = (
        None if column is None else unseal("crm", column, person_id=mail.person_id) for column in columns
    )
    # The table's own constraint says so of a mail that isn't sent.
    assert recipient is not None
    assert subject is not None
    assert text is not None
    return OpenedMail(recipient=recipient, subject=subject, text=text, html=html)
