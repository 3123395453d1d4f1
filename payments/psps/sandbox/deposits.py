"""A deposit's life at the provider: open → (pending →) settled → charged back, or failed, or expired."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from typing import Any

from payments.psps.sandbox.behaviour import Behaviour
from payments.psps.sandbox.cards import Outcome, SandboxCard
from payments.psps.sandbox.outbox import Clock, Outbox, hold_until_after_the_end
from payments.psps.sandbox.requests import DepositRequest, Refused
from payments.psps.sandbox.steps import plan_step

PAGE_OPEN_SECONDS = 24 * 3600


class Deposits:
    """All changes of deposits. Each method runs inside the caller's transaction."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self.steps: dict[str, Callable[[sqlite3.Connection, str], None]] = {
            "settle": self._settle,
            "charge_back": self.charge_back,
            "expire": self._expire,
            "report_failure": self._report_failure,
        }

    def create(self, db: sqlite3.Connection, merchant: str, request: DepositRequest) -> str:
        """Open the page; returns the deposit's id. Raises :class:`Refused` for a reference used before."""
        deposit_id = f"dep_{secrets.token_hex(12)}"
        now = self._clock()
        try:
            db.execute(
                "INSERT INTO deposits (id, merchant, reference, amount_minor, currency, return_url,"
                " webhook_url, state, behaviour, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
                (
                    deposit_id,
                    merchant,
                    request.reference,
                    request.amount_minor,
                    request.currency,
                    request.return_url,
                    request.webhook_url,
                    request.behaviour.stored(),
                    now,
                ),
            )
        except sqlite3.IntegrityError:
            raise Refused(409, "reference-used", "There is a deposit with this reference.") from None
        plan_step(db, "expire", deposit_id, now + PAGE_OPEN_SECONDS)
        return deposit_id

    def pay_by_card(self, db: sqlite3.Connection, deposit_id: str, card: SandboxCard) -> None:
        """Charge the card; does nothing to a deposit that isn't open any more."""
        deposit = _row(db, deposit_id)
        if deposit["state"] != "open":
            return
        if card.outcome is Outcome.DECLINES:
            self._fail(db, deposit_id, str(card.decline_code))
            return
        self._take_source(db, deposit, "card", f"card ending {card.number[-4:]}", payouts_return=card.payouts_return)
        if card.outcome is Outcome.SETTLES_LATER:
            self._pend(db, deposit_id)
            return
        self._settle(db, deposit_id)
        if card.outcome is Outcome.SETTLES_THEN_CHARGED_BACK:
            plan_step(db, "charge_back", deposit_id, self._later(deposit))

    def pay_by_bank_transfer(self, db: sqlite3.Connection, deposit_id: str) -> None:
        """Wait for a bank transfer, which arrives after the settle delay."""
        deposit = _row(db, deposit_id)
        if deposit["state"] == "open":
            self._take_source(db, deposit, "bank", "bank account ending 0107", payouts_return=False)
            self._pend(db, deposit_id)

    def cancel(self, db: sqlite3.Connection, deposit_id: str) -> None:
        """The client leaves without paying."""
        if _row(db, deposit_id)["state"] == "open":
            self._fail(db, deposit_id, "cancelled-by-client")

    def charge_back(self, db: sqlite3.Connection, deposit_id: str) -> None:
        """The card's holder takes the money back; only what has settled can be."""
        deposit = _row(db, deposit_id)
        if deposit["state"] != "settled":
            return
        _set_state(db, deposit_id, "charged_back")
        chargeback = {
            "id": f"cbk_{secrets.token_hex(12)}",
            "amount_minor": deposit["amount_minor"],
            "currency": deposit["currency"],
            "reason": "fraudulent",
        }
        self._tell(db, deposit_id, "chargeback.opened", extra={"chargeback": chargeback})

    def _settle(self, db: sqlite3.Connection, deposit_id: str) -> None:
        deposit = _row(db, deposit_id)
        if deposit["state"] not in ("open", "pending"):
            return
        _set_state(db, deposit_id, "settled")
        self._tell(db, deposit_id, "deposit.settled")
        if _behaviour(deposit).late_failure:
            plan_step(db, "report_failure", deposit_id, self._later(deposit))

    def _pend(self, db: sqlite3.Connection, deposit_id: str) -> None:
        deposit = _row(db, deposit_id)
        _set_state(db, deposit_id, "pending")
        held_ms = hold_until_after_the_end(_behaviour(deposit))
        self._tell(db, deposit_id, "deposit.pending", held_ms=held_ms)
        plan_step(db, "settle", deposit_id, self._later(deposit))

    def _fail(self, db: sqlite3.Connection, deposit_id: str, code: str) -> None:
        db.execute("UPDATE deposits SET state = 'failed', failure_code = ? WHERE id = ?", (code, deposit_id))
        self._tell(db, deposit_id, "deposit.failed")

    def _expire(self, db: sqlite3.Connection, deposit_id: str) -> None:
        if _row(db, deposit_id)["state"] == "open":
            db.execute("UPDATE deposits SET state = 'expired', failure_code = 'expired' WHERE id = ?", (deposit_id,))
            self._tell(db, deposit_id, "deposit.failed")

    def _report_failure(self, db: sqlite3.Connection, deposit_id: str) -> None:
        """Say that it failed although it has settled (the knob ``late_failure``); nothing changes."""
        self._tell(db, deposit_id, "deposit.failed", extra={"state": "failed", "failure_code": "processing-error"})

    def _take_source(
        self, db: sqlite3.Connection, deposit: sqlite3.Row, kind: str, display: str, *, payouts_return: bool
    ) -> None:
        token = f"{kind}_{secrets.token_hex(12)}"
        db.execute(
            "INSERT INTO sources (token, merchant, kind, display, payouts_return) VALUES (?, ?, ?, ?, ?)",
            (token, deposit["merchant"], kind, display, payouts_return),
        )
        db.execute("UPDATE deposits SET source_token = ? WHERE id = ?", (token, deposit["id"]))

    def _later(self, deposit: sqlite3.Row) -> float:
        return self._clock() + _behaviour(deposit).settle_delay_ms / 1000

    def _tell(
        self,
        db: sqlite3.Connection,
        deposit_id: str,
        event_type: str,
        *,
        extra: dict[str, Any] | None = None,
        held_ms: int = 0,
    ) -> None:
        deposit = _row(db, deposit_id)
        self._outbox.tell(
            db,
            merchant=deposit["merchant"],
            event_type=event_type,
            object_id=deposit_id,
            webhook_url=deposit["webhook_url"],
            data=describe_deposit(db, deposit) | (extra or {}),
            behaviour=_behaviour(deposit),
            held_ms=held_ms,
        )


def describe_deposit(db: sqlite3.Connection, deposit: sqlite3.Row) -> dict[str, Any]:
    """What merchants are told of a deposit, in answers and in events."""
    source = db.execute(
        "SELECT kind, token, display FROM sources WHERE token = ?", (deposit["source_token"],)
    ).fetchone()
    return {
        "object": "deposit",
        "id": deposit["id"],
        "reference": deposit["reference"],
        "amount_minor": deposit["amount_minor"],
        "currency": deposit["currency"],
        "state": deposit["state"],
        "failure_code": deposit["failure_code"],
        "source": dict(source) if source else None,
    }


def _row(db: sqlite3.Connection, deposit_id: str) -> sqlite3.Row:
    row: sqlite3.Row = db.execute("SELECT * FROM deposits WHERE id = ?", (deposit_id,)).fetchone()
    return row


def _set_state(db: sqlite3.Connection, deposit_id: str, state: str) -> None:
    db.execute("UPDATE deposits SET state = ? WHERE id = ?", (state, deposit_id))


def _behaviour(deposit: sqlite3.Row) -> Behaviour:
    return Behaviour.from_stored(deposit["behaviour"])
