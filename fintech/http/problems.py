"""Problems (RFC 9457): the one form in which the API says no.

    {"type": "/problems/insufficient-funds", "title": "Insufficient funds", "status": 409,
     "detail": "The wallet holds 20.00 EUR less than asked.", "request_id": "0198…",
     "params": {"available": "5.00", …}, "errors": [{"pointer": "/amount", "rule": "…", "detail": "…"}]}

`params` (of refusals) and `errors` (of validation) are there when they say something.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from django.http.request import UnreadablePostError
from rest_framework import exceptions

from fintech.http import problem_types
from fintech.http.error_lists import ErrorItem, Where, errors_of
from fintech.http.problem_types import ProblemType, problem_type
from fintech.http.slow_bodies import SlowBody, TooManySlowBodies
from fintech.journal import Refusal
from fintech.observability.correlation import current_request_id

CONTENT_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 1

logger = logging.getLogger(__name__)


class PayloadTooLarge(exceptions.APIException):
    """The body is longer than the address takes."""

    status_code = 413
    default_detail = "The body is too large."
    default_code = "payload-too-large"


class InvalidParameter(exceptions.ValidationError):
    """A parameter in the query has a value that isn't acceptable."""

    def __init__(self, parameter: str, *, rule: str, detail: str) -> None:
        super().__init__({parameter: [exceptions.ErrorDetail(detail, rule)]})


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One answer that says no. `headers` go with it."""

    code: str
    status: int
    title: str
    detail: str
    params: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[ErrorItem, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: ProblemType, detail: str = "", **more: Any) -> Problem:
        """A problem of a described kind; its explanation stands in for a missing detail."""
        return cls(
            code=kind.code,
            status=more.pop("status", kind.status),
            title=kind.title,
            detail=detail or kind.explanation,
            **more,
        )

    def to_json(self) -> dict[str, Any]:
        """The members of the problem, with the id of the request under way."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if request_id := current_request_id():
            body["request_id"] = request_id
        if self.params:
            body["params"] = dict(self.params)
        if self.errors:
            body["errors"] = [dict(item) for item in self.errors]
        return body

    def response(self) -> JsonResponse:
        """The response, in its own media type whatever the caller accepts (RFC 9110, section 12.4.1)."""
        return JsonResponse(self.to_json(), status=self.status, content_type=CONTENT_TYPE, headers=dict(self.headers))


def problem_of_exception(exception: Exception, context: Mapping[str, Any]) -> JsonResponse:
    """REST framework's EXCEPTION_HANDLER: every exception of a view becomes a problem.

    What isn't foreseen is logged with its traceback and answered with the request's id alone: no
    message, no type, no address of ours leaves the house.
    """
    problem = problem_of(exception)
    if problem is None:
        request = context.get("request")
        # Tests and error trackers listen here, as for any exception that Django itself catches.
        got_request_exception.send(sender=type(exception), request=request)
        logger.error("an exception wasn't foreseen", exc_info=exception)
        problem = internal_error()
    elif problem.status >= 500:
        logger.error("a part that is needed doesn't answer", exc_info=exception)
    return problem.response()


def internal_error() -> Problem:
    """What is said about an exception that wasn't foreseen: nothing but the request's id."""
    return Problem.of(problem_types.INTERNAL_ERROR, "Something went wrong on our side. Tell support the request_id.")


def problem_of(exception: Exception) -> Problem | None:
    """The problem that an exception means, or None for one that wasn't foreseen."""
    for kinds, meaning in _MEANINGS:
        if isinstance(exception, kinds):
            return meaning(exception)
    return None


def refused(refusal: Refusal) -> Problem:
    """A refusal as a problem; its own status counts, the title is that of its kind."""
    kind = problem_type(refusal.code)
    return Problem(
        code=refusal.code,
        status=refusal.status,
        title=kind.title if kind else _title_of(refusal.code),
        detail=refusal.detail,
        params=refusal.params,
    )


def _invalid(exception: exceptions.ValidationError) -> Problem:
    where: Where = "parameter" if isinstance(exception, InvalidParameter) else "pointer"
    return Problem.of(
        problem_types.VALIDATION_FAILED,
        "Some values aren't acceptable.",
        errors=tuple(errors_of(exception.detail, where=where)),
    )


