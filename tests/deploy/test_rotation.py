"""Our own rotation goes through its four steps, each may come twice; Valkey always takes the password that is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deploy.aws.functions.rotation import CURRENT, PENDING, Rotation

VALKEY, DJANGO = "production/eu/valkey/password", "production/eu/django/secret-key"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class Missing(Exception):
    pass


class Aws:
    """As much of Secrets Manager, ElastiCache and ECS as a rotation speaks to."""

    class exceptions:
        ResourceNotFoundException = Missing

    def __init__(self, name: str) -> None:
        self.name, self.status = name, "available"
        self.values = {"old": "before"}
        self.stages = {"old": [CURRENT], "new": [PENDING]}
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(self, _service: str) -> Aws:
        return self

    def describe_secret(self, **_: str) -> dict[str, Any]:
        return {"Name": self.name, "VersionIdsToStages": self.stages}

    def get_random_password(self, **_: object) -> dict[str, str]:
        return {"RandomPassword": f"made-{len(self.values)}"}

    def put_secret_value(self, **told: Any) -> None:
        self.values[told["ClientRequestToken"]] = told["SecretString"]

    def get_secret_value(self, **told: Any) -> dict[str, str]:
        if told["VersionId"] not in self.values:
            raise Missing
        return {"SecretString": self.values[told["VersionId"]]}

    def update_secret_version_stage(self, **told: Any) -> None:
        self.stages = {told["RemoveFromVersionId"]: ["AWSPREVIOUS"], told["MoveToVersionId"]: [CURRENT]}

    def modify_replication_group(self, **told: Any) -> None:
        self.calls.append(("modify", told))

    def describe_replication_groups(self, **_: str) -> dict[str, Any]:
        return {"ReplicationGroups": [{"Status": self.status}]}

    def update_service(self, **told: Any) -> None:
        self.calls.append(("restart", told))


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"REPLICATION_GROUP": "nodes", "CLUSTER": "production-eu", "SERVICES": "web api"}.items():
        monkeypatch.setenv(name, value)


def rotated(aws: Aws, *steps: str) -> None:
    for step in steps:
        Rotation(aws, aws.name, "new").step(step)


def test_the_new_version_is_current_and_every_service_starts_anew() -> None:
    aws = Aws(DJANGO)
    rotated(aws, *STEPS)
    assert aws.stages == {"old": ["AWSPREVIOUS"], "new": [CURRENT]}
    assert aws.values["new"] == "made-1"
    assert [told["service"] for call, told in aws.calls if call == "restart"] == ["web", "api"]
    assert all(told["forceNewDeployment"] for call, told in aws.calls)


def test_valkey_takes_the_new_password_beside_the_old_one() -> None:
    aws = Aws(VALKEY)
    rotated(aws, *STEPS[:2])
    ((_, told),) = aws.calls
    assert (told["AuthToken"], told["AuthTokenUpdateStrategy"]) == ("made-1", "ROTATE")


def test_no_process_starts_anew_before_valkey_has_taken_it() -> None:
    aws = Aws(VALKEY)
    aws.status = "modifying"
    with pytest.raises(RuntimeError, match="still taking"):
        rotated(aws, *STEPS)
    assert aws.stages["old"] == [CURRENT]


def test_a_step_that_comes_twice_makes_no_second_password() -> None:
    aws = Aws(DJANGO)
    rotated(aws, "createSecret", "createSecret")
    assert aws.values["new"] == "made-1"


def test_a_rotation_that_is_over_is_left_alone() -> None:
    aws = Aws(VALKEY)
    rotated(aws, *STEPS)
    before = list(aws.calls)
    rotated(aws, *STEPS)
    assert aws.calls == before
