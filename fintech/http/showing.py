"""How values are shown to staff: money, decimals, moments and identifiers, each in one way on every page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from fintech.ledger.currencies import currency
from fintech.ledger.money import Money

EMPTY: Final = "-"
"""What stands where there is nothing."""

_LONG: Final = re.compile(r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64})\b")
_FIRST, _LAST = 8, 6
_INITIALS: Final = {"id": "ID", "ids": "IDs", "psp": "PSP", "ib": "IB", "utc": "UTC"}


def money_text(amount: Money) -> str:
    """An amount with all decimals of its currency and commas between thousands: `12,000.00 EUR`."""
    whole, point, decimals = amount.decimal.removeprefix("-").partition(".")
    sign = "-" if amount.minor < 0 else ""
    return f"{sign}{int(whole):,}{point}{decimals} {amount.currency.code}"


def money(amount: Money | None) -> SafeString:
    """An amount on a page, on one line."""
    return format_html('<span class="nowrap">{}</span>', EMPTY if amount is None else money_text(amount))


def minor_units(minor: int | None, code: str | None) -> SafeString:
    """An amount that is kept as minor units beside the code of its currency, which may be one of no country."""
    if minor is None:
        return money(None)
    try:
        return money(Money(minor, currency(code or "")))
    except ValueError:
        return format_html('<span class="nowrap">{}</span>', f"{minor} minor units of {code or 'no currency'}")


def decimal_text(value: Decimal) -> str:
    """A number with commas between thousands and without zeros that say nothing: `100,000`, `0.15`."""
    return f"{value.normalize() + Decimal(0):,f}"


def price(value: Decimal, digits: int) -> SafeString:
    """A price with its instrument's digits; an average that has more shows the whole of it when pointed at."""
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    if rounded == value:
        return format_html('<span class="nowrap">{}</span>', f"{rounded:,f}")
    return format_html('<span class="nowrap" title="{}">{}</span>', f"{value.normalize():f}", f"{rounded:,f}")


def moment_text(moment: datetime) -> str:
    """A moment to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def moment(value: datetime) -> SafeString:
    """A moment on a page; where there is no room, its day stands above its time."""
    day, _, time = moment_text(value).partition(" ")
    return format_html('<span class="nowrap">{}</span> <span class="nowrap">{}</span>', day, time)


def compact(text: str) -> SafeString:
    """A text whose ids and hashes show their first and last characters; pointed at, or copied, they are whole."""
    parts, end = [], 0
    for found in _LONG.finditer(text):
        parts += [format_html("{}", text[end : found.start()]), _folded(found[0])]
        end = found.end()
    return mark_safe("".join([*parts, format_html("{}", text[end:])]))  # noqa: S308  # each part is escaped


def link(url: str | None, shown: SafeString | str) -> SafeString:
    """What is shown, as a link where there is somewhere to go."""
    return format_html('<a href="{}">{}</a>', url, shown) if url else format_html("{}", shown)


def block(value: Any) -> SafeString:
    """A document, laid out."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str) if not isinstance(value, str) else value
    return format_html('<pre class="document">{}</pre>', text)


def label(words: str) -> str:
    """A column's or object's name as people write it: "psp event" is a "PSP event"."""
    return " ".join(_INITIALS.get(word, word) for word in words.split(" "))


def _folded(whole: str) -> SafeString:
    # All of it stands in the page; the style folds the middle away.
    return format_html(
        '<span class="identifier" title="{}"><span>{}</span><span class="middle">{}</span><span>{}</span></span>',
        whole,
        whole[:_FIRST],
        whole[_FIRST:-_LAST],
        whole[-_LAST:],
    )
