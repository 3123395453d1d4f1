"""A step of the pipeline is who GitLab says, in its cell, for as long as it takes; no lasting credential helps."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest

from deploy.definition import DefinitionError, Environment, read_environments
from deploy.definition.environments import FOLDER
from deploy.definition.pipeline import FILE, read_pipeline
from deploy.release import ecs
from deploy.release.__main__ import main, release
from deploy.release.errors import NotReleased
from deploy.release.identity import AZURE_CLIENT, LASTING, TOKEN, taken

ANSWER = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><SessionToken>session</SessionToken><SecretAccessKey>{secret}</SecretAccessKey>
<Expiration>2099-01-01T00:00:00Z</Expiration><AccessKeyId>{key}</AccessKeyId></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


class Sts:
    """AWS's token service as far as boto3 asks it: a key for each role, and who asked by what."""

    def __init__(self) -> None:
        asked: list[dict[str, str]] = []
        self.asked = asked

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                asked.append({name: values[0] for name, values in body.items()})
                key = f"KEY-{asked[-1]['RoleArn'].rpartition('/')[2]}"
                answer = ANSWER.format(key=key, secret="x" * 8).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sts]:
    service = Sts()
    thread = threading.Thread(target=service.server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{service.server.server_port}")
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


@pytest.fixture
def production() -> Environment:
    return read_environments()["production"]


@pytest.fixture(autouse=True)
def pipeline_of_gitlab(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*LASTING, "AWS_SESSION_TOKEN", AZURE_CLIENT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_PIPELINE_ID", "4711")
    monkeypatch.setenv(TOKEN, "header.claims.signature")


def test_each_cell_is_entered_by_the_role_of_the_step_in_its_own_account(sts: Sts, production: Environment) -> None:
    keys = []
    for cell in production.cells.values():
        with taken(production, cell, "migrate"):
            keys.append(boto3.client("ecs", region_name=cell.region)._request_signer._credentials.access_key)
    assert keys == ["KEY-production-eu-migrate-eu-central-1", "KEY-production-au-migrate-ap-southeast-2"]
    assert [asked["RoleArn"] for asked in sts.asked] == [
        "arn:aws:iam::111111111111:role/production-eu-migrate-eu-central-1",
        "arn:aws:iam::222222222222:role/production-au-migrate-ap-southeast-2",
    ]
    for asked in sts.asked:
        assert asked["Action"] == "AssumeRoleWithWebIdentity"
        assert asked["WebIdentityToken"] == "header.claims.signature"
        assert asked["RoleSessionName"] == "pipeline-4711-migrate"


def test_the_token_lies_in_a_file_of_its_user_alone_and_is_gone_afterwards(production: Environment) -> None:
    before = dict(os.environ)
    with taken(production, production.cells["eu"], "deploy"):
        file = Path(os.environ["AWS_WEB_IDENTITY_TOKEN_FILE"])
        assert file.read_text() == "header.claims.signature"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert os.environ["AWS_ROLE_ARN"].endswith("role/production-eu-deploy-eu-central-1")
    assert not file.exists()
    assert dict(os.environ) == before


def test_the_token_is_gone_after_a_failure_as_well(production: Environment) -> None:
    with pytest.raises(NotReleased, match="wrong"), taken(production, production.cells["eu"], "deploy"):
        file = Path(os.environ["AWS_WEB_IDENTITY_TOKEN_FILE"])
        raise NotReleased("wrong")
    assert not file.exists()
    assert "AWS_ROLE_ARN" not in os.environ


def test_a_job_without_a_token_is_nobody(
    production: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(TOKEN)
    assert main(["roll-back", "staging"]) == 1
    assert "the job has no `id_tokens`" in capsys.readouterr().out


def test_a_person_outside_gitlab_is_who_is_signed_in(production: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN)
    monkeypatch.delenv("GITLAB_CI")
    with taken(production, production.cells["eu"], "deploy"):
        assert "AWS_ROLE_ARN" not in os.environ


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_credential_is_refused(production: Environment, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(NotReleased, match=f"{name} is set"), taken(production, production.cells["eu"], "deploy"):
        pass


def test_every_step_but_the_look_from_outside_has_its_identity(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles: list[str] = []

    def noted(*_: object) -> None:
        roles.append(os.environ["AWS_ROLE_ARN"].rpartition("/")[2])

    for step in ("migrate", "deploy", "roll_back"):
        monkeypatch.setattr(ecs, step, noted)
    for step in ("migrate", "deploy", "roll-back"):
        release(step, production, "registry.example.com/fintech@sha256:" + "1" * 64)
    assert roles == [
        f"production-{cell}-{step}-{region}"
        for step in ("migrate", "deploy", "roll-back")
        for cell, region in (("eu", "eu-central-1"), ("au", "ap-southeast-2"))
    ]


def test_on_azure_the_token_is_told_to_its_own_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = read_environments(FOLDER / "azure")["production"]
    cell = environment.cells["eu"]
    with pytest.raises(NotReleased, match=AZURE_CLIENT), taken(environment, cell, "deploy"):
        pass
    monkeypatch.setenv(AZURE_CLIENT, "aaaaaaaa-0000-4000-8000-00000000000a")
    with taken(environment, cell, "deploy"):
        assert Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"]).read_text() == "header.claims.signature"
        assert cell.azure is not None
        assert os.environ["AZURE_TENANT_ID"] == cell.azure.tenant
        assert os.environ["AZURE_CLIENT_ID"].endswith("a")
    assert "AZURE_FEDERATED_TOKEN_FILE" not in os.environ


@pytest.mark.parametrize(
    ("key", "value"),
    [("server", "http://gitlab.com"), ("project", "example/*"), ("project", "example"), ("branch", "*")],
)
def test_a_pipeline_that_anybody_could_be_is_refused(tmp_path: Path, key: str, value: str) -> None:
    lines = [f'{key} = "{value}"' if line.startswith(f"{key} =") else line for line in FILE.read_text().splitlines()]
    path = tmp_path / "pipeline.toml"
    path.write_text("\n".join(lines))
    with pytest.raises(DefinitionError, match=f"{key}: is "):
        read_pipeline(path)
