"""Many at once on one account: margin holds at every fill, whoever comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from fintech.cells import Actor, cell
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal
from fintech.ledger.book import Book
from fintech.ledger.money import Money
from trading.models import Fill, Position
from trading.selectors.market import read_market
from trading.services.transfers import send_to_wallet
from trading.tests.dealing_room import DealingRoom
from trading.tests.test_transfers import wallet_of

THREADS = 8


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Run actions on threads that start together; a refusal is an answer, too."""
    barrier = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> object:
        try:
            with cell("eu", actor=Actor.system("test")):
                barrier.wait(20)
                return action()
        except Refusal as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def test_eight_orders_at_once_never_open_more_than_the_equity_covers(room: DealingRoom) -> None:
    trader = room.trader("1000.00")
    room.quote("EURUSD", "1.10000", "1.10010")
    room.quote("GBPUSD", "1.27000", "1.27010")
    symbols = ["EURUSD", "GBPUSD"] * (THREADS // 2)

    answers = at_once(*(lambda symbol=symbol: trader.buy("0.06", symbol) for symbol in symbols))

    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert {refusal.code for refusal in refused} == {"margin-insufficient"}
    fills = list(Fill.objects.filter(trading_account=trader.account).order_by("filled_at"))
    assert 0 < len(fills) == THREADS - len(refused) < THREADS
    assert all(fill.equity_minor is not None and fill.equity_minor >= fill.required_minor for fill in fills)
    held = Position.objects.filter(trading_account=trader.account, closed_at=None)
    assert sum(position.margin_minor for position in held) == fills[-1].required_minor <= 100_000


def test_the_same_order_sent_eight_times_at_once_is_filled_once(room: DealingRoom) -> None:
    trader = room.trader("1000.00")
    room.quote("EURUSD", "1.10000", "1.10010")
    key = str(uuid7())

    answers = at_once(*(lambda: trader.buy("0.01", key=key) for _ in range(THREADS)))

    assert len({str(answer) for answer in answers}) == 1
    assert Fill.objects.filter(trading_account=trader.account).count() == 1


def test_money_leaving_and_orders_opening_at_once_never_leave_margin_uncovered(room: DealingRoom) -> None:
    trader = room.trader("1000.00")
    room.quote("EURUSD", "1.10000", "1.10010")

    wallet_id = wallet_of(trader)

    def leave() -> object:
        return send_to_wallet(
            key=str(uuid7()),
            trading_account_id=trader.account.id,
            wallet_id=wallet_id,
            amount=Money.of("150.00", "USD"),
            market=read_market(),
        )

    at_once(*([leave, lambda: trader.buy("0.05")] * (THREADS // 2)))

    position = trader.position()
    equity = trader.cash - round(
        position.volume * 100_000 * 100 * (position.open_price - read_market().quotes["EURUSD"].bid)
    )
    assert equity >= position.margin_minor
    assert Book("trading").replay().agrees


def test_orders_that_close_and_open_at_once_leave_one_position_that_adds_up(room: DealingRoom) -> None:
    trader = room.trader("9000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("0.10")

    at_once(*([lambda: trader.buy("0.10"), lambda: trader.sell("0.20")] * (THREADS // 2)))

    position = trader.position()
    assert (position.side, f"{position.volume.normalize():f}") == ("sell", "0.3")
    # Each fill's margin rounds up by itself, so the cents hang on the order in which they came.
    assert 110_000 <= position.margin_minor <= 110_004
