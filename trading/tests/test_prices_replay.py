"""What was recorded comes back to the digit and the millisecond, or the line that is wrong is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trading.prices.port import InvalidQuote, SourcedQuote, decode, encode
from trading.prices.replay import Replay, write_recording
from trading.prices.simulated_instruments import SIMULATED_INSTRUMENTS
from trading.prices.simulator import Simulator

START = datetime(2026, 3, 31, 10, 15, 0, 250_000, tzinfo=UTC)
LINE = '{"symbol":"EURUSD","bid":"1.10000","ask":"1.10008","at":%d,"source":"venue"}'


def some_quotes(count: int) -> list[SourcedQuote]:
    times = iter(START + number * timedelta(milliseconds=40) for number in range(count))
    return list(islice(Simulator(SIMULATED_INSTRUMENTS, seed=3, clock=lambda: next(times)), count))


def test_a_recording_gives_back_what_was_written(tmp_path: Path) -> None:
    recorded = some_quotes(300)
    assert write_recording(tmp_path / "quotes.jsonl", recorded) == 300
    assert list(Replay(tmp_path / "quotes.jsonl")) == recorded


def test_a_recording_can_start_now_with_its_distances_kept(tmp_path: Path) -> None:
    recorded = some_quotes(20)
    write_recording(tmp_path / "quotes.jsonl", recorded)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    shifted = list(Replay(tmp_path / "quotes.jsonl", starting_at=now))
    assert [quote.at - now for quote in shifted] == [quote.at - START for quote in recorded]
    assert [quote.bid for quote in shifted] == [quote.bid for quote in recorded]


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    write_recording(tmp_path / "quotes.jsonl", some_quotes(2))
    with pytest.raises(FileExistsError):
        write_recording(tmp_path / "quotes.jsonl", some_quotes(1))
    assert len(list(Replay(tmp_path / "quotes.jsonl"))) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        "not JSON",
        "[]",
        LINE.replace("%d", '"1"'),
        LINE.replace("%d", "true"),
        LINE.replace("%d", "1.5"),
        LINE.replace("%d", "-1"),
        LINE.replace("%d", "9" * 15),
        LINE.replace("1.10000", "NaN") % 1,
        LINE.replace("1.10000", "1e5") % 1,
        LINE.replace("1.10000", "-1") % 1,
        LINE.replace("1.10000", "0") % 1,
        LINE.replace("1.10000", "1.2") % 1,
        LINE.replace('"1.10000"', "1.1") % 1,
        LINE.replace('"symbol":"EURUSD",', "") % 1,
        LINE.replace(',"source":"venue"', "") % 1,
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, wrong: str) -> None:
    recording = tmp_path / "quotes.jsonl"
    recording.write_text(f"{LINE % 1}\n\n{wrong}\n")
    replay = iter(Replay(recording))
    next(replay)
    with pytest.raises(InvalidQuote, match=r"quotes\.jsonl:3: "):
        next(replay)


def test_a_recording_that_goes_back_in_time_is_refused(tmp_path: Path) -> None:
    recording = tmp_path / "quotes.jsonl"
    recording.write_text(f"{LINE % 2}\n{LINE % 1}\n")
    with pytest.raises(InvalidQuote, match=r"quotes\.jsonl:2: goes back in time"):
        list(Replay(recording))


# A price has twelve digits before its point, the widest spread included.
LARGEST = 10**12 - 10**6 - 1


@given(
    points=st.integers(1, 10**15),
    spread=st.integers(0, 10**6),
    digits=st.integers(0, 10),
    milliseconds=st.integers(0, 4_102_444_800_000),
    source=st.text(max_size=20),
)
@example(points=LARGEST - 1, spread=10**6, digits=0, milliseconds=0, source="")
def test_the_wire_form_keeps_every_digit(points: int, spread: int, digits: int, milliseconds: int, source: str) -> None:
    quote = SourcedQuote(
        symbol="EURUSD",
        bid=Decimal(points).scaleb(-digits) % LARGEST + Decimal(1).scaleb(-digits),
        ask=Decimal(points).scaleb(-digits) % LARGEST + Decimal(1 + spread).scaleb(-digits),
        at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds),
        source=source,
    )
    again = decode(encode(quote))
    assert again == quote
    assert again.bid.as_tuple() == quote.bid.as_tuple()  # 1.10 isn't 1.1: the digits are the instrument's
