"""Peers' workers: their environment, their database."""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager

from bench.cell import PEER_ROLE, Cell
from bench.measuring import NotMeasured
from bench.workers import WorkerProcesses, worker_processes
from fintech.stack.layout import REPOSITORY

DATABASE = "peers"


def peers_migrated(cell: Cell) -> None:
    """Make the peers' database with their tables, unless an earlier group has done so. Raises NotMeasured."""
    if cell.has_database(DATABASE):
        return
    cell.make_database(DATABASE)
    done = subprocess.run(
        [cell.peers_python, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"],
        cwd=REPOSITORY, env=_environment(cell), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NotMeasured(f"the peers' tables couldn't be made:\n{done.stderr[-2000:]}")


def peer_worker(cell: Cell, name: str, module: str, *, threads: int) -> AbstractContextManager[WorkerProcesses]:
    """A worker of `bench.peers`."""
    command = [str(cell.peers_python), "-m", "bench.peers", module, str(threads)]
    return worker_processes(name, command, environment=_environment(cell), log=cell.log(module))


def _environment(cell: Cell) -> dict[str, str]:
    settings = {"DJANGO_SETTINGS_MODULE": "bench.peers.settings"}
    return {**cell.environment(DATABASE, role=PEER_ROLE), **settings}
