"""What the story expects, and what is said when something isn't so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

# Longer than anything takes when it works, also on a busy machine.
PATIENCE_SECONDS: Final = 20.0
FIRST_LOOK_SECONDS: Final = 0.05
LONGEST_BETWEEN_LOOKS_SECONDS: Final = 0.5
LONGEST_FOUND: Final = 1_500
HOW_TO_START: Final = "start everything by `make demo`"

Found = TypeVar("Found")


class NotSo(Exception):
    """Something isn't as it should be. `expected` and `found` are sentences or values fit for people."""

    def __init__(self, *, expected: object, found: object) -> None:
        self.expected = str(expected)
        self.found = str(found)[:LONGEST_FOUND]
        super().__init__(f"expected {self.expected}; found {self.found}")


class NotServed(Exception):
    """A service doesn't answer at all; the text says which and what helps."""


def expect(what: str, *, expected: object, found: object) -> None:
    """Go on only if both are equal. Raises NotSo."""
    if found != expected:
        raise NotSo(expected=f"{what} {expected}", found=found)


def await_that(
    what: str,
    look: Callable[[], Found],
    satisfied: Callable[[Found], Any] = bool,
    *,
    seconds: float = PATIENCE_SECONDS,
) -> Found:
    """Look again, ever more seldom, until what is seen satisfies; gives it. Raises NotSo with what was seen last."""
    deadline, wait = time.monotonic() + seconds, FIRST_LOOK_SECONDS
    while True:
        found = look()
        if satisfied(found):
            return found
        if time.monotonic() > deadline:
            raise NotSo(expected=f"{what} within {seconds:.0f} s", found=found)
        time.sleep(wait)
        # What takes long isn't made slower by being asked all the time.
        wait = min(wait * 1.4, LONGEST_BETWEEN_LOOKS_SECONDS)
