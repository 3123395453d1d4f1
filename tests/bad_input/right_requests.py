"""One right request for each operation of the API: what every wrong one is made from.

The keys are the operations of the OpenAPI schema. A test compares both, so that no new endpoint is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client as HttpClient

from crm.tests.portal import PNG, App, answers
from tests.bad_input.cast import Cast


def _nothing(_cast: Cast) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Right:
    """How an operation is rightly asked. `theirs`: it names something of the client's, which to others isn't there."""

    by: str = "client"
    path: Callable[[Cast], Mapping[str, str]] = _nothing
    query: Callable[[Cast], Mapping[str, str]] = _nothing
    body: Callable[[Cast], Mapping[str, Any]] | None = None
    form: bool = False
    status: int = 200
    theirs: bool = False


def _in_case(cast: Cast) -> dict[str, str]:
    return {"case_id": cast.drafted_case()}


def _in_wallet(cast: Cast) -> dict[str, Any]:
    return {"wallet_id": cast.has.wallet_id, "amount": cast.money()}


def _account(cast: Cast) -> dict[str, str]:
    return {"trading_account_id": cast.has.trading_account_id}


def _begin_case(cast: Cast) -> dict[str, Any]:
    cast.no_open_case()
    return {}


def _open_account(cast: Cast) -> dict[str, Any]:
    cast.settle()
    return {"currency": cast.currency, "leverage": 30, "kind": "netting"}


def _send_back(cast: Cast) -> dict[str, Any]:
    cast.settle()
    return {"wallet_id": cast.has.wallet_id, "amount": cast.money()}


RIGHT: Mapping[str, Right] = MappingProxyType(
    {
        "GET /api/v1/profile": Right(),
        "PATCH /api/v1/profile": Right(body=lambda cast: {"phone": "+49 30 1234567", "address": "Am Markt 1, Berlin"}),
        "GET /api/v1/appropriateness-questionnaire": Right(),
        "POST /api/v1/appropriateness-tests": Right(body=lambda cast: answers(cast.client), status=201),
        "GET /api/v1/risk-warning": Right(),
        "POST /api/v1/risk-warning-acceptances": Right(
            body=lambda cast: {"version": cast.client.get("risk-warning")["version"]}, status=201
        ),
        "GET /api/v1/identity-cases": Right(by="newcomer"),
        "POST /api/v1/identity-cases": Right(by="newcomer", body=_begin_case, status=201),
        "GET /api/v1/identity-cases/{case_id}": Right(by="newcomer", path=_in_case, theirs=True),
        "POST /api/v1/identity-cases/{case_id}/documents": Right(
            by="newcomer", path=_in_case, body=lambda cast: {"kind": "passport"}, form=True, status=201, theirs=True
        ),
        "POST /api/v1/identity-cases/{case_id}/submit": Right(by="newcomer", path=_in_case, body=_nothing, theirs=True),
        "GET /api/v1/wallets": Right(),
        "POST /api/v1/wallets": Right(body=lambda cast: {"currency": cast.currency}, status=201),
        "GET /api/v1/deposits": Right(),
        "POST /api/v1/deposits": Right(
            body=lambda cast: {**_in_wallet(cast), "method": "card"}, status=201, theirs=True
        ),
        "GET /api/v1/deposits/{deposit_id}": Right(path=lambda cast: {"deposit_id": cast.has.deposit_id}, theirs=True),
        "GET /api/v1/withdrawals": Right(),
        "POST /api/v1/withdrawals": Right(body=_in_wallet, status=201, theirs=True),
        "GET /api/v1/withdrawals/{withdrawal_id}": Right(
            path=lambda cast: {"withdrawal_id": cast.withdrawal()}, theirs=True
        ),
        "POST /api/v1/withdrawals/{withdrawal_id}/cancel": Right(
            path=lambda cast: {"withdrawal_id": cast.withdrawal()}, body=_nothing, theirs=True
        ),
        "GET /api/v1/transfers": Right(),
        "POST /api/v1/transfers": Right(
            body=lambda cast: {**_in_wallet(cast), **_account(cast), "direction": "to_trading"}, status=201, theirs=True
        ),
        "GET /api/v1/instruments": Right(),
        "GET /api/v1/quotes": Right(),
        "GET /api/v1/trading-accounts": Right(),
        "POST /api/v1/trading-accounts": Right(body=_open_account, status=201),
        "GET /api/v1/trading-accounts/{trading_account_id}": Right(path=_account, theirs=True),
        "POST /api/v1/trading-accounts/{trading_account_id}/transfers": Right(
            path=_account, body=_send_back, status=201, theirs=True
        ),
        "GET /api/v1/orders": Right(query=_account),
        "POST /api/v1/orders": Right(body=lambda cast: cast.order(), status=201, theirs=True),
        "GET /api/v1/positions": Right(query=_account),
        "POST /api/v1/positions/{position_id}/close": Right(
            path=lambda cast: {"position_id": cast.position()}, body=lambda cast: {"volume": "0.01"}, status=201,
            theirs=True,
        ),
        "GET /api/v1/statements": Right(query=_account, theirs=True),
        "POST /api/v1/feed-tickets": Right(status=201),
    }
)  # fmt: skip


@dataclass(kw_only=True)
class Ask:
    """A request, made from a right one and then spoiled at will; each has an idempotency key of its own."""

    method: str
    path: str
    query: dict[str, Any]
    body: dict[str, Any] | None
    form: bool
    key: str | None

    @classmethod
    def rightly(cls, operation: str, cast: Cast) -> Ask:
        right = RIGHT[operation]
        method, _, path = operation.partition(" ")
        body = None if right.body is None else dict(right.body(cast))
        return cls(
            method=method,
            path=path.format(**right.path(cast)),
            query=dict(right.query(cast)),
            body=body,
            form=right.form,
            key=str(uuid4()) if method != "GET" else None,
        )

    def send(
        self,
        *,
        host: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        http: HttpClient | None = None,
        raw: bytes | None = None,
        content_type: str = "application/json",
    ) -> HttpResponse:
        """Send it to the real application; `raw` instead of the body where it is to be no JSON of ours."""
        http = http or HttpClient()
        sent = {"Host": host, **({"Idempotency-Key": self.key} if self.key else {}), **headers}
        path = self.path + (
            "?" + "&".join(f"{name}={value}" for name, value in self.query.items()) if self.query else ""
        )
        if self.form and raw is None:
            document = SimpleUploadedFile("passport.png", PNG, "image/png")
            return http.post(path, {**(self.body or {}), "file": document}, headers=sent)
        content = raw if raw is not None else (b"" if self.body is None else json.dumps(self.body).encode())
        return http.generic(self.method, path, content, content_type=content_type, headers=sent)


def own(app: App) -> dict[str, str]:
    """The header that says who asks."""
    return {"X-Session-Token": app.token or ""}
