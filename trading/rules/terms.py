"""What is dealt in, by whom and in which direction: the vocabulary of the rules."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from fintech.ledger.currencies import Currency

WEDNESDAY = 2
THURSDAY = 3


class InstrumentClass(StrEnum):
    """What an instrument's price is the price of."""

    CURRENCY_PAIR = "currency-pair"
    COMMODITY = "commodity"
    INDEX = "index"
    SHARE = "share"
    GOVERNMENT_BOND = "government-bond"
    CRYPTO_ASSET = "crypto-asset"
    OTHER = "other"


class ClientCategory(StrEnum):
    """How a client is classified; the protections of product intervention are for retail clients."""

    RETAIL = "retail"
    PROFESSIONAL = "professional"
    ELIGIBLE_COUNTERPARTY = "eligible-counterparty"


class Side(StrEnum):
    """The direction of a fill or position."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The direction that closes this one."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 where a rising price gains, -1 where it loses."""
        return 1 if self is Side.BUY else -1


@dataclass(frozen=True, kw_only=True)
class InstrumentTerms:
    """An instrument as the rules see it.

    `base` is what one buys: a currency code in a pair, else the underlying's name as the jurisdictions' files
    spell it ("XAU", "DAX", "GILT"). `contract_size` is units of `base` a lot (or money a point); `digits` are
    the decimals of its prices, and the last of them is a point. A night's swap counts threefold on
    `triple_swap_weekday` (Monday is 0).
    """

    symbol: str
    base: str
    quote: Currency
    contract_size: Decimal
    digits: int
    instrument_class: InstrumentClass
    triple_swap_weekday: int = WEDNESDAY

    def __post_init__(self) -> None:
        """Refuse terms that no instrument can have."""
        if self.contract_size <= 0:
            raise ValueError(f"{self.symbol}: a contract size is above zero, not {self.contract_size}")
        if not 0 <= self.digits <= 12:
            raise ValueError(f"{self.symbol}: prices have 0 to 12 decimals, not {self.digits}")
        if not 0 <= self.triple_swap_weekday <= 4:
            raise ValueError(f"{self.symbol}: the threefold night ends on a weekday, 0 to 4")

    @property
    def point(self) -> Fraction:
        """The smallest step of a price, in the quote currency."""
        return Fraction(1, 10**self.digits)

    def units(self, volume: Decimal) -> Fraction:
        """How many units of `base` (or how much money a point) `volume` lots are."""
        return Fraction(volume) * Fraction(self.contract_size)
