"""What the business does, counted for its dashboards: deposits, volume traded, commission paid out.

Counted by the process that did it, once that is committed (`Decision.afterwards`). A process that dies between the two
leaves something out: the books say what there is, these numbers how it goes.
"""

from __future__ import annotations

from typing import Final

from fintech.observability.metrics import counter

DEPOSITS: Final = counter("fintech_deposits_settled_total", "Deposits that reached their wallet.", ("cell", "currency"))
DEPOSITED_MINOR: Final = counter(
    "fintech_deposits_settled_minor_total",
    "Money of the deposits that reached their wallet, in the currency's minor units.",
    ("cell", "currency"),
)
FILLED_LOTS: Final = counter(
    "fintech_filled_lots_total", "Volume of clients' and close-outs' fills, in lots.", ("cell", "instrument")
)
COMMISSION_PAID_MINOR: Final = counter(
    "fintech_commission_paid_minor_total",
    "Commission paid out to introducing brokers, in the currency's minor units.",
    ("cell", "currency"),
)


def count_deposit(*, cell: str, currency: str, amount_minor: int) -> None:
    """A deposit was settled."""
    DEPOSITS.labels(cell, currency).inc()
    DEPOSITED_MINOR.labels(cell, currency).inc(amount_minor)
