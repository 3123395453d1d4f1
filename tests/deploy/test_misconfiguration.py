"""Others' rules look at the Dockerfile, the manifests and Azure's templates, and find what is planted there."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from deploy import misconfiguration
from deploy.accepted_findings import Finding
from deploy.azure.synthesis import synthesise
from deploy.misconfiguration import DOCKERFILE, NotLooked, checkov, hadolint, manifests


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cells on Azure as they are now."""
    folder = tmp_path_factory.mktemp("azure")
    synthesise(folder)
    return folder


@pytest.mark.synth
def test_every_manifest_is_looked_at(rendered: Path) -> None:
    names = [name for name, _ in manifests(rendered)]
    assert len(names) == len(set(names))
    assert {"production-eu-shared-Deployment-api-blue", "production-au-tasks-Job-migrate"} <= set(names)


@pytest.mark.synth
def test_what_is_planted_is_found(rendered: Path, tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(
        DOCKERFILE.read_text(encoding="utf-8").replace("USER 10001:10001", "USER root\nADD https://example.com/a /a")
    )
    items = dict(manifests(rendered))
    name = "production-eu-shared-Deployment-api-blue"
    planted = copy.deepcopy(items[name])
    container: dict[str, Any] = planted["spec"]["template"]["spec"]["containers"][0]
    container["securityContext"] |= {"privileged": True, "readOnlyRootFilesystem": False}
    template = json.loads((rendered / "production-eu" / "template.json").read_text(encoding="utf-8"))
    storage = next(each for each in template["resources"] if each["type"] == "Microsoft.Storage/storageAccounts")
    storage["properties"]["supportsHttpsTrafficOnly"] = False
    (tmp_path / "template.json").write_text(json.dumps(template))
    findings, _ = checkov(dockerfile, {name: planted}, {"production-eu": tmp_path / "template.json"})
    found = {(finding.rule, finding.place.partition("/")[0]) for finding in findings}
    for rule, place in (
        ("CKV_DOCKER_8", "Dockerfile"),
        ("CKV_DOCKER_4", "Dockerfile"),
        ("CKV_K8S_16", name),
        ("CKV_K8S_22", name),
        ("CKV_AZURE_3", "production-eu-template"),
    ):
        assert (rule, place) in found, sorted(found)
    assert {finding.rule for finding in hadolint(dockerfile)} >= {"DL3002"}


@pytest.mark.synth
def test_a_command_that_hadolint_knows_better_is_found(tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM debian:latest\nRUN cd /tmp && sudo apt-get install curl\nCMD python manage.py\n")
    rules = {finding.rule for finding in hadolint(dockerfile)}
    assert rules >= {"DL3007", "DL3004", "DL3003", "DL3025"}


def test_where_nothing_is_rendered_nobody_has_looked(tmp_path: Path) -> None:
    with pytest.raises(NotLooked, match="holds no cell"):
        list(manifests(tmp_path / "nowhere"))


def test_a_finding_without_a_reason_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = Finding("hadolint", "DL9999", "Dockerfile/1", "something")
    monkeypatch.setattr(misconfiguration, "look", lambda: ([found], 3, 2))
    assert misconfiguration.main() == 1
    assert "hadolint DL9999 Dockerfile/1: something" in capsys.readouterr().out


def test_a_tool_that_didnt_look_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def didnt() -> tuple[list[Finding], int, int]:
        raise NotLooked("checkov passed no check of kubernetes: it hasn't looked")

    monkeypatch.setattr(misconfiguration, "look", didnt)
    assert misconfiguration.main() == 1
    assert "hasn't looked" in capsys.readouterr().out
