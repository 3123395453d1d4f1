"""Reading instruments: their terms as the rules take them, and the pairs that convert between currencies."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from fintech.ledger.currencies import currency
from trading.models import Instrument
from trading.rules.terms import InstrumentClass, InstrumentTerms


@dataclass(frozen=True, kw_only=True)
class Listing:
    """An instrument as it may be dealt in: terms for the rules, limits for orders."""

    terms: InstrumentTerms
    minimum_volume: Decimal
    maximum_volume: Decimal
    volume_step: Decimal
    maximum_quote_age_seconds: int
    commission_per_lot: Decimal
    commission_currency: str
    is_tradable: bool


@dataclass(frozen=True, kw_only=True)
class Listings:
    """Instruments by symbol, and which of them is the pair of two currencies (base, quote)."""

    by_symbol: Mapping[str, Listing]
    pairs: Mapping[tuple[str, str], str]


def instruments() -> QuerySet[Instrument]:
    """Every instrument that is or was dealt in."""
    return Instrument.objects.all()


def unknown_symbols(symbols: Collection[str]) -> set[str]:
    """Those among `symbols` that are no instrument's."""
    wanted = {symbol for symbol in symbols if "\x00" not in symbol}
    known = Instrument.objects.filter(symbol__in=wanted).values_list("symbol", flat=True)
    return set(symbols) - set(known)


def listings(symbols: set[str] | None = None) -> Listings:
    """The instruments named (all when None), and always every currency pair, since any may have to
    convert.
    """
    wanted = Instrument.objects.all()
    if symbols is not None:
        wanted = wanted.filter(Q(symbol__in=symbols) | Q(instrument_class=InstrumentClass.CURRENCY_PAIR))
    by_symbol = {row.symbol: listing_of(row) for row in wanted}
    pairs = {
        (listing.terms.base, listing.terms.quote.code): symbol
        for symbol, listing in by_symbol.items()
        if listing.terms.instrument_class is InstrumentClass.CURRENCY_PAIR
    }
    return Listings(by_symbol=by_symbol, pairs=pairs)


def listing_of(row: Instrument) -> Listing:
    """One row as the rules take it."""
    return Listing(
        terms=InstrumentTerms(
            symbol=row.symbol,
            base=row.base,
            quote=currency(row.quote),
            contract_size=row.contract_size,
            digits=row.digits,
            instrument_class=InstrumentClass(row.instrument_class),
            triple_swap_weekday=row.triple_swap_weekday,
        ),
        minimum_volume=row.minimum_volume,
        maximum_volume=row.maximum_volume,
        volume_step=row.volume_step,
        maximum_quote_age_seconds=row.maximum_quote_age_seconds,
        commission_per_lot=row.commission_per_lot,
        commission_currency=row.commission_currency,
        is_tradable=row.is_tradable,
    )
