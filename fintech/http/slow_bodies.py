"""Bodies that trickle: a worker waits for one only so long, and only so many workers wait at once.

The server hands a request to one of a few worker threads as soon as its headers are there, and a worker that then
asks for the body waits until it has come. Without a limit, as many callers as there are workers would stop the
service by sending a byte now and then. So another thread reads, and the worker stops waiting for it: after
`seconds` (and the time that a body takes at SLOWEST_RATE) with `SlowBody`, and at once with `TooManySlowBodies`
while others wait already.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from io import UnsupportedOperation
from typing import Any, Final, Protocol

from django.conf import settings

from fintech.observability.metrics import counter

SECONDS: Final = 10.0
SLOWEST_RATE: Final = 64 * 1024
"""Bytes in a second that a long body makes at least."""
PROMPT_SECONDS: Final = 0.25
"""A body that is there within this time is no slow one."""
LONGEST_PIECE: Final = 1024 * 1024
LONGEST_REST: Final = 32 * 1024 * 1024
"""Bytes that are still read of a body that was answered before its end."""
MOST_WAITING: Final = 2
"""So many workers of a process wait for slow bodies at once; every shipped service has more workers."""

_gone = counter("fintech_slow_bodies_total", "Requests whose bodies weren't waited for (any longer).", ("why",))


class SlowBody(TimeoutError):
    """The body didn't come in time."""


class TooManySlowBodies(TimeoutError):
    """As many workers as may be are waiting for bodies already."""


class BodyEndedEarly(ConnectionError):
    """The caller went away, or said less than was announced."""


class Stream(Protocol):
    """What a server gives as `wsgi.input`."""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; waits until they or the body's end have come."""


Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class PatientBodies:
    """WSGI middleware, outside of the application."""

    def __init__(self, application: Application, *, seconds: float | None = None) -> None:
        self._application = application
        self._seconds = getattr(settings, "FINTECH_BODY_SECONDS", SECONDS) if seconds is None else seconds
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._readers = _Readers()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        stream, announced = environ.get("wsgi.input"), environ.get("CONTENT_LENGTH") or ""
        if stream is None or not announced.isdecimal():
            return self._application(environ, start_response)
        body = environ["wsgi.input"] = _PatientStream(stream, self._readers, self._places, self._seconds)
        return _Answer(self._application(environ, start_response), body, int(announced))


class _Answer:
    """An answer that has read what of the body isn't too long, when it ends: who still sends is told by it."""

    def __init__(self, parts: Iterable[bytes], body: _PatientStream, announced: int) -> None:
        self._parts, self._body, self._announced = parts, body, announced

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        """End it."""
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()
        self._body.let_go(self._announced)


class _PatientStream:
    """One request's body, read by another thread."""

    def __init__(self, stream: Stream, readers: _Readers, places: threading.BoundedSemaphore, seconds: float) -> None:
        self._stream, self._readers, self._places = stream, readers, places
        self._begun = time.monotonic()
        self._seconds = seconds
        self._received = 0
        self._given_up = False

    def read(self, size: int) -> bytes:
        """As the server's own; raises SlowBody, TooManySlowBodies or BodyEndedEarly.

        Django asks for what was announced at most.
        """
        reading = _Reading(self._stream, size)
        self._readers.begin(reading)
        if not reading.wait(PROMPT_SECONDS):
            self._wait_in_a_place(reading)
        body = reading.result()
        self._received += len(body)
        if len(body) < size:
            raise BodyEndedEarly("the body ended before its announced length")
        return body

    def readline(self, size: int = -1) -> bytes:
        """Nobody reads a body by lines."""
        raise UnsupportedOperation("bodies aren't read by lines")

    def let_go(self, announced: int) -> None:
        """Have the rest read and thrown away by nobody's worker; a longer rest is the server's to cut off."""
        rest = announced - self._received
        if not self._given_up and 0 < rest <= LONGEST_REST:
            self._readers.begin(_Reading(self._stream, rest, kept=False))

    def _wait_in_a_place(self, reading: _Reading) -> None:
        if not self._places.acquire(blocking=False):
            self._give_up(reading, TooManySlowBodies("others wait for slow bodies already"))
        try:
            while not reading.wait(0.2):
                allowed = self._seconds + (self._received + reading.received) / SLOWEST_RATE
                if time.monotonic() - self._begun > allowed:
                    self._give_up(reading, SlowBody(f"the body didn't come within {allowed:.0f} s"))
        finally:
            self._places.release()

    def _give_up(self, reading: _Reading, why: TimeoutError) -> None:
        self._given_up = reading.abandoned = True
        _gone.labels(why=type(why).__name__).inc()
        raise why


class _Reading:
    """One call of `read`, in pieces that double: whoever has been given up is left after as much again at most."""

    def __init__(self, stream: Stream, size: int, *, kept: bool = True) -> None:
        self._stream, self._size, self._kept = stream, size, kept
        self._pieces: list[bytes] = []
        self._error: BaseException | None = None
        self._done = threading.Event()
        self.received = 0
        self.abandoned = False

    def wait(self, seconds: float) -> bool:
        """Whether it's done within this time."""
        return self._done.wait(seconds)

    def result(self) -> bytes:
        """What was read; raises what reading raised."""
        if self._error is not None:
            raise self._error
        return b"".join(self._pieces)

    def run(self) -> None:
        """Read."""
        try:
            while self.received < self._size and not self.abandoned:
                piece = self._stream.read(min(max(self.received, 1), LONGEST_PIECE, self._size - self.received))
                if not piece:
                    break
                if self._kept:
                    self._pieces.append(bytes(piece))
                self.received += len(piece)
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()


class _Readers:
    """Threads that read, as many as bodies are read at once; kept for the next. None of them keeps a process alive."""

    def __init__(self) -> None:
        self._idle: queue.LifoQueue[queue.SimpleQueue[_Reading]] = queue.LifoQueue()

    def begin(self, reading: _Reading) -> None:
        """Have it read by a thread that has nothing else to do."""
        try:
            inbox = self._idle.get_nowait()
        except queue.Empty:
            inbox = queue.SimpleQueue()
            threading.Thread(target=self._work, args=(inbox,), name="body-reader", daemon=True).start()
        inbox.put(reading)

    def _work(self, inbox: queue.SimpleQueue[_Reading]) -> None:
        while True:
            inbox.get().run()
            self._idle.put(inbox)
