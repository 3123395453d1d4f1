"""A payout's life at the provider: accepted → sent → paid, or returned (failed)."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from typing import Any

from payments.psps.sandbox.behaviour import Behaviour
from payments.psps.sandbox.cards import TEST_BANK_ACCOUNTS
from payments.psps.sandbox.outbox import Clock, Outbox, hold_until_after_the_end
from payments.psps.sandbox.requests import PayoutRequest, Refused
from payments.psps.sandbox.steps import plan_step

SEND_DELAY_SECONDS = 0.2


class Payouts:
    """All changes of payouts. Each method runs inside the caller's transaction."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self.steps: dict[str, Callable[[sqlite3.Connection, str], None]] = {
            "send": self._send,
            "finish": self._finish,
        }

    def create(self, db: sqlite3.Connection, merchant: str, request: PayoutRequest) -> str:
        """Accept a payout; returns its id. Raises :class:`Refused`."""
        _require_destination(db, merchant, request)
        payout_id = f"pay_{secrets.token_hex(12)}"
        now = self._clock()
        try:
            db.execute(
                "INSERT INTO payouts (id, merchant, reference, amount_minor, currency, destination,"
                " webhook_url, state, behaviour, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'accepted', ?, ?)",
                (
                    payout_id,
                    merchant,
                    request.reference,
                    request.amount_minor,
                    request.currency,
                    request.destination,
                    request.webhook_url,
                    request.behaviour.stored(),
                    now,
                ),
            )
        except sqlite3.IntegrityError:
            raise Refused(409, "reference-used", "There is a payout with this reference.") from None
        plan_step(db, "send", payout_id, now + SEND_DELAY_SECONDS)
        return payout_id

    def _send(self, db: sqlite3.Connection, payout_id: str) -> None:
        payout = _row(db, payout_id)
        behaviour = _behaviour(payout)
        db.execute("UPDATE payouts SET state = 'sent' WHERE id = ?", (payout_id,))
        self._tell(db, payout_id, "payout.sent", held_ms=hold_until_after_the_end(behaviour))
        plan_step(db, "finish", payout_id, self._clock() + behaviour.settle_delay_ms / 1000)

    def _finish(self, db: sqlite3.Connection, payout_id: str) -> None:
        if _is_returned(db, _row(db, payout_id)["destination"]):
            db.execute(
                "UPDATE payouts SET state = 'failed', failure_code = 'returned-by-bank' WHERE id = ?",
                (payout_id,),
            )
            self._tell(db, payout_id, "payout.failed")
            return
        db.execute("UPDATE payouts SET state = 'paid' WHERE id = ?", (payout_id,))
        self._tell(db, payout_id, "payout.paid")
        if _behaviour(_row(db, payout_id)).late_failure:
            contradiction = {"state": "failed", "failure_code": "processing-error"}
            self._tell(db, payout_id, "payout.failed", extra=contradiction, held_ms=400)

    def _tell(
        self,
        db: sqlite3.Connection,
        payout_id: str,
        event_type: str,
        *,
        extra: dict[str, Any] | None = None,
        held_ms: int = 0,
    ) -> None:
        payout = _row(db, payout_id)
        self._outbox.tell(
            db,
            merchant=payout["merchant"],
            event_type=event_type,
            object_id=payout_id,
            webhook_url=payout["webhook_url"],
            data=describe_payout(payout) | (extra or {}),
            behaviour=_behaviour(payout),
            held_ms=held_ms,
        )


def describe_payout(payout: sqlite3.Row) -> dict[str, Any]:
    """What merchants are told of a payout, in answers and in events."""
    return {
        "object": "payout",
        "id": payout["id"],
        "reference": payout["reference"],
        "amount_minor": payout["amount_minor"],
        "currency": payout["currency"],
        "state": payout["state"],
        "failure_code": payout["failure_code"],
        "destination": payout["destination"],
    }


def _require_destination(db: sqlite3.Connection, merchant: str, request: PayoutRequest) -> None:
    """A card takes back at most what came from it, in its currency; a bank account takes anything."""
    if request.destination in TEST_BANK_ACCOUNTS:
        return
    source = db.execute(
        "SELECT sources.kind, deposits.amount_minor, deposits.currency, deposits.state"
        " FROM sources JOIN deposits ON deposits.source_token = sources.token"
        " WHERE sources.token = ? AND sources.merchant = ?",
        (request.destination, merchant),
    ).fetchone()
    if source is None:
        raise Refused(422, "unknown-destination", "No card or bank account is known by this token.")
    if source["kind"] != "card":
        return
    if source["state"] != "settled" or source["currency"] != request.currency:
        raise Refused(422, "not-refundable", "This card's payment can't be paid back in this currency.")
    already: int = db.execute(
        "SELECT coalesce(sum(amount_minor), 0) FROM payouts WHERE destination = ? AND state <> 'failed'",
        (request.destination,),
    ).fetchone()[0]
    left = source["amount_minor"] - already
    if request.amount_minor > left:
        raise Refused(422, "exceeds-source", f"The card can take back {left} more minor units.")


def _is_returned(db: sqlite3.Connection, destination: str) -> bool:
    if destination in TEST_BANK_ACCOUNTS:
        return TEST_BANK_ACCOUNTS[destination]
    row = db.execute("SELECT payouts_return FROM sources WHERE token = ?", (destination,)).fetchone()
    return bool(row["payouts_return"])


def _row(db: sqlite3.Connection, payout_id: str) -> sqlite3.Row:
    row: sqlite3.Row = db.execute("SELECT * FROM payouts WHERE id = ?", (payout_id,)).fetchone()
    return row


def _behaviour(payout: sqlite3.Row) -> Behaviour:
    return Behaviour.from_stored(payout["behaviour"])
