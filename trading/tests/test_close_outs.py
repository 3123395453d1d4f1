"""Margin calls, close-outs and negative balance protection, by hand and by the engine."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from fintech.cells import Actor, cell
from fintech.cells.identifiers import uuid7
from fintech.factlog.reading import read_subject
from trading.engine.engine import Engine, Leader
from trading.models import Fill, Order, Position, TradingAccount
from trading.selectors.market import read_market
from trading.selectors.statements import statement
from trading.services.close_outs import ClosedOut, close_out, note_margin_call
from trading.services.leadership import StaleLeader, take_over
from trading.tests.dealing_room import DealingRoom, Trader


def closed_out(trader: Trader) -> ClosedOut:
    return close_out(key=str(uuid7()), trading_account_id=trader.account.id, market=read_market())


def facts(trader: Trader, kind: str) -> list[dict[str, object]]:
    found = read_subject("trading", ("trading_account", str(trader.account.id)), after_seq=0, limit=200)
    return [dict(fact.data) for fact in found if fact.kind == kind]


@pytest.fixture
def long(room: DealingRoom) -> Trader:
    """5,000.00 USD and one lot of EURUSD from 1.10000: close-out level at an equity of 1,833.335."""
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("1.00")
    return trader


def test_at_the_level_nothing_is_closed_and_a_point_below_it_is(room: DealingRoom, long: Trader) -> None:
    room.quote("EURUSD", "1.06834", "1.06840")
    assert closed_out(long).closed == ()

    room.quote("EURUSD", "1.06833", "1.06840")
    position = long.position()
    done = closed_out(long)

    assert done.closed == (position.id,)
    assert long.cash == 500_000 - 316_700
    (told,) = facts(long, "trading.position.closed_out")
    assert (told["equity_minor"], told["required_before_minor"]) == (183_300, 366_667)
    assert (told["level"], told["rule"]) == ("1/2", "eu/close_out_level/2018-08-01")
    order = Order.objects.get(fill__id=told["fill_id"])
    assert order.purpose == "close-out"


def test_a_gap_below_everything_is_made_good_by_the_house_and_both_are_in_the_statement(
    room: DealingRoom, long: Trader
) -> None:
    room.quote("EURUSD", "1.02000", "1.02010")

    done = closed_out(long)

    assert (str(done.protection), long.cash) == ("3000.00 USD", 0)
    lines = [(line.cause, str(line.amount), str(line.balance)) for line in statement(long.account)]
    assert lines == [
        ("negative-balance-protection", "3000.00 USD", "0.00 USD"),
        ("trading-result", "-8000.00 USD", "-3000.00 USD"),
        ("opening-balance", "5000.00 USD", "5000.00 USD"),
    ]


def test_a_professional_client_owes_what_a_retail_client_would_be_spared(room: DealingRoom) -> None:
    trader = room.trader("5000.00", leverage=30, category="professional")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("1.00")
    room.quote("EURUSD", "1.02000", "1.02010")

    assert str(closed_out(trader).protection) == "0.00 USD"
    assert trader.cash == -300_000


def test_a_client_who_closes_a_hopeless_position_is_protected_as_well(room: DealingRoom, long: Trader) -> None:
    room.quote("EURUSD", "1.02000", "1.02010")

    closed = long.close(long.position())

    assert (str(closed.realised), str(closed.protection), str(closed.cash)) == (
        "-8000.00 USD",
        "3000.00 USD",
        "0.00 USD",
    )


def test_the_largest_loss_is_closed_first_and_the_rest_stays_if_the_level_holds(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    room.quote("XAUUSD", "2350.00", "2350.00")
    trader.buy("0.80")
    trader.buy("0.10", "XAUUSD")
    room.quote("EURUSD", "1.05700", "1.05710")
    room.quote("XAUUSD", "2340.00", "2340.10")

    done = closed_out(trader)

    assert [Position.objects.get(id=position_id).instrument_id for position_id in done.closed] == ["EURUSD"]
    assert trader.position("XAUUSD").volume > 0


def test_a_position_without_a_fresh_quote_waits_and_the_others_do_not(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    room.quote("XAUUSD", "2350.00", "2350.00")
    trader.buy("0.80")
    trader.buy("0.10", "XAUUSD")
    room.quote("EURUSD", "1.05000", "1.05010", age=timedelta(seconds=20))
    room.quote("XAUUSD", "2340.00", "2340.10")
    waits, dealt = trader.position(), trader.position("XAUUSD")

    done = closed_out(trader)

    assert (done.closed, done.waiting) == ((dealt.id,), (waits.id,))


def test_a_margin_call_begins_once_below_the_margin_and_ends_above_it(room: DealingRoom, long: Trader) -> None:
    def noted() -> str:
        return note_margin_call(key=str(uuid7()), trading_account_id=long.account.id, market=read_market()).change

    room.quote("EURUSD", "1.08000", "1.08010")
    assert [noted(), noted()] == ["called", "none"]
    room.quote("EURUSD", "1.09500", "1.09510")
    assert [noted(), noted()] == ["ended", "none"]
    (called,) = facts(long, "trading.account.margin_called")
    assert (called["equity_minor"], called["required_minor"], called["level"]) == (300_000, 366_667, "1")


def test_a_stale_leader_closes_nothing(room: DealingRoom, long: Trader) -> None:
    stale = take_over()
    take_over()
    room.quote("EURUSD", "1.06000", "1.06010")

    with pytest.raises(StaleLeader):
        close_out(key=str(uuid7()), trading_account_id=long.account.id, market=read_market(), fence=stale)
    assert long.position().volume == 1


def test_a_new_leader_that_finds_the_same_decides_nothing_twice(room: DealingRoom, long: Trader) -> None:
    room.quote("EURUSD", "1.06000", "1.06010")
    market, key = read_market(), f"close-out of {long.client_id}"
    first = close_out(key=key, trading_account_id=long.account.id, market=market, fence=take_over())

    again = close_out(key=key, trading_account_id=long.account.id, market=market, fence=take_over())

    assert again == first
    assert Fill.objects.filter(trading_account=long.account, order__purpose="close-out").count() == 1


def test_the_engine_calls_and_closes_out_as_quotes_come(room: DealingRoom, long: Trader) -> None:
    leader = Leader(take_over())

    room.quote("EURUSD", "1.08000", "1.08010")
    leader.turn(read_market(), frozenset({"EURUSD"}), told=False)
    long.account.refresh_from_db()
    assert long.account.margin_called_at is not None

    room.quote("EURUSD", "1.06000", "1.06010")
    leader.turn(read_market(), frozenset({"EURUSD"}), told=True)
    assert not Position.objects.filter(trading_account=long.account, closed_at=None).exists()

    leader.turn(read_market(), frozenset(), told=True)
    long.account.refresh_from_db()
    assert long.account.margin_called_at is None


def test_a_running_engine_closes_out_at_a_published_quote_and_stops_when_told_to(fresh_room: DealingRoom) -> None:
    trader = fresh_room.trader("5000.00")
    fresh_room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("1.00")
    engine = Engine("eu")
    running = threading.Thread(target=engine.run)
    running.start()
    try:
        assert engine.leading.wait(10)
        fresh_room.quote("EURUSD", "1.06000", "1.06010")
        deadline = threading.Event()
        for _ in range(200):
            if not Position.objects.filter(trading_account=trader.account, closed_at=None).exists():
                break
            deadline.wait(0.05)
    finally:
        engine.stop()
        running.join(10)
    assert not running.is_alive()
    assert trader.cash == 500_000 - 400_000
    assert TradingAccount.objects.get(id=trader.account.id).margin_called_at is None


def test_an_engine_in_waiting_takes_over_when_the_leader_ends(fresh_room: DealingRoom) -> None:
    first, second = Engine("eu"), Engine("eu")
    threads = [threading.Thread(target=first.run), threading.Thread(target=second.run)]
    threads[0].start()
    assert first.leading.wait(10)
    threads[1].start()
    try:
        assert not second.leading.wait(0.5)
        first.stop()
        assert second.leading.wait(10)
    finally:
        first.stop()
        second.stop()
        for thread in threads:
            thread.join(10)


def test_the_engine_acts_as_itself(room: DealingRoom, long: Trader) -> None:
    room.quote("EURUSD", "1.06000", "1.06010")

    with cell("eu", actor=Actor.system("engine")):
        Leader(take_over()).turn(read_market(), frozenset({"EURUSD"}), told=True)

    order = Order.objects.filter(trading_account=long.account).latest("id")
    assert (order.placed_by, order.purpose) == ("system:engine", "close-out")
