"""What a test of trading needs: a client whose standing crm has told, an account with cash, quotes in
Valkey.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils import timezone

from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.factlog.heartbeats import beat
from fintech.facts.crm import ClientIntroduced, ClientStandingChanged
from fintech.journal import Refusal, verb
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.money import Money
from fintech.ledger.transfer_codes import TransferCode
from tests.relays import StepwiseRelay
from trading import demo_data
from trading.models import Position, TradingAccount
from trading.prices.latest import LatestQuotes
from trading.prices.port import SourcedQuote, utc_now
from trading.rules.terms import Side
from trading.selectors.market import read_market, valkey
from trading.services.orders import OrderPlaced, close_position, place_order
from trading.services.trading_accounts import open_trading_account

LATELY_SECONDS: Final = 1.0
MOST_TELLINGS: Final = 5


@verb("crm")
def tell_standing(*, key: str, standing: ClientStandingChanged) -> None:
    """What crm records when a client's standing changes."""
    record(standing, subject=("client", standing.client_id))


@verb("crm")
def tell_introduction(*, key: str, introduced: ClientIntroduced) -> None:
    """What crm records when an introducing broker brings a client."""
    record(introduced, subject=("client", introduced.client_id))


@verb("trading")
def bring_in(*, key: str, trading_account_id: UUID, amount: Money) -> None:
    """An opening balance, such as a migration from elsewhere books."""
    account = TradingAccount.objects.select_for_update().get(id=trading_account_id)
    book = Book("trading")
    book.post(
        debit=book.house(HousePurpose.OPENING, entity=1, currency=account.currency),
        credit=account.account_number,
        amount=amount.minor,
        code=TransferCode.OPENING_BALANCE,
        client_id=account.client_id,
    )


@dataclass
class Trader:
    """A client with one trading account."""

    room: DealingRoom
    client_id: UUID
    account: TradingAccount

    def buy(self, volume: str, symbol: str = "EURUSD", *, key: str = "") -> OrderPlaced:
        return self.order(Side.BUY, volume, symbol, key=key)

    def sell(self, volume: str, symbol: str = "EURUSD", *, key: str = "") -> OrderPlaced:
        return self.order(Side.SELL, volume, symbol, key=key)

    def order(self, side: Side, volume: str, symbol: str, *, key: str = "") -> OrderPlaced:
        return place_order(
            key=key or str(uuid7()),
            trading_account_id=self.account.id,
            instrument=symbol,
            side=side,
            volume=Decimal(volume),
            market=read_market(),
        )

    def close(self, position: Position, volume: str | None = None) -> OrderPlaced:
        return close_position(
            key=str(uuid7()),
            position_id=position.id,
            volume=None if volume is None else Decimal(volume),
            market=read_market(),
        )

    def position(self, symbol: str = "EURUSD") -> Position:
        """The open position in an instrument."""
        return Position.objects.get(trading_account=self.account, instrument_id=symbol, closed_at=None)

    @property
    def cash(self) -> int:
        return Book("trading").balance(self.account.account_number).posted


class DealingRoom:
    """The bound cell's trading, with its instruments."""

    def __init__(self, relay: StepwiseRelay) -> None:
        self.relay = relay
        self._told = 0.0
        demo_data.load()

    def settle(self) -> None:
        """Tell crm's time and let every follower follow; anew if they took so long that it is old by then."""
        for _ in range(MOST_TELLINGS):
            self._told = time.monotonic()
            beat()
            self.relay.run_until_idle()
            if self._told_lately():
                return

    def _told_lately(self) -> bool:
        return time.monotonic() - self._told < LATELY_SECONDS

    def client(self, **standing: object) -> UUID:
        """A client whom crm found fit to trade, unless `standing` says otherwise."""
        client_id = uuid7()
        self.change_standing(client_id, **standing)
        return client_id

    def change_standing(self, client_id: UUID, **standing: object) -> None:
        told: dict[str, object] = {
            "entity": current_cell().jurisdiction.entities[0].code,
            "category": "retail",
            "status": "active",
            "verified": True,
            "risk": "low",
            "may_trade": True,
            "since": timezone.now(),
            **standing,
        }
        tell_standing(key=str(uuid7()), standing=ClientStandingChanged(client_id=client_id, **told))  # type: ignore[arg-type]
        self.settle()

    def introduce(self, client_id: UUID, chain: tuple[UUID, ...], *, effective_from: datetime | None = None) -> None:
        fact = ClientIntroduced(
            client_id=client_id,
            ib_id=chain[0],
            chain=chain,
            effective_from=effective_from or timezone.now() - timedelta(seconds=1),
        )
        tell_introduction(key=str(uuid7()), introduced=fact)
        self.settle()

    def trader(
        self, cash: str = "5000.00", currency: str = "USD", *, leverage: int = 500, **standing: object
    ) -> Trader:
        """A client with an account that holds `cash`; its leverage is high, so that the law's caps bind."""
        client_id = self.client(**standing)
        opened = open_trading_account(key=str(uuid7()), client_id=client_id, currency=currency, leverage=leverage)
        trader = Trader(self, client_id, TradingAccount.objects.get(id=opened.trading_account_id))
        if Decimal(cash):
            bring_in(key=str(uuid7()), trading_account_id=trader.account.id, amount=Money.of(cash, currency))
        if not self._told_lately():
            # What comes next is a fill, which asks for a standing of the last five seconds.
            self.settle()
        return trader

    def quote(self, symbol: str, bid: str, ask: str, *, age: timedelta = timedelta(0)) -> SourcedQuote:
        """Publish a quote; one of an earlier test may be newer than an old one, and goes first."""
        valkey().delete(f"{current_cell().name}:quote:{symbol}")
        quote = SourcedQuote(symbol=symbol, bid=Decimal(bid), ask=Decimal(ask), at=utc_now() - age, source="test")
        assert LatestQuotes(valkey(), cell=current_cell().name).publish(quote)
        return quote

    def no_quote(self, symbol: str) -> None:
        valkey().delete(f"{current_cell().name}:quote:{symbol}")


def refusal_of(action: object, *args: object, **kwargs: object) -> Refusal:
    """The refusal that an action ends in."""
    try:
        answer = action(*args, **kwargs)  # type: ignore[operator]
    except Refusal as refusal:
        return refusal
    raise AssertionError(f"it wasn't refused, but gave {answer}")
