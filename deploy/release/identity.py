"""Who a step of the pipeline is in a cell's cloud: GitLab's signed word, exchanged there for an hour; no credential.

In GitLab a job has a token in FINTECH_CLOUD_ID_TOKEN. It is put into a file that its user alone reads, and the clouds'
own clients are told where: those of AWS (boto3 as well as the CDK) exchange it for the role of the step, Azure's for
the identity that FINTECH_AZURE_CLIENT names. Outside GitLab there is no token, and a person's own sign-in holds.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import boto3

from deploy.definition import CellPlace, Environment
from deploy.definition.pipeline import Step, role_name
from deploy.release.errors import NotReleased

TOKEN: Final = "FINTECH_CLOUD_ID_TOKEN"  # noqa: S105  (the variable's name)
AZURE_CLIENT: Final = "FINTECH_AZURE_CLIENT"
# They would be taken instead of the token, whosever they are.
LASTING: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AZURE_CLIENT_SECRET", "AZURE_PASSWORD")
LONGEST_NAME: Final = 64


@contextmanager
def taken(environment: Environment, cell: CellPlace, step: Step) -> Iterator[None]:
    """Be who takes the step in the cell. Raises NotReleased in a pipeline without token or with lasting credentials."""
    token = os.environ.get(TOKEN, "")
    if not token:
        if os.environ.get("GITLAB_CI"):
            raise NotReleased(f"{TOKEN} is empty: the job has no `id_tokens`, so nobody knows who it is")
        yield
        return
    if lasting := [name for name in LASTING if os.environ.get(name)]:
        raise NotReleased(
            f"{lasting[0]} is set: a pipeline has no lasting credentials, take it out of GitLab's variables"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "token")
        # The folder is its user's alone, and so is the file from its first moment on.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as written:
            written.write(token)
        told = _aws(environment, cell, step, file) if cell.cloud == "aws" else _azure(cell, file)
        with _told(told):
            yield


def _aws(environment: Environment, cell: CellPlace, step: Step, file: Path) -> Mapping[str, str]:
    role = role_name(environment.name, cell.name, step, cell.region)
    return {
        "AWS_ROLE_ARN": f"arn:aws:iam::{cell.account}:role/{role}",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        # CloudTrail keeps it beside everything that is done: which pipeline it was.
        "AWS_ROLE_SESSION_NAME": f"pipeline-{os.environ.get('CI_PIPELINE_ID', '0')}-{step}"[:LONGEST_NAME],
        "AWS_REGION": cell.region,
        "AWS_DEFAULT_REGION": cell.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _azure(cell: CellPlace, file: Path) -> Mapping[str, str]:
    assert cell.azure is not None
    client = os.environ.get(AZURE_CLIENT, "")
    if not client:
        raise NotReleased(f"{AZURE_CLIENT} is empty: it names the identity that takes this step in {cell.account}")
    return {
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
        "AZURE_CLIENT_ID": client,
        "AZURE_TENANT_ID": cell.azure.tenant,
        "AZURE_SUBSCRIPTION_ID": cell.account,
    }


@contextmanager
def _told(told: Mapping[str, str]) -> Iterator[None]:
    """The environment with these; afterwards as it was. Each cell has an account, so no session of another's stays."""
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    boto3.setup_default_session()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        boto3.setup_default_session()
