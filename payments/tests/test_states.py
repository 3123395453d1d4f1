"""The database lets rows that tell of money move forward only, exactly as the rules have it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.db import DatabaseError, connections, transaction

from payments.models import Deposit
from payments.rules import states
from payments.tests.scenes import approve, begun, euros, funded, requested, verified_client, wallet_of

SQL = (Path(__file__).parents[1] / "sql" / "states_v1.sql").read_text()


@pytest.mark.parametrize(
    ("table", "machine"),
    [
        ("payments_deposit", states.DEPOSIT),
        ("payments_withdrawal", states.WITHDRAWAL),
        ("payments_payout", states.PAYOUT),
        ("payments_psp_event", states.EVENT),
    ],
)
def test_the_database_allows_the_steps_of_the_rules_and_no_other(
    table: str, machine: Mapping[str, frozenset[str]]
) -> None:
    trigger = re.search(rf"CREATE TRIGGER {table}_forward .*?;", SQL, re.DOTALL)
    assert trigger
    allowed = set(re.findall(r"'(\w+)>(\w+)'", trigger[0]))
    assert allowed == {(now, then) for now, following in machine.items() for then in following}


def refused(statement: str, parameters: list[object]) -> None:
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(using="eu_payments"),
        connections["eu_payments"].cursor() as cursor,
    ):
        cursor.execute(statement, parameters)


@pytest.mark.usefixtures("eu")
def test_neither_sql_nor_anything_else_turns_a_deposit_back_or_changes_its_amount() -> None:
    deposit = Deposit.objects.get(wallet=funded(euros("10.00")))
    refused("UPDATE payments_deposit SET state = 'failed' WHERE id = %s", [deposit.pk])
    refused("UPDATE payments_deposit SET amount_minor = 999 WHERE id = %s", [deposit.pk])
    refused("UPDATE payments_deposit SET client_id = gen_random_uuid() WHERE id = %s", [deposit.pk])
    refused("DELETE FROM payments_deposit WHERE id = %s", [deposit.pk])
    refused("TRUNCATE payments_wallet_transfer", [])


@pytest.mark.usefixtures("eu")
def test_settled_without_its_transfer_cant_be_written() -> None:
    deposit = begun(wallet_of(verified_client()), euros("10.00"))
    refused("UPDATE payments_deposit SET state = 'settled' WHERE id = %s", [deposit.pk])


@pytest.mark.usefixtures("eu")
def test_an_approval_stays_as_it_was_given() -> None:
    withdrawal = requested(funded(euros("10.00")), euros("10.00"))
    approve(withdrawal)
    refused("UPDATE payments_withdrawal_approval SET reason = 'x' WHERE withdrawal_id = %s", [withdrawal.pk])
    refused("DELETE FROM payments_withdrawal_approval WHERE withdrawal_id = %s", [withdrawal.pk])


def test_a_withdrawal_is_where_its_least_certain_part_is() -> None:
    expected = {
        ("planned", "paid"): "sending",
        ("sending", "sent"): "sending",
        ("unknown", "sending"): "unknown",
        ("sent", "paid"): "sent",
        ("paid", "paid", "dropped"): "paid",
        ("paid", "returned"): "partly_returned",
        ("returned",): "returned",
    }
    for payouts, state in expected.items():
        assert states.withdrawal_state(payouts) == state
    with pytest.raises(ValueError, match="payouts"):
        states.withdrawal_state(["dropped"])
