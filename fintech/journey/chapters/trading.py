"""A trading account on a live feed: prices, orders, a refusal, a cut connection, and money back to the wallet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from fintech.journey.cast import Story
from fintech.journey.expectations import await_that, expect
from fintech.journey.feed_door import Feed
from fintech.journey.narration import money

INSTRUMENT: Final = "EURUSD"
TO_TRADING: Final = Decimal("2000.00")
BOUGHT: Final = Decimal("0.20")
CLOSED_FIRST: Final = Decimal("0.05")
TOO_MANY_LOTS: Final = "45"


def play(story: Story) -> None:
    """Open, fund, follow, deal, lose the connection, go on, and close."""
    story.narration.chapter("Trading")
    _open_account(story)
    _fund(story)
    feed = Feed(story.client, story.trading_account_id)
    try:
        _follow(story, feed)
        position_id = _buy(story, feed)
        _overreach(story)
        _lose_connection(story, feed, position_id)
        _close(story, feed, position_id)
    finally:
        feed.close()


def _open_account(story: Story) -> None:
    with story.narration.step("open a trading account") as step:
        leverage = 30
        account = story.client.post("trading-accounts", {"currency": story.place.currency, "leverage": leverage})
        story.trading_account_id = account["id"]
        step.saw(f"account {account['account_number']} in {account['currency']}, leverage {leverage}:1")


def _fund(story: Story) -> None:
    with story.narration.step("send money from the wallet to the trading account") as step:
        body = {
            "direction": "to_trading",
            "wallet_id": story.wallet_id,
            "trading_account_id": story.trading_account_id,
            "amount": story.money(TO_TRADING),
        }
        story.client.post("transfers", body)
        story.in_wallet -= TO_TRADING
        account = await_that(
            f"{TO_TRADING} in the trading account", lambda: _account(story), lambda seen: _cash(seen) == TO_TRADING
        )
        step.saw(f"cash {money(account['cash'])}")


def _follow(story: Story, feed: Feed) -> None:
    with story.narration.step("open the feed with a ticket: live prices") as step:
        feed.open()
        feed.subscribe_prices(INSTRUMENT, "GBPUSD")
        prices = feed.await_prices(3)
        step.saw(", ".join(f"{price['instrument']} {price['bid']}/{price['ask']}" for price in prices))
    with story.narration.step("subscribe to the account: its snapshot") as step:
        shown = feed.snapshot()
        expect("cash", expected=story.money(TO_TRADING), found=shown["account"]["cash"])
        expect("positions", expected=[], found=shown["positions"])
        step.saw(f"cash {money(shown['account']['cash'])}, no positions, as of event {shown['sequence']}")


def _buy(story: Story, feed: Feed) -> str:
    with story.narration.step(f"buy {BOUGHT} lots of {INSTRUMENT} at market") as step:
        order = {
            "trading_account_id": story.trading_account_id,
            "instrument": INSTRUMENT,
            "side": "buy",
            "volume": str(BOUGHT),
        }
        deal = story.client.deal("orders", order)
        story.lots_traded += BOUGHT
        event = feed.await_event("trading.order.filled", order_id=deal["order_id"])
        expect("the fill on the feed", expected=deal["fill_id"], found=event["data"]["fill_id"])
        step.saw(
            f"filled at {deal['price']}, margin {money(deal['initial_margin'])}; "
            f"the feed told it as event {event['sequence']}"
        )
    return str(deal["position_id"])


def _overreach(story: Story) -> None:
    with story.narration.step("an order above the margin is refused") as step:
        order = {
            "trading_account_id": story.trading_account_id,
            "instrument": INSTRUMENT,
            "side": "buy",
            "volume": TOO_MANY_LOTS,
        }
        refused = story.client.refused_deal("orders", order, status=409, code="margin-insufficient")
        missing = [name for name in ("rule", "threshold", "equity_after", "shortfall") if name not in refused.params]
        expect("what the problem doesn't name", expected=[], found=missing)
        told = {name: _words(value) for name, value in refused.params.items()}
        step.saw(
            f"{TOO_MANY_LOTS} lots: margin needed {told['threshold']}, equity {told['equity_after']}, "
            f"{told['shortfall']} missing, by rule {told['rule']}"
        )


def _lose_connection(story: Story, feed: Feed, position_id: str) -> None:
    with story.narration.step("the connection breaks; a part is closed meanwhile") as step:
        last = feed.sequence
        feed.cut()
        deal = story.client.deal(f"positions/{position_id}/close", {"volume": str(CLOSED_FIRST)})
        story.lots_traded += CLOSED_FIRST
        step.saw(f"cut after event {last}; {CLOSED_FIRST} lots closed at {deal['price']}, {money(deal['realised'])}")
    with story.narration.step("reconnect and resume by sequence: nothing lost, nothing twice") as step:
        feed.open()
        resumed = feed.resume()
        expect("resumed after event", expected=last, found=resumed["sequence"])
        feed.await_event("trading.order.filled", order_id=deal["order_id"])
        told = [event for event in feed.events if event["data"].get("order_id") == deal["order_id"]]
        expect("times that the fill was told", expected=1, found=len(told))
        step.saw(f"events {last + 1} to {feed.sequence} came in order, the missed fill once")


def _close(story: Story, feed: Feed, position_id: str) -> None:
    with story.narration.step("close the rest of the position") as step:
        deal = story.client.deal(f"positions/{position_id}/close", {})
        story.lots_traded += BOUGHT - CLOSED_FIRST
        feed.await_event("trading.order.filled", order_id=deal["order_id"])
        expect("open positions", expected=[], found=_positions(story, "open"))
        closed = next(item for item in _positions(story, "closed") if item["id"] == position_id)
        step.saw(f"closed at {deal['price']}, result of it all {money(closed['realised'])}; no position is open")


def send_back(story: Story) -> None:
    """Send all cash back to the wallet."""
    with story.narration.step("send all cash back to the wallet") as step:
        account = _account(story)
        cash = _cash(account)
        expect("withdrawable", expected=account["cash"], found=account["withdrawable"])
        lines = story.client.items("statements", trading_account_id=story.trading_account_id)
        total = sum(Decimal(line["amount"]["amount"]) for line in lines)
        expect("the sum of the statement's lines", expected=cash, found=total)
        body = {"wallet_id": story.wallet_id, "amount": account["cash"]}
        story.client.deal(f"trading-accounts/{story.trading_account_id}/transfers", body)
        story.in_wallet += cash
        story.expect_wallet()
        expect("cash left", expected=Decimal(0), found=_cash(_account(story)))
        step.saw(
            f"{money(account['cash'])} sent, as {len(lines)} lines of the statement sum up to; wallet {story.counted}"
        )


def _account(story: Story) -> dict[str, Any]:
    found: dict[str, Any] = story.client.get(f"trading-accounts/{story.trading_account_id}")
    return found


def _cash(account: dict[str, Any]) -> Decimal:
    return Decimal(account["cash"]["amount"])


def _positions(story: Story, status: str) -> list[Any]:
    return story.client.items("positions", trading_account_id=story.trading_account_id, status=status)


def _words(value: object) -> str:
    if isinstance(value, dict) and "amount" in value:
        return money(value)
    return str(value)
