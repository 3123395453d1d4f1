"""The pipeline keeps what is promised of it (P6 to P10), and each rule catches what is planted against it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest
import yaml

from fintech.stack.layout import REPOSITORY

FILE: Final = REPOSITORY / ".gitlab-ci.yml"
STAGES: Final = ["test", "security", "build", "deploy-staging", "approval", "deploy-production"]
GATE: Final = "approve-production"
SCANS: Final = {
    "secrets-scan",
    "static-analysis",
    "python-dependencies",
    "node-dependencies",
    "infrastructure-scan",
    "infrastructure-misconfiguration",
    "image-scan",
}
# Words at the top of the file that are no jobs.
KEYWORDS: Final = {"stages", "workflow", "default", "variables", "include"}

Pipeline = dict[str, Any]


@pytest.fixture
def pipeline() -> Pipeline:
    """The file as written."""
    loaded: Pipeline = yaml.safe_load(FILE.read_text())
    return loaded


def jobs(pipeline: Pipeline) -> dict[str, Pipeline]:
    """Each job with what it extends filled in."""
    return {name: inherited(pipeline, name) for name in pipeline if name not in KEYWORDS and not name.startswith(".")}


def inherited(pipeline: Pipeline, name: str) -> Pipeline:
    own = pipeline[name]
    bases = own.get("extends", [])
    merged: Pipeline = {"variables": {}}
    for layer in [*(inherited(pipeline, base) for base in ([bases] if isinstance(bases, str) else bases)), own]:
        merged |= {**layer, "variables": merged["variables"] | layer.get("variables", {})}
    return merged


def environment(job: Mapping[str, Any]) -> str:
    return str(job.get("environment", {}).get("name", ""))


def is_manual(job: Mapping[str, Any]) -> bool:
    rules = job.get("rules", [])
    return bool(rules) and all(rule.get("when") == "manual" for rule in rules)


def blocks(job: Mapping[str, Any]) -> bool:
    """Whether a pipeline waits at it."""
    return is_manual(job) and all(rule.get("allow_failure") is False for rule in job["rules"])


def waits_for(all_jobs: Mapping[str, Pipeline], name: str) -> set[str]:
    """Every job that must have ended well before this one, as far as `needs` says."""
    needed: set[str] = set()
    waiting = list(all_jobs[name].get("needs", []))
    while waiting:
        if (job := waiting.pop()) not in needed:
            needed.add(job)
            waiting += all_jobs[job].get("needs", [])
    return needed


def findings(pipeline: Pipeline) -> list[str]:
    every = jobs(pipeline)
    return [
        *_stages(pipeline, every),
        *_security(every),
        *_image(every),
        *_production(every),
        *_way_back(every),
        *_migrations(every),
        *_identity(pipeline, every),
        *_commands(every),
    ]


def _stages(pipeline: Pipeline, every: Mapping[str, Pipeline]) -> Iterator[str]:
    if pipeline["stages"] != STAGES:
        yield f"P6 the stages are {pipeline['stages']}"
    for stage in STAGES:
        if not any(job.get("stage") == stage for job in every.values()):
            yield f"P6 the stage {stage} has no job"


def _security(every: Mapping[str, Pipeline]) -> Iterator[str]:
    for name in sorted(SCANS - set(every)):
        yield f"P7 there is no {name}"
    for name in sorted(SCANS & set(every)):
        job = every[name]
        if job.get("allow_failure") is not False or any(rule.get("allow_failure") for rule in job.get("rules", [])):
            yield f"P7 {name} may fail"
        if job.get("when", "on_success") != "on_success" or is_manual(job):
            yield f"P7 {name} doesn't run by itself"
        if job["variables"].get("FINTECH_SCANS_REQUIRED") != "1":
            yield f"P7 {name} may end well without having looked"
        if job["stage"] == "security" and "rules" in job:
            yield f"P7 {name} doesn't run on each change"
        for command in job["script"]:
            if re.search(r"\|\|\s*true|--exit-code 0|--offline|--skip-db-update", command):
                yield f"P7 {name} ends well whatever it finds: {command}"
            if command.startswith("trivy") and "--exit-code 1 --severity HIGH,CRITICAL" not in command:
                yield f"P7 {name} doesn't fail on high: {command}"


def _image(every: Mapping[str, Pipeline]) -> Iterator[str]:
    if "needs" in every["build-image"]:
        yield "P7 the image is built before everything has been tested and scanned"
    for deploy in ("migrate-staging", "deploy-staging", "migrate-production", "deploy-production"):
        for wanted in ("image-scan", "image-signature"):
            if wanted not in waits_for(every, deploy):
                yield f"P7 {deploy} doesn't wait for {wanted}"


def _production(every: Mapping[str, Pipeline]) -> Iterator[str]:
    if not blocks(every[GATE]) or environment(every[GATE]) != "production":
        yield f"P8 {GATE} isn't a blocking manual job of the protected environment"
    if not {"smoke-staging", "deploy-staging"} <= waits_for(every, GATE):
        yield f"P6 {GATE} can be given before staging is known to work"
    for name, job in every.items():
        if job["stage"] == "deploy-production" and environment(job) != "production":
            yield f"P8 {name} isn't of the protected environment"
        if environment(job) != "production" or name == GATE:
            continue
        if GATE not in waits_for(every, name) and not is_manual(job):
            yield f"P8 {name} runs without anybody's approval"
        if any("$CI_DEFAULT_BRANCH" not in rule.get("if", "") for rule in job.get("rules", [{}])):
            yield f"P8 {name} runs on other branches than main"


def _way_back(every: Mapping[str, Pipeline]) -> Iterator[str]:
    for target in ("staging", "production"):
        job = every.get(f"roll-back-{target}")
        if job is None:
            yield f"P9 there is no way back of {target}"
        elif not is_manual(job) or job.get("needs") != []:
            yield f"P9 the way back of {target} isn't there at once"
        elif job.get("resource_group"):
            yield f"P9 the way back of {target} waits for the deploy that it is to end"


def _migrations(every: Mapping[str, Pipeline]) -> Iterator[str]:
    for target in ("staging", "production"):
        if f"migrate-{target}" not in waits_for(every, f"deploy-{target}"):
            yield f"P10 deploy-{target} doesn't wait for its migration"
        if any("migrate" in command for command in every[f"deploy-{target}"]["script"]):
            yield f"P10 deploy-{target} migrates"
    if not blocks(every["migrate-production"]):
        yield "P10 migrate-production has no gate of its own"


def _identity(pipeline: Pipeline, every: Mapping[str, Pipeline]) -> Iterator[str]:
    """A job that acts in a cloud is known there by GitLab's token, for its own reader; no credential is told."""
    for name, job in every.items():
        acts = any(command.startswith("make release") and "smoke" not in command for command in job["script"])
        token = job.get("id_tokens", {}).get("FINTECH_CLOUD_ID_TOKEN", {})
        if acts and token.get("aud") != "$CI_SERVER_URL":
            yield f"P19 {name} has no token by which the clouds know it"
    for credential in re.findall(r"AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|AZURE_CLIENT_SECRET", str(pipeline)):
        yield f"P19 the file tells {credential}"


