"""Business days of a regulatory entity: statutory clocks run in them."""

import datetime
from dataclasses import dataclass

_SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class BusinessDays:
    """Every day but Saturdays, Sundays and the entity's own holidays."""

    holidays: frozenset[datetime.date]

    def is_business_day(self, day: datetime.date) -> bool:
        """Whether the entity works on `day`."""
        return day.weekday() < _SATURDAY and day not in self.holidays

    def after(self, day: datetime.date, count: int) -> datetime.date:
        """The `count`-th business day after `day`; with 0, `day` itself or the next business day."""
        if count < 0:
            raise ValueError(f"can't count {count} business days ahead")
        if count == 0:
            while not self.is_business_day(day):
                day += datetime.timedelta(days=1)
            return day
        while count:
            day += datetime.timedelta(days=1)
            count -= self.is_business_day(day)
        return day
