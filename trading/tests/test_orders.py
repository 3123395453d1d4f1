"""Market orders: what they book, hold and refuse, to the minor unit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from prometheus_client import REGISTRY

from fintech.cells.identifiers import uuid7
from fintech.factlog.reading import read_subject
from fintech.journal import KeyReused
from trading.models import Fill, Order, Position, SourceClock
from trading.selectors.margins import overview
from trading.selectors.market import read_market, valkey
from trading.tests.dealing_room import DealingRoom, refusal_of


def test_a_buy_opens_at_ask_and_holds_the_initial_margin_of_its_fill(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")

    placed = trader.buy("1.00")

    assert (placed.outcome, str(placed.price), str(placed.required)) == ("opened", "1.10000", "3666.67 USD")
    seen = overview(trader.account, read_market())
    assert (str(seen.cash), str(seen.equity), str(seen.free)) == ("5000.00 USD", "4990.00 USD", "1323.33 USD")
    assert str(seen.level) == "136.09"


def test_margin_left_after_closing_in_parts_is_that_of_the_original_rounded_up(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("1.00")
    position = trader.position()

    left = [str(trader.close(position, volume).required) for volume in ("0.33", "0.33", "0.33", "0.01")]

    assert left == ["2456.67 USD", "1246.67 USD", "36.67 USD", "0.00 USD"]
    position.refresh_from_db()
    assert (position.volume, position.margin_minor) == (0, 0)
    assert position.closed_at is not None


def test_the_businesss_numbers_count_what_was_filled_and_not_what_was_refused(room: DealingRoom) -> None:
    def lots() -> float:
        return REGISTRY.get_sample_value("fintech_filled_lots_total", {"cell": "eu", "instrument": "EURUSD"}) or 0.0

    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    before = lots()
    trader.buy("0.50")
    assert refusal_of(trader.buy, "40.00").code == "margin-insufficient"
    assert lots() == before + 0.5


def test_a_loss_is_booked_to_the_cent(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.08420", "1.08432")
    trader.buy("0.37")
    room.quote("EURUSD", "1.08391", "1.08400")

    closed = trader.sell("0.37")

    assert (closed.outcome, str(closed.realised), trader.cash) == ("closed", "-15.17 USD", 500_000 - 1_517)


def test_a_result_in_another_currency_is_converted_at_the_clients_rate(room: DealingRoom) -> None:
    trader = room.trader("9000.00")
    room.quote("USDJPY", "151.234", "151.244")
    trader.sell("1.25", "USDJPY")
    room.quote("USDJPY", "150.859", "150.871")

    closed = trader.buy("1.25", "USDJPY")

    assert str(closed.realised) == "300.75 USD"
    fill = Fill.objects.get(id=closed.fill_id)
    assert [kept["symbol"] for kept in fill.conversions] == ["USDJPY"]


def test_an_order_on_the_same_side_adds_and_averages_the_price(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("0.10")
    room.quote("EURUSD", "1.10300", "1.10300")

    added = trader.buy("0.20")

    position = trader.position()
    assert (added.outcome, f"{position.volume.normalize():f}") == ("added", "0.3")
    assert f"{position.open_price.normalize():f}" == "1.102"
    assert position.margin_minor == 36_667 + 73_534


def test_a_larger_order_on_the_other_side_turns_the_position(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("0.30")
    long = trader.position()
    room.quote("EURUSD", "1.10100", "1.10100")

    turned = trader.sell("0.50")

    short = trader.position()
    long.refresh_from_db()
    assert (turned.outcome, str(turned.realised)) == ("reversed", "30.00 USD")
    assert long.closed_at is not None
    assert short.id == turned.position_id != long.id
    assert (short.side, f"{short.volume.normalize():f}", short.margin_minor) == ("sell", "0.2", 73_400)


def test_the_accounts_own_lower_leverage_asks_for_more_margin_than_the_cap(room: DealingRoom) -> None:
    trader = room.trader("5000.00", leverage=10)
    room.quote("EURUSD", "1.10000", "1.10000")

    assert str(trader.buy("0.10").required) == "1100.00 USD"


def test_an_order_above_margin_is_refused_with_rule_inputs_and_threshold(room: DealingRoom) -> None:
    trader = room.trader("3676.66")
    room.quote("EURUSD", "1.09990", "1.10000")

    refusal = refusal_of(trader.buy, "1.00")

    assert refusal.code == "margin-insufficient"
    assert refusal.params["rule"] == "eu/leverage_caps/2018-08-01"
    assert refusal.params["margin_share"] == "1/30"
    assert refusal.params["equity_after"] == {"amount": "3666.66", "currency": "USD"}
    assert refusal.params["threshold"] == {"amount": "3666.67", "currency": "USD"}
    assert refusal.params["shortfall"] == {"amount": "0.01", "currency": "USD"}
    assert not Order.objects.filter(trading_account=trader.account).exists()
    assert trader.cash == 367_666


def test_one_cent_more_and_the_spread_is_covered(room: DealingRoom) -> None:
    trader = room.trader("3676.67")
    room.quote("EURUSD", "1.09990", "1.10000")

    assert trader.buy("1.00").outcome == "opened"


def test_a_refused_order_is_refused_in_the_same_words_on_a_retry_though_cash_came(room: DealingRoom) -> None:
    trader = room.trader("100.00")
    room.quote("EURUSD", "1.09990", "1.10000")
    first = refusal_of(trader.buy, "1.00", key=f"order-of-{trader.client_id}")
    room.quote("EURUSD", "0.01000", "0.01001")

    again = refusal_of(trader.buy, "1.00", key=f"order-of-{trader.client_id}")

    assert again.to_json() == first.to_json()


def test_a_retry_at_another_price_gives_the_first_fill(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")
    first = trader.buy("0.10", key=f"order-of-{trader.client_id}")
    room.quote("EURUSD", "1.20000", "1.20010")

    assert trader.buy("0.10", key=f"order-of-{trader.client_id}") == first
    assert Order.objects.filter(trading_account=trader.account).count() == 1
    with pytest.raises(KeyReused):
        trader.buy("0.20", key=f"order-of-{trader.client_id}")


def test_nothing_is_dealt_at_a_quote_older_than_five_seconds(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")
    trader.buy("0.10")
    room.quote("EURUSD", "1.09990", "1.10000", age=timedelta(seconds=6))

    for order in (trader.buy, trader.sell):
        refusal = refusal_of(order, "0.10")
        assert (refusal.code, refusal.params["threshold_ms"]) == ("stale-quote", 5000)
        assert int(str(refusal.params["age_ms"])) >= 6000


def test_an_instrument_without_a_quote_is_refused(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.no_quote("BTCUSD")

    assert refusal_of(trader.buy, "0.01", "BTCUSD").code == "no-quote"


def test_without_quotes_nothing_is_dealt_and_a_retry_hears_the_same(room: DealingRoom, no_valkey: None) -> None:
    trader = room.trader("5000.00")

    refusal = refusal_of(trader.buy, "0.10", key=f"order-of-{trader.client_id}")

    assert (refusal.code, refusal.status) == ("quotes-unavailable", 503)
    valkey.cache_clear()
    assert refusal_of(trader.buy, "0.10", key=f"order-of-{trader.client_id}").to_json() == refusal.to_json()


def test_opening_needs_a_fresh_quote_of_everything_open(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")
    room.quote("XAUUSD", "2350.00", "2350.25")
    trader.buy("0.01", "XAUUSD")
    room.quote("XAUUSD", "2350.00", "2350.25", age=timedelta(seconds=9))

    refusal = refusal_of(trader.buy, "0.10")

    assert (refusal.code, refusal.params["instrument"]) == ("stale-quote", "XAUUSD")


def test_while_the_standing_is_older_than_five_seconds_only_closing_is_allowed(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")
    trader.buy("0.20")
    SourceClock.objects.filter(source="crm").update(at=timezone.now() - timedelta(seconds=6))

    for order, volume in ((trader.buy, "0.10"), (trader.sell, "0.30")):
        refusal = refusal_of(order, volume)
        assert refusal.code == "standing-stale"
        assert refusal.params["rule"] == "only-closing-while-standing-is-old"
        assert refusal.params["threshold_ms"] == 5000
    assert trader.sell("0.10").outcome == "reduced"
    assert trader.close(trader.position()).outcome == "closed"


def test_a_suspended_client_closes_but_opens_nothing(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")
    trader.buy("0.20")
    room.change_standing(trader.client_id, status="suspended")

    refusal = refusal_of(trader.buy, "0.10")

    assert (refusal.code, refusal.params["rule"]) == ("may-not-trade", "status-active")
    assert trader.sell("0.20").outcome == "closed"


def test_a_client_of_whom_a_fact_was_set_aside_opens_nothing_until_it_is_known(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")
    # No column has room for this, so the follower can't take it.
    room.change_standing(trader.client_id, status="suspended", entity="x" * 100)

    assert refusal_of(trader.buy, "0.10").code == "standing-stale"
    assert room.trader("100.00").buy("0.01").outcome == "opened"


@pytest.mark.parametrize(
    ("volume", "rule"), [("0.001", "minimum-volume"), ("50.01", "maximum-volume"), ("0.015", "volume-step")]
)
def test_a_volume_out_of_the_instruments_limits_is_refused(room: DealingRoom, volume: str, rule: str) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")

    refusal = refusal_of(trader.buy, volume)

    assert (refusal.code, refusal.params["rule"]) == ("volume-not-allowed", rule)


def test_an_instrument_that_nobody_lists_is_refused(room: DealingRoom) -> None:
    refusal = refusal_of(room.trader("100.00").buy, "0.10", "NOSUCH")

    assert (refusal.code, refusal.params["instrument"]) == ("instrument-unknown", "NOSUCH")


def test_closing_more_than_is_open_turns_nothing(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")
    trader.buy("0.10")

    refusal = refusal_of(trader.close, trader.position(), "0.20")

    assert (refusal.code, refusal.params["rule"]) == ("volume-not-allowed", "open-volume")
    assert (trader.position().side, f"{trader.position().volume.normalize():f}") == ("buy", "0.1")


def test_a_fill_keeps_the_quote_it_was_made_at(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    quote = room.quote("EURUSD", "1.09990", "1.10000")

    fill = Fill.objects.get(id=trader.buy("0.10").fill_id)

    assert (fill.quote_bid, fill.quote_ask, fill.quote_at) == (quote.bid, quote.ask, quote.at)
    assert (fill.quote_source, fill.price, fill.rule) == ("test", quote.ask, "eu/leverage_caps/2018-08-01")


def test_a_fill_can_be_neither_changed_nor_removed(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.09990", "1.10000")
    fills = Fill.objects.filter(id=trader.buy("0.10").fill_id)

    with pytest.raises(DatabaseError, match="fills only grow"):
        fills.update(price=1)
    with pytest.raises(DatabaseError, match="fills only grow"):
        fills._raw_delete(fills.db)


def test_facts_of_an_account_are_numbered_without_gaps_in_the_order_of_what_happened(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("0.10")
    room.quote("EURUSD", "1.10100", "1.10100")
    trader.sell("0.30")

    facts = read_subject("trading", ("trading_account", str(trader.account.id)), after_seq=0, limit=100)

    assert [fact.seq for fact in facts] == list(range(1, len(facts) + 1))
    assert [(fact.kind.removeprefix("trading."), fact.data.get("change")) for fact in facts] == [
        ("account.opened", None),
        ("order.filled", None),
        ("position.changed", "opened"),
        ("order.filled", None),
        ("position.changed", "closed"),
        ("position.changed", "opened"),
        ("cash.changed", None),
    ]
    assert facts[-1].data["cash_minor"] == trader.cash == 501_000


def test_somebody_elses_position_is_unknown_and_a_closed_one_is_closed(room: DealingRoom) -> None:
    from fintech.cells import Actor, acting_as

    trader, other = room.trader("5000.00"), room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("0.10")
    position = trader.position()

    with acting_as(Actor.client(other.client_id)):
        assert refusal_of(trader.close, position).code == "position-unknown"
        assert refusal_of(trader.buy, "0.10").code == "trading-account-unknown"
    with acting_as(Actor.client(trader.client_id)):
        trader.close(position)
        assert refusal_of(trader.close, position).code == "position-closed"
        assert refusal_of(trader.close, Position(id=uuid7())).code == "position-unknown"
    assert Position.objects.filter(trading_account=trader.account, closed_at=None).count() == 0
