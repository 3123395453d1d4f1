"""An open position as the rules see it, and what it is worth at a quote."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money
from trading.rules.conversion import PairQuote
from trading.rules.margin import remaining_margin
from trading.rules.profit import profit
from trading.rules.quotes import Quote
from trading.rules.terms import InstrumentTerms, Side


@dataclass(frozen=True, kw_only=True)
class Position:
    """An open position.

    `original_volume` and `original_margin` are those of its last opening or addition: its margin is always
    the share of `original_margin` that `volume` is of `original_volume`, rounded up, so it can't be wrong.
    """

    position_id: UUID
    terms: InstrumentTerms
    side: Side
    volume: Decimal
    open_price: Decimal
    opened_at: datetime
    original_volume: Decimal
    original_margin: Money

    def __post_init__(self) -> None:
        """Refuse an empty position and one larger than it was opened."""
        if not 0 < self.volume <= self.original_volume:
            raise ValueError(f"0 < volume <= original volume, not {self.volume} of {self.original_volume}")

    @property
    def symbol(self) -> str:
        """The instrument's symbol."""
        return self.terms.symbol

    @property
    def margin(self) -> Money:
        """The initial margin that it holds now."""
        return remaining_margin(
            original=self.original_margin,
            original_volume=self.original_volume,
            remaining_volume=self.volume,
        )

    def floating(self, quote: Quote, *, account_currency: Currency, pairs: Sequence[PairQuote] = ()) -> Money:
        """What closing all of it at `quote` would bring, converted and rounded as when it's realised."""
        return profit(
            terms=self.terms,
            side=self.side,
            volume=self.volume,
            open_price=self.open_price,
            close_price=quote.closing_price(self.side),
            account_currency=account_currency,
            pairs=pairs,
        )
