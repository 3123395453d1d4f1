"""Every endpoint that there is: from the URL patterns of the services, and the API's operations from its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from rest_framework.views import APIView


def patterns(urlpatterns: Any, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Each address, as `/api/v1/deposits/{deposit_id}`, with its view."""
    for pattern in urlpatterns:
        address = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if hasattr(pattern, "url_patterns"):
            yield from patterns(pattern.url_patterns, address)
        else:
            yield address, pattern.callback


def view_class(view: Any) -> type | None:
    return getattr(view, "view_class", None) or getattr(view, "cls", None)


@cache
def operations_by_url() -> frozenset[str]:
    """The API's operations as its views have them: `POST /api/v1/deposits`."""
    from fintech.project.urls_api import urlpatterns

    found = set()
    for address, view in patterns(urlpatterns):
        cls = view_class(view)
        if cls is not None and issubclass(cls, APIView) and not address.endswith("/openapi.json"):
            found |= {
                f"{method.upper()} {address}"
                for method in ("get", "post", "put", "patch", "delete")
                if hasattr(cls, method)
            }
    return frozenset(found)


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI schema of the service `api`."""
    generated: dict[str, Any] = SchemaGenerator(urlconf="fintech.project.urls_api").get_schema(
        request=None, public=True
    )
    return generated


def operations_by_schema() -> frozenset[str]:
    """The API's operations as its schema has them."""
    return frozenset(
        f"{method.upper()} {path}" for path, operations in schema()["paths"].items() for method in operations
    )
