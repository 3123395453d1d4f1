"""Throttles: so many requests in so much time, counted in the cell's cache.

Without the cache nobody is turned away (and a metric counts it): a throttle protects the service, and
must not be what takes it down. What guards accounts against guessing (allauth's sign-in limits, tickets)
isn't built on this.

Limits are settings: FINTECH_THROTTLES = {"api": "600/60", "orders": "120/10", …}, requests/seconds. A view
names its scope by `throttle_scope`; without one, "api" counts.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from django.conf import settings
from django_redis import get_redis_connection
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from fintech.cells.context import NoCellBound, current_cell
from fintech.observability.metrics import counter

DEFAULTS: Final = MappingProxyType({"api": "600/60", "anonymous": "60/60"})

# After the cache has failed, it isn't asked for this long: each question would cost a time-out.
PAUSE_SECONDS: Final = 1.0

_COUNT_AND_LOOK_BACK: Final = """
redis.call('SET', KEYS[1], 0, 'EX', ARGV[1], 'NX')
return {redis.call('INCR', KEYS[1]), redis.call('GET', KEYS[2])}
"""

logger = logging.getLogger(__name__)

_failed_open = counter(
    "fintech_throttle_failed_open_total",
    "Requests let through because the cache didn't answer.",
    ("cell", "scope"),
)
_turned_away = counter("fintech_throttled_total", "Requests turned away by a throttle.", ("cell", "scope"))


@dataclass(frozen=True)
class Limit:
    """So many requests in so many seconds."""

    requests: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Limit:
        """From `requests/seconds`; ValueError says what is wrong."""
        requests, slash, seconds = text.partition("/")
        if not (slash and requests.isdecimal() and seconds.isdecimal() and int(requests) > 0 and int(seconds) > 0):
            raise ValueError(f"a limit is written requests/seconds, such as 600/60, not {text!r}")
        return cls(int(requests), int(seconds))


class ActorThrottle(BaseThrottle):
    """Counts by user once signed in, else by network address (of which only a hash is kept)."""

    # While true, until this moment (monotonic) the cache isn't asked; shared by the process.
    _paused_until = 0.0

    def __init__(self) -> None:
        self._wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the request is within its limit."""
        authenticated = bool(request.user and request.user.is_authenticated)
        scope = getattr(view, "throttle_scope", None) or ("api" if authenticated else "anonymous")
        who = f"user:{request.user.pk}" if authenticated else f"address:{self.get_ident(request)}"
        limit = limit_of(scope)
        cell = current_cell().name
        used = self._used(scope, who, limit, cell)
        if used <= limit.requests:
            return True
        _turned_away.labels(cell=cell, scope=scope).inc()
        self._wait = limit.seconds * (1 - limit.requests / used)
        return False

    def wait(self) -> float | None:
        """After how many seconds a refused caller may try again."""
        return self._wait

    def _used(self, scope: str, who: str, limit: Limit, cell: str) -> float:
        """How many requests count at this moment; none while the cache doesn't answer."""
        if time.monotonic() < ActorThrottle._paused_until:
            _failed_open.labels(cell=cell, scope=scope).inc()
            return 0
        try:
            return _count(scope, who, limit)
        except NoCellBound:
            raise
        except Exception:
            ActorThrottle._paused_until = time.monotonic() + PAUSE_SECONDS
            _failed_open.labels(cell=cell, scope=scope).inc()
            logger.exception("the throttle's cache doesn't answer")
            return 0


def limit_of(scope: str) -> Limit:
    """The limit of a scope; LookupError when there is none of this name."""
    limits = {**DEFAULTS, **getattr(settings, "FINTECH_THROTTLES", {})}
    if scope not in limits:
        raise LookupError(f"no throttle is named {scope!r}: set it in FINTECH_THROTTLES")
    return Limit.parse(limits[scope])


def _count(scope: str, who: str, limit: Limit) -> float:
    """Count this request, and give how many fall into the window that ends now.

    Two counters, of this window and the one before; the earlier one counts by the part of it that the
    sliding window still covers. The cache does it in one step, so parallel requests are all counted.
    """
    window, elapsed = divmod(time.time(), limit.seconds)
    # An address is personal data: what stands in the cache says nothing about it without guessing.
    name = hashlib.sha256(f"{scope}:{who}".encode()).hexdigest()[:32]
    keys = [f"{current_cell().name}:throttle:{name}:{int(window) - earlier}" for earlier in (0, 1)]
    used, earlier = get_redis_connection().eval(_COUNT_AND_LOOK_BACK, len(keys), *keys, 2 * limit.seconds)
    return float(used + int(earlier or 0) * (1 - elapsed / limit.seconds))
