"""The services of deploy/services.toml as processes of this machine, and the outside world beside them."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence

from deploy.definition.services import LIVE_PATH, Command, Service, Task, read_services
from fintech.stack.layout import LocalLayout
from fintech.stack.local_secrets import VALKEY_PASSWORD
from fintech.stack.ports import LOOPBACK
from fintech.stack.readiness import answers_at, listens_at
from fintech.stack.supervisor import Service as LocalService

PRICES = "prices"
DOORS_PER_CELL = 8
# A command that is put before each service's own, which then runs as in the image: deploy/image/container.py, say.
RUN_BY_VARIABLE = "FINTECH_SERVICES_RUN_BY"


def outside_world(layout: LocalLayout, cells: Sequence[str]) -> list[LocalService]:
    """The payment provider's sandbox, the mail catcher, and each cell's prices: what lies outside this product."""
    psp, smtp, mail = layout.port("psp"), layout.port("smtp"), layout.port("mail")
    return [
        LocalService(
            name="psp",
            command=[
                sys.executable, "-m", "payments.psps.sandbox", "--port", str(psp),
                "--database", str(layout.root / "psp.sqlite3"), "--secret-file", str(layout.secrets_file),
            ],
            ready=listens_at(psp),
        ),
        LocalService(
            name="mail",
            command=[
                sys.executable, "-m", "fintech.stack.mail_catcher", "--smtp-port", str(smtp), "--http-port", str(mail),
            ],
            ready=listens_at(mail),
        ),
        *(
            LocalService(
                name=f"{PRICES}-{cell}",
                command=[sys.executable, "manage.py", PRICES, "--cell", cell],
                environment=_environment(
                    PRICES, FINTECH_CELLS=cell, FINTECH_DOORS_PORT=str(doors_port(layout, cells, PRICES, cell))
                ),
                ready=answers_at(doors_port(layout, cells, PRICES, cell), LIVE_PATH),
            )
            for cell in cells
        ),
    ]  # fmt: skip


def product_services(layout: LocalLayout, cells: Sequence[str]) -> list[LocalService]:
    """Every service as defined: one process for all cells (`api`), or one for each (`relay-eu`)."""
    local: list[LocalService] = []
    for service in read_services().services.values():
        if service.each_cell:
            local += [_of_cell(service, layout, cells, cell) for cell in cells]
        else:
            local.append(_of_all(service, layout, cells))
    return local


def task_process(task: Task, cell: str) -> LocalService:
    """A task as defined, for one cell."""
    return LocalService(
        name=f"{task.name}-{cell}",
        command=_words(task, cell=cell),
        environment=_environment("command", FINTECH_CELLS=cell, **_limits(task, [cell])),
    )


def doors_port(layout: LocalLayout, cells: Sequence[str], name: str, cell: str) -> int:
    """Where a process that works for one cell shows its health and its metrics."""
    names = [*(service.name for service in read_services().services.values() if service.each_cell), PRICES]
    return layout.doors_port(list(cells).index(cell) * DOORS_PER_CELL + names.index(name))


def _of_all(service: Service, layout: LocalLayout, cells: Sequence[str]) -> LocalService:
    port = layout.port(service.name)
    return LocalService(
        name=service.name,
        command=_words(service, port=str(port)),
        environment=_environment(service.name, **_limits(service, cells)),
        ready=answers_at(port, LIVE_PATH),
        stop_seconds=service.stop_seconds,
    )


def _of_cell(service: Service, layout: LocalLayout, cells: Sequence[str], cell: str) -> LocalService:
    port = doors_port(layout, cells, service.name, cell)
    return LocalService(
        name=f"{service.name}-{cell}",
        command=_words(service, port=str(port), cell=cell),
        environment=_environment(
            service.name, FINTECH_CELLS=cell, FINTECH_DOORS_PORT=str(port), **_limits(service, [cell])
        ),
        ready=answers_at(port, LIVE_PATH),
        stop_seconds=service.stop_seconds,
    )


def _words(command: Command, **values: str) -> list[str]:
    words = command.words(address=LOOPBACK, **values)
    if run_by := os.environ.get(RUN_BY_VARIABLE):
        return [*shlex.split(run_by), *words]
    # The image's Python is its only one; here it is the one that runs this.
    return [sys.executable, *words[1:]]


def _limits(command: Command, cells: Sequence[str]) -> dict[str, str]:
    """What a process may touch, so that one that touches more fails here before it fails in production."""
    names = [name for name in command.secrets if name != VALKEY_PASSWORD]
    allowed = [VALKEY_PASSWORD, *(f"{cell}/{name}" for cell in cells for name in names)]
    return {"FINTECH_NEEDED_DATABASES": " ".join(command.databases), "FINTECH_SECRETS_ALLOWED": " ".join(allowed)}


def _environment(service: str, **more: str) -> dict[str, str]:
    settings = os.environ.get("DJANGO_SETTINGS_MODULE", "fintech.project.settings.local")
    return {"FINTECH_SERVICE": service, "DJANGO_SETTINGS_MODULE": settings, **more}
