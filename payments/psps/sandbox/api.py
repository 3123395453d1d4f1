"""The merchants' API under ``/v1``: JSON, an API key as bearer token, ``Idempotency-Key`` on what creates.

=======  ===================================  =======================================================
POST     ``/v1/deposits``                     open a payment page
GET      ``/v1/deposits/<id>``                also ``/v1/deposits?reference=…``
POST     ``/v1/deposits/<id>/chargeback``     play the card holder who takes the money back
POST     ``/v1/payouts``                      pay out to a source's token or a test bank account
GET      ``/v1/payouts/<id>``                 also ``/v1/payouts?reference=…``
GET      ``/v1/events``                       newest first; ``?object=<id>`` for one payment's
GET      ``/v1/events/<id>``                  one event with its deliveries and their attempts
POST     ``/v1/events/<id>/redeliver``        ``{"times": 3}``: the same event again
GET PUT  ``/v1/sandbox/behaviour``            the knobs for payments made from now on
POST     ``/v1/sandbox/events``               sign and send whatever the body says
=======  ===================================  =======================================================
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from payments.psps.sandbox.behaviour import Behaviour
from payments.psps.sandbox.deposits import describe_deposit
from payments.psps.sandbox.event_log import describe_event, list_events
from payments.psps.sandbox.messages import Request, Response, json_response, problem
from payments.psps.sandbox.payouts import describe_payout
from payments.psps.sandbox.provider import Provider
from payments.psps.sandbox.requests import (
    Refused,
    read_behaviour,
    read_deposit_request,
    read_payout_request,
    read_webhook_url,
)

MOST_REDELIVERIES = 50

Handler = Callable[[sqlite3.Connection, str, Request, re.Match[str]], Response]


class Api:
    """Answers the requests of merchants."""

    def __init__(self, provider: Provider, page_address: Callable[[str], str]) -> None:
        self._provider = provider
        self._page_address = page_address
        self._routes: tuple[tuple[str, re.Pattern[str], Handler], ...] = (
            ("POST", re.compile(r"/v1/deposits"), self._create_deposit),
            ("GET", re.compile(r"/v1/deposits(?:/(?P<id>\w+))?"), self._show_deposit),
            ("POST", re.compile(r"/v1/deposits/(?P<id>\w+)/chargeback"), self._charge_back),
            ("POST", re.compile(r"/v1/payouts"), self._create_payout),
            ("GET", re.compile(r"/v1/payouts(?:/(?P<id>\w+))?"), self._show_payout),
            ("GET", re.compile(r"/v1/events"), self._list_events),
            ("GET", re.compile(r"/v1/events/(?P<id>\w+)"), self._show_event),
            ("POST", re.compile(r"/v1/events/(?P<id>\w+)/redeliver"), self._redeliver),
            ("GET", re.compile(r"/v1/sandbox/behaviour"), self._show_behaviour),
            ("PUT", re.compile(r"/v1/sandbox/behaviour"), self._set_behaviour),
            ("POST", re.compile(r"/v1/sandbox/events"), self._tell_anything),
        )

    def answer(self, request: Request) -> Response:
        """Carry out one request in one transaction."""
        try:
            merchant = self._merchant(request)
            handler, match = self._route(request)
            with self._provider.store.transaction() as db:
                response = handler(db, merchant, request, match)
        except Refused as refused:
            return problem(refused)
        if request.method != "GET":
            self._provider.something_changed()
        return response

    def _merchant(self, request: Request) -> str:
        scheme, _, api_key = request.headers.get("authorization", "").partition(" ")
        merchant = self._provider.merchants.by_api_key(api_key) if scheme == "Bearer" else None
        if merchant is None:
            raise Refused(401, "unknown-api-key", "Send Authorization: Bearer <API key>.")
        return merchant.name

    def _route(self, request: Request) -> tuple[Handler, re.Match[str]]:
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                return handler, match
        raise Refused(404, "no-such-endpoint", f"There is no {request.method} {request.path}.")

    def _create_deposit(self, db: sqlite3.Connection, merchant: str, request: Request, _: re.Match[str]) -> Response:
        def create(usual: Behaviour) -> tuple[dict[str, Any], Behaviour]:
            wanted = read_deposit_request(request.json_object(), usual)
            deposit_id = self._provider.deposits.create(db, merchant, wanted)
            return self._deposit(db, _own(db, "deposits", merchant, deposit_id)), wanted.behaviour

        return self._once(db, merchant, request, create)

    def _create_payout(self, db: sqlite3.Connection, merchant: str, request: Request, _: re.Match[str]) -> Response:
        def create(usual: Behaviour) -> tuple[dict[str, Any], Behaviour]:
            wanted = read_payout_request(request.json_object(), usual)
            payout_id = self._provider.payouts.create(db, merchant, wanted)
            return describe_payout(_own(db, "payouts", merchant, payout_id)), wanted.behaviour

        return self._once(db, merchant, request, create)

    def _once(
        self,
        db: sqlite3.Connection,
        merchant: str,
        request: Request,
        create: Callable[[Behaviour], tuple[dict[str, Any], Behaviour]],
    ) -> Response:
        """Create at the first request with this key; give the first answer again to the others."""
        key = request.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= 255:
            raise Refused(400, "idempotency-key-missing", "Send Idempotency-Key, at most 255 characters.")
        request_hash = hashlib.sha256(request.path.encode() + b"\n" + request.body).hexdigest()
        first = db.execute(
            "SELECT request_hash, status, body FROM answers WHERE merchant = ? AND key = ?", (merchant, key)
        ).fetchone()
        if first is not None:
            if first["request_hash"] != request_hash:
                raise Refused(422, "idempotency-key-reused", "This key came with another request before.")
            return json_response(first["status"], json.loads(first["body"]))
        created, behaviour = create(self._provider.usual_behaviour(db, merchant))
        db.execute(
            "INSERT INTO answers (merchant, key, request_hash, status, body) VALUES (?, ?, ?, 201, ?)",
            (merchant, key, request_hash, json.dumps(created)),
        )
        return json_response(201, created, delay_ms=behaviour.answer_delay_ms, lost=behaviour.lose_answer)

    def _show_deposit(self, db: sqlite3.Connection, merchant: str, request: Request, match: re.Match[str]) -> Response:
        return json_response(200, self._deposit(db, _asked(db, "deposits", merchant, request, match)))

    def _show_payout(self, db: sqlite3.Connection, merchant: str, request: Request, match: re.Match[str]) -> Response:
        return json_response(200, describe_payout(_asked(db, "payouts", merchant, request, match)))

    def _deposit(self, db: sqlite3.Connection, deposit: sqlite3.Row) -> dict[str, Any]:
        return describe_deposit(db, deposit) | {"page_url": self._page_address(deposit["id"])}

    def _charge_back(self, db: sqlite3.Connection, merchant: str, _: Request, match: re.Match[str]) -> Response:
        deposit = _own(db, "deposits", merchant, match["id"])
        if deposit["state"] != "settled":
            raise Refused(409, "not-settled", "Only a settled deposit can be charged back.")
        self._provider.deposits.charge_back(db, deposit["id"])
        return json_response(200, self._deposit(db, _own(db, "deposits", merchant, match["id"])))

    def _list_events(self, db: sqlite3.Connection, merchant: str, request: Request, _: re.Match[str]) -> Response:
        return json_response(200, {"events": list_events(db, merchant, object_id=request.query.get("object"))})

    def _show_event(self, db: sqlite3.Connection, merchant: str, _: Request, match: re.Match[str]) -> Response:
        return json_response(200, describe_event(db, _own(db, "events", merchant, match["id"])))

    def _redeliver(self, db: sqlite3.Connection, merchant: str, request: Request, match: re.Match[str]) -> Response:
        times = request.json_object().get("times", 1)
        if type(times) is not int or not 1 <= times <= MOST_REDELIVERIES:
            raise Refused(422, "invalid-field", f"times must be from 1 to {MOST_REDELIVERIES}.")
        event = _own(db, "events", merchant, match["id"])
        self._provider.outbox.plan(db, event_id=event["id"], due_at=self._provider.clock(), times=times)
        return json_response(202, describe_event(db, event))

    def _show_behaviour(
        self, db: sqlite3.Connection, merchant: str, _request: Request, _match: re.Match[str]
    ) -> Response:
        return json_response(200, self._provider.usual_behaviour(db, merchant).as_json())

    def _set_behaviour(self, db: sqlite3.Connection, merchant: str, request: Request, _: re.Match[str]) -> Response:
        behaviour = read_behaviour(request.json_object(), Behaviour())
        db.execute(
            "INSERT INTO behaviours (merchant, knobs) VALUES (?, ?)"
            " ON CONFLICT (merchant) DO UPDATE SET knobs = excluded.knobs",
            (merchant, behaviour.stored()),
        )
        return json_response(200, behaviour.as_json())

    def _tell_anything(self, db: sqlite3.Connection, merchant: str, request: Request, _: re.Match[str]) -> Response:
        body = request.json_object()
        event_type, data = body.get("type"), body.get("data")
        if not isinstance(event_type, str) or not isinstance(data, dict):
            raise Refused(422, "invalid-field", "type must be a text and data an object.")
        event_id = self._provider.outbox.tell(
            db,
            merchant=merchant,
            event_type=event_type,
            object_id=str(data.get("id", "")),
            webhook_url=read_webhook_url(body),
            data=data,
            behaviour=Behaviour(),
        )
        return json_response(202, describe_event(db, _own(db, "events", merchant, event_id)))


def _asked(db: sqlite3.Connection, table: str, merchant: str, request: Request, match: re.Match[str]) -> sqlite3.Row:
    if match["id"] is not None:
        return _own(db, table, merchant, match["id"])
    return _own(db, table, merchant, request.query.get("reference", ""), column="reference")


def _own(db: sqlite3.Connection, table: str, merchant: str, value: str, *, column: str = "id") -> sqlite3.Row:
    """The merchant's own row; another merchant's is as unknown as one that doesn't exist."""
    row: sqlite3.Row | None = db.execute(
        f"SELECT * FROM {table} WHERE {column} = ? AND merchant = ?",  # noqa: S608 - our own two names
        (value, merchant),
    ).fetchone()
    if row is None:
        raise Refused(404, "unknown-reference", f"The {table} hold nothing by this {column}.")
    return row
