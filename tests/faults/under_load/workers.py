"""What the load's threads do, a small round at a time, each through public doors."""

from __future__ import annotations

import queue
import random
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fintech.journey.back_office import StaffMember
from fintech.journey.expectations import NotServed, NotSo
from fintech.journey.feed_door import Feed
from tests.faults.under_load.callers import Caller, Decision, SigningProvider
from tests.faults.under_load.customers import Customer
from tests.faults.under_load.outside_record import NO_ANSWER, Answer, Deposit, OutsideRecord, Withdrawal, now

WEBHOOK = "/webhooks/sandbox/"
INSTRUMENT = "EURUSD"
LISTS = ("wallets", "deposits", "withdrawals", "transfers", "trading-accounts", "orders", "positions")
STAFF_LISTS = ("payments/deposit/", "payments/withdrawal/", "payments/wallet/")
# Far above what any wallet here ever holds.
TOO_MUCH_MINOR = 900_000_000
IDLE_ROUNDS = 8

Round = Callable[[], None]


class Depositor:
    """Deposits, each with the provider's signed word on it: settled, sometimes failed, repeated, or forged."""

    def __init__(self, customer: Customer, caller: Caller, record: OutsideRecord, chance: random.Random) -> None:
        self._customer, self._caller, self._record, self._chance = customer, caller, record, chance
        self._signing = SigningProvider(customer.place)

    def round(self) -> None:
        minor = self._chance.randint(100, 9_000)
        body = {"wallet_id": self._customer.wallet_id, "amount": _money(self._customer, minor), "method": "card"}
        begun = self._caller.decide("deposits", body)
        assert begun.status == 201, begun
        told = begun.body
        deposit = Deposit(self._customer.client_id, minor, told["reference"])
        self._record.note(lambda: self._record.deposits.__setitem__(told["id"], deposit))
        self._record.progress("deposit")
        self._tell(deposit, told["page_url"])

    def _tell(self, deposit: Deposit, page_url: str | None) -> None:
        found = re.search(r"/pay/(\w+)", page_url or "")
        data: dict[str, Any] = {
            "id": found[1] if found else None,
            "reference": deposit.reference,
            "amount_minor": deposit.minor,
            "currency": self._customer.place.currency,
        }
        word = "failed" if self._chance.random() < 0.2 else "settled"
        if word == "failed":
            data["failure_code"] = "card-declined"
        if self._chance.random() < 0.2:
            forged, headers = self._signing.message("deposit.settled", data, forged=True)
            assert self._caller.deliver(WEBHOOK, body=forged, headers=headers).status == 401
        message, headers = self._signing.message(f"deposit.{word}", data)
        for _ in range(self._chance.choice((1, 1, 2))):
            answer = self._caller.deliver(WEBHOOK, body=message, headers=headers)
            assert answer.status == 200, answer
            deposit.outcome = word
            self._record.progress("webhook")


class Mover:
    """Money from the wallet to the trading account and back, and now and then more than there is."""

    def __init__(self, customer: Customer, caller: Caller, record: OutsideRecord, chance: random.Random) -> None:
        self._customer, self._caller, self._record, self._chance = customer, caller, record, chance

    def round(self) -> None:
        if self._chance.random() < 0.1:
            assert not self._send(TOO_MUCH_MINOR).done
        minor = self._chance.randint(100, 3_000)
        sent = self._send(minor)
        if sent.done:
            made = (self._customer.client_id, minor)
            self._record.note(lambda: self._record.to_trading.__setitem__(sent.body["id"], made))
            self._record.progress("to trading")
        back = self._chance.randint(100, 1_500)
        path = f"trading-accounts/{self._customer.trading_account_id}/transfers"
        body = {"wallet_id": self._customer.wallet_id, "amount": _money(self._customer, back)}
        returned = self._noted(self._caller.decide(path, body))
        if returned.done:
            made_back = (self._customer.client_id, back)
            self._record.note(lambda: self._record.to_wallet.__setitem__(returned.body["transfer_id"], made_back))
            self._record.progress("to wallet")

    def _send(self, minor: int) -> Decision:
        body = {
            "direction": "to_trading",
            "wallet_id": self._customer.wallet_id,
            "trading_account_id": self._customer.trading_account_id,
            "amount": _money(self._customer, minor),
        }
        return self._noted(self._caller.decide("transfers", body))

    def _noted(self, decision: Decision) -> Decision:
        return _noted(self._record, decision)


class Trader:
    """Buys a little and closes it again; each fill is told to the feed's reader."""

    def __init__(self, customer: Customer, caller: Caller, record: OutsideRecord, fills: queue.Queue[str]) -> None:
        self._customer, self._caller, self._record, self._fills = customer, caller, record, fills
        self._position: str | None = None

    def round(self) -> None:
        if self._position is None:
            order = {
                "trading_account_id": self._customer.trading_account_id,
                "instrument": INSTRUMENT,
                "side": "buy",
                "volume": "0.01",
            }
            dealt = self._deal("orders", order)
            self._position = dealt.body["position_id"] if dealt.done else None
        elif self._deal(f"positions/{self._position}/close", {}).done:
            self._position = None

    def _deal(self, path: str, body: dict[str, Any]) -> Decision:
        dealt = _noted(self._record, self._caller.decide(path, body))
        if dealt.done:
            order_id = dealt.body["order_id"]
            self._record.note(lambda: self._record.orders.__setitem__(order_id, self._customer.client_id))
            self._record.progress("order")
            self._fills.put(order_id)
        return dealt


