"""What introducing brokers earn on fills, and how it is paid."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from uuid import UUID

import psycopg.errors
import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone
from prometheus_client import REGISTRY

from fintech.cells.identifiers import uuid7
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.transfer_codes import TransferCode
from trading.models import CommissionAccrual, CommissionPayout
from trading.services.commissions import pay_commissions
from trading.tests.dealing_room import DealingRoom, Trader, refusal_of


def introduced(room: DealingRoom, levels: int = 3) -> tuple[Trader, tuple[UUID, ...]]:
    chain = tuple(uuid7() for _ in range(levels))
    trader = room.trader("9000.00")
    room.introduce(trader.client_id, chain)
    room.quote("EURUSD", "1.10000", "1.10000")
    return trader, chain


def earned(fill_id: UUID) -> list[tuple[int, UUID, int]]:
    rows = CommissionAccrual.objects.filter(fill_id=fill_id).order_by("level")
    return [(row.level, row.ib_id, row.amount_minor) for row in rows]


def test_each_level_earns_its_rate_a_lot_exact_to_the_cent(room: DealingRoom) -> None:
    trader, chain = introduced(room)

    fill_id = trader.buy("1.35").fill_id
    room.settle()

    assert earned(fill_id) == [(1, chain[0], 810), (2, chain[1], 270), (3, chain[2], 68)]


def test_a_client_nobody_introduced_earns_nobody_anything(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")

    fill_id = trader.buy("0.10").fill_id
    room.settle()

    assert earned(fill_id) == []


def test_a_fill_is_paid_over_the_hierarchy_of_its_moment(room: DealingRoom) -> None:
    trader, chain = introduced(room, levels=1)
    other = uuid7()
    room.introduce(trader.client_id, (other,), effective_from=timezone.now() + timedelta(hours=1))
    before = trader.buy("1.00").fill_id
    room.introduce(trader.client_id, (other,), effective_from=timezone.now())
    after = trader.sell("1.00").fill_id
    room.settle()

    assert (earned(before), earned(after)) == ([(1, chain[0], 600)], [(1, other, 600)])


def test_an_accrual_can_be_neither_changed_nor_taken_back(room: DealingRoom) -> None:
    trader, chain = introduced(room)
    trader.buy("1.00")
    room.settle()
    accruals = CommissionAccrual.objects.filter(ib_id=chain[0])

    with pytest.raises(DatabaseError) as refused:
        accruals.update(amount_minor=1_000_000)
    assert isinstance(refused.value.__cause__, psycopg.errors.RestrictViolation)
    with pytest.raises(DatabaseError):
        accruals.delete()


def test_a_payout_sends_the_sum_to_payments_once_however_often_it_runs(fresh_room: DealingRoom) -> None:
    trader, chain = introduced(fresh_room)
    trader.buy("1.35")
    trader.sell("1.35")
    fresh_room.settle()

    said = [run_payout(), run_payout()]

    assert said[0].count("for 2 accruals") == 3
    assert said[1] == "Nothing is unpaid.\n"
    payout = CommissionPayout.objects.get(ib_id=chain[0])
    assert (payout.amount_minor, payout.currency, payout.accruals) == (1_620, "USD", 2)
    book = Book("trading")
    in_transit = book.house(HousePurpose.IN_TRANSIT_OUT, entity=1, currency="USD")
    assert book.balance(in_transit).posted == 2 * (810 + 270 + 68)
    (sent,) = [item for item in book.latest(in_transit) if item.id == payout.transfer_id]
    assert (sent.code, sent.reference) == (TransferCode.IB_PAYOUT, chain[0])


def test_what_was_paid_is_not_paid_again_under_another_key(room: DealingRoom) -> None:
    trader, chain = introduced(room, levels=1)
    trader.buy("1.00")
    room.settle()
    accrual = CommissionAccrual.objects.get(ib_id=chain[0])
    asked = {"ib_id": chain[0], "entity": "eu-main", "currency_code": "USD", "through": accrual.id}
    labels = {"cell": "eu", "currency": "USD"}
    before = REGISTRY.get_sample_value("fintech_commission_paid_minor_total", labels) or 0.0
    pay_commissions(key=str(uuid7()), **asked)

    assert refusal_of(pay_commissions, key=str(uuid7()), **asked).code == "nothing-to-pay"
    paid = REGISTRY.get_sample_value("fintech_commission_paid_minor_total", labels)
    assert paid == before + accrual.amount_minor


def run_payout() -> str:
    said = StringIO()
    call_command("commissions", "pay", cell="eu", stdout=said)
    return said.getvalue()
