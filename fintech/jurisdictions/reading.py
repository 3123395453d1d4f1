"""Reading one TOML table key by key, with an error that says what is wrong and what would be right.

Nothing here knows a rule or a jurisdiction: a `TableReader` hands out typed values and, when everything
wanted has been taken, complains about keys that nobody asked for (a misspelt key must never be silently
ignored in a file that carries law). The deployment's definition is read with it too, with a fault of its own.
"""

import datetime
import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fintech.ledger.currencies import Currency, currency
from fintech.ledger.money import Money

Choice = TypeVar("Choice", bound=str)

_FRACTION = re.compile(r"(?P<over>[0-9]{1,6})/(?P<under>[0-9]{1,6})")
_PERCENT = re.compile(r"(?P<percent>[0-9]{1,3}(?:\.[0-9]{1,4})?) ?%")
_SLUG = re.compile(r"[a-z][a-z0-9-]{0,39}")


class JurisdictionFileError(ValueError):
    """A jurisdiction's file can't be used: names the file, the key, what is wrong and what would be right.

    `problems` holds every problem found, one sentence each; the text of the error is all of them.
    """

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class TableReader:
    """One table of a file, read key by key; each reader raises `fault` of one sentence at the first fault."""

    def __init__(
        self,
        *,
        file: str,
        path: str,
        table: Mapping[str, Any],
        fault: Callable[[Collection[str]], ValueError] = JurisdictionFileError,
    ) -> None:
        self._file = file
        self._path = path
        self._table = table
        self._fault = fault
        self._taken: set[str] = set()

    def error(self, key: str, wrong: str, right: str) -> ValueError:
        """The error for `key`: what is wrong there and what would be right."""
        place = f"{self._path}.{key}" if self._path else key
        return self._fault([f"{self._file}: {place}: {wrong}; {right}"])

    def __contains__(self, key: str) -> bool:
        """Whether the table holds `key`, for keys that may be absent."""
        return key in self._table

    def is_empty(self, key: str) -> bool:
        """Whether the list or table `key`, which the table holds, has nothing in it; it counts as read then."""
        if self._table[key] in ([], {}):
            self._taken.add(key)
            return True
        return False

    def names(self) -> tuple[str, ...]:
        """Every key that the table holds, in the file's order."""
        return tuple(self._table)

    def _take(self, key: str, kind: type | tuple[type, ...], right: str) -> Any:
        self._taken.add(key)
        if key not in self._table:
            close = get_close_matches(key, set(self._table) - self._taken, n=1)
            raise self.error(key, f"is missing (misspelt as {close[0]!r}?)" if close else "is missing", right)
        value = self._table[key]
        # bool is an int in Python, so `years = true` would otherwise pass for one year.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(key, f"is {value!r}", right)
        return value

    def finish(self) -> None:
        """Refuse keys that nobody has read, naming the key that was probably meant."""
        for key in self._table:
            if key not in self._taken:
                close = get_close_matches(key, self._taken, n=1)
                known = ", ".join(sorted(self._taken))
                right = f"did you mean {close[0]!r}?" if close else f"known here: {known}"
                raise self.error(key, "is not a known key", right)

    def table(self, key: str) -> "TableReader":
        """The sub-table `key`."""
        value = self._take(key, dict, f"write a table, [{key}]")
        return self._inner(f"{self._path}.{key}".lstrip("."), value)

    def tables(self, key: str) -> "list[TableReader]":
        """The array of tables `key`, at least one."""
        value = self._take(key, list, f"write at least one table, [[{key}]]")
        if not value or not all(isinstance(item, dict) for item in value):
            raise self.error(key, "is not an array of tables", f"write at least one table, [[{key}]]")
        path = f"{self._path}.{key}".lstrip(".")
        return [self._inner(f"{path}[{index}]", item) for index, item in enumerate(value)]

    def _inner(self, path: str, table: Mapping[str, Any]) -> "TableReader":
        return TableReader(file=self._file, path=path, table=table, fault=self._fault)

    def text(self, key: str) -> str:
        """A text that is not empty."""
        right = "write a text in quotes that is not empty"
        value: str = self._take(key, str, right)
        if not value.strip():
            raise self.error(key, "is empty", right)
        return value.strip()

    def slug(self, key: str) -> str:
        """A short name: small letters, digits and hyphens, a letter first."""
        value = self.text(key)
        if not _SLUG.fullmatch(value):
            raise self.error(key, f"is {value!r}", "write small letters, digits and hyphens, a letter first")
        return value

    def choice(self, key: str, choices: "Collection[Choice]") -> "Choice":
        """One of the words in `choices`."""
        right = "write one of " + ", ".join(f'"{choice}"' for choice in choices)
        value: str = self._take(key, str, right)
        for choice in choices:
            if value == choice:
                return choice
        raise self.error(key, f"is {value!r}", right)

    def boolean(self, key: str) -> bool:
        """`true` or `false`."""
        value: bool = self._take(key, bool, "write true or false")
        return value

    def integer(self, key: str, *, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        right = f"write a whole number from {low} to {high}"
        value: int = self._take(key, int, right)
        if not low <= value <= high:
            raise self.error(key, f"is {value}", right)
        return value

    def number(self, key: str, *, low: float, high: float) -> float:
        """A number from `low` to `high`, both included."""
        right = f"write a number from {low:g} to {high:g}"
        value: float = self._take(key, (int, float), right)
        if not low <= value <= high:
            raise self.error(key, f"is {value}", right)
        return float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, at least one, none twice."""
        right = "write a list of texts, at least one, none twice"
        value: list[object] = self._take(key, list, right)
        found = tuple(item.strip() for item in value if isinstance(item, str) and item.strip())
        if not found or len(found) != len(value) or len(set(found)) != len(found):
            raise self.error(key, f"is {value!r}", right)
        return found

    def date(self, key: str) -> datetime.date | None:
        """A date, or None where the key is absent."""
        self._taken.add(key)
        if key not in self._table:
            return None
        value = self._table[key]
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            raise self.error(key, f"is {value!r}", "write a date without quotes, like 2027-05-23")
        return value

    def dates(self, key: str) -> tuple[datetime.date, ...]:
        """A list of dates in ascending order, none twice."""
        right = "write a list of dates in ascending order, like [2026-12-25, 2026-12-26]"
        value: list[object] = self._take(key, list, right)
        found = tuple(
            item for item in value if isinstance(item, datetime.date) and not isinstance(item, datetime.datetime)
        )
        if len(found) != len(value) or list(found) != sorted(set(found)):
            raise self.error(key, "is not such a list", right)
        return found

    def time(self, key: str) -> datetime.time:
        """A time of day, without zone."""
        value: datetime.time = self._take(key, datetime.time, "write a time without quotes, like 17:00:00")
        return value

    def share(self, key: str) -> Fraction:
        """A share of a whole, above nothing and up to all of it: "1/30", "50 %" or "2.5 %"."""
        right = 'write a share like "1/30" or "50 %", above 0 and up to 1'
        value: str = self._take(key, str, right)
        if match := _FRACTION.fullmatch(value):
            over, under = int(match["over"]), int(match["under"])
            share = Fraction(over, under) if under else Fraction(0)
        elif match := _PERCENT.fullmatch(value):
            share = Fraction(match["percent"]) / 100
        else:
            raise self.error(key, f"is {value!r}", right)
        if not 0 < share <= 1:
            raise self.error(key, f"is {value!r}", right)
        return share

    def currencies(self, key: str) -> tuple[Currency, ...]:
        """A list of ISO 4217 codes, at least one."""
        found = []
        for code in self.texts(key):
            try:
                found.append(currency(code))
            except (LookupError, ValueError) as unknown:
                right = "write ISO 4217 codes, like EUR"
                raise self.error(key, f"{code!r} is no known currency", right) from unknown
        return tuple(found)

    def money(self, key: str) -> Money:
        """An amount above zero with its currency: "2000.00 EUR"."""
        right = 'write an amount above zero and its currency, like "2000.00 EUR"'
        value: str = self._take(key, str, right)
        amount, _, code = value.partition(" ")
        try:
            money = Money.of(amount, code)
        except (LookupError, ValueError) as unreadable:
            raise self.error(key, f"is {value!r}", right) from unreadable
        if money.minor <= 0:
            raise self.error(key, f"is {value!r}", right)
        return money

    def time_zone(self, key: str) -> ZoneInfo:
        """An IANA time zone."""
        value = self.text(key)
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as unknown:
            raise self.error(key, f"is {value!r}", "write an IANA time zone, like Asia/Nicosia") from unknown
