"""Bells: work of crm's that stands unapplied in the database."""

from __future__ import annotations

from crm.selectors.outgoing_mails import overdue_mails
from crm.tasks import send_mail
from fintech.cells.tasks import ring
from fintech.factlog.bells import bell


@bell("crm.outgoing_mails")
def ring_for_mails() -> int:
    """Publish a task for each mail that is overdue."""
    return ring("mail", overdue_mails(), lambda mail_id: send_mail.delay(str(mail_id)))
