"""Money out: what is refused, what one person approves, and what takes two."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from fintech.journey.back_office import StaffMember
from fintech.journey.cast import Story
from fintech.journey.expectations import await_that, expect
from fintech.journey.narration import money

SMALL: Final = Decimal("100.00")


def play(story: Story) -> None:
    """Ask for too much, for a little, and for what two people must approve."""
    story.narration.chapter("Paying out")
    _too_much(story)
    _small(story)
    _large(story)


def _too_much(story: Story) -> None:
    with story.narration.step("a withdrawal above the balance is refused") as step:
        amount = story.in_wallet + 1
        body = {"wallet_id": story.wallet_id, "amount": story.money(amount)}
        refused = story.client.refused("withdrawals", body, status=409, code="insufficient-funds")
        wallet = story.expect_wallet_unchanged()
        expect("available", expected=wallet["balance"], found=wallet["available"])
        step.saw(f"{amount:,.2f} asked, refused: {refused.detail}")


def _small(story: Story) -> None:
    with story.narration.step(f"a withdrawal of {SMALL} {story.place.currency} needs one approval") as step:
        body = {"wallet_id": story.wallet_id, "amount": story.money(SMALL)}
        withdrawal = story.client.post("withdrawals", body)
        story.withdrawals.append(withdrawal["id"])
        expect("approvals needed", expected=1, found=withdrawal["approvals_needed"])
        wallet = story.wallet()
        expect("available", expected=story.money(story.in_wallet - SMALL), found=wallet["available"])
        step.saw(f"{withdrawal['state']}, {money(wallet['held'])} held; next: {withdrawal['next_step']['text']}")
    with story.narration.step("one staff member approves; the provider pays it out") as step:
        story.checker.sign_in()
        said = _approve(story.checker, withdrawal["id"], "Within the usual")
        _await_paid(story, withdrawal["id"], SMALL)
        step.saw(f"{said} Paid; wallet {story.counted}")


def _large(story: Story) -> None:
    amount = story.place.two_approvals_from
    with story.narration.step(f"staff request {amount:,.2f} {story.place.currency} on the client's behalf") as step:
        story.maker.sign_in()
        said = story.maker.press(
            f"payments/wallet/{story.wallet_id}/do/request-withdrawal/",
            reason="The client asked on the telephone",
            amount=f"{amount:.2f}",
        )
        withdrawal = next(item for item in story.client.items("withdrawals") if item["id"] not in story.withdrawals)
        story.withdrawals.append(withdrawal["id"])
        expect("approvals needed", expected=2, found=withdrawal["approvals_needed"])
        step.saw(f"{said.partition(' (')[0]}; {withdrawal['approvals_needed']} approvals needed")
    with story.narration.step("who requested it tries to approve it: refused") as step:
        step.saw(_refused_approval(story.maker, withdrawal["id"]))
        expect("the withdrawal", expected="requested", found=_read(story, withdrawal["id"])["state"])
    with story.narration.step("a second person approves: one more is needed, and not the same one") as step:
        story.second_checker.sign_in()
        said = _approve(story.checker, withdrawal["id"], "Amount and plan checked")
        seen = _read(story, withdrawal["id"])
        expect("the withdrawal", expected="requested", found=seen["state"])
        twice = _refused_approval(story.checker, withdrawal["id"])
        step.saw(f"{said} Once more by the same person: {twice}")
    with story.narration.step("a third person approves: paid out") as step:
        said = _approve(story.second_checker, withdrawal["id"], "Identity and plan checked")
        _await_paid(story, withdrawal["id"], amount)
        step.saw(f"{said} Payout, webhook, paid; wallet {story.counted}")


def _approve(member: StaffMember, withdrawal_id: str, reason: str) -> str:
    return member.press(f"payments/withdrawal/{withdrawal_id}/do/approve/", reason=reason)


def _refused_approval(member: StaffMember, withdrawal_id: str) -> str:
    return member.press_refused(f"payments/withdrawal/{withdrawal_id}/do/approve/", reason="It is in order")


def _read(story: Story, withdrawal_id: str) -> dict[str, Any]:
    found: dict[str, Any] = story.client.get(f"withdrawals/{withdrawal_id}")
    return found


def _await_paid(story: Story, withdrawal_id: str, amount: Decimal) -> None:
    await_that("the withdrawal paid", lambda: _read(story, withdrawal_id), lambda seen: seen["state"] == "paid")
    story.in_wallet -= amount
    story.expect_wallet()
