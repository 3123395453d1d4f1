"""What is recorded: by verbs, and by the trigger whoever changes a row."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connections

from crm.models import User
from fintech.cells import CellContext
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.factlog.models import Fact
from fintech.factlog.reading import read_subject
from fintech.facts import fact
from fintech.journal import verb


@fact("crm.test.greeted", version=1)
class Greeted:
    guest_id: UUID
    times: int


@verb("crm")
def greet(*, key: str, reason: str = "", guest_id: UUID, times: int) -> int:
    return record(Greeted(guest_id=guest_id, times=times), subject=("guest", guest_id))


def test_a_subjects_facts_are_counted_without_gaps_and_read_in_order(eu: CellContext) -> None:
    guest = uuid7()
    assert [greet(key=f"{guest}{n}", guest_id=guest, times=n) for n in (1, 2, 3)] == [1, 2, 3]
    facts = read_subject("crm", ("guest", str(guest)), after_seq=1, limit=10)
    assert [entry.fact for entry in facts] == [Greeted(guest_id=guest, times=2), Greeted(guest_id=guest, times=3)]
    assert facts[0].actor == "system:test"
    assert facts[0].request_id == eu.request_id


def test_a_fact_needs_a_schema_its_own_concern_and_a_decision(eu: CellContext) -> None:
    with pytest.raises(RuntimeError, match="decision"):
        record(Greeted(guest_id=uuid7(), times=1), subject=("guest", 1))

    @verb("crm")
    def mumble(*, key: str) -> int:
        return record({"kind": "crm.mumbled"}, subject=("guest", 1))

    with pytest.raises(TypeError, match="no schema"):
        mumble(key="m")

    @fact("payments.test.paid", version=1)
    class Paid:
        amount_minor: int

    @verb("crm")
    def pay(*, key: str) -> int:
        return record(Paid(amount_minor=1), subject=("guest", 1))

    with pytest.raises(ValueError, match="isn't crm's"):
        pay(key="p")


def test_a_row_change_is_captured_whoever_makes_it_and_never_with_a_secret(eu: CellContext) -> None:
    user = User.objects.create(email=f"{uuid7()}@example.org", password="secret-hash")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    with connections["eu_crm"].cursor() as cursor:
        cursor.execute("UPDATE crm_user SET is_staff = false, password = 'other-hash' WHERE id = %s", [user.pk])
        cursor.execute("UPDATE crm_user SET password = 'third-hash' WHERE id = %s", [user.pk])
        cursor.execute("DELETE FROM crm_user WHERE id = %s", [user.pk])
    captured = list(Fact.objects.using("eu_crm").filter(subject_id=str(user.pk)).order_by("id"))
    assert [entry.kind for entry in captured] == [
        "crm_user.inserted",
        "crm_user.updated",
        "crm_user.updated",
        "crm_user.deleted",
    ]
    assert captured[1].data == {"old": {"is_staff": False}, "new": {"is_staff": True}}
    assert captured[1].actor is None
    text = str([entry.data for entry in captured])
    assert "hash" not in text
    assert "example.org" not in text


def test_rolled_back_work_leaves_no_fact(eu: CellContext) -> None:
    guest = uuid7()

    @verb("crm")
    def greet_and_fail(*, key: str) -> int:
        record(Greeted(guest_id=guest, times=1), subject=("guest", guest))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        greet_and_fail(key=str(guest))
    assert read_subject("crm", ("guest", str(guest)), after_seq=0, limit=10) == []


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO factlog_fact SELECT * FROM factlog_fact", "UPDATE factlog_fact SET kind = 'x'",
     "DELETE FROM factlog_fact", "TRUNCATE factlog_fact", "SELECT nextval('factlog_fact_id_seq')"],
)  # fmt: skip
def test_the_application_can_not_write_the_log_by_itself(eu: CellContext, statement: str) -> None:
    with pytest.raises(Exception, match="permission denied"), connections["eu_crm"].cursor() as cursor:
        cursor.execute(statement)
