"""The header Idempotency-Key: with it, a request that creates or moves something may be repeated safely.

The journal decides once per key (see `fintech.journal`); here the key is only read and checked.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, ClassVar, Final

from rest_framework.request import Request

from fintech.http.problem_types import IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_KEY_REQUIRED
from fintech.journal import Refusal

HEADER: Final = "Idempotency-Key"
SHORTEST: Final = 8
LONGEST: Final = 128

_KEY: Final = re.compile(r"[A-Za-z0-9._~:+/=-]+", re.ASCII)


class IdempotentPost:
    """A view's mixin, before APIView: POST needs the header, and `self.idempotency_key` goes to the verb.

    The key counts for the address that it was sent to: with another path it is another key, as it is
    with another client (the journal sees to that). It's checked once the caller is known and allowed.
    """

    requires_idempotency_key: ClassVar[bool] = True
    idempotency_key: str

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key after authentication, permission and throttling."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.method == "POST":
            self.idempotency_key = idempotency_key(request.headers.get(HEADER), path=request.path)


def idempotency_key(received: str | None, *, path: str) -> str:
    """The key for the journal: what was received, and the address in a short form.

    Raises a Refusal when it's missing or malformed.
    """
    if not received:
        raise Refusal(IDEMPOTENCY_KEY_REQUIRED.code, f"This request needs the header {HEADER}.", status=400)
    key = received.strip()
    # The IETF draft writes the value as a quoted string, most clients write it bare: both mean the same.
    if len(key) > 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not SHORTEST <= len(key) <= LONGEST or not _KEY.fullmatch(key):
        raise Refusal(
            IDEMPOTENCY_KEY_INVALID.code,
            f"{HEADER} has {SHORTEST} to {LONGEST} characters: letters, digits and -._~:+/=.",
            status=400,
        )
    return f"{key}@{hashlib.sha256(path.encode()).hexdigest()[:16]}"
