"""Codes as an authenticator app shows them (RFC 6238: SHA-1, six digits, half a minute each).

`python -m fintech.journey.one_time_codes SEED` prints the code of this moment, for whoever has no telephone at hand.
"""

from __future__ import annotations

import base64
import hmac
import sys
import time
from typing import Final

STEP_SECONDS: Final = 30
DIGITS: Final = 6


def step_now() -> int:
    """The number of the present half minute."""
    return int(time.time()) // STEP_SECONDS


def code_of(seed: str, step: int) -> str:
    """The code of one half minute. `seed` is Base32, as apps take it; spaces in it don't count."""
    key = base64.b32decode(seed.replace(" ", "").upper())
    hashed = hmac.new(key, step.to_bytes(8, "big"), "sha1").digest()
    start = hashed[-1] & 15
    number = int.from_bytes(hashed[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


if __name__ == "__main__":
    print(code_of(sys.argv[1], step_now()))
