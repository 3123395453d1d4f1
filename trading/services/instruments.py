"""Offering instruments and changing their terms."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal

from fintech.journal import Refusal, verb
from fintech.ledger.currencies import UnknownCurrency, currency
from trading.models import Instrument, Position
from trading.rules.terms import WEDNESDAY, InstrumentClass, InstrumentTerms
from trading.services.refusals import instrument_in_use


@dataclass(frozen=True, kw_only=True)
class InstrumentDefinition:
    """An instrument with all its terms; see `trading.models.Instrument`."""

    symbol: str
    name: str
    base: str
    quote: str
    contract_size: Decimal
    digits: int
    instrument_class: InstrumentClass
    minimum_volume: Decimal
    maximum_volume: Decimal
    volume_step: Decimal
    triple_swap_weekday: int = WEDNESDAY
    maximum_quote_age_seconds: int = 5
    commission_per_lot: Decimal = Decimal(0)
    commission_currency: str = "USD"
    is_tradable: bool = True


@verb("trading")
def define_instrument(*, key: str, definition: InstrumentDefinition) -> None:
    """Offer an instrument, or change its terms.

    Refuses terms that the rules can't take, and a change of what positions are computed from while some are
    open.
    """
    _refuse_malformed(definition)
    Instrument.objects.bulk_create([Instrument(**asdict(definition))], ignore_conflicts=True)
    row = Instrument.objects.select_for_update().get(symbol=definition.symbol)
    changed = {name for name, value in asdict(definition).items() if getattr(row, name) != value}
    open_in_it = Position.objects.filter(instrument=row, closed_at=None)
    if changed & {"base", "quote", "contract_size", "digits", "instrument_class"} and open_in_it.exists():
        raise instrument_in_use(row)
    for name in changed:
        setattr(row, name, getattr(definition, name))
    if changed:
        row.save()


def _refuse_malformed(definition: InstrumentDefinition) -> None:
    try:
        InstrumentTerms(
            symbol=definition.symbol,
            base=definition.base,
            quote=currency(definition.quote),
            contract_size=definition.contract_size,
            digits=definition.digits,
            instrument_class=definition.instrument_class,
            triple_swap_weekday=definition.triple_swap_weekday,
        )
        currency(definition.commission_currency)
    except (UnknownCurrency, ValueError) as error:
        raise Refusal("terms-not-valid", str(error), status=422, instrument=definition.symbol) from None
