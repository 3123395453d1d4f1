"""The product as `manage.py demo` starts it, with the journey played, on a root and ports of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.demo_process import DemoProcess

CELLS = ("eu", "au")
BASE_PORT = 17600
ALREADY_RUNNING = "FINTECH_PAGES_BASE_PORT"


@dataclass(frozen=True)
class Product:
    """A product that is up."""

    base_port: int

    def address(self, cell: str, path: str = "/admin/") -> str:
        """Where a page of the back office is."""
        return f"http://{cell}.localhost:{self.base_port}{path}"

    def api_address(self, cell: str, path: str) -> str:
        """Where something of the API is."""
        return f"http://{cell}.localhost:{self.base_port + 1}{path}"


@contextmanager
def product() -> Iterator[Product]:
    """Start it, wait until the journey has ended well, and remove it at the end.

    With FINTECH_PAGES_BASE_PORT, the one that runs at that port is taken as it is, for looking at changes quickly.
    """
    running = os.environ.get(ALREADY_RUNNING)
    if running:
        yield Product(int(running))
        return
    demo = DemoProcess("pages-demo", base_port=BASE_PORT, cells=CELLS)
    try:
        told = demo.start()
        assert "The journey ended well" in told, f"the journey failed:\n{told[-3000:]}"
        yield Product(BASE_PORT)
    finally:
        demo.stop()
