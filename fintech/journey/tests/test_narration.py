"""What people and programs read of a journey."""

from __future__ import annotations

import json
import threading
from io import StringIO

import pytest
from rich.console import Console

from fintech.journey.expectations import NotSo, await_that, expect
from fintech.journey.narration import Abandoned, ConsoleTeller, JsonTeller, Narration


def told_on_console() -> tuple[ConsoleTeller, StringIO]:
    stream = StringIO()
    console = Console(file=stream, width=200, soft_wrap=True)
    return ConsoleTeller(console, [("eu", "Europe"), ("au", "Australia")]), stream


def test_stories_played_side_by_side_are_read_one_after_the_other() -> None:
    teller, stream = told_on_console()
    abandoned = threading.Event()
    eu, au = Narration("eu", teller, abandoned), Narration("au", teller, abandoned)
    with au.step("first in au"):
        pass
    with eu.step("first in eu"):
        pass
    au.finish()
    with eu.step("second in eu"):
        pass
    eu.finish()
    text = stream.getvalue()
    order = [text.index(words) for words in ("Europe", "first in eu", "second in eu", "Australia", "first in au")]
    assert order == sorted(order)


def test_a_step_that_is_not_so_is_told_with_what_was_expected_and_found() -> None:
    stream = StringIO()
    narration = Narration("eu", JsonTeller(stream), threading.Event())
    with pytest.raises(NotSo), narration.step("look at the balance"):
        expect("the balance", expected="1.00 EUR", found="2.00 EUR")
    told = json.loads(stream.getvalue())
    assert told.pop("ms") >= 0
    assert told == {
        "jurisdiction": "eu",
        "step": "look at the balance",
        "ok": False,
        "saw": "expected the balance 1.00 EUR; found 2.00 EUR",
    }


def test_when_one_story_fails_the_others_end_at_their_next_step() -> None:
    teller, abandoned = JsonTeller(StringIO()), threading.Event()
    eu, au = Narration("eu", teller, abandoned), Narration("au", teller, abandoned)
    with pytest.raises(NotSo), eu.step("deposit"):
        raise NotSo(expected="200", found="500")
    with pytest.raises(Abandoned), au.step("deposit"):
        pytest.fail("this step must not be played")


def test_waiting_ends_with_what_was_seen_last() -> None:
    with pytest.raises(NotSo, match=r"expected a mail within 0 s; found no mail"):
        await_that("a mail", lambda: "no mail", lambda seen: seen == "a mail", seconds=0)
