"""Who tries: in each cell a client with all that a client can have, a newcomer, another client, staff of each group.

`client` is verified, has money and may trade; `newcomer` has an identity case instead; `neighbour` has nothing of
either's. Everything is made through doors and verbs, with no cell bound outside of `inside()`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from crm.models import IdentityCase, IdentityDocument, User
from crm.services.identity_cases import reject_identity_case
from crm.services.introducing_brokers import register_introducing_broker
from crm.staff_groups import GROUPS
from crm.tests.portal import PNG, App, BackOffice, answers
from fintech.cells import Actor, CellContext, cell
from fintech.factlog.heartbeats import beat
from fintech.ledger.money import Money
from payments.models import Deposit, Withdrawal
from payments.tests import scenes
from tests.relays import StepwiseRelay
from trading.models import Position
from trading.tests.dealing_room import DealingRoom, bring_in

BASE_CURRENCY = {"eu": "EUR", "au": "AUD"}
# A pair of which the account's currency is the base: margin and profit need no other quote.
INSTRUMENT = {"eu": "EURUSD", "au": "AUDUSD"}
NO_GROUP = "no group"
STAFF_ROLES = (*GROUPS, NO_GROUP)
# Trading lets nothing be opened on a standing older than 5 seconds.
FRESH_SECONDS = 3.0


@dataclass
class Belongings:
    """Ids of what belongs to `client`, and of the newcomer's case."""

    wallet_id: str = ""
    deposit_id: str = ""
    trading_account_id: str = ""
    case_id: str = ""


class Cast:
    """The people of one cell."""

    def __init__(self, cell_name: str) -> None:
        self.cell_name = cell_name
        self.currency = BASE_CURRENCY[cell_name]
        self.instrument = INSTRUMENT[cell_name]
        self.client, self.newcomer, self.neighbour = (App(cell_name=cell_name).registered() for _ in range(3))
        self.staff = {role: self._staff(role) for role in STAFF_ROLES}
        self.relay = StepwiseRelay(cell_name)
        self._settled = 0.0
        self.has = Belongings()
        with self.inside():
            self.room = DealingRoom(self.relay)
            code = f"B-{uuid4().hex[:8].upper()}"
            self.broker_id = str(register_introducing_broker(key=code, code=code, name="Partner"))
            for app in (self.client, self.neighbour):
                scenes.verify(app.client_id)
        self.prepare_to_trade(self.client)
        self._give_belongings()

    @contextmanager
    def inside(self) -> Iterator[CellContext]:
        """The cell bound, as the system."""
        with cell(self.cell_name, actor=Actor.system("test")) as context:
            yield context

    def settle(self) -> None:
        """Let trading know the clients' standing as of now, unless it just did, and have a quote of now."""
        if time.monotonic() - self._settled > FRESH_SECONDS:
            with self.inside():
                beat()
                self.relay.run_until_idle()
            self._settled = time.monotonic()
        self.quote()

    def quote(self, *, age_seconds: float = 0) -> None:
        """A quote of so long ago."""
        with self.inside():
            self.room.quote(self.instrument, "1.09990", "1.10000", age=timedelta(seconds=age_seconds))

    def money(self, text: str = "1.00", currency: str | None = None) -> dict[str, str]:
        return {"amount": text, "currency": currency or self.currency}

    def prepare_to_trade(self, app: App) -> None:
        """Questions and risk warning."""
        made(app.post("appropriateness-tests", answers(app)))
        made(app.post("risk-warning-acceptances", {"version": app.get("risk-warning")["version"]}))

    def withdrawal(self) -> str:
        """A withdrawal of the client's that can be cancelled."""
        with self.inside():
            found = Withdrawal.objects.filter(client_id=self.client.client_id, state="requested").first()
        if found is not None:
            return str(found.pk)
        body = {"wallet_id": self.has.wallet_id, "amount": self.money()}
        return str(made(self.client.post("withdrawals", body))["id"])

    def position(self) -> str:
        """An open position of the client's."""
        self.settle()
        with self.inside():
            found = Position.objects.filter(
                trading_account_id=self.has.trading_account_id, closed_at__isnull=True
            ).first()
        return (
            str(found.pk) if found is not None else str(made(self.client.post("orders", self.order()))["position_id"])
        )

    def order(self) -> dict[str, str]:
        self.settle()
        order = {"trading_account_id": self.has.trading_account_id, "instrument": self.instrument, "side": "buy"}
        return {**order, "volume": "0.01"}

    def drafted_case(self) -> str:
        """A case of the newcomer's that takes documents, with a passport in it."""
        with self.inside():
            found = IdentityCase.objects.filter(client_id=self.newcomer.client_id, state="draft").first()
        if found is None:
            self.no_open_case()
        case_id = str(found.pk) if found is not None else str(made(self.newcomer.post("identity-cases"))["id"])
        self._with_passport(case_id)
        return case_id

    def _with_passport(self, case_id: str) -> None:
        with self.inside():
            complete = IdentityDocument.objects.filter(case_id=case_id, kind="passport").exists()
        if not complete:
            made(self.newcomer.upload(case_id, PNG))

    def no_open_case(self) -> None:
        """The newcomer may begin a case."""
        with self.inside():
            found = IdentityCase.objects.filter(client_id=self.newcomer.client_id, state__in=("draft", "submitted"))
            case = found.first()
        if case is None:
            return
        if case.state == "draft":
            self._with_passport(str(case.pk))
            made(self.newcomer.post(f"identity-cases/{case.pk}/submit"))
        with self.inside(), scenes.staff():
            reject_identity_case(key=str(uuid4()), reason="unreadable", case_id=case.pk)

    def _staff(self, role: str) -> BackOffice:
        """A member of the group; for NO_GROUP of one that was taken away since."""
        office = BackOffice(role if role in GROUPS else "support", cell_name=self.cell_name)
        # An exception that nobody foresaw is answered with 500, as it is outside of tests.
        office.http.raise_request_exception = False
        if role == NO_GROUP:
            with self.inside():
                User.objects.get(pk=office.user_id).groups.clear()
        return office

    def _give_belongings(self) -> None:
        has, client = self.has, self.client
        has.wallet_id = made(client.post("wallets", {"currency": self.currency}))["id"]
        body = {"wallet_id": has.wallet_id, "amount": self.money("5000.00"), "method": "card"}
        has.deposit_id = made(client.post("deposits", body))["id"]
        with self.inside():
            scenes.deliver(scenes.told(Deposit.objects.get(pk=has.deposit_id), "deposit.settled"))
            scenes.work()
        self.settle()
        has.trading_account_id = made(client.post("trading-accounts", {"currency": self.currency, "leverage": 30}))[
            "id"
        ]
        with self.inside():
            bring_in(
                key=str(uuid4()), trading_account_id=has.trading_account_id, amount=Money.of("5000.00", self.currency)
            )
        has.case_id = self.drafted_case()


def made(response: Any) -> Any:
    """The body of an answer that says yes."""
    assert response.status_code in (200, 201), response.content
    return response.json()
