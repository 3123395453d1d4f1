"""A runner plays the pipeline through, with what each job does replaced by a note that it was there.

Stages, needs and gates are the file's own; the runner checks the file by GitLab's own schema first.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deploy.gitlab.local_runner import command
from deploy.locked_node import installed
from fintech.stack.layout import REPOSITORY

pytestmark = pytest.mark.pipeline

PRODUCTION = {"migrate-production", "deploy-production", "roll-back-production"}
Play = Callable[..., set[str]]
# What the runner says instead of leaving a gate closed and waiting, as GitLab does.
CLOSED = "{gate} is when:manual, its needed by deploy-production, and not specified in --manual"


@pytest.fixture(scope="module", autouse=True)
def runner() -> None:
    """The runner, as locked."""
    installed()


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Plays a merge to main, with manual jobs started by name, and one that fails; gives the jobs that ended well."""

    def played(*arguments: str, fails: str = "", closed: str = "") -> set[str]:
        pipeline = yaml.safe_load((REPOSITORY / ".gitlab-ci.yml").read_text())
        for name, job in pipeline.items():
            if isinstance(job, dict) and "script" in job:
                job["script"] = ["false" if name == fails else f"touch played-{name}"]
                job.pop("artifacts", None)
                job["before_script"] = []
        pipeline["default"]["before_script"] = []
        (tmp_path / ".gitlab-ci.yml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
        repository_on_main(tmp_path)
        done = subprocess.run(command(*arguments), cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "json schema validated" in done.stdout + done.stderr, done.stdout + done.stderr
        assert (done.returncode != 0) == bool(fails or closed), done.stdout + done.stderr
        assert not closed or CLOSED.format(gate=closed) in done.stdout + done.stderr
        return {path.name.removeprefix("played-") for path in tmp_path.glob("played-*")}

    return played


def repository_on_main(folder: Path) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("remote", "add", "origin", "git@gitlab.example.com:example/fintech.git"),
        ("add", ".gitlab-ci.yml"),
        (*who, "commit", "--quiet", "--message=pipeline"),
    ):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_production_is_not_reached_without_approval(play: Play) -> None:
    assert play(closed="approve-production") == set()


def test_approval_alone_reaches_no_database_and_deploys_nothing(play: Play) -> None:
    assert play("--manual", "approve-production", closed="migrate-production") == set()


def test_staging_is_reached_by_itself_and_nothing_of_production_is(play: Play) -> None:
    ended = play("smoke-staging", "--needs")
    assert {"test", "secrets-scan", "image-scan", "image-signature", "migrate-staging", "smoke-staging"} <= ended
    assert not {name for name in ended if "production" in name}


def test_with_both_gates_opened_production_is_deployed(play: Play) -> None:
    ended = play("--manual", "approve-production", "--manual", "migrate-production")
    assert {"test", "secrets-scan", "image-scan", "smoke-staging", "approve-production"} <= ended
    assert ended & PRODUCTION == {"migrate-production", "deploy-production"}


@pytest.mark.parametrize("scan", ["secrets-scan", "python-dependencies", "infrastructure-scan", "image-scan"])
def test_after_a_scan_that_fails_nothing_is_deployed(play: Play, scan: str) -> None:
    ended = play("--manual", "approve-production", "--manual", "migrate-production", fails=scan)
    assert "test" in ended
    assert not {name for name in ended if "staging" in name or "production" in name or name == "image-signature"}


def test_the_way_back_runs_alone_and_at_once(play: Play) -> None:
    assert play("roll-back-production") == {"roll-back-production"}
