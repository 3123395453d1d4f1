"""Stripe's wire protocol on a socket: forms in, JSON out, idempotency keys, its error bodies, and faults on demand.

Written after Stripe's API reference (docs.stripe.com/api); it knows only what the adapter uses, and refuses a parameter
that it doesn't know, as Stripe does.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from payments.psps.stripe_adapter import StripeProvider

API_KEY = "sk_test_for_tests"
WEBHOOK_SECRET = "whsec_for_tests_of_stripe"

Answer = tuple[int, dict[str, Any]]
Fault = Callable[["Handler", Callable[[], Answer]], None]

_SESSION = {
    "mode", "client_reference_id", "metadata", "payment_intent_data", "line_items", "payment_method_types",
    "adaptive_pricing", "success_url", "cancel_url",
}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """One connection to the server."""

    protocol_version = "HTTP/1.1"
    stripe_server: StripeServer

    def do_POST(self) -> None:
        self._serve()

    do_GET = do_POST

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path)
        form = nested(parse_qsl((body.decode() if self.command == "POST" else path.query), keep_blank_values=True))
        request = Request(self.command, path.path, form, {name.lower(): value for name, value in self.headers.items()})
        self.stripe_server.requests.append(request)
        fault = self.stripe_server.fault_for(request)

        def act() -> Answer:
            return self.stripe_server.answer(request)

        if fault is not None:
            fault(self, act)
        else:
            self.reply(*act())

    def reply(self, status: int, body: Mapping[str, Any] | bytes) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Request-Id", "req_" + secrets.token_hex(7))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    form: dict[str, Any]
    headers: dict[str, str]


@dataclass
class StripeServer:
    """One merchant account: its sessions, payments and refunds, newest first."""

    sessions: list[dict[str, Any]] = field(default_factory=list)
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    refund_status: str = "pending"
    url: str = ""
    _saved: dict[str, tuple[dict[str, Any], Answer]] = field(default_factory=dict)
    _faults: list[tuple[str, str, Fault]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def provider(self, **more: Any) -> StripeProvider:
        """The merchant's adapter."""
        given = {"api_key": lambda: API_KEY, "webhook_secrets": lambda: [WEBHOOK_SECRET], "url": self.url}
        return StripeProvider(**{**given, **more})

    def fail_next(self, method: str, path: str, fault: Fault) -> None:
        """Have the next request of a method to a path go wrong."""
        self._faults.append((method, path, fault))

    def fault_for(self, request: Request) -> Fault | None:
        with self._lock:
            for number, (method, path, fault) in enumerate(self._faults):
                if (method, path) == (request.method, request.path):
                    del self._faults[number]
                    return fault
        return None

    def forget_keys(self) -> None:
        """What Stripe does with idempotency keys after a day."""
        self._saved.clear()

    def answer(self, request: Request) -> Answer:
        with self._lock:
            if request.headers.get("authorization") != f"Bearer {API_KEY}":
                return error(401, "invalid_request_error", None, "Invalid API Key provided")
            key = request.headers.get("idempotency-key")
            if request.method == "GET":
                return self._get(request)
            assert request.headers["content-type"] == "application/x-www-form-urlencoded"
            assert key
            if key in self._saved:
                form, saved = self._saved[key]
                same = form == request.form
                return saved if same else error(400, "idempotency_error", None, "Keys for idempotent requests …")
            answer = self._post(request)
            self._saved[key] = (request.form, answer)
            return answer

    def pay(self, session_id: str, *, last4: str = "4242", method: str = "card", later: bool = False) -> dict[str, Any]:
        """The client pays on the page; gives the session as it is then. `later`: the money hasn't arrived."""
        session = next(found for found in self.sessions if found["id"] == session_id)
        payment_id, charge_id = "pi_" + secrets.token_hex(12), "ch_" + secrets.token_hex(12)
        charge = {
            "id": charge_id,
            "object": "charge",
            "billing_details": {"name": "Maria Rossi", "email": "maria@example.com"},
            "payment_method_details": {"type": method, method: {"last4": last4}},
        }
        self.payments[payment_id] = {
            "id": payment_id,
            "object": "payment_intent",
            "amount": session["amount_total"],
            "currency": session["currency"],
            "status": "processing" if later else "succeeded",
            "metadata": session["payment_intent_data"]["metadata"],
            "last_payment_error": None,
            "latest_charge": charge,
        }
        session |= {"status": "complete", "payment_status": "unpaid" if later else "paid"}
        session["payment_intent"] = payment_id
        session["customer_details"] = {"name": "Maria Rossi", "email": "maria@example.com"}
        return session

    def _get(self, request: Request) -> Answer:
        kind, _, identity = request.path.removeprefix("/v1/").rpartition("/")
        if request.path == "/v1/checkout/sessions":
            return self._page(self.sessions, request.form)
        if request.path == "/v1/refunds":
            wanted = request.form.pop("payment_intent", None)
            if wanted is not None and wanted not in self.payments:
                return missing("payment_intent", wanted)
            return self._page([one for one in self.refunds if wanted in (None, one["payment_intent"])], request.form)
        if kind == "payment_intents":
            found = self.payments.get(identity)
            return missing("intent", identity) if found is None else (200, found)
        things = {"checkout/sessions": self.sessions, "refunds": self.refunds}[kind]
        found = next((one for one in things if one["id"] == identity), None)
        if found is None:
            return missing("id", identity)
        if request.form.get("expand") == ["payment_intent.latest_charge"]:
            found = found | {"payment_intent": self.payments.get(found["payment_intent"])}
        return 200, found

    def _page(self, things: list[dict[str, Any]], form: dict[str, Any]) -> Answer:
        after = form.get("starting_after")
        start = 0 if after is None else 1 + [one["id"] for one in things].index(after)
        limit = int(form.get("limit", 10))
        shown = things[start : start + limit]
        return 200, {"object": "list", "data": shown, "has_more": start + limit < len(things), "url": "/v1/things"}

    def _post(self, request: Request) -> Answer:
        if request.path == "/v1/checkout/sessions":
            return self._open_session(request.form)
        assert request.path == "/v1/refunds"
        return self._refund(request.form)

    def _open_session(self, form: dict[str, Any]) -> Answer:
        if unknown := set(form) - _SESSION:
            return error(400, "invalid_request_error", "parameter_unknown", f"Received unknown parameter {unknown}")
        price = form["line_items"][0]["price_data"]
        if price["currency"] != price["currency"].lower() or int(price["unit_amount"]) < 50:
            return error(400, "invalid_request_error", "amount_too_small", "at least 0.50 €", param="line_items")
        identity = "cs_test_" + secrets.token_hex(29)
        session = {
            "id": identity,
            "object": "checkout.session",
            "mode": form["mode"],
            "client_reference_id": form["client_reference_id"],
            "metadata": form["metadata"],
            "payment_intent_data": form["payment_intent_data"],
            "amount_total": int(price["unit_amount"]),
            "currency": price["currency"],
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "url": f"https://checkout.stripe.invalid/c/pay/{identity}",
        }
        self.sessions.insert(0, session)
        return 200, dict(session)

    def _refund(self, form: dict[str, Any]) -> Answer:
        payment = self.payments.get(form["payment_intent"])
        if payment is None:
            return missing("payment_intent", form["payment_intent"])
        amount = int(form["amount"])
        back = sum(one["amount"] for one in self.refunds if one["payment_intent"] == payment["id"])
        if back + amount > payment["amount"]:
            return error(400, "invalid_request_error", "charge_already_refunded", "… greater than unrefunded amount")
        refund = {
            "id": "re_" + secrets.token_hex(12),
            "object": "refund",
            "payment_intent": payment["id"],
            "amount": amount,
            "currency": payment["currency"],
            "metadata": form["metadata"],
            "status": self.refund_status,
        }
        self.refunds.insert(0, refund)
        return 200, dict(refund)


