"""What crm does outside requests."""

from __future__ import annotations

from uuid import UUID

from crm.services import outgoing_mails
from fintech.cells import Actor, acting_as
from fintech.cells.tasks import cell_task


@cell_task(kind="mail")
def send_mail(mail_id: str) -> None:
    """Send a queued mail. Safe to run twice; a failure leaves it due again."""
    with acting_as(Actor.system("mail")):
        outgoing_mails.send_mail(UUID(mail_id))
