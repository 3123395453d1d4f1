"""Bodies before any view: what every door asks of one, also those doors that aren't ours inside (signing in)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from rest_framework.exceptions import APIException, ParseError

from fintech.http import problem_types
from fintech.http.parsers import MAX_BYTES, parse_strictly, refuse_other_encodings
from fintech.http.problems import PayloadTooLarge, Problem, problem_of

SIGNING_IN: Final = "/_allauth/"


class BodyMiddleware:
    """Refuses a body that announces no length; and below `/_allauth/`, whose views read JSON in Python's lenient
    way, whatever `StrictJSONParser` refuses elsewhere.

    A body that ends too early or comes too slowly, wherever it is read, is a problem and no fault of ours.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            return Problem.of(problem_types.LENGTH_REQUIRED).response()
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Check what a view that isn't ours would take too lightly."""
        if not request.path.startswith(SIGNING_IN):
            return None
        try:
            _check(request)
        except (APIException, UnreadablePostError) as refused:
            return _response(refused)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What a view met while reading a body."""
        return _response(exception) if isinstance(exception, UnreadablePostError) else None


def _check(request: HttpRequest) -> None:
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > MAX_BYTES:
        raise PayloadTooLarge(f"The body has more than {MAX_BYTES} bytes.")
    if not length:
        return
    refuse_other_encodings(request.headers, request.content_type or "")
    parsed = parse_strictly(request.body)
    if not isinstance(parsed, Mapping):
        raise ParseError("The body is a JSON object.")


def _response(exception: Exception) -> HttpResponse:
    problem = problem_of(exception)
    assert problem is not None
    return problem.response()
