"""Callers of the API and of the back office who write down each answer, and who try again until they know."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import threading
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fintech.journey.expectations import NotServed
from fintech.journey.http_doors import HttpDoor
from fintech.journey.places import Place
from tests.faults.under_load.outside_record import DECIDED_SECONDS, NO_ANSWER, Answer, OutsideRecord, now

ANY_STATUS = tuple(range(100, 600))
# The caller doesn't know what became of the request, or is told to come back: the same request again, the same key.
COME_BACK = ("/problems/temporarily-unavailable", "/problems/internal-error", "/problems/throttled")
AGAIN_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 1.0


class NotDecided(AssertionError):
    """Nobody gave a definite answer in time."""


@dataclass(frozen=True)
class Decision:
    """A definite answer: done (2xx) or refused."""

    status: int
    body: dict[str, Any]

    @property
    def done(self) -> bool:
        return self.status < 300

    @property
    def problem(self) -> str:
        return str(self.body.get("type", "")).removeprefix("/problems/")


class Caller:
    """One app of one client, with a connection of its own; may be used by one thread."""

    def __init__(self, place: Place, token: str, record: OutsideRecord, abandoned: threading.Event) -> None:
        self._door = HttpDoor("api", port=place.layout.port("api"), host=place.host)
        self._token, self._record, self._abandoned = token, record, abandoned

    def decide(self, path: str, body: dict[str, Any]) -> Decision:
        """Ask for something under a new idempotency key until it is done or refused. Raises NotDecided."""
        headers = {"X-Session-Token": self._token, "Idempotency-Key": str(uuid4())}
        return self._until_decided("POST", f"/api/v1/{path}", json=body, headers=headers)

    def read(self, path: str) -> Decision:
        """Read something once; a broken connection has status 0."""
        return self._ask("GET", f"/api/v1/{path}", headers={"X-Session-Token": self._token})

    def deliver(self, path: str, *, body: str, headers: dict[str, str]) -> Decision:
        """Send a PSP's message until it is answered for good, as a PSP does."""
        return self._until_decided("POST", path, content=body, headers=headers)

    def _until_decided(self, method: str, path: str, **options: Any) -> Decision:
        deadline, pause = time.monotonic() + DECIDED_SECONDS, AGAIN_SECONDS
        while True:
            answer = self._ask(method, path, **options)
            unknown = answer.status in (NO_ANSWER, 500, 502) or answer.body.get("type") in COME_BACK
            if not unknown:
                return answer
            if self._abandoned.is_set() or time.monotonic() > deadline:
                raise NotDecided(f"{method} {path}: {answer}")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)

    def _ask(self, method: str, path: str, **options: Any) -> Decision:
        begun = now()
        status = NO_ANSWER
        body: dict[str, Any] = {}
        try:
            response = self._door.ask(method, path, expecting=ANY_STATUS, **options)
            status = response.status_code
            body = response.json() if "json" in response.headers.get("content-type", "") else {}
        except NotServed:
            pass
        what = "/".join(part for part in path.split("/") if len(part) < 36)
        decision = Decision(status, body)
        problem = decision.problem if status >= 400 else ""
        self._record.answered(Answer("api", f"{method} {what}", status, now() - begun, begun, problem))
        return decision


class SigningProvider:
    """The payment provider's signature, made outside: messages as the local provider sends them."""

    def __init__(self, place: Place) -> None:
        text = place.layout.secret(f"{place.cell_name}/psp/sandbox/webhook-secret")
        self._secret = base64.b64decode(text.removeprefix("whsec_"))

    def message(self, kind: str, data: dict[str, Any], *, forged: bool = False) -> tuple[str, dict[str, str]]:
        """Body and headers of a message of this kind (`deposit.settled` …)."""
        event_id, moment = f"evt_{uuid4().hex}", str(int(time.time()))
        body = json.dumps({"type": kind, "data": data})
        secret = random.randbytes(24) if forged else self._secret
        digest = hmac.new(secret, f"{event_id}.{moment}.{body}".encode(), hashlib.sha256).digest()
        return body, {
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
