"""Who stands in front of the load balancer, and from where they call: nothing of the CDK is needed to know it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

ADDRESSES: Final = Path(__file__).parent / "cloudflare_addresses.toml"
# Where a version under test is asked.
TEST_PORT: Final = 8443


def cloudflare_ranges() -> list[str]:
    """The networks that Cloudflare's proxies call from."""
    return list(tomllib.loads(ADDRESSES.read_text(encoding="utf-8"))["ipv4"])