def _throttled(exception: exceptions.Throttled) -> Problem:
    seconds = max(1, math.ceil(getattr(exception, "wait", None) or RETRY_SECONDS))
    return Problem.of(
        problem_types.THROTTLED,
        f"Too many requests: try again in {seconds} s.",
        headers={"Retry-After": str(seconds)},
    )


def _unauthenticated(exception: exceptions.APIException) -> Problem:
    failed = isinstance(exception, exceptions.AuthenticationFailed)
    # A 401 must say how to authenticate (RFC 9110, section 11.6.1), whichever way a view tries first.
    challenge = getattr(exception, "auth_header", None) or 'SessionToken realm="api"'
    return Problem.of(
        problem_types.AUTHENTICATION_FAILED if failed else problem_types.NOT_AUTHENTICATED,
        headers={"WWW-Authenticate": str(challenge)},
    )


def _unreadable(exception: UnreadablePostError) -> Problem:
    """A body that ended before its announced length, or that nobody waited for."""
    cause: BaseException | None = exception
    # Django wraps it once for each of its own readers that it passes.
    while isinstance(cause, UnreadablePostError):
        cause = cause.__cause__
    if isinstance(cause, SlowBody):
        return Problem.of(problem_types.REQUEST_TIMEOUT)
    if isinstance(cause, TooManySlowBodies):
        return _unavailable(exception)
    return Problem.of(problem_types.MALFORMED_REQUEST)


def _unavailable(_exception: Exception) -> Problem:
    return Problem.of(
        problem_types.TEMPORARILY_UNAVAILABLE,
        "A part that is needed doesn't answer at this moment. Try again with the same Idempotency-Key.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def _other_api_exception(exception: exceptions.APIException) -> Problem:
    code = str(exception.default_code).replace("_", "-")
    kind = problem_type(code)
    detail = exception.detail if isinstance(exception.detail, str) else exception.default_detail
    return Problem(
        code=code,
        status=exception.status_code,
        title=kind.title if kind else _title_of(code),
        detail=str(detail),
    )


def _plain(kind: ProblemType) -> Callable[[Exception], Problem]:
    """For exceptions that say nothing beyond their kind, or a sentence of REST framework's."""

    def meaning(exception: Exception) -> Problem:
        # Django's own sentences may name models, paths or settings: they stay inside.
        told = isinstance(exception, exceptions.APIException) and isinstance(exception.detail, str)
        return Problem.of(kind, str(exception.detail) if told else "")  # type: ignore[attr-defined]

    return meaning


def _title_of(code: str) -> str:
    return code.replace("-", " ").capitalize()


# The first that fits counts, so what is special stands above what is general.
_MEANINGS: Final[tuple[tuple[tuple[type[Exception], ...], Callable[[Any], Problem]], ...]] = (
    ((Refusal,), refused),
    ((exceptions.ValidationError,), _invalid),
    ((exceptions.Throttled,), _throttled),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), _unauthenticated),
    ((Http404, exceptions.NotFound), _plain(problem_types.NOT_FOUND)),
    ((PermissionDenied, exceptions.PermissionDenied), _plain(problem_types.PERMISSION_DENIED)),
    ((exceptions.MethodNotAllowed,), _plain(problem_types.METHOD_NOT_ALLOWED)),
    ((exceptions.NotAcceptable,), _plain(problem_types.NOT_ACCEPTABLE)),
    ((exceptions.UnsupportedMediaType,), _plain(problem_types.UNSUPPORTED_MEDIA_TYPE)),
    ((PayloadTooLarge, RequestDataTooBig), _plain(problem_types.PAYLOAD_TOO_LARGE)),
    ((UnreadablePostError,), _unreadable),
    (
        (exceptions.ParseError, SuspiciousOperation, TooManyFieldsSent, BadRequest),
        _plain(problem_types.MALFORMED_REQUEST),
    ),
    ((OperationalError, InterfaceError), _unavailable),
    ((exceptions.APIException,), _other_api_exception),
)
