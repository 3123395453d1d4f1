"""A deposit created through the product's API, and by a bare Django view with the same insert."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from bench.cell import CELL, Cell
from bench.comparisons import Comparison
from bench.filling import make_uncaptured_copy
from bench.groups.group import Group
from bench.measuring import Contender, NotMeasured
from bench.workers import WorkerProcesses, worker_processes
from fintech.stack.layout import REPOSITORY
from fintech.stack.local_services import product_services
from fintech.stack.readiness import listens_at
from fintech.stack.supervisor import Service

CLIENTS = 8
OURS = f"POST /api/v1/deposits, {CLIENTS} clients"
BARE = f"bare Django view, {CLIENTS} clients"
# A wallet of the copied database: see sql/payments.sql.
BARE_CLIENT = {"wallet_id": "00000000-0000-0000-0000-000000000001", "token": ""}


@contextmanager
def _contenders(cell: Cell) -> Iterator[Sequence[Contender]]:
    make_uncaptured_copy(cell)
    api = next(service for service in product_services(cell.layout, [CELL]) if service.name == "api")
    clients = _signed_in_clients(cell)
    # The port of the service `web`, which doesn't run here.
    bare_port = cell.layout.port("web")
    cell.supervisor.start(api, _bare(cell, api, port=bare_port))
    with (
        _load(cell, OURS, port=cell.layout.port("api"), path="/api/v1/deposits", clients=clients) as ours,
        _load(cell, BARE, port=bare_port, path="/deposits", clients=[BARE_CLIENT]) as bare,
    ):
        yield [ours, bare]


def _bare(cell: Cell, api: Service, *, port: int) -> Service:
    """The bare view under the very command that serves the API: another application, another port."""
    replaced = {
        "fintech.project.wsgi:application": "bench.bare.wsgi:application",
        str(cell.layout.port("api")): str(port),
    }
    database = cell.environment("uncaptured", role="payments_app")
    return replace(
        api,
        name="bare",
        command=[replaced.get(part, part) for part in api.command],
        environment={**database, "DJANGO_SETTINGS_MODULE": "bench.bare.settings"},
        ready=listens_at(port),
    )


def _signed_in_clients(cell: Cell) -> list[dict[str, str]]:
    command = [sys.executable, "-m", "bench.ours", "api_clients", str(CLIENTS)]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=cell.environment(), capture_output=True, text=True, check=False
    )  # fmt: skip
    if done.returncode:
        raise NotMeasured(f"no clients could be made for the API:\n{done.stderr[-2000:]}")
    clients: list[dict[str, str]] = json.loads(done.stdout)
    return clients


def _load(
    cell: Cell, name: str, *, port: int, path: str, clients: list[dict[str, str]]
) -> AbstractContextManager[WorkerProcesses]:
    command = [sys.executable, "-m", "bench.http_load", str(CLIENTS), str(port), path, json.dumps(clients)]
    return worker_processes(
        name, command, environment=cell.environment(), log=cell.log(path.strip("/").replace("/", "-"))
    )


GROUP = Group(
    title="API",
    comparisons=(
        Comparison(
            name="API: a deposit created ÷ a bare Django view with the same insert",
            ours=OURS,
            peer=BARE,
            goal=0.5,
            aim=0.7,
        ),
    ),
    contenders=_contenders,
)
