"""The concern's tables."""

from trading.models.client_standing import ClientStanding, Introduction, SourceClock
from trading.models.commissions import CommissionAccrual, CommissionPayout, CommissionScheme
from trading.models.instruments import Instrument
from trading.models.leadership import Leadership
from trading.models.orders import Fill, Order
from trading.models.positions import Position
from trading.models.trading_accounts import TradingAccount

__all__ = [
    "ClientStanding",
    "CommissionAccrual",
    "CommissionPayout",
    "CommissionScheme",
    "Fill",
    "Instrument",
    "Introduction",
    "Leadership",
    "Order",
    "Position",
    "SourceClock",
    "TradingAccount",
]
