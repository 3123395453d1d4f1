"""How the API describes itself (OpenAPI 3.1, by drf-spectacular): problems, keys, our own fields.

For the settings:

    REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "fintech.http.schema.ApiSchema", …}
    SPECTACULAR_SETTINGS = {**fintech.http.schema_settings.SPECTACULAR_SETTINGS, …}
"""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from fintech.http import idempotency
from fintech.http.serializers import StrictSerializer

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "The kind of problem: stable, and the address of a page that explains it.",
            "examples": ["/problems/insufficient-funds"],
        },
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong with this request."},
        "request_id": {"type": "string", "description": "What to tell support."},
        "params": {
            "type": "object",
            "description": "Of a refusal: its rule's inputs and threshold.",
            "additionalProperties": True,
        },
        "errors": {
            "type": "array",
            "description": "Of a failed validation: each value that isn't acceptable.",
            "items": {
                "type": "object",
                "required": ["rule", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "Where in the body (RFC 6901)."},
                    "parameter": {"type": "string", "description": "Which parameter of the query."},
                    "rule": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

PROBLEM_RESPONSE: Final[dict[str, Any]] = {
    "description": "The request was refused, or couldn't be answered.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

_DECIMAL_PATTERN: Final = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


class ApiSchema(AutoSchema):
    """Adds to an operation the header Idempotency-Key where its view needs one, and closes strict bodies."""

    def get_override_parameters(self) -> list[Any]:
        """The header, for POST of a view with `IdempotentPost`."""
        needs_key = getattr(self.view, "requires_idempotency_key", False) and self.method == "POST"
        return [_IDEMPOTENCY_KEY] if needs_key else []

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        strict = isinstance(serializer, StrictSerializer) or (
            isinstance(serializer, type) and issubclass(serializer, StrictSerializer)
        )
        if strict and direction == "request":
            schema["additionalProperties"] = False
        return schema


_IDEMPOTENCY_KEY: Final = OpenApiParameter(
    name=idempotency.HEADER,
    location=OpenApiParameter.HEADER,
    required=True,
    description="A value of your own for this request, repeated in each retry, which gets the first answer.",
    type={
        "type": "string",
        "minLength": idempotency.SHORTEST,
        "maxLength": idempotency.LONGEST,
        "pattern": r"^[A-Za-z0-9._~:+/=-]+$",
    },
)


def add_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A hook after generation: each operation may answer with a problem."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    components.setdefault("responses", {})["Problem"] = PROBLEM_RESPONSE
    for path in result.get("paths", {}).values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"].setdefault("default", {"$ref": "#/components/responses/Problem"})
    return result


class _ByComponent(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A field that is the same wherever it stands: described once, referred to everywhere."""

    component: str
    described: dict[str, Any]

    def get_name(self) -> str:
        """The component's name."""
        return self.component

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        """The field's schema."""
        return self.described


class MoneyFieldSchema(_ByComponent):  # type: ignore[no-untyped-call]
    """Money as a component of its own."""

    target_class = "fintech.http.fields.MoneyField"
    component = "Money"
    described = {
        "type": "object",
        "description": "An amount of a currency, exact: a text with at most the currency's own decimals.",
        "required": ["amount", "currency"],
        "additionalProperties": False,
        "properties": {
            "amount": {"type": "string", "pattern": _DECIMAL_PATTERN, "examples": ["12.34"]},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]},
        },
    }


class NumberIdFieldSchema(_ByComponent):  # type: ignore[no-untyped-call]
    """Numbers of accounts and logs."""

    target_class = "fintech.http.fields.NumberIdField"
    component = "NumberId"
    described = {
        "type": "string",
        "description": "A 64-bit whole number, as a text since JSON readers round large ones.",
        "pattern": "^-?(0|[1-9][0-9]*)$",
        "maxLength": 20,
    }


class ExactDecimalFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Quantities and prices: each field has decimals of its own."""

    target_class = "fintech.http.fields.ExactDecimalField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        """The field's schema."""
        return {
            "type": "string",
            "description": f"A plain decimal number with at most {self.target.decimals} decimals.",
            "pattern": _DECIMAL_PATTERN,
        }
