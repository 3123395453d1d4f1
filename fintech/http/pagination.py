"""Pages by key, not by number: a listing that grows while it's read shows each row once.

Page 10,000 costs no more than page 1.

    {"items": [...], "next": "/api/v1/deposits?cursor=…&limit=50", "as_of": "2026-03-31T10:15:00.000000Z"}

`next` is null on the last page; `as_of` is there when the listing comes from a replica.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from fintech.http.cursors import LONGEST, decode_cursor, encode_cursor
from fintech.http.problems import InvalidParameter

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200

Row = TypeVar("Row")


class CursorPage(BasePagination):
    """Keyset pagination over one unique column: a UUIDv7 or bigint id, newest first unless told otherwise.

    A view may set `cursor_ordering` ("id", "-id", another unique column) and `as_of` (a moment, when it
    reads from a replica). Parameters: `limit` (1 to 200, 50 if not given) and `cursor`.
    """

    ordering = "-id"

    def __init__(self) -> None:
        self.as_of: datetime | None = None
        self._next: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any | None = None) -> list[Any]:
        """The rows of the page that the request asks for."""
        ordering: str = getattr(view, "cursor_ordering", self.ordering)
        self.as_of = getattr(view, "as_of", None)
        column = ordering.lstrip("-")

        def fetch(after: str | None, count: int) -> Sequence[Model]:
            rows = queryset.order_by(ordering)
            if after is not None:
                comparison = "lt" if ordering.startswith("-") else "gt"
                rows = rows.filter(**{f"{column}__{comparison}": _value(queryset, column, after)})
            return list(rows[:count])

        return self.paginate(fetch, request, key=lambda row: str(getattr(row, column)), order=ordering)

    def paginate(
        self,
        fetch: Callable[[str | None, int], Sequence[Row]],
        request: Request,
        *,
        key: Callable[[Row], str],
        order: str = "",
    ) -> list[Row]:
        """The page of any source: `fetch(after, count)` gives up to `count` rows behind the one of that key.

        `key` gives a row's key as text. For listings that aren't a queryset, such as a ledger's statement.
        """
        limit = _limit(request)
        scope = f"{request.path}:{order}"
        cursor = request.query_params.get("cursor")
        after = None if cursor is None else decode_cursor(cursor, scope=scope)
        # One more than asked for tells whether there is a next page, without counting.
        rows = list(fetch(after, limit + 1))
        page = rows[:limit]
        self._next = None
        if len(rows) > limit:
            self._next = _address(request, encode_cursor(key(page[-1]), scope=scope))
        return page

    def get_paginated_response(self, data: Any) -> Response:
        """The page as JSON."""
        body = {"items": data, "next": self._next}
        if self.as_of is not None:
            body["as_of"] = self.as_of.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return Response(body)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """For OpenAPI: the form of a page of such a list."""
        return {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri-reference",
                    "description": "Where the next page is; null on the last.",
                },
                "as_of": {
                    "type": "string",
                    "format": "date-time",
                    "description": "The moment that the listing shows, when it comes from a replica.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """For OpenAPI: the parameters of a page."""
        return [
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "How many items a page has.",
                "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            },
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where the page begins: taken from `next` of the page before, never made up.",
                "schema": {"type": "string", "maxLength": LONGEST},
            },
        ]


def _limit(request: Request) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise InvalidParameter("limit", rule="out-of-range", detail=f"A page has 1 to {MAX_LIMIT} items.")
    return int(text)


def _address(request: Request, cursor: str) -> str:
    """The next page's address, with the same filters; relative, since the host is the caller's to know."""
    query = request.query_params.copy()
    query["cursor"] = cursor
    return f"{request.path}?{query.urlencode()}"


def _value(queryset: QuerySet[Any], column: str, text: str) -> Any:
    try:
        return queryset.model._meta.get_field(column).to_python(text)
    except ValidationError:
        raise InvalidParameter("cursor", rule="unknown-cursor", detail="This cursor can't be read.") from None
