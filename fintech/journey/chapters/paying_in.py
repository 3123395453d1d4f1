"""Money in: a payment page, signed webhooks, repeated and forged ones, and a worker that dies over one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from fintech.journey.cast import Story
from fintech.journey.expectations import PATIENCE_SECONDS, await_that, expect
from fintech.journey.narration import money

FIRST_DEPOSIT: Final = Decimal("3000.00")
SETTLED: Final = "deposit.settled"
# How long a new worker may take to be at work.
NEW_PROCESS_SECONDS: Final = 90.0


def play(story: Story) -> None:
    """Open a wallet, pay in, repeat and forge the webhook, pay in again while the worker dies."""
    story.narration.chapter("Paying in")
    _open_wallet(story)
    deposit = _begin_deposit(story, FIRST_DEPOSIT)
    event = _pay(story, deposit)
    _deliver_again(story, event)
    _forge(story, event)
    _pay_while_worker_dies(story)


def _open_wallet(story: Story) -> None:
    with story.narration.step("open a wallet") as step:
        wallet = story.client.post("wallets", {"currency": story.place.currency})
        story.wallet_id = wallet["id"]
        expect("the balance", expected=story.money(0), found=wallet["balance"])
        step.saw(f"wallet in {wallet['currency']}, {money(wallet['balance'])}")


def _begin_deposit(story: Story, amount: Decimal) -> dict[str, Any]:
    with story.narration.step(f"ask to deposit {amount:,.2f} {story.place.currency} by card") as step:
        deposit = _deposit(story, amount)
        step.saw(f"{deposit['state']}; next: {deposit['next_step']['text']}")
    return deposit


def _pay(story: Story, deposit: dict[str, Any]) -> dict[str, Any]:
    with story.narration.step("pay on the provider's page; its signed webhook credits the wallet") as step:
        story.provider.pay_by_card(deposit["page_url"])
        event = story.provider.webhook(deposit["reference"], SETTLED)
        settled = _await_settled(story, deposit)
        step.saw(f"webhook answered by 200; deposit {settled['state']}, wallet {story.counted}")
    return event


def _deliver_again(story: Story, event: dict[str, Any]) -> None:
    with story.narration.step("the same webhook three times more: the balance stays") as step:
        seen = story.provider.deliver_again(event, times=3)
        answers = [attempt["status"] for delivery in seen["deliveries"] for attempt in delivery["attempts"]]
        expect("answers", expected=[200] * len(answers), found=answers)
        story.expect_wallet_unchanged()
        step.saw(f"{len(answers)} deliveries of {event['id']}, all answered by 200; wallet {story.counted}")


def _forge(story: Story, event: dict[str, Any]) -> None:
    with story.narration.step("a forged webhook: refused, the balance stays") as step:
        answer = story.provider.forge(event)
        story.expect_wallet_unchanged()
        step.saw(f"401 {answer}; wallet {story.counted}")


def _pay_while_worker_dies(story: Story) -> None:
    amount = story.place.two_approvals_from * 12 / 10
    with story.narration.step(
        f"deposit {amount:,.2f} {story.place.currency}; the worker is killed by SIGKILL in the middle of the webhook"
    ) as step:
        deposit = _deposit(story, amount)
        with story.operator.frozen_worker() as frozen:
            story.provider.pay_by_card(deposit["page_url"])
            story.provider.webhook(deposit["reference"], SETTLED)
            # The message is stored and answered for; the worker holds it, and dies with it.
            expect("the deposit", expected="requested", found=_read(story, deposit)["state"])
            story.expect_wallet_unchanged()
            renewed = story.operator.kill(frozen)
        step.saw(
            f"webhook stored and answered by 200, wallet still {story.counted}; "
            f"process {frozen.pid} killed, {renewed.pid} started"
        )


def see_applied(story: Story) -> None:
    """What became of the deposit whose worker died; much else may have happened meanwhile."""
    with story.narration.step("the new worker has applied the killed one's webhook: credited exactly once") as step:
        _await_settled(story, story.deposits[-1], seconds=NEW_PROCESS_SECONDS)
        story.expect_wallet_unchanged()
        step.saw(f"deposit settled, wallet {story.counted}")


def _deposit(story: Story, amount: Decimal) -> dict[str, Any]:
    body = {"wallet_id": story.wallet_id, "amount": story.money(amount), "method": "card"}
    begun = story.client.post("deposits", body)
    expect("the deposit", expected="requested", found=begun["state"])
    # The page may take a moment: the API says to ask again.
    deposit = await_that("a payment page", lambda: _read(story, begun), lambda seen: seen["page_url"])
    story.deposits.append(deposit)
    return deposit


def _read(story: Story, deposit: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = story.client.get(f"deposits/{deposit['id']}")
    return found


def _await_settled(story: Story, deposit: dict[str, Any], *, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    settled = await_that(
        "the deposit settled",
        lambda: _read(story, deposit),
        lambda seen: seen["state"] == "settled",
        seconds=seconds,
    )
    story.in_wallet += Decimal(deposit["amount"]["amount"])
    story.expect_wallet()
    return settled
