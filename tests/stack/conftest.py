"""Stacks of their own for these tests: small, on free ports, in temporary folders, watched by a reaper."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fintech.stack import engine_home, ports
from fintech.stack.engine_user import EngineUser
from fintech.stack.engines import Stack
from fintech.stack.errors import PortTaken
from fintech.stack.layout import LocalLayout
from fintech.stack.reaping import Reaper

# Only root hands the engines over to another user; for everybody else there is nothing to test there.
collect_ignore = [] if os.geteuid() == 0 else ["test_engine_home_of_root.py"]
CELL_NAMES = ("au", "eu")
# Below the ports that systems hand out by themselves, and away from those of the demo.
BASE_PORTS = range(12000, 18000, 150)


def free_layout(root: Path) -> LocalLayout:
    """A layout on ports that nobody uses."""
    first = os.getpid() % len(BASE_PORTS)
    for base_port in (*BASE_PORTS[first:], *BASE_PORTS[:first]):
        layout = LocalLayout(root=root, base_port=base_port, cell_names=CELL_NAMES)
        try:
            for port in (layout.port("web"), layout.port("valkey"), *(layout.primary_port(c) for c in CELL_NAMES)):
                ports.require_free(port, what="a test")
        except PortTaken:
            continue
        return layout
    raise RuntimeError("no free ports")


def watched(layout: LocalLayout) -> Reaper:
    """Stops the engines of a layout even if the test run is killed."""
    engine_home.prepare_root(layout, EngineUser.choose())
    return Reaper(lock=layout.stack_lock, report=lambda _: None)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A primary, its replica and Valkey, running. A test that stops something starts it again."""
    stack = Stack(free_layout(tmp_path_factory.mktemp("stack") / "a stack's root"), cells=("eu",), durable=False)
    with watched(stack.layout) as reaper:
        stack.up(starting=reaper.watch_engine)
        yield stack
    stack.reset()
