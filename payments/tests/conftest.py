"""The local PSP as a deployment has it: a process of its own, under the stack's own secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fintech.stack.layout import LocalLayout
from payments.psps.registry import registry
from payments.tests.sandbox_process import SandboxProcess, running_sandbox


@pytest.fixture(scope="module")
def psp_process(clusters: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The process, for the tests of a module."""
    secrets = LocalLayout.from_environment().secrets_file
    with running_sandbox(tmp_path_factory.mktemp("psp"), secrets=secrets) as process:
        yield process


@pytest.fixture
def psp(psp_process: SandboxProcess, settings: Any) -> Iterator[SandboxProcess]:
    """The PSP that this test's payments go through; calm unless told otherwise."""
    settings.FINTECH_PSPS = {"sandbox": {"url": psp_process.url, "webhook_port": 9}}
    registry.forget_adapters()
    psp_process.misbehave(settle_delay_ms=50)
    yield psp_process
    registry.forget_adapters()
