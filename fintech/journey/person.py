"""A client with the portal's app: everything goes through the API, as its documentation says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from fintech.journey.expectations import PATIENCE_SECONDS, NotSo, expect
from fintech.journey.http_doors import HttpDoor
from fintech.journey.places import Place

API = "/api/v1"
SIGNING = "/_allauth/app/v1"
Json = Any
Answer = TypeVar("Answer")
# Problems that pass by themselves: the API says to try again with a new key.
TRY_AGAIN = ("/problems/stale-quote", "/problems/standing-stale", "/problems/standing-unknown", "/problems/no-quote")


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A problem as the API tells it (RFC 9457)."""

    status: int
    code: str
    detail: str
    params: dict[str, Any]


class Person:
    """Keeps the session token that signing in gave."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.email = f"ada.{uuid4().hex[:12]}@example.com"
        self.password = f"journey-{uuid4().hex[:16]}"
        self.token: str | None = None
        self.door = HttpDoor("the API", port=place.layout.port("api"), host=place.host)

    # The portal's API

    def get(self, path: str, **query: str) -> Json:
        """Read something."""
        return self._ask("GET", f"{API}/{path}", expecting=200, params=query).json()

    def items(self, path: str, **query: str) -> list[Json]:
        """The first page of a list."""
        found: list[Json] = self.get(path, **query)["items"]
        return found

    def post(self, path: str, body: Json = None, *, expecting: int = 201, key: str | None = None) -> Json:
        """Create or move something, with an idempotency key of its own unless one is given."""
        response = self._ask("POST", f"{API}/{path}", expecting=expecting, json=body or {}, headers=_keyed(key))
        return response.json()

    def upload(self, path: str, *, kind: str, name: str, content: bytes, media_type: str) -> Json:
        """Send a file by a form."""
        form = {"data": {"kind": kind}, "files": {"file": (name, content, media_type)}}
        return self._ask("POST", f"{API}/{path}", expecting=201, headers=_keyed(None), **form).json()

    def refused(self, path: str, body: Json, *, status: int, code: str) -> Refused:
        """Ask for what must be refused with this problem. Raises NotSo when it's done, or refused otherwise."""
        response = self._ask("POST", f"{API}/{path}", expecting=status, json=body, headers=_keyed(None))
        expect("a problem as", expected="application/problem+json", found=response.headers["content-type"])
        problem = response.json()
        expect("the problem", expected=f"/problems/{code}", found=problem.get("type"))
        return Refused(
            status=response.status_code,
            code=code,
            detail=problem.get("detail", ""),
            params=problem.get("params", {}),
        )

    def deal(self, path: str, body: Json) -> Json:
        """Post something that needs a fresh quote; where the one at hand was too old, once more, as the API says."""
        return self._when_fresh(lambda: self.post(path, body))

    def refused_deal(self, path: str, body: Json, *, status: int, code: str) -> Refused:
        """The same for something that must be refused with this problem."""
        return self._when_fresh(lambda: self.refused(path, body, status=status, code=code))

    def _when_fresh(self, attempt: Callable[[], Answer]) -> Answer:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return attempt()
            except NotSo as error:
                if time.monotonic() > deadline or not any(code in error.found for code in TRY_AGAIN):
                    raise
                time.sleep(0.2)

    # Signing up and in (django-allauth headless, for apps)

    def sign_up(self, **told: str) -> list[str]:
        """Register; gives the ids of what is still to be done before being signed in."""
        body = {"email": self.email, "password": self.password, **told}
        answer = self._keep_token(self._ask("POST", f"{SIGNING}/auth/signup", expecting=401, json=body).json())
        return _pending(answer)

    def confirm(self, code: str) -> None:
        """Prove the address by the code from the mail."""
        self._keep_token(self._ask("POST", f"{SIGNING}/auth/email/verify", expecting=200, json={"key": code}).json())

    def sign_out(self) -> None:
        """End the session."""
        self._ask("DELETE", f"{SIGNING}/auth/session", expecting=401)
        self.token = None

    def sign_in(self) -> None:
        """Sign in by address and password."""
        body = {"email": self.email, "password": self.password}
        self._keep_token(self._ask("POST", f"{SIGNING}/auth/login", expecting=200, json=body).json())
        if not self.token:
            raise NotSo(expected="a session token", found="none in the answer")

    def _keep_token(self, answer: Json) -> Json:
        self.token = answer.get("meta", {}).get("session_token") or self.token
        return answer

    def _ask(
        self, method: str, path: str, *, expecting: int, headers: dict[str, str] | None = None, **options: Any
    ) -> Any:
        sent = {"X-Session-Token": self.token} if self.token else {}
        return self.door.ask(method, path, expecting=expecting, headers={**sent, **(headers or {})}, **options)


def _keyed(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid4())}


def _pending(answer: Json) -> list[str]:
    return [flow["id"] for flow in answer["data"]["flows"] if flow.get("is_pending")]
