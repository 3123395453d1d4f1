"""Logs to test on, filled as in life: facts recorded at their sources, followed by the relay.

`log` is a test's own, empty at first. `signed_log` has thirty entries under three checkpoints and is shared
by a module: a test may rewrite its audit database through `ruler`, which puts everything back, and its
anchors, which are a copy; it lets nothing be appended.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from fintech.cells import Actor, CellContext, cell
from tests.clouds.stores import amazon, blob_objects, blob_server, objects, s3_objects

if TYPE_CHECKING:
    from audit.tests.logs import Log, Superuser
    from tests.clusters import TestClusters
    from tests.relays import StepwiseRelay


__all__ = ["amazon", "blob_objects", "blob_server", "objects", "s3_objects"]


@pytest.fixture
def anchors(tmp_path: Path, settings: Any) -> Path:
    """The folder of anchors of this test."""
    settings.FINTECH_ANCHORS = (tmp_path / "anchors").as_uri()
    return tmp_path / "anchors" / "eu"


@pytest.fixture
def log(fresh_eu: CellContext, anchors: Path, relay_eu: StepwiseRelay) -> Log:
    """The empty audit log of `eu`."""
    from audit.tests.logs import Log

    return Log(relay_eu)


@pytest.fixture
def superuser(log: Log, clusters: TestClusters) -> Iterator[Superuser]:
    """Somebody who rules the audit database of `log` and has switched off everything that protects it."""
    from audit.tests.logs import Superuser

    with Superuser(clusters) as superuser:
        yield superuser


@pytest.fixture(scope="module")
def module_log(clusters: TestClusters, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Log, Path]]:
    """A log with its anchors, made once for a module."""
    from audit.tests.logs import Log
    from tests.relays import StepwiseRelay

    root = tmp_path_factory.mktemp("anchors")
    with clusters.databases(("eu",)), cell("eu", actor=Actor.system("test")):
        relay = StepwiseRelay("eu")
        with override_settings(FINTECH_ANCHORS=root.as_uri()):
            log = Log(relay).with_checkpoints()
        yield log, root
        relay.close()


@pytest.fixture
def signed_log(module_log: tuple[Log, Path], anchors: Path) -> Log:
    """Thirty entries under three checkpoints."""
    log, root = module_log
    shutil.copytree(root, anchors.parent)
    return log


@pytest.fixture
def ruler(signed_log: Log, clusters: TestClusters) -> Iterator[Superuser]:
    """A superuser who has switched off everything that protects the audit database of `signed_log`."""
    from audit.tests.logs import Superuser

    with Superuser(clusters) as superuser, superuser.putting_back():
        yield superuser
