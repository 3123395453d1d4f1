"""Mails: queued in the database, sent by a task, emptied once sent.

A mail may be sent twice when a process dies between sending and noting it; it is never lost.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.mail import EmailMultiAlternatives

from crm.models import OutgoingMail
from crm.selectors.outgoing_mails import opened
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.facts.crm import MailSent
from fintech.journal import inside_decision, verb
from fintech.privacy.sealing import Erased, seal_all

FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=1)


@verb("crm")
def queue_mail(
    *, key: str, person_id: UUID, template: str, recipient: str, subject: str, text: str, html: str | None = None
) -> UUID:
    """Put a mail into the queue, sealed under the person's key; gives its id."""
    at = inside_decision("crm").recorded_at
    texts = {"recipient": recipient, "subject": subject, "text": text, **({"html": html} if html else {})}
    sealed = seal_all("crm", person_id=person_id, retention="identity", texts=texts)
    mail = OutgoingMail.objects.create(
        person_id=person_id,
        template=template,
        recipient_sealed=sealed["recipient"],
        subject_sealed=sealed["subject"],
        text_sealed=sealed["text"],
        html_sealed=sealed.get("html"),
        queued_at=at,
        due_at=at,
    )
    return mail.pk


def send_mail(mail_id: UUID) -> bool:
    """Send a mail that is due, and note it; False when there is nothing (more) to do now.

    Raises what the mail server's connection raises: the mail is then due again, later each time.
    """
    if not claim_mail(key=str(uuid7()), mail_id=mail_id):
        return False
    try:
        mail = opened(mail_id)
    except Erased:
        # The person has been forgotten meanwhile: there is nobody to write to, and no way to read what to say.
        drop_mail(key=str(mail_id), mail_id=mail_id)
        return False
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.recipient])
    # The same each time it is sent, so that a mailbox can tell a repetition.
    message.extra_headers["Message-ID"] = f"<{mail_id}@{message.from_email.rpartition('@')[2].rstrip('>')}>"
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    message.send()
    record_mail_sent(key=str(mail_id), mail_id=mail_id)
    return True


@verb("crm")
def claim_mail(*, key: str, mail_id: UUID) -> bool:
    """Take a mail for one attempt, if it is due; others leave it alone until the next one is due."""
    at = inside_decision("crm").recorded_at
    mail = OutgoingMail.objects.select_for_update().filter(pk=mail_id, sent_at__isnull=True, due_at__lte=at).first()
    if mail is None:
        return False
    mail.due_at = at + min(FIRST_WAIT * 2 ** min(mail.attempts, 20), LONGEST_WAIT)
    mail.attempts += 1
    mail.save(update_fields=["due_at", "attempts"])
    return True


@verb("crm")
def record_mail_sent(*, key: str, mail_id: UUID) -> UUID:
    """Note that the mail server has taken a mail, and forget what it said."""
    mail = _emptied(mail_id)
    if mail is not None:
        record(MailSent(mail_id=mail_id, person_id=mail.person_id, template=mail.template), subject=("mail", mail_id))
    return mail_id


@verb("crm")
def drop_mail(*, key: str, mail_id: UUID) -> UUID:
    """Take a mail that can't be opened any more out of the queue."""
    _emptied(mail_id)
    return mail_id


def _emptied(mail_id: UUID) -> OutgoingMail | None:
    """The mail, out of the queue and with nothing in it; None when it was so before."""
    mail = OutgoingMail.objects.select_for_update().get(pk=mail_id)
    if mail.sent_at is not None:
        return None
    mail.sent_at = inside_decision("crm").recorded_at
    mail.recipient_sealed = mail.subject_sealed = mail.text_sealed = mail.html_sealed = None
    mail.save(update_fields=["sent_at", "recipient_sealed", "subject_sealed", "text_sealed", "html_sealed"])
    return mail
