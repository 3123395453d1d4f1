"""Serializer fields that take exactly what they say, and no lookalike."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from fintech.ledger.currencies import UnknownCurrency
from fintech.ledger.money import InvalidAmount, Money

# C0 and C1 controls but for tab, line feed and carriage return; U+2028 and U+2029 end lines in some readers.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


class TextField(serializers.CharField):
    """A JSON string: never a number or flag taken for one; no control characters, no lone surrogates."""

    default_error_messages = {
        "not_text": "A text is needed.",
        "control_characters": "Control characters aren't taken.",
        "surrogates": "Half of a surrogate pair is no character.",
    }

    def to_internal_value(self, data: Any) -> str:
        """The text, its outer white space taken off."""
        if not isinstance(data, str):
            self.fail("not_text")
        if any("\ud800" <= character <= "\udfff" for character in data):
            self.fail("surrogates")
        if _CONTROLS.search(data):
            self.fail("control_characters")
        text: str = super().to_internal_value(data)
        return text


class WholeNumberField(serializers.IntegerField):
    """A JSON integer: never "12", 12.0 or true. Within a 64-bit column's bounds unless told otherwise."""

    default_error_messages = {"not_whole": "A whole number is needed."}

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_value", -(2**63))
        options.setdefault("max_value", 2**63 - 1)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if type(data) is not int:
            self.fail("not_whole")
        return int(data)


class FlagField(serializers.BooleanField):
    """JSON true or false: never "yes", 1 or null."""

    def to_internal_value(self, data: Any) -> bool:
        """The flag."""
        if type(data) is not bool:
            self.fail("invalid", input="this value")
        return bool(data)


class MoneyField(serializers.Field):  # type: ignore[type-arg]
    """Money as `{"amount": "12.34", "currency": "EUR"}`.

    The amount is a text, exact in the currency's decimals; above zero unless `positive=False`.
    """

    default_error_messages = {"not_positive": "The amount must be above zero."}

    def __init__(self, *, positive: bool = True, **options: Any) -> None:
        self.positive = positive
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Money:
        """The money; each error names the rule that was broken."""
        try:
            money = Money.from_wire(data)
        except InvalidAmount as invalid:
            error = ErrorDetail(_sentence(invalid), invalid.rule)
            raise ValidationError([error] if invalid.rule == "not-money" else {"amount": [error]}) from None
        except UnknownCurrency:
            raise ValidationError(
                {"currency": [ErrorDetail("There is no such currency in ISO 4217.", "unknown-currency")]}
            ) from None
        if self.positive and money.minor <= 0:
            raise ValidationError({"amount": [ErrorDetail(str(self.error_messages["not_positive"]), "not-positive")]})
        return money

    def to_representation(self, value: Money) -> dict[str, str]:
        """The same form out."""
        return value.wire


class ExactDecimalField(serializers.Field):  # type: ignore[type-arg]
    """A quantity or price as a text of plain decimal digits: `"0.01"`; no float, exponent or plus sign."""

    default_error_messages = {
        "not_a_decimal": "A plain decimal number in a text is needed, like 0.01.",
        "too_many_decimals": "At most {decimals} decimals are taken.",
        "too_many_digits": "At most {digits} digits are taken.",
        "not_positive": "The value must be above zero.",
    }

    def __init__(self, *, decimals: int, digits: int = 18, positive: bool = True, **options: Any) -> None:
        self.decimals, self.digits, self.positive = decimals, digits, positive
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Decimal:
        """The number, exactly as written."""
        if not isinstance(data, str) or not _DECIMAL.fullmatch(data):
            self.fail("not_a_decimal")
        whole, _, fraction = data.lstrip("-").partition(".")
        if len(fraction) > self.decimals:
            self.fail("too_many_decimals", decimals=self.decimals)
        if len(whole) + len(fraction) > self.digits:
            self.fail("too_many_digits", digits=self.digits)
        number = Decimal(data)
        if self.positive and number <= 0:
            self.fail("not_positive")
        return number

    def to_representation(self, value: Decimal) -> str:
        """Plain digits out, too."""
        return format(value, "f")


class PublicIdField(serializers.UUIDField):
    """A public id: a UUID in its usual form of 36 characters, not as a number, URN or bare hex."""

    def to_internal_value(self, data: Any) -> UUID:
        """The id."""
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value="This")
        identifier: UUID = super().to_internal_value(data)
        return identifier


class NumberIdField(serializers.Field):  # type: ignore[type-arg]
    """A 64-bit id (an account's number, a log's id) as a text, since JSON readers round large numbers."""

    default_error_messages = {"not_an_id": 'An id is a whole number in a text, like "1000978".'}

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if not isinstance(data, str) or len(data) > 20 or not _INTEGER.fullmatch(data):
            self.fail("not_an_id")
        number = int(data)
        if not -(2**63) <= number < 2**63:
            self.fail("not_an_id")
        return number

    def to_representation(self, value: int) -> str:
        """A text out, too."""
        return str(value)


class InstantField(serializers.DateTimeField):
    """A moment with its offset (RFC 3339); UTC inside and out, as `2026-03-31T10:15:00.000000Z`."""

    default_error_messages = {"not_an_instant": "A moment with its offset is needed, like 2026-03-31T10:15:00Z."}

    def to_internal_value(self, value: Any) -> datetime:
        """The moment, in UTC."""
        if not isinstance(value, str) or not _INSTANT.fullmatch(value):
            self.fail("not_an_instant")
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("not_an_instant")

    def to_representation(self, value: Any) -> str:
        """The moment in UTC, with microseconds always, so that texts sort as moments do."""
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")  # type: ignore[no-any-return]


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[0].upper()}{text[1:]}." if text else text
