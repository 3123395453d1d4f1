"""Tells the story: for people grouped by jurisdiction, for programs one JSON object a step."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.text import Text

from fintech.journey.expectations import NotServed, NotSo


class Abandoned(Exception):
    """The story ends here, because that of another jurisdiction has failed."""


@dataclass(frozen=True, kw_only=True)
class StepTold:
    """A step as it went: `saw` is what the user saw, or why it isn't so."""

    jurisdiction: str
    number: int
    chapter: str
    step: str
    ok: bool
    ms: int
    saw: str


class Teller(Protocol):
    """Shows steps as they end; called from several threads."""

    def tell(self, told: StepTold) -> None:
        """Show a step."""

    def finish(self, jurisdiction: str) -> None:
        """Nothing more comes from this jurisdiction."""


class JsonTeller:
    """One JSON object a line, in the order in which steps end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def tell(self, told: StepTold) -> None:
        """Write a line."""
        line = json.dumps(
            {
                "jurisdiction": told.jurisdiction,
                "step": told.step,
                "ok": told.ok,
                "ms": told.ms,
                "saw": told.saw,
            },
            ensure_ascii=False,
        )
        with self._lock:
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def finish(self, jurisdiction: str) -> None:
        """Nothing: each line stands by itself."""


class ConsoleTeller:
    """Grouped by jurisdiction: the first one's steps as they happen, the others' when those before have ended."""

    def __init__(self, console: Console, titles: Sequence[tuple[str, str]]) -> None:
        self._console = console
        self._titles = dict(titles)
        self._queue = [jurisdiction for jurisdiction, _ in titles]
        self._kept: dict[str, list[StepTold]] = {jurisdiction: [] for jurisdiction in self._queue}
        self._finished: set[str] = set()
        self._chapter: str | None = None
        self._lock = threading.Lock()
        self._begin()

    def tell(self, told: StepTold) -> None:
        """Show the step, or keep it until it's its jurisdiction's turn."""
        with self._lock:
            if self._queue and self._queue[0] == told.jurisdiction:
                self._show(told)
            else:
                self._kept[told.jurisdiction].append(told)

    def finish(self, jurisdiction: str) -> None:
        """Let the next one have its turn, once all before it have ended."""
        with self._lock:
            self._finished.add(jurisdiction)
            while self._queue and self._queue[0] in self._finished:
                self._queue.pop(0)
                self._begin()

    def _begin(self) -> None:
        if not self._queue:
            return
        jurisdiction = self._queue[0]
        self._chapter = None
        self._console.print()
        self._console.rule(Text(self._titles[jurisdiction], style="bold"), align="left")
        for told in self._kept.pop(jurisdiction):
            self._show(told)

    def _show(self, told: StepTold) -> None:
        if told.chapter != self._chapter:
            self._chapter = told.chapter
            self._console.print(Text(f"\n  {told.chapter}", style="bold cyan"))
        mark, style = ("✓", "green") if told.ok else ("✗", "bold red")
        line = Text.assemble(
            (f"  {mark} ", style), (f"{told.number:2} ", "dim"), told.step, (f"  {told.ms:,} ms", "dim")
        )
        self._console.print(line)
        self._console.print(Text(f"       {told.saw}", style="" if told.ok else "red"))


@dataclass
class Step:
    """A step under way. Whoever plays it says what the user saw."""

    saw_words: list[str] = field(default_factory=list)

    def saw(self, text: str) -> None:
        """Add to what the user saw."""
        self.saw_words.append(text)


class Narration:
    """The steps of one jurisdiction, numbered."""

    def __init__(self, jurisdiction: str, teller: Teller, abandoned: threading.Event) -> None:
        self._jurisdiction = jurisdiction
        self._teller = teller
        self._abandoned = abandoned
        self._number = 0
        self._chapter = ""
        self.told: list[StepTold] = []

    def chapter(self, title: str) -> None:
        """Further steps belong to this chapter."""
        self._chapter = title

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Play a step in the block. What it raises is told, and goes on up."""
        if self._abandoned.is_set():
            raise Abandoned
        step, begun = Step(), time.monotonic()
        try:
            yield step
        except BaseException as error:
            self._abandoned.set()
            self._tell(name, begun, ok=False, saw=_reason(error))
            raise
        self._tell(name, begun, ok=True, saw="; ".join(step.saw_words))

    def finish(self) -> None:
        """Nothing more comes."""
        self._teller.finish(self._jurisdiction)

    def _tell(self, name: str, begun: float, *, ok: bool, saw: str) -> None:
        self._number += 1
        told = StepTold(
            jurisdiction=self._jurisdiction,
            number=self._number,
            chapter=self._chapter,
            step=name,
            ok=ok,
            ms=round((time.monotonic() - begun) * 1000),
            saw=saw,
        )
        self.told.append(told)
        self._teller.tell(told)


def _reason(error: BaseException) -> str:
    if isinstance(error, NotSo | NotServed):
        return str(error)
    return f"{type(error).__name__}: {error}"


def money(given: dict[str, Any]) -> str:
    """`12.34 EUR`, from money as the API writes it."""
    return f"{given['amount']} {given['currency']}"