def error(status: int, kind: str, code: str | None, message: str, *, param: str | None = None) -> Answer:
    """An error as Stripe's API words it."""
    return status, {"error": {"type": kind, "code": code, "message": message, "param": param}}


def missing(param: str, identity: str) -> Answer:
    return error(404, "invalid_request_error", "resource_missing", f"No such {param}: '{identity}'", param=param)


def answers(status: int, body: Mapping[str, Any] | bytes) -> Fault:
    """Answer so, and do nothing."""
    return lambda handler, _: handler.reply(status, body)


def loses_the_answer(handler: Handler, act: Callable[[], Answer]) -> None:
    """Do what was asked, and hang up instead of answering."""
    act()
    handler.close_connection = True


def takes_too_long(handler: Handler, act: Callable[[], Answer]) -> None:
    """Do what was asked, and answer when nobody waits any more."""
    act()
    handler.connection.settimeout(5)
    with suppress(OSError):
        handler.connection.recv(1)  # ends when the other side hangs up
    handler.close_connection = True


def trickles(handler: Handler, act: Callable[[], Answer]) -> None:
    """Answer a byte at a time, each within any time-out of a single wait."""
    body = json.dumps(act()[1]).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    with suppress(OSError):
        for byte in body:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.02)
    handler.close_connection = True


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """A form as Stripe reads it: `a[0][b]=c` is a list of objects."""
    form: dict[str, Any] = {}
    for name, value in pairs:
        first, *more = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        here, names = form, [first, *more]
        for part in names[:-1]:
            here = here.setdefault(part, {})
        here[names[-1] or str(len(here))] = value
    return {name: _lists(value) for name, value in form.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(item) for name, item in value.items()}
    return list(inner.values()) if all(name.isdigit() for name in inner) else inner


@contextmanager
def running_stripe() -> Iterator[StripeServer]:
    """The server, for the length of a block."""
    account = StripeServer()
    handler = type("OfThisAccount", (Handler,), {"stripe_server": account})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    account.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield account
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def event(event_type: str, values: Mapping[str, Any], *, event_id: str | None = None) -> bytes:
    """A message's body, as Stripe sends it."""
    body = {
        "id": event_id or "evt_" + secrets.token_hex(12),
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "type": event_type,
        "livemode": False,
        "data": {"object": values},
    }
    return json.dumps(body, indent=2).encode()


def signed(body: bytes, *, secret: str = WEBHOOK_SECRET, at: float | None = None) -> dict[str, str]:
    """The header as the SDK's own helper makes it."""
    seconds = int(time.time() if at is None else at)
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, seconds)
    return {"Stripe-Signature": str(header)}
