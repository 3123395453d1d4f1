"""What positions are worth to one account at the quotes in hand, and which of those are fresh enough to deal
at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money
from trading.prices.latest import StaleQuote, require_fresh
from trading.prices.port import SourcedQuote
from trading.rules.close_out import ValuedPosition
from trading.rules.conversion import NoConversion, PairQuote, conversion_path, convert_result
from trading.rules.positions import Position
from trading.selectors.instruments import Listing, Listings
from trading.selectors.market import Market


class NotPriceable(LookupError):
    """There is no price to deal at. `code` says why, `symbol` of which instrument, `age_ms` how old its quote
    is.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        symbol: str,
        age_ms: int | None = None,
        maximum_age_ms: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.symbol = symbol
        self.age_ms = age_ms
        self.maximum_age_ms = maximum_age_ms


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """The quotes in hand, judged at the moment `now` for an account in `currency`.

    A quote may be as old as its instrument says, or as the jurisdiction does (`maximum_age_seconds`),
    whichever is less.
    """

    listings: Listings
    market: Market
    now: datetime
    currency: Currency
    maximum_age_seconds: int

    def listing(self, symbol: str) -> Listing | None:
        """The instrument, if there is one of this symbol."""
        return self.listings.by_symbol.get(symbol)

    def fresh_quote(self, symbol: str) -> SourcedQuote:
        """The quote to deal at. Raises NotPriceable when there is none, or only an old one."""
        quote = self.market.quotes.get(symbol)
        if quote is None:
            code = "no-quote" if self.market.reachable else "quotes-unavailable"
            raise NotPriceable(code, f"There is no quote of {symbol} at this moment.", symbol=symbol)
        maximum = min(self.listings.by_symbol[symbol].maximum_quote_age_seconds, self.maximum_age_seconds)
        try:
            return require_fresh(quote, now=self.now, max_age_seconds=maximum)
        except StaleQuote as stale:
            raise NotPriceable(
                "stale-quote",
                f"The latest quote of {symbol} is over {maximum} s old, or ahead of time: nothing is dealt at it.",
                symbol=symbol,
                age_ms=round(stale.age_seconds * 1000),
                maximum_age_ms=maximum * 1000,
            ) from None

    def is_fresh(self, symbol: str) -> bool:
        """Whether the instrument can be dealt in now."""
        try:
            self.fresh_quote(symbol)
        except NotPriceable:
            return False
        return True

    def conversion(self, source: str) -> tuple[str, ...]:
        """The symbols of the pairs that lead from a currency to the account's. Raises NotPriceable if none
        do.
        """
        return conversion(self.listings, source, self.currency.code)

    def fresh_pairs(self, source: str) -> tuple[PairQuote, ...]:
        """The quotes that convert from a currency to the account's. Raises NotPriceable when one isn't
        fresh.
        """
        return tuple(self._pair(symbol, self.fresh_quote(symbol)) for symbol in self.conversion(source))

    def charge(self, amount: Fraction, source: Currency) -> Money:
        """What the account is charged for a cost of `amount` in `source`, bought at the rate a client pays.

        Raises NotPriceable when a quote that converts isn't fresh.
        """
        return -convert_result(-amount, source=source, target=self.currency, pairs=self.fresh_pairs(source.code))

    def value(self, position: Position) -> ValuedPosition:
        """A position with its floating result at the quotes in hand, zero while one was never quoted."""
        floating, fresh = Money(0, self.currency), False
        try:
            path = self.conversion(position.terms.quote.code)
        except NotPriceable:
            path = ()
        symbols = (position.symbol, *path)
        quotes = {symbol: self.market.quotes[symbol] for symbol in symbols if symbol in self.market.quotes}
        if len(quotes) == len(set(symbols)) and (path or position.terms.quote == self.currency):
            pairs = [self._pair(symbol, quotes[symbol]) for symbol in path]
            floating = position.floating(quotes[position.symbol], account_currency=self.currency, pairs=pairs)
            fresh = all(self.is_fresh(symbol) for symbol in symbols)
        return ValuedPosition(
            position_id=position.position_id,
            symbol=position.symbol,
            side=position.side,
            margin=position.margin,
            floating=floating,
            opened_at=position.opened_at,
            fresh=fresh,
        )

    def evidence(self, sources: Iterable[str]) -> list[dict[str, str]]:
        """The quotes that convert from these currencies to the account's, as a fill keeps them."""
        symbols = sorted({symbol for source in sources for symbol in self.conversion(source)})
        return [_kept(symbol, self.market.quotes[symbol]) for symbol in symbols]

    def _pair(self, symbol: str, quote: SourcedQuote) -> PairQuote:
        terms = self.listings.by_symbol[symbol].terms
        return PairQuote(base=terms.base, quote=terms.quote.code, bid=quote.bid, ask=quote.ask)


def conversion(listings: Listings, source: str, target: str) -> tuple[str, ...]:
    """The symbols of the pairs that lead from one currency to another. Raises NotPriceable if none do."""
    try:
        path = conversion_path(source, target, listings.pairs.keys())
    except NoConversion:
        detail = f"No listed pairs lead from {source} to {target}."
        raise NotPriceable("no-conversion", detail, symbol=source + target) from None
    return tuple(listings.pairs[pair] for pair in path)


def _kept(symbol: str, quote: SourcedQuote) -> dict[str, str]:
    return {
        "symbol": symbol,
        "bid": format(quote.bid, "f"),
        "ask": format(quote.ask, "f"),
        "at": quote.at.isoformat().replace("+00:00", "Z"),
        "source": quote.source,
    }
