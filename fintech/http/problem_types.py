"""The kinds of problem that the API answers with: a stable code each, with a title and an explanation. Pure.

A concern describes its own refusals in a module named `problem_types`, which is found by itself:

    describe("insufficient-funds", title="Insufficient funds", status=409,
             explanation="The account doesn't hold what was asked for. `available` says what it does hold.")

Codes are part of the API: once released, one is never renamed or given another meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_CODE: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class ProblemType:
    """One kind of problem. `explanation` tells a developer what it means and what to do."""

    code: str
    title: str
    status: int
    explanation: str

    @property
    def reference(self) -> str:
        """The `type` member of a problem: where this kind is described (RFC 9457, section 3.1.1)."""
        return f"/problems/{self.code}"


_known: dict[str, ProblemType] = {}


def describe(code: str, *, title: str, status: int, explanation: str) -> ProblemType:
    """Make a kind of problem known. ValueError for a malformed code, or one described differently before."""
    if not _CODE.fullmatch(code):
        raise ValueError(f"a problem's code is lower-case words joined by hyphens, not {code!r}")
    described = ProblemType(code=code, title=title, status=status, explanation=explanation)
    if _known.setdefault(code, described) != described:
        raise ValueError(f"problem {code!r} is described twice, and differently")
    return described


def problem_type(code: str) -> ProblemType | None:
    """The kind of this code, or None when nobody has described it."""
    return _known.get(code)


def known_problem_types() -> Mapping[str, ProblemType]:
    """All described kinds by code, in alphabetical order."""
    return MappingProxyType(dict(sorted(_known.items())))


MALFORMED_REQUEST: Final = describe(
    "malformed-request",
    title="Malformed request",
    status=400,
    explanation="The request can't be read: its body isn't the JSON that the API takes (UTF-8, no duplicate "
    "names, no NaN or Infinity, at most 32 levels), or a header or parameter has no valid form. "
    "Nothing was done.",
)
VALIDATION_FAILED: Final = describe(
    "validation-failed",
    title="Validation failed",
    status=400,
    explanation="The request was read, but some of its values aren't acceptable. `errors` lists each: "
    "`pointer` "
    "(RFC 6901) says where in the body, or `parameter` which parameter, `rule` is a stable code, "
    "`detail` a sentence. Nothing was done.",
)
IDEMPOTENCY_KEY_REQUIRED: Final = describe(
    "idempotency-key-required",
    title="Idempotency-Key required",
    status=400,
    explanation="This request creates or moves something, so it needs the header `Idempotency-Key`: a "
    "value of "
    "your own (a random UUID is right) that you repeat when you retry the same request. A retry gets"
    " the first answer.",
)
IDEMPOTENCY_KEY_INVALID: Final = describe(
    "idempotency-key-invalid",
    title="Idempotency-Key not valid",
    status=400,
    explanation="The header `Idempotency-Key` has 8 to 128 characters: letters, digits and `-._~:+/=`.",
)
IDEMPOTENCY_KEY_REUSED: Final = describe(
    "idempotency-key-reused",
    title="Idempotency-Key used before",
    status=422,
    explanation="The same key came before with another request body. Use a new key for a new request, "
    "and the "
    "very same body for a retry. Nothing was done.",
)
NOT_AUTHENTICATED: Final = describe(
    "not-authenticated",
    title="Not signed in",
    status=401,
    explanation="Sign in first, then send the session's cookie or the header `X-Session-Token`.",
)
AUTHENTICATION_FAILED: Final = describe(
    "authentication-failed",
    title="Session not valid",
    status=401,
    explanation="The session or token is unknown here, has ended or was revoked. A session of one regulatory "
    "entity's host isn't known at another's. Sign in again.",
)
PERMISSION_DENIED: Final = describe(
    "permission-denied",
    title="Not allowed",
    status=403,
    explanation="You are signed in, but what you asked for isn't yours to see or do.",
)
NOT_FOUND: Final = describe(
    "not-found",
    title="Not found",
    status=404,
    explanation="There is nothing here, or nothing that you may see.",
)
METHOD_NOT_ALLOWED: Final = describe(
    "method-not-allowed",
    title="Method not allowed",
    status=405,
    explanation="This address doesn't take this method; the header `Allow` says which it takes.",
)
NOT_ACCEPTABLE: Final = describe(
    "not-acceptable",
    title="Not acceptable",
    status=406,
    explanation="The API answers in `application/json` (problems in `application/problem+json`); `Accept` excludes it.",
)
PAYLOAD_TOO_LARGE: Final = describe(
    "payload-too-large",
    title="Body too large",
    status=413,
    explanation="The body is longer than this address takes: 1 MB of JSON, or what is said for an upload.",
)
UNSUPPORTED_MEDIA_TYPE: Final = describe(
    "unsupported-media-type",
    title="Unsupported media type",
    status=415,
    explanation="The body's `Content-Type` or `Content-Encoding` isn't taken here. The API takes "
    "`application/json` in UTF-8, not compressed.",
)
REQUEST_TIMEOUT: Final = describe(
    "request-timeout",
    title="Body too slow",
    status=408,
    explanation="The body didn't come in time. Nothing was done: send the request again, with the same "
    "`Idempotency-Key`.",
)
LENGTH_REQUIRED: Final = describe(
    "length-required",
    title="Length required",
    status=411,
    explanation="A body announces its length in `Content-Length`; one sent in chunks isn't taken.",
)
MISDIRECTED_REQUEST: Final = describe(
    "misdirected-request",
    title="Misdirected request",
    status=421,
    explanation="No regulatory entity answers under this host name.",
)
THROTTLED: Final = describe(
    "throttled",
    title="Too many requests",
    status=429,
    explanation="More requests came than are allowed in this time. `Retry-After` says after how many "
    "seconds to "
    "try again.",
)
INTERNAL_ERROR: Final = describe(
    "internal-error",
    title="Internal error",
    status=500,
    explanation="Something went wrong on our side. Whether the request took effect can be found out "
    "by repeating"
    " it with the same `Idempotency-Key`. Tell support the `request_id`.",
)
TEMPORARILY_UNAVAILABLE: Final = describe(
    "temporarily-unavailable",
    title="Temporarily unavailable",
    status=503,
    explanation="A part that is needed doesn't answer at this moment. Repeat the request after `Retry-After` "
    "seconds, with the same `Idempotency-Key`.",
)
