"""What crm does outside requests."""

from __future__ import annotations

from importlib import import_module
from uuid import UUID

from django.conf import settings

from crm.services import outgoing_mails
from fintech.cells import Actor, acting_as
from fintech.cells.tasks import cell_task


@cell_task(kind="mail")
def send_mail(mail_id: str) -> None:
    """Send a queued mail. Safe to run twice; a failure leaves it due again."""
    with acting_as(Actor.system("mail")):
        outgoing_mails.send_mail(UUID(mail_id))


@cell_task(kind="default", name="crm.clear_expired_sessions")
def clear_expired_sessions() -> None:
    """Delete the sessions that have expired: nobody can use them, and they name whose they were."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
