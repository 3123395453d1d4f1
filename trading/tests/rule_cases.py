"""Instruments and shorthands that the worked examples of the rules share."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from fintech.jurisdictions import Rules, jurisdiction
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.rules.conversion import PairQuote
from trading.rules.leverage import margin_share
from trading.rules.margin import initial_margin
from trading.rules.netting import Fill
from trading.rules.terms import THURSDAY, ClientCategory, InstrumentClass, InstrumentTerms, Side

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def pair(symbol: str, digits: int = 5, **changes: int) -> InstrumentTerms:
    return InstrumentTerms(
        symbol=symbol,
        base=symbol[:3],
        quote=currency(symbol[3:]),
        contract_size=Decimal(100_000),
        digits=digits,
        instrument_class=InstrumentClass.CURRENCY_PAIR,
        **changes,
    )


def other(
    base: str, quote: str, instrument_class: InstrumentClass, *, contract_size: str = "1", digits: int = 2
) -> InstrumentTerms:
    return InstrumentTerms(
        symbol=f"{base}{quote}",
        base=base,
        quote=currency(quote),
        contract_size=Decimal(contract_size),
        digits=digits,
        instrument_class=instrument_class,
    )


EURUSD = pair("EURUSD")
USDJPY = pair("USDJPY", 3)
EURGBP = pair("EURGBP")
AUDUSD = pair("AUDUSD")
USDCAD = pair("USDCAD", triple_swap_weekday=THURSDAY)
GOLD = other("XAU", "USD", InstrumentClass.COMMODITY, contract_size="100")
DAX = other("DAX", "EUR", InstrumentClass.INDEX, digits=1)
BTCUSD = other("BTC", "USD", InstrumentClass.CRYPTO_ASSET)
GILT = other("GILT", "GBP", InstrumentClass.GOVERNMENT_BOND, contract_size="100")


def rules(code: str, at: datetime = AT) -> Rules:
    return jurisdiction(code).rules_at(at)


def money(text: str) -> Money:
    amount, code = text.split()
    return Money.of(amount.replace(",", ""), code)


def quoted(symbol: str, bid: str, ask: str | None = None) -> PairQuote:
    return PairQuote(base=symbol[:3], quote=symbol[3:], bid=Decimal(bid), ask=Decimal(ask or bid))


def retail_margin(
    code: str,
    terms: InstrumentTerms,
    volume: str,
    price: str,
    account: str,
    *pairs: PairQuote,
    leverage: int = 1000,
) -> Money:
    """The margin of a fill under a jurisdiction's caps, the account's own leverage being generous."""
    share = margin_share(
        caps=rules(code).leverage_caps,
        terms=terms,
        category=ClientCategory.RETAIL,
        account_leverage=leverage,
    ).share
    return initial_margin(
        terms=terms,
        volume=Decimal(volume),
        price=Decimal(price),
        share=share,
        account_currency=currency(account),
        pairs=pairs,
    )


def fill(
    side: Side, volume: str, price: str, *, terms: InstrumentTerms = EURUSD, number: int = 1, code: str = "eu"
) -> Fill:
    """A retail client's fill in a USD account, in an instrument quoted in USD."""
    share = margin_share(
        caps=rules(code).leverage_caps,
        terms=terms,
        category=ClientCategory.RETAIL,
        account_leverage=1000,
    ).share
    return Fill(
        position_id=UUID(int=number),
        terms=terms,
        side=side,
        volume=Decimal(volume),
        price=Decimal(price),
        at=AT,
        margin_share=share,
        account_currency=currency("USD"),
    )
