"""Mails are queued in the database, sent at least once, and forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.test import override_settings

from crm.models import OutgoingMail
from crm.selectors.outgoing_mails import overdue_mails
from crm.services.outgoing_mails import queue_mail, send_mail
from fintech.cells import CellContext
from fintech.factlog.reading import read_subject
from fintech.journal import verb
from fintech.privacy.sealing import destroy_key


def queued(person_id: UUID | None = None) -> UUID:
    return queue_mail(
        key=str(uuid4()),
        person_id=person_id or uuid4(),
        template="account/email/email_confirmation",
        recipient="maria@example.com",
        subject="Your code",
        text="ABC-DEF",
    )


def later(mail_id: UUID) -> None:
    OutgoingMail.objects.filter(pk=mail_id).update(due_at=datetime.now(UTC) - timedelta(seconds=5))


def test_a_mail_is_sent_once_and_told_without_its_words(eu: CellContext) -> None:
    mail_id = queued()
    assert send_mail(mail_id)
    assert not send_mail(mail_id)
    (message,) = mail.outbox
    assert (message.to, message.body) == (["maria@example.com"], "ABC-DEF")
    assert message.extra_headers["Message-ID"].startswith(f"<{mail_id}@")
    (fact,) = read_subject("crm", ("mail", str(mail_id)), after_seq=0, limit=5)
    assert fact.kind == "crm.mail.sent"
    assert "maria" not in str(fact.data)


@override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_PORT=1)
def test_a_mail_that_the_server_did_not_take_is_due_again_a_while_later(eu: CellContext) -> None:
    mail_id = queued()
    with pytest.raises(ConnectionRefusedError):
        send_mail(mail_id)
    waiting = OutgoingMail.objects.get(pk=mail_id)
    assert waiting.sent_at is None
    assert waiting.attempts == 1
    assert waiting.due_at > datetime.now(UTC)
    assert not send_mail(mail_id)


def test_the_bell_finds_what_nobody_is_sending(eu: CellContext) -> None:
    mail_id = queued()
    assert mail_id not in overdue_mails()
    later(mail_id)
    assert mail_id in overdue_mails()
    send_mail(mail_id)
    assert mail_id not in overdue_mails()


@verb("crm")
def forget(*, key: str, person_id: UUID) -> bool:
    return destroy_key("crm", person_id=person_id, retention="identity")


def test_a_mail_to_somebody_forgotten_leaves_the_queue_unsent(eu: CellContext) -> None:
    person_id = uuid4()
    mail_id = queued(person_id)
    forget(key=str(uuid4()), person_id=person_id)
    assert not send_mail(mail_id)
    assert mail.outbox == []
    assert OutgoingMail.objects.get(pk=mail_id).recipient_sealed is None
