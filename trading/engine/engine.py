"""The engine: one leader per cell that reacts to quotes with margin calls and close-outs.

Several may run; an advisory lock elects the leader, and an epoch fences it: each transaction of a leader that
lost its place without noticing is refused. It holds nothing that isn't rebuilt from the database at start.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Final
from uuid import UUID

import psycopg
from django.db import DatabaseError, InterfaceError, connections
from django.utils import timezone

from fintech.cells import Actor, cell, current_cell
from fintech.journal import Refusal
from fintech.observability.metrics import counter, gauge
from trading.engine.election import Election
from trading.engine.quotes import QuoteBoard
from trading.engine.watch import WatchedAccount, load_watched
from trading.rules.close_out import margin_call_due
from trading.selectors.market import Market, valkey
from trading.services.close_outs import close_out, note_margin_call
from trading.services.leadership import Fence, StaleLeader, take_over

logger = logging.getLogger(__name__)

TURN_SECONDS: Final = 0.25
"""How long a leader waits for a quote before it looks at everything else."""
RELOAD_SECONDS: Final = 1.0
"""How old what is kept in mind may be when nobody tells of a change (money that came in by a follower)."""
STAND_AGAIN_SECONDS: Final = 0.2

_turned_at = gauge("fintech_engine_turned_at_seconds", "When the engine last took a turn (UNIX time).", ("cell",))
_leading = gauge("fintech_engine_leading", "Whether this engine leads its cell.", ("cell",))
_watched = gauge("fintech_engine_accounts", "Accounts with something open that the engine watches.", ("cell",))
_waiting = gauge("fintech_close_outs_waiting", "Accounts below their level that wait for a fresh quote.", ("cell",))
_closed_out = counter("fintech_positions_closed_out_total", "Positions closed by the close-out rule.", ("cell",))
_called = counter("fintech_margin_calls_total", "Margin calls that began.", ("cell",))


class Engine:
    """One cell's engine."""

    def __init__(self, cell_name: str) -> None:
        self.cell_name = cell_name
        self.leading = threading.Event()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the engine to end after its present turn."""
        self._stop.set()

    def run(self) -> None:
        """Wait to be elected, lead, and begin again after a broken connection; returns after `stop`."""
        with cell(self.cell_name, actor=Actor.system("engine")):
            while not self._stop.is_set():
                try:
                    with Election() as election:
                        self._stand(election)
                except StaleLeader as stale:
                    logger.warning("another engine leads", extra={"why": str(stale)})
                except (psycopg.Error, DatabaseError, InterfaceError, OSError) as error:
                    logger.warning("the engine lost its database", extra={"error": type(error).__name__})
                finally:
                    self.leading.clear()
                    _leading.labels(cell=self.cell_name).set(0)
                    connections.close_all()
                self._stop.wait(STAND_AGAIN_SECONDS)

    def _stand(self, election: Election) -> None:
        while not self._stop.is_set():
            if election.won():
                self._lead(election)
                return
            self._stop.wait(STAND_AGAIN_SECONDS)

    def _lead(self, election: Election) -> None:
        board = QuoteBoard(valkey())
        leader = Leader(take_over())
        board.start()
        self.leading.set()
        _leading.labels(cell=self.cell_name).set(1)
        try:
            while not self._stop.is_set():
                board.wait(TURN_SECONDS)
                market, changed = board.look()
                leader.turn(market, changed, told=election.heard_of_changes())
        finally:
            board.stop()


class Leader:
    """An engine in office: what it watches, and one turn after another. Everything happens in the bound
    cell.
    """

    def __init__(self, fence: Fence) -> None:
        self._fence = fence
        self._accounts: dict[UUID, WatchedAccount] = {}
        self._read_at = 0.0
        self._waits: frozenset[UUID] = frozenset()

    def turn(self, market: Market, changed: frozenset[str], *, told: bool) -> None:
        """Judge the accounts whose quotes changed, or all of them once they were read afresh (when `told`
        to).
        """
        afresh = told or time.monotonic() - self._read_at > RELOAD_SECONDS
        if afresh:
            self._accounts = load_watched(self._accounts)
            self._read_at = time.monotonic()
        waits = set(self._waits & self._accounts.keys())
        for account in list(self._accounts.values()):
            if afresh or account.symbols & changed:
                waits.discard(account.trading_account_id)
                if self._judge(account, market):
                    waits.add(account.trading_account_id)
        self._tell(frozenset(waits))

    def _judge(self, account: WatchedAccount, market: Market) -> bool:
        """Do what the account's level asks for; says whether a close-out waits for a fresh quote."""
        now = timezone.now()
        rules = current_cell().jurisdiction.rules_at(now)
        state = account.state(market, now)
        try:
            fresh = [position.fresh for position in state.positions]
            if state.below(rules.close_out_level):
                return self._close_out(account, market) if any(fresh) else True
            if all(fresh) and margin_call_due(state, level=rules.margin_call_level) != account.margin_called:
                self._note_margin_call(account, market)
        except Refusal as refusal:
            logger.warning("the engine was refused", extra={"code": refusal.code})
        return False

    def _close_out(self, account: WatchedAccount, market: Market) -> bool:
        done = close_out(
            key=f"close-out:{account.event(market)}",
            trading_account_id=account.trading_account_id,
            market=market,
            fence=self._fence,
        )
        _closed_out.labels(cell=current_cell().name).inc(len(done.closed))
        self._read_at = 0.0
        return bool(done.waiting)

    def _note_margin_call(self, account: WatchedAccount, market: Market) -> None:
        noted = note_margin_call(
            key=f"margin-call:{account.event(market)}",
            trading_account_id=account.trading_account_id,
            market=market,
            fence=self._fence,
        )
        _called.labels(cell=current_cell().name).inc(noted.change == "called")
        self._read_at = 0.0

    def _tell(self, waits: frozenset[UUID]) -> None:
        name = current_cell().name
        _turned_at.labels(cell=name).set_to_current_time()
        _watched.labels(cell=name).set(len(self._accounts))
        _waiting.labels(cell=name).set(len(waits))
        for trading_account_id in waits - self._waits:
            logger.error("a close-out waits for a fresh quote", extra={"trading_account_id": str(trading_account_id)})
        self._waits = waits