def _commands(every: Mapping[str, Pipeline]) -> Iterator[str]:
    """What a developer can't run is no command of ours: make, or a scanner's and signer's own."""
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    for name, job in every.items():
        for command in job["script"]:
            program, *words = command.split()
            if program not in ("make", "trivy", "cosign"):
                yield f"P6 {name} runs {program}"
            if program == "make" and words[0] not in targets:
                yield f"P6 {name}: there is no target {words[0]}"


def test_the_pipeline_is_as_promised(pipeline: Pipeline) -> None:
    assert findings(pipeline) == []


def test_the_drills_are_held_each_quarter(pipeline: Pipeline) -> None:
    quarterly = [name for name, job in jobs(pipeline).items() if "FINTECH_SCHEDULE" in str(job.get("rules"))]
    assert quarterly == ["drill", "restore"]


def setting(job: str, key: str, value: object) -> Callable[[Pipeline], None]:
    return lambda pipeline: pipeline[job].__setitem__(key, value)


def without_need(job: str, need: str) -> Callable[[Pipeline], None]:
    return lambda pipeline: pipeline[job]["needs"].remove(need)


def rule(job: str, key: str, value: object) -> Callable[[Pipeline], None]:
    return lambda pipeline: pipeline[job].__setitem__("rules", [{**pipeline[job]["rules"][0], key: value}])


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (lambda pipeline: pipeline["stages"].reverse(), "P6 the stages are"),
        (lambda pipeline: pipeline.pop("secrets-scan"), "P7 there is no secrets-scan"),
        (setting("static-analysis", "allow_failure", True), "P7 static-analysis may fail"),
        (setting(".security", "allow_failure", True), "P7 python-dependencies may fail"),
        (setting("image-scan", "when", "manual"), "P7 image-scan doesn't run by itself"),
        (setting(".security", "variables", {}), "P7 python-dependencies may end well without"),
        (setting("secrets-scan", "rules", [{"if": "$NIGHTLY"}]), "P7 secrets-scan doesn't run on each"),
        (setting("static-analysis", "script", ["make scan || true"]), "P7 static-analysis ends well whatever"),
        (setting("image-scan", "script", ["trivy image --severity HIGH x"]), "P7 image-scan doesn't fail on high"),
        (setting("build-image", "needs", []), "P7 the image is built before"),
        (setting("migrate-staging", "needs", ["build-image"]), "P7 migrate-staging doesn't wait for image-scan"),
        (rule("approve-production", "when", "on_success"), "P8 approve-production isn't a blocking"),
        (rule("approve-production", "allow_failure", True), "P8 approve-production isn't a blocking"),
        (setting("approve-production", "environment", {"name": "anything"}), "P8 approve-production isn't"),
        (without_need("approve-production", "smoke-staging"), "P6 approve-production can be given before"),
        (setting("deploy-production", "needs", ["build-image"]), "P8 deploy-production runs without anybody"),
        (setting("deploy-production", "environment", {"name": "live"}), "P8 deploy-production isn't of the"),
        (setting("deploy-production", "rules", [{"if": "$CI"}]), "P8 deploy-production runs on other branches"),
        (lambda pipeline: pipeline.pop("roll-back-production"), "P9 there is no way back of production"),
        (setting("roll-back-production", "needs", ["build-image"]), "P9 the way back of production isn't there"),
        (setting("roll-back-production", "resource_group", "production"), "P9 the way back of production waits"),
        (without_need("deploy-production", "migrate-production"), "P10 deploy-production doesn't wait"),
        (rule("migrate-production", "when", "on_success"), "P10 migrate-production has no gate"),
        (setting("deploy-production", "script", ["make release ARGS='migrate x'"]), "P10 deploy-production migrates"),
        (setting(".release", "id_tokens", {}), "P19 migrate-production has no token"),
        (setting(".release", "id_tokens", {"FINTECH_CLOUD_ID_TOKEN": {"aud": "x"}}), "P19 deploy-staging has no token"),
        (setting(".release", "variables", {"AWS_ACCESS_KEY_ID": "$KEY"}), "P19 the file tells AWS_ACCESS_KEY_ID"),
        (setting("test", "script", ["pytest"]), "P6 test runs pytest"),
        (setting("test", "script", ["make tests"]), "P6 test: there is no target tests"),
    ],
)
def test_what_is_planted_is_found(pipeline: Pipeline, plant: Callable[[Pipeline], object], finding: str) -> None:
    planted = copy.deepcopy(pipeline)
    plant(planted)
    assert [found for found in findings(planted) if found.startswith(finding)], findings(planted)
