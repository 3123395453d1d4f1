"""A request is decided once for each key, however often and however many at once it is asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.db import connections, transaction

from crm.models import User
from fintech.cells import Actor, CellContext, acting_as, cell
from fintech.cells.identifiers import uuid7
from fintech.factlog.models import Fact
from fintech.journal import KeyReused, Refusal, current_decision, inside_decision, verb
from fintech.journal.models import JournalEntry


@dataclass(frozen=True)
class Invited:
    user_id: UUID
    journal_id: int


@verb("crm")
def invite(*, key: str, reason: str = "", email: str, refuse: bool = False) -> Invited:
    user = User.objects.create(email=email, password="!")
    if refuse:
        raise Refusal("no-more-guests", "The house is full.", guests=3, limit=3)
    return Invited(user.id, current_decision().journal_id)


def test_a_retry_gets_the_first_answer(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"
    first = invite(key="a" + email, email=email)
    assert invite(key="a" + email, email=email) == first
    assert User.objects.filter(email=email).count() == 1


def test_fifty_equal_requests_at_once_get_one_decision_and_fifty_equal_answers(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"

    def ask(_: int) -> Invited:
        try:
            with cell("eu", actor=eu.actor):
                return invite(key=email, email=email)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as threads:
        answers = set(threads.map(ask, range(50)))
    assert len(answers) == 1
    assert User.objects.filter(email=email).count() == 1


def test_a_refusal_leaves_nothing_and_is_repeated_in_the_same_words(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"
    refusals = []
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            invite(key=email, email=email, refuse=True)
        refusals.append(caught.value.to_json())
    assert refusals[0] == refusals[1]
    assert refusals[0]["params"] == {"guests": 3, "limit": 3}
    assert not User.objects.filter(email=email).exists()


def test_what_was_decided_before_a_refusal_could_be_kept_counts(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"
    tries: list[str] = []
    decided: list[Invited] = []

    class Late(Refusal):
        """Asked for what is to be kept, it lets somebody else decide first."""

        def to_json(self) -> dict[str, object]:  # type: ignore[override]
            with ThreadPoolExecutor(1) as thread:
                decided.append(thread.submit(ask).result(timeout=20))
            return dict(super().to_json())

    @verb("crm")
    def invite_in_the_end(*, key: str, email: str) -> Invited:
        tries.append(key)
        user = User.objects.create(email=email, password="!")
        if len(tries) == 1:
            raise Late("no-more-guests", "The house is full.")
        return Invited(user.id, current_decision().journal_id)

    def ask() -> Invited:
        try:
            with cell("eu", actor=eu.actor):
                return invite_in_the_end(key=email, email=email)
        finally:
            connections.close_all()

    assert [invite_in_the_end(key=email, email=email)] == decided
    assert User.objects.filter(email=email).count() == 1
    rows = JournalEntry.objects.using("eu_crm").filter(key=email)
    assert list(rows.values_list("outcome", flat=True)) == ["done"]


def test_a_refusal_is_told_in_the_fact_log_and_what_was_done_is_not_told_twice(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"
    with pytest.raises(Refusal):
        invite(key="no" + email, email=email, refuse=True)
    done = invite(key="yes" + email, email=email)
    told = Fact.objects.using("eu_crm").filter(kind="journal_entry.inserted", data__new__operation="fintech.invite")
    mine = [fact for fact in told if fact.data["new"]["key"] in ("no" + email, "yes" + email)]
    assert [fact.data["new"]["outcome"] for fact in mine] == ["refused"]
    assert done.journal_id not in [fact.journal_id for fact in mine]


def test_the_same_key_with_another_body_is_refused(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"
    invite(key=email, email=email)
    with pytest.raises(KeyReused):
        invite(key=email, email="x" + email)


def test_the_same_key_of_another_actor_is_another_key(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"
    first = invite(key=email, email=email)
    with acting_as(Actor.client(uuid7())):
        assert invite(key=email, email="x" + email) != first


def test_an_unexpected_error_leaves_no_row_at_all(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"
    invite(key="first" + email, email=email)
    with pytest.raises(Exception, match="duplicate key"):
        invite(key="second" + email, email=email)
    entries = JournalEntry.objects.using("eu_crm").filter(key="second" + email)
    assert not entries.exists()


def test_a_verb_is_never_called_inside_a_transaction(eu: CellContext) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic(using="eu_crm"):
        invite(key="k", email="k@example.org")


def test_a_verb_is_never_called_inside_another_even_of_another_concern(eu: CellContext) -> None:
    """Two databases in one request would be a dual write."""

    @verb("payments")
    def outer(*, key: str) -> Invited:
        return invite(key="inner" + key, email=f"{key}@example.org")

    key = str(uuid7())
    with pytest.raises(RuntimeError, match="never called from inside another"):
        outer(key=key)
    assert not User.objects.filter(email=f"{key}@example.org").exists()


def test_outside_a_decision_on_its_database_nothing_writes(eu: CellContext) -> None:
    @verb("crm")
    def book(*, key: str) -> None:
        inside_decision("payments")

    with pytest.raises(RuntimeError, match="a decision on 'crm' is under way, not one on 'payments'"):
        book(key=str(uuid7()))
    with pytest.raises(RuntimeError, match="no decision is under way"):
        current_decision()


def test_what_comes_after_a_decision_comes_once_it_is_committed_and_not_if_it_is_undone(eu: CellContext) -> None:
    told: list[str] = []

    @verb("crm")
    def tell(*, key: str, refuse: bool) -> None:
        current_decision().afterwards(lambda: told.append(key))
        assert key not in told
        if refuse:
            raise Refusal("no", "No.", status=409)

    tell(key="told", refuse=False)
    assert told == ["told"]
    with pytest.raises(Refusal):
        tell(key="not told", refuse=True)
    assert told == ["told"]


def test_the_same_key_for_another_verb_is_another_key(eu: CellContext) -> None:
    @verb("crm")
    def count_guests(*, key: str) -> int:
        return 3

    email = f"{uuid7()}@example.org"
    invite(key=email, email=email)
    assert count_guests(key=email) == 3


def test_a_retry_may_spell_out_what_was_left_to_the_default(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"
    first = invite(key=email, email=email)
    assert invite(key=email, reason="", email=email, refuse=False) == first


@pytest.mark.parametrize("key", ["", "k" * 201], ids=["empty", "endless"])
def test_a_key_that_is_none_is_refused_and_leaves_no_row(eu: CellContext, key: str) -> None:
    with pytest.raises(Refusal) as refused:
        invite(key=key, email="nobody@example.org")
    assert (refused.value.code, refused.value.status) == ("idempotency-key-invalid", 400)
    assert not JournalEntry.objects.using("eu_crm").filter(key=key).exists()


def test_a_verb_takes_keyword_arguments_only() -> None:
    with pytest.raises(TypeError, match="keyword arguments only"):

        @verb("crm")
        def positional(email: str, *, key: str) -> None: ...


def test_a_verb_without_a_key_is_no_verb() -> None:
    with pytest.raises(TypeError, match="key"):

        @verb("crm")
        def nameless(*, email: str) -> None: ...
