"""The trading day: it ends at 17:00 in New York, whatever zone a cell is in, daylight saving included."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
_END = time(17)


def day_end(day: date) -> datetime:
    """The moment, in UTC, at which the trading day `day` ends."""
    return datetime.combine(day, _END, NEW_YORK).astimezone(UTC)


def trading_day(moment: datetime) -> date:
    """The trading day that an aware `moment` belongs to; the end itself already belongs to the next one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone: a trading day is that of an aware moment")
    local = moment.astimezone(NEW_YORK)
    return local.date() + timedelta(days=1) if local.time() >= _END else local.date()


def first_day_end_not_before(moment: datetime) -> datetime:
    """The first day end at or after `moment`."""
    today = day_end(moment.astimezone(NEW_YORK).date())
    return today if moment <= today else day_end(trading_day(moment))


def days_ended(*, after: datetime, until: datetime) -> tuple[date, ...]:
    """The trading days whose end lies after `after` and not after `until`, oldest first: what a rollover that
    stood still has to catch up with."""
    day, last = trading_day(after), trading_day(until)
    return tuple(day + timedelta(days=offset) for offset in range((last - day).days))