class FeedReader:
    """Follows the trader's account: every fill exactly once and in order, across whatever cuts the connection."""

    def __init__(self, customer: Customer, record: OutsideRecord, fills: queue.Queue[str]) -> None:
        self._record, self._fills = record, fills
        self._feed = Feed(customer.story.client, customer.trading_account_id)
        self._open = False
        self._idle = 0
        self._wanted: str | None = None

    def begin(self) -> None:
        """Take the first snapshot, which says from where on everything must be told; before anybody trades."""
        if not self._feed.history:
            self._connect()

    def round(self) -> None:
        try:
            if self._wanted is None:
                self._wanted = self._fills.get(timeout=0.2)
            self._connect()
            if self._wanted is not None:
                self._feed.await_event("trading.order.filled", order_id=self._wanted)
        except queue.Empty:
            self._rest()
            return
        except Exception as error:
            if "the event of number" in str(error):
                raise  # a number left out or told twice is what this reader is here to find
            self._feed.cut()
            self._open = False
            return
        if self._wanted is not None:
            told = [event for event in self._feed.events if event["data"].get("order_id") == self._wanted]
            fills = [event for event in told if event["event"] == "trading.order.filled"]
            assert len(fills) == 1, fills
            self._wanted, self._idle = None, 0
            self._record.progress("feed")

    def _rest(self) -> None:
        """A connection that nobody reads would be cut; what comes meanwhile is asked for when it is missed."""
        self._idle += 1
        if self._idle > IDLE_ROUNDS:
            self.close()

    def _connect(self) -> None:
        if self._open:
            return
        self._feed.open()
        self._feed.resume() if self._feed.history else self._feed.snapshot()
        self._open = True

    def close(self) -> None:
        self._feed.cut()
        self._open = False


class Withdrawer:
    """Asks for money; some of it the client cancels, the rest a staff member approves in the back office."""

    def __init__(self, customer: Customer, caller: Caller, record: OutsideRecord, chance: random.Random) -> None:
        self._customer, self._caller, self._record, self._chance = customer, caller, record, chance
        self._checker = customer.story.checker

    def round(self) -> None:
        if self._chance.random() < 0.1:
            assert not self._ask(TOO_MUCH_MINOR).done
        minor = self._chance.randint(100, 900)
        asked = self._ask(minor)
        assert asked.status == 201, asked
        withdrawal_id = str(asked.body["id"])
        withdrawal = Withdrawal(self._customer.client_id, minor)
        self._record.note(lambda: self._record.withdrawals.__setitem__(withdrawal_id, withdrawal))
        self._record.progress("withdrawal")
        if self._chance.random() < 0.3:
            assert self._caller.decide(f"withdrawals/{withdrawal_id}/cancel", {}).status == 200
            withdrawal.outcome = "cancelled"
        else:
            withdrawal.outcome = self._approve(withdrawal_id)
            if withdrawal.outcome == "approved":
                self._record.progress("approval")

    def _ask(self, minor: int) -> Decision:
        body = {"wallet_id": self._customer.wallet_id, "amount": _money(self._customer, minor)}
        return _noted(self._record, self._caller.decide("withdrawals", body))

    def _approve(self, withdrawal_id: str) -> str:
        """Press the button once; where the page's answer is lost, the withdrawal itself tells whether it was heard."""

        def press() -> None:
            self._checker.press(f"payments/withdrawal/{withdrawal_id}/do/approve/", reason="In order")

        if asked_of_staff(self._record, "approve", press) == 200:
            return "approved"
        seen = self._caller.read(f"withdrawals/{withdrawal_id}")
        heard = seen.status == 200 and seen.body["state"] != "requested"
        return "approved" if heard else "in doubt"


class Lister:
    """A client who looks at one list after another."""

    def __init__(self, caller: Caller, record: OutsideRecord) -> None:
        self._caller, self._record, self._number = caller, record, 0

    def round(self) -> None:
        self._number += 1
        if self._caller.read(LISTS[self._number % len(LISTS)]).status == 200:
            self._record.progress("list")


class StaffLister:
    """A staff member who looks at one of the back office's lists after another."""

    def __init__(self, member: StaffMember, record: OutsideRecord) -> None:
        self._member, self._record, self._number = member, record, 0

    def round(self) -> None:
        self._number += 1

        def look() -> None:
            self._member.see(STAFF_LISTS[self._number % len(STAFF_LISTS)])

        if asked_of_staff(self._record, "list", look) == 200:
            self._record.progress("back office")


def asked_of_staff(record: OutsideRecord, what: str, act: Round) -> int:
    """Do something in the back office and note how it was answered; gives the status."""
    begun, status = now(), 200
    try:
        act()
    except NotServed:
        status = NO_ANSWER
    except NotSo as error:
        with suppress(ValueError):
            status = int(error.found.split()[0])
        status = 409 if status == 200 else status
    record.answered(Answer("web", what, status, now() - begun, begun))
    return status


def _noted(record: OutsideRecord, decision: Decision) -> Decision:
    if not decision.done:
        record.note(lambda: record.refused.update([decision.problem]))
    return decision


def _money(customer: Customer, minor: int) -> dict[str, str]:
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": customer.place.currency}


def paced(round_: Round, *, seconds: float) -> None:
    """A round, and what is left of its time: the load is bounded, so that a busy machine isn't what is tested."""
    begun = time.monotonic()
    round_()
    time.sleep(max(0.0, seconds - (time.monotonic() - begun)))
