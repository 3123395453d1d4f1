"""The services of one image as they run on this machine, one process each, and the outside world beside them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from fintech.stack.layout import LocalLayout
from fintech.stack.readiness import answers_at, listens_at
from fintech.stack.supervisor import Service

BIN = Path(sys.executable).parent
QUEUES = ("webhooks", "payouts", "mail", "documents", "default")
# Where a process shows its metrics: its place among the metrics ports.
METRICS = ("worker", "relay", "engine", "prices", "beat")
METRICS_PER_CELL = 8


def outside_world(layout: LocalLayout) -> list[Service]:
    """The payment provider's sandbox and the mail catcher; they stand for what lies outside this product."""
    psp, smtp, mail = layout.port("psp"), layout.port("smtp"), layout.port("mail")
    return [
        Service(
            name="psp",
            command=[
                sys.executable, "-m", "payments.psps.sandbox", "--port", str(psp),
                "--database", str(layout.root / "psp.sqlite3"), "--secret-file", str(layout.secrets_file),
            ],
            ready=listens_at(psp),
        ),
        Service(
            name="mail",
            command=[
                sys.executable, "-m", "fintech.stack.mail_catcher", "--smtp-port", str(smtp), "--http-port", str(mail),
            ],
            ready=listens_at(mail),
        ),
    ]  # fmt: skip


def shared_services(layout: LocalLayout) -> list[Service]:
    """`web`, `api` and `ws`, which answer for every cell by host name."""
    web, api, ws = layout.port("web"), layout.port("api"), layout.port("ws")
    return [
        Service(
            name="web",
            command=_granian(web, threads=3),
            environment=_environment("web"),
            ready=answers_at(web, "/health/live"),
        ),
        Service(
            name="api",
            command=_granian(api, threads=6),
            environment=_environment("api"),
            ready=answers_at(api, "/health/live"),
        ),
        Service(
            name="ws",
            command=[
                str(BIN / "uvicorn"), "fintech.project.asgi:application", "--host", "127.0.0.1", "--port", str(ws),
                "--ws", "websockets-sansio", "--ws-max-size", str(64 * 1024), "--no-access-log", "--lifespan", "off",
            ],
            environment=_environment("ws"),
            ready=listens_at(ws),
        ),
    ]  # fmt: skip


def cell_services(layout: LocalLayout, cell: str, *, position: int) -> list[Service]:
    """The processes that work for one cell: `relay-eu`, `worker-eu` and so on."""
    queues = ",".join(f"{cell}.{kind}" for kind in QUEUES)
    worker = [
        str(BIN / "celery"), "--quiet", "-A", "fintech.project.celery", "--skip-checks", "worker", "-Q", queues,
        "-n", f"worker@{cell}",
        "-P", "threads", "-c", "4", "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
        "--without-heartbeat",
    ]  # fmt: skip
    commands: Mapping[str, Sequence[str]] = {
        "worker": worker,
        **{name: _manage(name, "--cell", cell) for name in ("relay", "engine", "prices", "beat")},
    }
    return [
        Service(
            name=f"{name}-{cell}",
            command=command,
            environment=_environment(
                name,
                FINTECH_METRICS_PORT=str(layout.metrics_port(position * METRICS_PER_CELL + METRICS.index(name))),
            ),
        )
        for name, command in commands.items()
    ]


def _environment(service: str, **more: str) -> dict[str, str]:
    settings = os.environ.get("DJANGO_SETTINGS_MODULE", "fintech.project.settings.local")
    return {"FINTECH_SERVICE": service, "DJANGO_SETTINGS_MODULE": settings, **more}


def _granian(port: int, *, threads: int) -> list[str]:
    return [
        str(BIN / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--blocking-threads", str(threads), "--http", "1", "--no-ws", "--log-level", "warning",
        "fintech.project.wsgi:application",
    ]  # fmt: skip


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]
