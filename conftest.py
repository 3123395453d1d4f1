"""Fixtures for every test: real cells on real clusters, and a relay that runs until nothing is left to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from fintech.cells import Actor, CellContext, cell

SLOT = "FINTECH_TEST_SLOT"

if TYPE_CHECKING:
    from tests.clusters import TestClusters
    from tests.relays import StepwiseRelay


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that has only spread the tests leaves no folder behind."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None) or os.environ.get(SLOT):
        return
    shutil.rmtree(os.environ["FINTECH_LOCAL_ROOT"], ignore_errors=True)


@pytest.fixture(scope="session")
def clusters(django_db_blocker: object) -> Iterator[TestClusters]:
    """The engines of this run, with migrated templates."""
    from tests.clusters import TestClusters

    clusters = TestClusters()
    clusters.up()
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield clusters
    clusters.down()


@pytest.fixture(scope="session")
def shared_databases(clusters: TestClusters) -> Iterator[None]:
    """Databases that the tests of a run share: a test makes clients of its own and counts no whole tables."""
    with clusters.databases():
        yield


@pytest.fixture
def eu(shared_databases: None) -> Iterator[CellContext]:
    """The cell `eu`, bound."""
    with cell("eu", actor=Actor.system("test")) as context:
        yield context


@pytest.fixture
def au(shared_databases: None) -> Iterator[CellContext]:
    """The cell `au`, bound."""
    with cell("au", actor=Actor.system("test")) as context:
        yield context


@pytest.fixture
def both_cells(shared_databases: None) -> None:
    """Both cells' databases, with none bound."""


@pytest.fixture
def fresh_eu(clusters: TestClusters) -> Iterator[CellContext]:
    """The cell `eu`, bound, on databases that no other test sees."""
    with clusters.databases(("eu",)), cell("eu", actor=Actor.system("test")) as context:
        yield context


@pytest.fixture
def fresh_au(clusters: TestClusters) -> Iterator[CellContext]:
    """The cell `au`, bound, on databases that no other test sees."""
    with clusters.databases(("au",)), cell("au", actor=Actor.system("test")) as context:
        yield context


@pytest.fixture
def relay_eu() -> Iterator[StepwiseRelay]:
    """A relay for `eu` that a test steps by hand, in the test's own thread; ask for `eu` or `fresh_eu` first."""
    from tests.relays import StepwiseRelay

    relay = StepwiseRelay("eu")
    yield relay
    relay.close()
