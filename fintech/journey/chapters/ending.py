"""The end: another jurisdiction knows nobody, and balances, books and audit log agree."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from fintech.journey.cast import Story
from fintech.journey.expectations import await_that, expect
from fintech.journey.http_doors import HttpDoor
from fintech.journey.narration import money

# What the audit log must tell, by the subject that it tells it of.
ABOUT_THE_CLIENT: Final = (
    "crm.client.registered",
    "crm.client.introduced",
    "crm.client.email_confirmed",
    "crm.risk_warning.accepted",
    "crm.document.uploaded",
    "crm.document.read",
    "crm.identity_case.submitted",
    "crm.identity_case.approved",
    "crm.client.standing_changed",
)
ABOUT_EACH_DEPOSIT: Final = ("payments.deposit.requested", "payments.deposit.settled")
ABOUT_EACH_WITHDRAWAL: Final = (
    "payments.withdrawal.requested",
    "payments.withdrawal.approval_given",
    "payments.withdrawal.paid",
)
ABOUT_THE_ACCOUNT: Final = ("trading.account.opened", "trading.order.filled", "trading.cash.changed")


def play(story: Story) -> None:
    """Knock elsewhere, then check everything."""
    story.narration.chapter("The end")
    _knock_elsewhere(story)
    _balances(story)
    _books(story)
    _audit_log(story)


def _knock_elsewhere(story: Story) -> None:
    host = story.place.elsewhere()
    with story.narration.step(f"the client's token at {host}: unknown there") as step:
        door = HttpDoor("the API", port=story.place.layout.port("api"), host=host)
        # Where nobody answers for the host, the request is refused before anything looks at the token.
        expecting = (401,) if story.place.is_served(host) else (400, 421)
        headers = {"X-Session-Token": story.client.token or ""}
        answer = door.ask("GET", "/api/v1/profile", expecting=expecting, headers=headers).json()
        door.close()
        story.client.get("profile")
        step.saw(f"{answer['status']} {answer['title']}; at {story.place.host} it is still good")


def _balances(story: Story) -> None:
    with story.narration.step("balances are as the story counted them") as step:
        wallet = story.expect_wallet_unchanged()
        expect("held", expected=story.money(0), found=wallet["held"])
        account = story.client.get(f"trading-accounts/{story.trading_account_id}")
        expect("cash of the trading account", expected=story.money(0), found=account["cash"])
        states = [item["state"] for item in story.client.items("deposits")]
        expect("deposits", expected=["settled"] * len(story.deposits), found=states)
        states = [item["state"] for item in story.client.items("withdrawals")]
        expect("withdrawals", expected=["paid"] * len(story.withdrawals), found=states)
        step.saw(f"wallet {money(wallet['balance'])}, nothing held; trading account {money(account['cash'])}")


def _books(story: Story) -> None:
    with story.narration.step("both books agree with their transfers; nothing is lost in transit") as step:
        told = _lines(story.operator.run("ledger", "replay", "check", "--json"))
        books = [line for line in told if "book" in line]
        expect("the books", expected=["payments", "trading"], found=[line["book"] for line in books])
        expect("disagreements", expected=[], found=[item for line in books for item in line["disagreements"]])
        moved = [line for line in told if line.get("currency") == story.place.currency]
        expect("directions", expected=2, found=len(moved))
        expect("differences in transit", expected=[0, 0], found=[line["difference"] for line in moved])
        counted = ", ".join(f"{line['transfers']:,} transfers in {line['book']}" for line in books)
        step.saw(f"{counted} recomputed, no disagreement; in transit 0 both ways")


def _audit_log(story: Story) -> None:
    with story.narration.step("every step stands in the audit log") as step:
        wanted = _wanted(story)
        seen = {subject: _await_entries(story, subject, kinds) for subject, kinds in wanted.items()}
        step.saw(
            f"{sum(map(len, seen.values()))} entries about {len(seen)} subjects (client, deposits, "
            f"withdrawals, trading account), among them all {sum(map(len, wanted.values()))} looked for"
        )
    with story.narration.step("the audit log verifies, and agrees with what it follows") as step:
        (found,) = _lines(story.operator.run("audit", "verify", "--sources", "--json"))
        expect("verified", expected=True, found=found["ok"])
        step.saw(
            f"{found['entries']:,} entries recomputed, {found['checkpoints']} checkpoints as anchored, "
            f"{sum(found['sources'].values()):,} rows of its sources agree"
        )


def _wanted(story: Story) -> dict[str, tuple[str, ...]]:
    """What must stand in the log, by subject."""
    return {
        f"client/{story.client_id}": ABOUT_THE_CLIENT,
        **{f"deposit/{deposit['id']}": ABOUT_EACH_DEPOSIT for deposit in story.deposits},
        **{f"withdrawal/{withdrawal_id}": ABOUT_EACH_WITHDRAWAL for withdrawal_id in story.withdrawals},
        f"trading_account/{story.trading_account_id}": ABOUT_THE_ACCOUNT,
    }


def _await_entries(story: Story, subject: str, kinds: tuple[str, ...]) -> list[str]:
    """The kinds of the entries about a subject, as compliance sees them in the back office."""

    def look() -> list[str]:
        rows = story.compliance.see("audit/auditentry/", q=subject).rows_with(subject)
        return [kind for row in rows for kind in row if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", kind)]

    return await_that(
        f"{', '.join(kinds)} in the audit log about {subject}", look, lambda seen: set(kinds) <= set(seen)
    )


def _lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
