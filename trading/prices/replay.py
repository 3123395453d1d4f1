"""Prices from a recording: one quote in JSON a line (see :func:`trading.prices.port.encode`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from trading.prices.port import InvalidQuote, SourcedQuote, decode, encode


class Replay:
    """Yields the recorded quotes, each with the source that it was recorded from.

    With ``starting_at`` all times are shifted so that the first quote stands there and the distances stay,
    which is what a market that runs now needs; without it they're as recorded, which is what evidence needs.
    """

    name = "replay"

    def __init__(self, recording: Path, *, starting_at: datetime | None = None) -> None:
        self._recording = recording
        self._starting_at = starting_at

    def __iter__(self) -> Iterator[SourcedQuote]:
        """The quotes from the first line on.

        Raises :class:`InvalidQuote`, naming the line, at one that is no quote or goes back in time.
        """
        first_at: datetime | None = None
        last_at: datetime | None = None
        with self._recording.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                quote = self._read(number, line)
                if last_at is not None and quote.at < last_at:
                    raise InvalidQuote(f"{self._recording}:{number}: goes back in time")
                first_at, last_at = first_at or quote.at, quote.at
                yield self._shifted(quote, first_at)

    def _read(self, number: int, line: str) -> SourcedQuote:
        try:
            return decode(line)
        except InvalidQuote as error:
            raise InvalidQuote(f"{self._recording}:{number}: {error}") from None

    def _shifted(self, quote: SourcedQuote, first_at: datetime) -> SourcedQuote:
        if self._starting_at is None:
            return quote
        return replace(quote, at=self._starting_at + (quote.at - first_at))


def write_recording(recording: Path, quotes: Iterable[SourcedQuote]) -> int:
    """Write quotes to a new file that :class:`Replay` reads; returns how many.

    Raises ``FileExistsError``: a recording is never overwritten.
    """
    written = 0
    with recording.open("xb") as file:
        for quote in quotes:
            file.write(encode(quote) + b"\n")
            written += 1
    return written
