"""The schema says what the API does: problems, keys, exact amounts, closed bodies."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.test.utils import override_settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from fintech.http.schema_settings import SPECTACULAR_SETTINGS


@cache
def schema() -> dict[str, Any]:
    """The schema of the test endpoints; made with no cell bound, as a build makes it."""
    ours = {name: value for name, value in SPECTACULAR_SETTINGS.items() if not name.startswith("SERVE_")}
    spectacular_settings.apply_patches({**ours, "TITLE": "Test", "VERSION": "1"})
    try:
        with override_settings(ROOT_URLCONF="fintech.http.tests.endpoints"):
            generator = SchemaGenerator(urlconf="fintech.http.tests.endpoints")
            generated: dict[str, Any] = generator.get_schema(request=None, public=True)
    finally:
        spectacular_settings.clear_patches()
    return generated


def test_it_is_valid_openapi_3_1() -> None:
    assert schema()["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(schema()).validate()


def test_every_operation_may_answer_with_a_problem() -> None:
    operations = [operation for path in schema()["paths"].values() for operation in path.values()]
    assert operations
    assert all(
        operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"} for operation in operations
    )
    content = schema()["components"]["responses"]["Problem"]["content"]
    assert list(content) == ["application/problem+json"]


def test_the_idempotency_key_is_asked_for_where_it_is_needed_and_nowhere_else() -> None:
    def headers(path: str, method: str) -> list[tuple[str, bool]]:
        parameters = schema()["paths"][path][method].get("parameters", [])
        return [(each["name"], each["required"]) for each in parameters if each["in"] == "header"]

    assert headers("/api/v1/movements", "post") == [("Idempotency-Key", True)]
    assert headers("/api/v1/movements", "get") == []
    assert headers("/api/v1/echo", "post") == []


def test_bodies_are_closed_and_fields_say_what_they_take() -> None:
    schemas = schema()["components"]["schemas"]
    body = schemas["EverythingRequest"]
    assert body["additionalProperties"] is False
    assert schemas["AddressRequest"]["additionalProperties"] is False
    assert "made_by_us" not in body["properties"]
    assert body["properties"]["amount"] == {"$ref": "#/components/schemas/Money"}
    assert body["properties"]["account"] == {"$ref": "#/components/schemas/NumberId"}
    assert body["properties"]["lots"]["type"] == "string"
    assert schemas["Money"]["properties"]["amount"]["type"] == "string"
