"""A follower's step is one transaction: its effects and its bookmark stand or fall together."""

from __future__ import annotations

import psycopg
import pytest
from django.db import OperationalError, transaction
from psycopg import errors

from crm.models import User
from fintech.cells import CellContext
from fintech.cells.identifiers import uuid7
from fintech.factlog import Followed, record
from fintech.factlog import following as steps
from fintech.factlog.following import FollowerStopped, describe, refuse_stale_leader, step
from fintech.factlog.horizon import connect_for_relay
from fintech.factlog.models import Fact, Parked
from fintech.factlog.parked import retry_subject
from fintech.factlog.reading import followed, read_log
from fintech.factlog.tests.following_here import (
    bookmark_of,
    epoch_of,
    following,
    last_fact_id,
    one_step,
    set_bookmark,
    tell_all,
)
from fintech.facts import fact
from fintech.journal import current_decision
from fintech.journal.models import JournalEntry


@fact("payments.test.answered", version=1)
class Answered:
    number: int


def parked(name: str, into: str = "payments") -> list[str]:
    rows = Parked.objects.using(f"eu_{into}").filter(follower=name, resolved_at=None).order_by("fact_id")
    return [row.error for row in rows]


def test_an_effect_without_its_bookmark_does_not_stand(eu: CellContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be had again by the next step."""
    teller = uuid7()

    def greet(entry: Followed) -> None:
        User.objects.create(email=f"{teller}@example.org", password="!")

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    with following("test.greets", greet, into="crm") as greets:
        tell_all(teller, 1)
        with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
            patched.setattr(steps, "_move", crash)
            one_step(greets)
        assert not User.objects.filter(email=f"{teller}@example.org").exists()
        one_step(greets)
        assert User.objects.filter(email=f"{teller}@example.org").count() == 1


def test_what_a_follower_changes_and_records_is_its_own_deed(eu: CellContext) -> None:
    teller = uuid7()
    journal_ids: list[int] = []

    def answer(entry: Followed) -> None:
        record(Answered(number=entry.fact.number), subject=("teller", teller))
        journal_ids.append(current_decision().journal_id)

    def greet(entry: Followed) -> None:
        User.objects.create(email=f"{teller}@example.org", password="!")

    with following("test.answers", answer) as answers, following("test.greets", greet, into="crm") as greets:
        tell_all(teller, 1)
        one_step(answers)
        one_step(greets)
    recorded = Fact.objects.using("eu_payments").get(subject_type="teller", subject_id=str(teller))
    assert (recorded.actor, recorded.journal_id) == ("follower:test.answers", journal_ids[0])
    entry = JournalEntry.objects.using("eu_payments").get(pk=journal_ids[0])
    assert (entry.principal, entry.operation, entry.outcome) == ("follower:test.answers", "follow crm.fact", "done")
    made = User.objects.get(email=f"{teller}@example.org")
    captured = Fact.objects.using("eu_crm").get(subject_id=str(made.pk), kind="crm_user.inserted")
    assert captured.actor == "follower:test.greets"


def test_half_an_effect_is_undone_before_its_fact_is_set_aside_and_when_a_retry_fails(eu: CellContext) -> None:
    teller = uuid7()

    def greet_and_stumble(entry: Followed) -> None:
        User.objects.create(email=f"{teller}@example.org", password="!")
        raise ValueError("stumbled\nDETAIL: ada@example.org")

    with following("test.stumbles", greet_and_stumble, into="crm") as stumbles:
        tell_all(teller, 1)
        one_step(stumbles)
        assert parked("test.stumbles", "crm") == ["ValueError: stumbled"]
        assert not User.objects.filter(email=f"{teller}@example.org").exists()
        assert retry_subject("test.stumbles", subject=("teller", str(teller))).applied == 0
        assert not User.objects.filter(email=f"{teller}@example.org").exists()


def test_an_error_is_told_without_the_rows_content() -> None:
    assert describe(ValueError("duplicate key\nDETAIL: Key (email)=(ada@example.org)")) == "ValueError: duplicate key"
    assert describe(ValueError()) == "ValueError: "


def test_facts_of_a_parked_subject_wait_in_later_steps_too(eu: CellContext) -> None:
    sick, well = uuid7(), uuid7()
    seen: list[int] = []

    def observe(entry: Followed) -> None:
        if entry.fact.number == 1:
            raise ValueError("poison")
        seen.append(entry.fact.number)

    with following("test.observes", observe) as observes:
        tell_all(sick, 1)
        one_step(observes)
        tell_all(sick, 2)
        tell_all(well, 3)
        one_step(observes)
    assert seen == [3]
    assert parked("test.observes") == ["ValueError: poison", "waits behind an earlier fact of the same subject"]


def test_a_fact_is_retried_by_one_at_a_time(eu: CellContext) -> None:
    teller = uuid7()
    tries: list[str] = []
    row = "SELECT FROM factlog_parked WHERE follower = 'test.retried' FOR UPDATE NOWAIT"

    def look_from_another_session(entry: Followed) -> None:
        tries.append("first" if not tries else "retry")
        if tries == ["first"]:
            raise ValueError("poison")
        another = connect_for_relay("eu_payments")
        with pytest.raises(errors.LockNotAvailable):
            another.execute(row.encode())
        another.close()

    with following("test.retried", look_from_another_session) as retried:
        tell_all(teller, 1)
        one_step(retried)
        assert retry_subject("test.retried", subject=("teller", str(teller))).applied == 1


def test_a_lost_server_is_no_fault_of_the_fact(eu: CellContext) -> None:
    def lose_the_server(entry: Followed) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with following("test.loses", lose_the_server) as loses:
        tell_all(uuid7(), 1)
        with pytest.raises(OperationalError):
            one_step(loses)
        assert parked("test.loses") == []


@pytest.mark.parametrize("batch", [False, True], ids=["one by one", "in batches"])
def test_who_leaves_nothing_out_stops_at_what_it_cant_take(eu: CellContext, batch: bool) -> None:
    def fail(entry: object) -> None:
        raise ValueError("poison")

    with following("test.stops", fail, stops_on_error=True, batch=batch) as stops:
        before = bookmark_of("test.stops")
        tell_all(uuid7(), 1)
        with pytest.raises(FollowerStopped, match="poison"):
            one_step(stops)
        assert (bookmark_of("test.stops"), parked("test.stops")) == (before, [])


def test_a_long_step_ends_at_the_fact_it_has_come_to(eu: CellContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open transaction holds back every log of the cluster."""
    monkeypatch.setattr(steps, "STEP_SECONDS", 0.0)
    seen: list[int] = []
    with following("test.slow", lambda entry: seen.append(entry.fact.number)) as slow:
        tell_all(uuid7(), 1, 2)
        final = last_fact_id()
        while bookmark_of("test.slow") < final:
            before = len(seen)
            one_step(slow)
            assert len(seen) <= before + 1
    assert seen == [1, 2]


def test_nobody_reads_past_what_is_final(eu: CellContext) -> None:
    tell_all(uuid7(), 1, 2, 3)
    last = last_fact_id()
    assert [entry.id for entry in read_log("crm.fact", after=last - 2, up_to=last - 1, limit=9)] == [last - 1]
    assert [entry.id for entry in read_log("crm.fact", after=last - 2, up_to=last, limit=1)] == [last - 1]


def test_a_step_is_a_transaction_of_its_own(eu: CellContext) -> None:
    with (
        following("test.nested", lambda entry: None) as nested,
        pytest.raises(RuntimeError, match="durable"),
        transaction.atomic(using="eu_payments"),
    ):
        one_step(nested)


def test_nobody_takes_over_in_the_midst_of_a_step(eu: CellContext) -> None:
    successor: psycopg.Connection[object] = connect_for_relay("eu_payments")
    with transaction.atomic(using="eu_payments"):
        refuse_stale_leader("eu_payments", epoch_of())
        successor.execute("SET lock_timeout = '50ms'")
        with pytest.raises(errors.LockNotAvailable):
            successor.execute("UPDATE factlog_leadership SET epoch = epoch")
    successor.close()


def test_a_source_of_another_history_is_not_followed_from_zero(eu: CellContext) -> None:
    with following("test.elsewhere", lambda entry: None) as elsewhere:
        set_bookmark("test.elsewhere", 7, incarnation=str(uuid7()))
        with pytest.raises(FollowerStopped, match="another history"):
            step(elsewhere, final=10**9, epoch=epoch_of())


def test_numbers_of_a_captured_row_keep_their_digits() -> None:
    row = {"kind": "trading_quote.inserted", "data": '{"new": {"bid": 1.10}}'}
    columns = ("id", "version", "subject_type", "subject_id", "seq", "recorded_at", "actor", "request_id", "reason")
    entry = followed("trading.fact", "life", {**dict.fromkeys(columns), **row})
    assert str(entry.data["new"]["bid"]) == "1.10"
