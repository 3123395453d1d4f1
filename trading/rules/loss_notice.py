"""Loss notices: a retail client hears when a position has lost a step of its initial value, and each further.

Source: the jurisdiction's `loss_notice_step` (in the EU 10 %, Delegated Regulation 2017/565 Art 62(2)).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from fintech.jurisdictions.business_days import BusinessDays
from trading.rules.terms import ClientCategory, Side


@dataclass(frozen=True, kw_only=True)
class LossNotice:
    """A notice that is due: how many steps the position has reached now, and the share lost."""

    steps: int
    lost: Fraction


def loss_notice_due(
    *,
    side: Side,
    open_price: Decimal,
    closing_price: Decimal,
    steps_noticed: int,
    step: Fraction | None,
    category: ClientCategory,
) -> LossNotice | None:
    """The notice due at `closing_price` (bid for a buy, ask for a sell), or None.

    `steps_noticed` is how many steps the client has heard of for this position; it never goes down, so a
    price that recovers and falls again brings no second notice. A jump over several steps brings one.
    """
    if step is None or category is not ClientCategory.RETAIL:
        return None
    lost = side.sign * (Fraction(open_price) - Fraction(closing_price)) / Fraction(open_price)
    steps = int(lost / step) if lost > 0 else 0
    return LossNotice(steps=steps, lost=lost) if steps > steps_noticed else None


def notice_due_by(*, reached_at: datetime, business_days: BusinessDays, time_zone: ZoneInfo) -> datetime:
    """The end, in UTC, of the business day on which the step was reached; of the next one on a day off."""
    day = business_days.after(reached_at.astimezone(time_zone).date(), 0)
    return datetime.combine(day + timedelta(days=1), time(), time_zone).astimezone(UTC)
