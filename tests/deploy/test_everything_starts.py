"""Every service starts by its command with no more than it may touch, is ready, and ends within its time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.definition import read_alerts, read_services
from deploy.definition.services import METRICS_PATH, READY_PATH
from fintech.cells import CellContext
from fintech.stack import processes
from fintech.stack.layout import REPOSITORY, LocalLayout
from fintech.stack.local_services import product_services, task_process
from fintech.stack.supervisor import Service

pytestmark = pytest.mark.synth


@pytest.fixture
def running(fresh_eu: CellContext, tmp_path: Path) -> Iterator[dict[str, int]]:
    """Every service of one cell, with the port of its doors."""
    services = product_services(LocalLayout.from_environment(), ["eu"])
    started = [start(service, tmp_path / f"{service.name}.log") for service in services]
    try:
        for service, process in zip(services, started, strict=True):
            log = tmp_path / f"{service.name}.log"
            assert service.ready is not None
            ready = service.ready
            assert processes.wait_until(lambda p=process, r=ready: p.poll() is not None or r(), seconds=120)  # type: ignore[misc]
            assert process.poll() is None, f"{service.name} ended:\n{log.read_text()}"
        yield {service.name: port_of(service) for service in services}
    finally:
        for process in started:
            process.terminate()
        for service, process in zip(services, started, strict=True):
            # Raises for one that must be killed: it would be in production, too.
            process.wait(service.stop_seconds)


def test_every_service_is_ready_and_together_they_show_every_metric_of_the_alerts(running: dict[str, int]) -> None:
    shown: set[str] = set()
    for name, port in running.items():
        ready = httpx.get(f"http://127.0.0.1:{port}{READY_PATH}", timeout=30, trust_env=False)
        assert (name, ready.status_code, ready.json()["status"]) == (name, 200, "ready")
        metrics = httpx.get(f"http://127.0.0.1:{port}{METRICS_PATH}", timeout=30, trust_env=False)
        families = list(text_string_to_metric_families(metrics.text))
        shown |= {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    wanted = {metric for alert in read_alerts().values() for metric in alert.metrics}
    wanted |= {service.scaling.metric for service in read_services().services.values() if service.scaling.metric}
    assert wanted <= shown


@pytest.mark.parametrize("name", list(read_services().tasks))
def test_every_task_runs_to_its_end(fresh_eu: CellContext, tmp_path: Path, name: str) -> None:
    log = tmp_path / "task.log"
    process = start(task_process(read_services().tasks[name], "eu"), log)
    assert process.wait(120) == 0, log.read_text()


def start(service: Service, log: Path) -> subprocess.Popen[bytes]:
    with log.open("w") as output:
        return subprocess.Popen(
            list(service.command),
            cwd=REPOSITORY,
            env={**os.environ, "FINTECH_CELLS": "eu", **service.environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def port_of(service: Service) -> int:
    port = service.environment.get("FINTECH_DOORS_PORT") or LocalLayout.from_environment().port(service.name)
    return int(port)
