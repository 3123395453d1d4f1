"""Introducing brokers: their places, whom they introduce, and what the database refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import DatabaseError

from crm.models import BrokerMembership, IntroducingBroker, Introduction
from crm.selectors.introducing_brokers import chain_at
from crm.services.introducing_brokers import introduce_client, register_introducing_broker
from crm.tests.portal import App
from fintech.cells import Actor, cell
from fintech.factlog.reading import read_subject
from fintech.journal import Refusal


@pytest.fixture(autouse=True)
def bound(both_cells: None) -> Iterator[None]:
    return None


def code() -> str:
    return f"IB-{uuid4().hex[:10]}".upper()


def broker(parent: str | None = None) -> tuple[str, UUID]:
    own = code()
    with cell("eu", actor=Actor.system("test")):
        return own, register_introducing_broker(key=own, code=own, name="Alpha Partners", parent_code=parent)


def test_a_client_who_gives_a_code_counts_for_that_broker_and_those_above() -> None:
    top_code, top = broker()
    low_code, low = broker(top_code)
    app = App()
    app.sign_up(ib_code=low_code.lower())
    with cell("eu", actor=Actor.system("test")):
        told = read_subject("crm", ("client", str(app.client_id)), after_seq=0, limit=100)
    introduced = next(entry for entry in told if entry.kind == "crm.client.introduced")
    assert introduced.fact.chain == (low, top)
    assert introduced.fact.effective_from <= introduced.recorded_at


def test_staff_note_an_introduction_once() -> None:
    own, ib_id = broker()
    app = App()
    app.sign_up()
    with cell("eu", actor=Actor.staff(uuid4())):
        assert introduce_client(key=str(uuid4()), reason="by letter", client_id=app.client_id, ib_code=own) == ib_id
        with pytest.raises(Refusal, match="already"):
            introduce_client(key=str(uuid4()), reason="again", client_id=app.client_id, ib_code=own)


def test_a_code_is_given_once() -> None:
    own, _ = broker()
    with cell("eu", actor=Actor.system("test")), pytest.raises(Refusal, match="Another"):
        register_introducing_broker(key=str(uuid4()), code=own.lower(), name="Beta Partners")


def test_the_command_registers_a_broker_below_another(capsys: pytest.CaptureFixture[str]) -> None:
    top_code, top = broker()
    own = code()
    call_command("introducing_broker", "create", "--cell", "eu", "--code", own, "--name", "Beta", "--parent", top_code)
    ib_id = UUID(capsys.readouterr().out.strip())
    with cell("eu", actor=Actor.system("test")):
        assert chain_at(ib_id, datetime.now(UTC)) == (ib_id, top)


def _end(ib_id: UUID, at: datetime) -> None:
    BrokerMembership.objects.filter(broker_id=ib_id, valid_to__isnull=True).update(valid_to=at)


def test_the_database_refuses_a_cycle() -> None:
    top_code, top = broker()
    middle_code, middle = broker(top_code)
    _, low = broker(middle_code)
    now = datetime.now(UTC)
    with cell("eu", actor=Actor.system("test")):
        _end(top, now)
        for below in (middle, low):
            with pytest.raises(DatabaseError, match="above itself"):
                BrokerMembership.objects.create(broker_id=top, parent_id=below, valid_from=now)
        with pytest.raises(DatabaseError, match="above itself"):
            BrokerMembership.objects.create(broker_id=top, parent_id=top, valid_from=now)


def test_two_may_change_places_when_their_times_do_not_meet() -> None:
    top_code, top = broker()
    _, low = broker(top_code)
    then = datetime.now(UTC) + timedelta(days=1)
    with cell("eu", actor=Actor.system("test")):
        _end(low, then)
        _end(top, then)
        BrokerMembership.objects.create(broker_id=low, parent_id=None, valid_from=then)
        BrokerMembership.objects.create(broker_id=top, parent_id=low, valid_from=then)
        assert chain_at(low, datetime.now(UTC)) == (low, top)
        assert chain_at(top, then) == (top, low)


def test_the_database_refuses_two_places_at_a_time_and_a_rewritten_past() -> None:
    _, ib_id = broker()
    app = App()
    app.sign_up(ib_code=broker()[0])
    with cell("eu", actor=Actor.system("test")):
        other = IntroducingBroker.objects.get(pk=ib_id)
        with pytest.raises(DatabaseError, match="one_at_a_time"):
            BrokerMembership.objects.create(broker=other, parent=None, valid_from=datetime.now(UTC))
        with pytest.raises(DatabaseError, match="one_at_a_time"):
            Introduction.objects.create(client_id=app.client_id, broker=other, valid_from=datetime.now(UTC))
        with pytest.raises(DatabaseError, match="only be ended"):
            Introduction.objects.filter(client_id=app.client_id).update(broker=other)
        with pytest.raises(DatabaseError, match="history"):
            Introduction.objects.filter(client_id=app.client_id).delete()
