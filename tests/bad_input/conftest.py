"""Both cells with their people, made once; everything here is tried against the real application and databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.bad_input.cast import Cast
from tests.bad_input.rows import RowWatch
from tests.bad_input.servers import Server, running
from tests.clusters import TestClusters

_tried: Counter[str] = Counter()


@pytest.fixture(scope="session")
def casts(shared_databases: None) -> Iterator[Mapping[str, Cast]]:
    """The people of each cell."""
    made = {name: Cast(name) for name in ("eu", "au")}
    yield made
    for cast in made.values():
        cast.relay.close()


@pytest.fixture(scope="session")
def watches(clusters: TestClusters, shared_databases: None) -> Iterator[Mapping[str, RowWatch]]:
    """What stands in each cell's databases."""
    opened = {name: RowWatch(clusters, name) for name in ("eu", "au")}
    yield opened
    for watch in opened.values():
        watch.close()


@pytest.fixture(params=("eu", "au"))
def cast(request: pytest.FixtureRequest, casts: Mapping[str, Cast]) -> Cast:
    """Each cell's people in turn."""
    return casts[request.param]


@pytest.fixture
def watch(cast: Cast, watches: Mapping[str, RowWatch]) -> RowWatch:
    """The databases of the cell that is tried."""
    return watches[cast.cell_name]


@pytest.fixture(scope="session")
def tried() -> Counter[str]:
    """How many requests each part has tried; told at the end of the run, for all its processes together."""
    return _tried


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand this process's counts to the one that spreads the tests."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tried"] = dict(_tried)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take in a process's counts, unless it has died."""
    _tried.update(getattr(node, "workeroutput", {}).get("tried", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was tried."""
    for part, number in sorted(_tried.items()):
        terminalreporter.write_line(f"tried, {part}: {number}")


@pytest.fixture(scope="session")
def api_server(casts: Mapping[str, Cast], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service `api`, less patient with slow bodies than outside of tests (settings.FINTECH_BODY_SECONDS)."""
    with running("api", tmp_path_factory.mktemp("api") / "log") as server:
        yield server
