"""Every service runs from the built image, unprivileged on a read-only root, and the journey is played against them.

Needs an image that `python -m deploy.image.build` has built, as `make image` does first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.definition import read_services
from deploy.image.build import OUTPUT
from deploy.image.container import STACK
from fintech.journey.expectations import await_that
from fintech.stack.layout import REPOSITORY, LocalLayout
from fintech.stack.local_services import RUN_BY_VARIABLE, outside_world
from fintech.stack.running_services import RunningService, RunningServices
from tests.demo_process import DemoProcess

pytestmark = pytest.mark.image

BASE_PORT = 23_000
RUN_BY = (sys.executable, "-m", "deploy.image.container")
OUTSIDE = {"journey"}


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    """The product of the image, with the journey played."""
    demo = DemoProcess("image", base_port=BASE_PORT)
    demo.environment[RUN_BY_VARIABLE] = " ".join(RUN_BY)
    try:
        told = demo.start()
        assert "The journey ended well" in told, told
        yield demo
    finally:
        demo.stop()


def services(layout: LocalLayout, cells: tuple[str, ...]) -> list[RunningService]:
    """Those that run from the image."""
    running = RunningServices.read(layout.services_file)
    assert running is not None
    others = OUTSIDE | {service.name for service in outside_world(layout, cells)}
    return [service for service in running.services if service.name not in others]


def test_the_journey_is_played_against_the_image(demo: DemoProcess) -> None:
    inside = services(demo.layout, demo.cells)
    assert {service.name.partition("-")[0] for service in inside} == {
        "web", "api", "ws", "worker", "relay", "engine", "beat",
    }  # fmt: skip
    assert {service.state for service in inside} == {"ready"}
    described = json.loads((OUTPUT / "image.json").read_text())
    for service in inside:
        assert os.readlink(f"/proc/{service.pid}/root") == described["root"], service.name


def test_every_service_is_unprivileged_on_a_read_only_root(demo: DemoProcess) -> None:
    for service in services(demo.layout, demo.cells):
        status = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{service.pid}/status").read_text().splitlines()
            if ":\t" in line
        )
        assert set(status["Uid"].split()) == {"10001"}, service.name
        assert set(status["Gid"].split()) == {"10001"}, service.name
        assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}, service.name
        assert status["NoNewPrivs"] == "1", service.name
        mounts = [line.split() for line in Path(f"/proc/{service.pid}/mountinfo").read_text().splitlines()]
        assert "ro" in next(fields[5].split(",") for fields in mounts if fields[4] == "/"), service.name


def test_every_service_passes_the_images_own_health_check(demo: DemoProcess) -> None:
    check = json.loads((OUTPUT / "image.json").read_text())["configuration"]["Healthcheck"]["Test"][1:]
    for service in services(demo.layout, demo.cells):
        own = environment_of_process(service.pid)
        port = own.get("FINTECH_DOORS_PORT") or str(demo.layout.port(service.name))
        checked = subprocess.run(
            [*RUN_BY, *check],
            cwd=REPOSITORY,
            env={**demo.environment, "FINTECH_DOORS_PORT": port},
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, (service.name, checked.stderr)


def environment_of_process(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if entry)


def test_with_productions_settings_it_serves_the_static_files_that_it_carries(tmp_path: Path) -> None:
    names = ("django/secret-key", "valkey/password")
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "authority.pem").touch()
    (tmp_path / "secrets.json").write_text(json.dumps({f"production/eu/{name}": "x" * 64 for name in names}))
    port = BASE_PORT - 1
    production = {
        **os.environ,
        "FINTECH_LOCAL_ROOT": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "fintech.project.settings.production",
        "FINTECH_SERVICE": "web",
        "FINTECH_CELLS": "eu",
        "FINTECH_REGION": "eu-central-1",
        "FINTECH_SECRETS_PATH": f"{STACK}/secrets.json",
        "FINTECH_PRIMARY_HOST": "primary.invalid",
        "FINTECH_VALKEY_HOST": "valkey.invalid",
        "FINTECH_SMTP_HOST": "smtp.invalid",
        "FINTECH_CERTIFICATE_AUTHORITY": f"{STACK}/certificates/authority.pem",
        "FINTECH_DOCUMENTS": f"file://{STACK}/storage",
    }
    command = read_services().services["web"].words(address="127.0.0.1", port=str(port))
    log = tmp_path / "web.log"
    with log.open("w") as output:
        web = subprocess.Popen(
            [*RUN_BY, *command], cwd=REPOSITORY, env=production, stdout=output, stderr=subprocess.STDOUT
        )

    def answered() -> int:
        assert web.poll() is None, log.read_text()
        try:
            return httpx.get(
                f"http://127.0.0.1:{port}/static/admin/css/base.css",
                headers={"Host": "eu.example.com", "X-Forwarded-Proto": "https"},
                trust_env=False,
            ).status_code
        except httpx.TransportError:
            return 0

    try:
        assert await_that("static files", answered, seconds=120) == 200
    finally:
        web.terminate()
        web.wait(30)


def test_what_runs_in_the_image_can_write_nothing_but_tmp(demo: DemoProcess) -> None:
    attempt = (
        "import os, pathlib, sys\n"
        "def refused(place):\n"
        "    try: pathlib.Path(place, 'planted').write_text('x')\n"
        "    except OSError as why: return type(why).__name__\n"
        "print([refused(place) for place in ('/', '/srv/app', '/srv/static', '/etc', '/usr/bin', '/tmp')])\n"
    )
    tried = subprocess.run(
        [*RUN_BY, "python", "-c", attempt],
        cwd=REPOSITORY,
        env=demo.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert tried.stdout.strip() == str(["OSError"] * 5 + [None])
