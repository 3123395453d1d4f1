"""What the columns of several tables have in common: how exact volumes and prices are kept."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q

CURRENCY: Final[dict[str, Any]] = {"max_length": 3}
"""A currency's ISO 4217 code."""

VOLUME: Final[dict[str, Any]] = {"max_digits": 20, "decimal_places": 8}
"""Lots, exactly."""

PRICE: Final[dict[str, Any]] = {"max_digits": 32, "decimal_places": 20}
"""A price with up to 12 decimals, or an average of prices with the 8 decimals more that the rules give it."""


def is_currency(column: str) -> Q:
    """The condition that a column holds a currency's code in form."""
    return Q(**{f"{column}__regex": r"^[A-Z]{3}$"})
