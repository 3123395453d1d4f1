"""Django's settings for Valkey: one address for cache, channels and broker, the same wherever the product runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

import certifi


def valkey_url(*, host: str, port: int, password: str, certificate_authority: str | None = None) -> str:
    """The address, with TLS: the server's certificate and name are verified, by every client that takes it.

    `certificate_authority` is a PEM file; None stands for the public authorities. It's said in the address, since
    kombu verifies nothing when an address of `rediss` says nothing of it.
    """
    verified = {"ssl_cert_reqs": "required", "ssl_ca_certs": certificate_authority or certifi.where()}
    return f"rediss://:{quote(password, safe='')}@{host}:{port}/0?{urlencode(verified)}"


def caches(url: str) -> dict[str, dict[str, Any]]:
    """Django's CACHES. A cache that doesn't answer is soon given up: nothing depends on it."""
    return {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": url,
            "KEY_FUNCTION": "fintech.cells.cache.cell_key",
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 1},
        }
    }


def channel_layers(url: str, cells: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Channels' CHANNEL_LAYERS: a layer for each cell, under its name."""
    return {
        name: {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [url], "prefix": f"{name}:channels"},
        }
        for name in cells
    }
