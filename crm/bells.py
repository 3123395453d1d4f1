"""Bells: work of crm's that stands unapplied in the database."""

from __future__ import annotations

from crm.selectors.outgoing_mails import overdue_mails
from crm.tasks import send_mail
from fintech.factlog.bells import bell


@bell("crm.outgoing_mails")
def ring_for_mails() -> int:
    """Publish a task for each mail that is overdue."""
    mail_ids = overdue_mails()
    for mail_id in mail_ids:
        send_mail.delay(str(mail_id))
    return len(mail_ids)
