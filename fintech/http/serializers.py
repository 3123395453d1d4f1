"""Serializers that refuse what they don't know."""

from __future__ import annotations

from typing import Any, TypeVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.utils.serializer_helpers import BindingDict

from fintech.http.fields import (
    ExactDecimalField,
    FlagField,
    InstantField,
    MoneyField,
    NumberIdField,
    PublicIdField,
    TextField,
    WholeNumberField,
)
from fintech.http.problems import InvalidParameter

_Shown = TypeVar("_Shown")


class _SharingFields(serializers.Serializer[_Shown]):
    """REST framework copies the declared fields for every object of a serializer; since ours keep nothing of a request,
    and know no context, the copies of the first one serve all.
    """

    @property
    def fields(self) -> Any:
        """The fields of the class, bound to an object of it that never holds data."""
        cls = type(self)
        if "_fields_of_class" not in cls.__dict__:
            without_data = cls()
            fields = BindingDict(without_data)
            for name, field in without_data.get_fields().items():
                fields[name] = field
            cls._fields_of_class = fields  # type: ignore[attr-defined]
        return cls.__dict__["_fields_of_class"]


class ShownSerializer(_SharingFields[_Shown]):
    """How something is shown."""


class StrictSerializer(_SharingFields[Any]):
    """Refuses members that it doesn't know: a misspelt option must not be silently without effect."""

    def to_internal_value(self, data: Any) -> Any:
        """The validated members; all errors at once, unknown members among them."""
        unknown = _unknown(self, data)
        try:
            value = super().to_internal_value(data)
        except ValidationError as invalid:
            if unknown and isinstance(invalid.detail, dict):
                raise ValidationError({**unknown, **invalid.detail}) from None
            raise
        if unknown:
            raise ValidationError(unknown)
        return value


_Query = TypeVar("_Query", bound=StrictSerializer)


def validated_query(request: Request, serializer: type[_Query], *, also: tuple[str, ...] = ()) -> dict[str, Any]:
    """The request's query parameters, checked; raises InvalidParameter for the first that isn't acceptable.

    Unknown and repeated parameters are refused. Those in `also` (such as `cursor` and `limit`) are
    somebody else's to check. Fields for a query are REST framework's own: everything in it is text.
    """
    received = {name: values for name, values in request.query_params.lists() if name not in also}
    for name, values in received.items():
        if len(values) > 1:
            raise InvalidParameter(name, rule="repeated", detail="This parameter stands more than once.")
    checked = serializer(data={name: values[0] for name, values in received.items()})
    if not checked.is_valid():
        name, errors = next(iter(checked.errors.items()))
        first = errors[0] if isinstance(errors, list) else ErrorDetail(str(errors), "invalid")
        raise InvalidParameter(name, rule=str(first.code), detail=str(first))
    validated: dict[str, Any] = checked.validated_data
    return validated


def _unknown(serializer: serializers.Serializer[Any], data: Any) -> dict[str, list[ErrorDetail]]:
    if not isinstance(data, dict):
        return {}
    known = {name for name, field in serializer.fields.items() if not field.read_only}
    return {
        # A name is the caller's own text: as much of it as helps to find it.
        str(name)[:100]: [ErrorDetail("There is no such member.", "unknown-field")]
        for name in data
        if name not in known
    }


__all__ = [
    "ExactDecimalField",
    "FlagField",
    "InstantField",
    "MoneyField",
    "NumberIdField",
    "PublicIdField",
    "ShownSerializer",
    "StrictSerializer",
    "TextField",
    "WholeNumberField",
    "validated_query",
]
