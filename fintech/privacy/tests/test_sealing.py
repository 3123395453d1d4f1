"""Personal data is sealed under a key per person and class, opens only where it belongs, can be forgotten."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from django.db import DatabaseError, connections
from django.test.utils import CaptureQueriesContext

from fintech.cells import Actor, CellContext, alias_for, cell
from fintech.cells.identifiers import uuid7
from fintech.factlog.models import Fact
from fintech.journal import Refusal, verb
from fintech.privacy import key_cache, keys
from fintech.privacy.envelope import HEADER_BYTES, NotSealed
from fintech.privacy.master_key import key_wrapper
from fintech.privacy.sealing import (
    MAX_DOCUMENT_BYTES,
    Erased,
    Unreadable,
    destroy_key,
    seal,
    seal_all,
    seal_document,
    unseal,
    unseal_all,
    unseal_document,
)

NAME = "Maria Δημητρίου-Nguyễn"


@verb("crm")
def keep(*, key: str, person_id: UUID, text: str, retention: str = "identity") -> str:
    return seal("crm", person_id=person_id, retention=retention, text=text).hex()


@verb("payments")
def keep_in_payments(*, key: str, person_id: UUID, text: str) -> str:
    return seal("payments", person_id=person_id, retention="payments", text=text).hex()


@verb("crm")
def keep_document(*, key: str, person_id: UUID, content: bytes) -> str:
    return seal_document("crm", person_id=person_id, retention="identity", content=content).hex()


@verb("crm")
def forget(*, key: str, person_id: UUID, retention: str = "identity") -> bool:
    return destroy_key("crm", person_id=person_id, retention=retention)


@verb("crm")
def keep_then_refuse(*, key: str, person_id: UUID, text: str, kept: list[str]) -> None:
    kept.append(seal("crm", person_id=person_id, retention="identity", text=text).hex())
    raise Refusal("not-now", "Not now.")


def sealed_name(person_id: UUID, text: str = NAME, retention: str = "identity") -> bytes:
    return bytes.fromhex(keep(key=str(uuid7()), person_id=person_id, text=text, retention=retention))


def rows_of(person_id: UUID) -> list[tuple[str, bool]]:
    with connections[alias_for("crm")].cursor() as cursor:
        cursor.execute(
            "SELECT retention, wrapped IS NOT NULL FROM privacy_key WHERE person_id = %s ORDER BY 1",
            [person_id],
        )
        return [(retention, kept) for retention, kept in cursor.fetchall()]


def test_what_was_sealed_opens_again_and_shows_nothing_of_itself(eu: CellContext) -> None:
    person = uuid7()
    sealed = sealed_name(person)
    assert unseal("crm", sealed) == NAME
    assert unseal("crm", sealed, person_id=person) == NAME
    assert not any(word.encode() in sealed for word in ("Maria", "Nguyễn"))


def test_equal_texts_are_sealed_differently(eu: CellContext) -> None:
    person = uuid7()
    assert sealed_name(person) != sealed_name(person)


def test_a_person_has_one_key_for_each_class_and_concern(eu: CellContext) -> None:
    person = uuid7()
    sealed_name(person)
    sealed_name(person)
    sealed_name(person, retention="marketing")
    assert rows_of(person) == [("identity", True), ("marketing", True)]


def test_a_destroyed_key_makes_every_copy_unreadable_and_leaves_other_classes_and_persons(
    eu: CellContext,
) -> None:
    person, other = uuid7(), uuid7()
    identity, marketing, others = (
        sealed_name(person),
        sealed_name(person, retention="marketing"),
        sealed_name(other),
    )
    assert unseal("crm", identity) == NAME
    assert forget(key=str(uuid7()), person_id=person) is True
    with pytest.raises(Erased):
        unseal("crm", identity)
    assert unseal("crm", marketing) == NAME
    assert unseal("crm", others) == NAME
    assert rows_of(person) == [("identity", False), ("marketing", True)]


def test_nothing_more_is_sealed_for_a_person_who_was_forgotten(eu: CellContext) -> None:
    known, unknown = uuid7(), uuid7()
    sealed_name(known)
    assert forget(key=str(uuid7()), person_id=known) is True
    assert forget(key=str(uuid7()), person_id=unknown) is False
    assert forget(key=str(uuid7()), person_id=known) is False
    for person in (known, unknown):
        with pytest.raises(Erased):
            sealed_name(person)


def test_destruction_in_another_process_is_seen_once_the_kept_key_is_too_old(
    eu: CellContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = uuid7()
    sealed = sealed_name(person)
    assert unseal("crm", sealed) == NAME
    with connections[alias_for("crm")].cursor() as cursor:
        cursor.execute(
            "UPDATE privacy_key SET wrapped = NULL, destroyed_at = clock_timestamp() WHERE person_id = %s",
            [person],
        )
    later = key_cache.now() + key_cache.KEPT_SECONDS
    monkeypatch.setattr(key_cache, "now", lambda: later)
    with pytest.raises(Erased):
        unseal("crm", sealed)


def test_a_destruction_is_seen_at_once_in_its_own_decision_and_process(eu: CellContext) -> None:
    person = uuid7()
    sealed = sealed_name(person)

    def read_meanwhile() -> str:
        try:
            with cell("eu", actor=Actor.system("test")):
                return unseal("crm", sealed)
        finally:
            connections.close_all()

    @verb("crm")
    def forget_while_others_read(*, key: str) -> None:
        destroy_key("crm", person_id=person, retention="identity")
        with pytest.raises(Erased):
            unseal("crm", sealed)
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(read_meanwhile).result(10) == NAME

    assert unseal("crm", sealed) == NAME
    forget_while_others_read(key=str(uuid7()))
    with pytest.raises(Erased):
        unseal("crm", sealed)


def test_a_destruction_that_is_rolled_back_forgets_nothing(eu: CellContext) -> None:
    person = uuid7()
    sealed = sealed_name(person)

    @verb("crm")
    def forget_then_refuse(*, key: str) -> None:
        destroy_key("crm", person_id=person, retention="identity")
        raise Refusal("held", "A legal hold stands.")

    with pytest.raises(Refusal):
        forget_then_refuse(key=str(uuid7()))
    assert unseal("crm", sealed) == NAME


def test_no_later_data_is_sealed_under_a_key_that_was_rolled_back(eu: CellContext) -> None:
    person = uuid7()
    lost: list[str] = []
    with pytest.raises(Refusal):
        keep_then_refuse(key=str(uuid7()), person_id=person, text=NAME, kept=lost)
    assert rows_of(person) == []
    with pytest.raises(Unreadable):
        unseal("crm", bytes.fromhex(lost[0]))
    sealed = sealed_name(person)
    keys.forget_cached_keys()
    assert unseal("crm", sealed) == NAME
    with pytest.raises(Unreadable):
        unseal("crm", bytes.fromhex(lost[0]))


def test_transactions_that_seal_for_the_same_new_person_at_once_end_with_one_key(eu: CellContext) -> None:
    person, start = uuid7(), Barrier(8)

    def register(_: int) -> bytes:
        try:
            with cell("eu", actor=Actor.system("test")):
                start.wait(10)
                return sealed_name(person)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        sealed = list(threads.map(register, range(8)))
    keys.forget_cached_keys()
    assert unseal_all("crm", sealed) == [NAME] * 8
    assert rows_of(person) == [("identity", True)]


def test_a_list_is_opened_with_one_query_and_shows_gaps_for_the_forgotten(eu: CellContext) -> None:
    persons = [uuid7() for _ in range(5)]
    sealed = [sealed_name(person, text=f"Person {number}") for number, person in enumerate(persons)]
    forget(key=str(uuid7()), person_id=persons[2])
    keys.forget_cached_keys()
    with CaptureQueriesContext(connections[alias_for("crm")]) as queries:
        opened = unseal_all("crm", sealed)
    assert opened == ["Person 0", "Person 1", None, "Person 3", "Person 4"]
    assert len(queries) == 1


def test_several_texts_of_a_person_cost_one_look_at_the_key(eu: CellContext) -> None:
    person = uuid7()
    sealed_name(person)
    with CaptureQueriesContext(connections[alias_for("crm")]) as queries:
        sealed = seal_all("crm", person_id=person, retention="identity", texts={"name": NAME, "city": "Wien"})
    assert len(queries) == 1
    assert unseal_all("crm", [sealed["city"], sealed["name"]]) == ["Wien", NAME]


@pytest.mark.parametrize("position", [0, 1, 2, HEADER_BYTES - 1, HEADER_BYTES, 30, -1], ids=str)
def test_altered_bytes_do_not_open(eu: CellContext, position: int) -> None:
    altered = bytearray(sealed_name(uuid7()))
    altered[position] ^= 3
    with pytest.raises((Unreadable, NotSealed)):
        unseal("crm", bytes(altered))


def test_bytes_of_one_person_are_not_shown_as_those_of_another(eu: CellContext) -> None:
    with pytest.raises(Unreadable):
        unseal("crm", sealed_name(uuid7()), person_id=uuid7())


def test_the_header_cannot_be_rewritten_to_another_person_who_has_a_key(eu: CellContext) -> None:
    first, second = sealed_name(uuid7()), sealed_name(uuid7())
    with pytest.raises(Unreadable):
        unseal("crm", second[:HEADER_BYTES] + first[HEADER_BYTES:])


def test_bytes_do_not_open_in_another_concern(eu: CellContext) -> None:
    person = uuid7()
    in_payments = bytes.fromhex(keep_in_payments(key=str(uuid7()), person_id=person, text="DE02 1203 0000"))
    sealed_name(person, retention="payments")
    assert unseal("payments", in_payments) == "DE02 1203 0000"
    with pytest.raises(Unreadable):
        unseal("crm", in_payments)


def test_neither_bytes_nor_keys_open_in_another_cell(both_cells: None) -> None:
    person = uuid7()
    with cell("eu", actor=Actor.system("test")):
        sealed = sealed_name(person)
        with connections[alias_for("crm")].cursor() as cursor:
            cursor.execute("SELECT wrapped FROM privacy_key WHERE person_id = %s", [person])
            wrapped = cursor.fetchone()[0]
    with cell("au", actor=Actor.system("test")):
        with pytest.raises(Unreadable):
            unseal("crm", sealed)
        with connections[alias_for("crm")].cursor() as cursor:
            cursor.execute(
                "INSERT INTO privacy_key (person_id, retention, wrapped) VALUES (%s, 'identity', %s)",
                [person, wrapped],
            )
        with pytest.raises(Unreadable):
            unseal("crm", sealed)


def test_bytes_do_not_open_in_another_cell_even_under_the_same_key(both_cells: None) -> None:
    person = uuid7()
    with cell("eu", actor=Actor.system("test")):
        sealed = sealed_name(person)
        context = keys.context_of("crm", person, "identity")
        key = keys.keys_for_opening([context])[context]
    assert key is not None
    with cell("au", actor=Actor.system("test")), connections[alias_for("crm")].cursor() as cursor:
        wrapped = key_wrapper().wrap(key, keys.context_of("crm", person, "identity"))
        cursor.execute(
            "INSERT INTO privacy_key (person_id, retention, wrapped) VALUES (%s, 'identity', %s)",
            [person, wrapped],
        )
        with pytest.raises(Unreadable):
            unseal("crm", sealed)


def test_a_wrapped_key_given_to_another_person_opens_nothing(eu: CellContext) -> None:
    person, thief = uuid7(), uuid7()
    sealed_name(person)
    with connections[alias_for("crm")].cursor() as cursor:
        cursor.execute(
            "INSERT INTO privacy_key (person_id, retention, wrapped) "
            "SELECT %s, retention, wrapped FROM privacy_key WHERE person_id = %s",
            [thief, person],
        )
    with pytest.raises(Unreadable):
        sealed_name(thief)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM privacy_key WHERE person_id = %s",
        "UPDATE privacy_key SET wrapped = 'x', destroyed_at = NULL WHERE person_id = %s",
        "UPDATE privacy_key SET destroyed_at = now() + interval '1 day' WHERE person_id = %s",
        "UPDATE privacy_key SET retention = 'trading' WHERE person_id = %s",
    ],
)
def test_the_database_keeps_a_destroyed_key_destroyed(eu: CellContext, statement: str) -> None:
    person = uuid7()
    forget(key=str(uuid7()), person_id=person)
    with pytest.raises(DatabaseError), connections[alias_for("crm")].cursor() as cursor:
        cursor.execute(statement, [person])
    assert rows_of(person) == [("identity", False)]


def test_making_and_destroying_a_key_are_facts_without_the_key(eu: CellContext) -> None:
    person = uuid7()
    sealed_name(person)
    forget(key=str(uuid7()), person_id=person)
    facts = Fact.objects.using(alias_for("crm")).filter(subject_type="row:privacy_key", subject_id=str(person))
    assert [fact.kind for fact in facts.order_by("id")] == ["privacy_key.inserted", "privacy_key.updated"]
    assert all(fact.actor == "system:test" for fact in facts)
    assert all("wrapped" not in json.dumps(fact.data) for fact in facts)


def test_a_new_persons_key_is_made_in_a_decision_only(eu: CellContext) -> None:
    person = uuid7()
    with pytest.raises(RuntimeError, match="no decision is under way"):
        seal("crm", person_id=person, retention="identity", text=NAME)
    with pytest.raises(RuntimeError, match="no decision is under way"):
        destroy_key("crm", person_id=person, retention="identity")
    assert rows_of(person) == []


def test_documents_are_sealed_whole_and_are_not_texts(eu: CellContext) -> None:
    person, content = uuid7(), bytes(range(256)) * 4096
    sealed = bytes.fromhex(keep_document(key=str(uuid7()), person_id=person, content=content))
    assert unseal_document("crm", sealed, person_id=person) == content
    with pytest.raises(Unreadable):
        unseal("crm", sealed)
    with pytest.raises(Unreadable):
        unseal_document("crm", sealed, person_id=uuid7())
    with pytest.raises(ValueError, match="at most"):
        seal_document("crm", person_id=person, retention="identity", content=bytes(MAX_DOCUMENT_BYTES + 1))


def test_an_unknown_retention_class_is_refused_with_the_known_ones(eu: CellContext) -> None:
    with pytest.raises(ValueError, match="identity, payments, trading, marketing"):
        seal("crm", person_id=uuid7(), retention="forever", text=NAME)
