"""What is promised of the pipeline's roles: one project's protected branch takes them, and they do one thing each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.aws.policies.subject import Policy, Subject, listed, statements
from deploy.definition.pipeline import Pipeline, read_pipeline, role_name

ROLE: Final = "AWS::IAM::Role"
PROVIDER: Final = "AWS::IAM::OIDCProvider"
# What each role may ask for; everything else of a deploy is done by the roles that the CDK's bootstrapping makes.
MAY: Final[Mapping[str, frozenset[str]]] = {
    "deploy": frozenset({"sts:AssumeRole"}),
    "roll-back": frozenset(
        {
            "ecs:ListServiceDeployments", "ecs:StopServiceDeployment", "ecs:DescribeServices",
            "ecs:ListTaskDefinitions", "ecs:UpdateService",
        }
    ),
}  # fmt: skip


def believed_only(properties: Mapping[str, Any], account: str, pipeline: Pipeline) -> bool:
    """Whether a role is taken by a token of the project's protected branch, and by nothing else."""
    said = {f"{pipeline.host}:aud": pipeline.server, f"{pipeline.host}:sub": pipeline.subject}
    wanted = {
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": said},
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{pipeline.host}"},
    }
    return list(properties["AssumeRolePolicyDocument"]["Statement"]) == [wanted]


def the_protected_branch_alone_is_believed(subject: Subject) -> Iterator[str]:
    """P8, P19: the pipeline's roles are taken by a token of one project's protected branch, for an hour."""
    pipeline = read_pipeline()
    for name, properties in subject.of(ROLE):
        if not believed_only(properties, subject.cell.account, pipeline):
            yield f"P8 {name}: is taken by others than {pipeline.subject}"
        if properties.get("MaxSessionDuration", 3600) > 3600:
            yield f"P19 {name}: is kept for longer than an hour"
    for name, properties in subject.of(PROVIDER):
        if properties.get("Url") != pipeline.server or properties.get("ClientIdList") != [pipeline.server]:
            yield f"P8 {name}: believes others than {pipeline.server}"


def each_role_takes_its_step(subject: Subject) -> Iterator[str]:
    """P8, P31: the pipeline has a role for each step in a cell, which may do what the step asks for in that cell."""
    cell, environment = subject.cell, subject.environment.name
    roles = {properties.get("RoleName"): name for name, properties in subject.of(ROLE)}
    wanted = {role_name(environment, cell.name, step, cell.region): step for step in ("deploy", "roll-back")}
    if set(roles) != set(wanted):
        yield f"P8 the pipeline's roles are {sorted(map(str, roles))}, not {sorted(wanted)}"
    by_logical = {roles[name]: step for name, step in wanted.items() if name in roles}
    for name, properties in subject.of("AWS::IAM::Policy"):
        (role,) = (str(each["Ref"]) for each in properties["Roles"])
        for statement in statements(properties):
            if stray := set(listed(statement["Action"])) - MAY.get(by_logical.get(role, ""), frozenset()):
                yield f"P8 {name}: lets the pipeline {', '.join(sorted(stray))}"
            if not _of_cell(statement, subject):
                yield f"P31 {name}: reaches beyond the cell"


def the_pipeline_alone_migrates(subject: Subject) -> Iterator[str]:
    """P10: who may start the migration is one role, which the pipeline takes by a token of the protected branch."""
    pipeline, start = read_pipeline(), f"{subject.environment.name}-{subject.cell.name}-migrate-"
    taken = {
        name: properties
        for name, properties in subject.of("AWS::IAM::Role")
        if any("Service" not in each["Principal"] for each in properties["AssumeRolePolicyDocument"]["Statement"])
    }
    if [str(properties.get("RoleName", "")).startswith(start) for properties in taken.values()] != [True]:
        yield f"P10 the migration is started by {sorted(taken)}, not by the pipeline's role alone"
    for name, properties in taken.items():
        if not believed_only(properties, subject.cell.account, pipeline):
            yield f"P10 {name}: is taken by others than {pipeline.subject}"


def _of_cell(statement: Mapping[str, Any], subject: Subject) -> bool:
    """Whether it is about the cell's own cluster and region, or the bootstrapped roles of its account."""
    resources = [json.dumps(each) for each in listed(statement["Resource"])]
    if "sts:AssumeRole" in listed(statement["Action"]):
        return all(f"iam::{subject.cell.account}:role/cdk-" in each for each in resources)
    region = statement.get("Condition", {}).get("StringEquals", {}).get("aws:RequestedRegion")
    cluster = f"/{subject.prefix.replace('/', '-')}/"
    return region == subject.cell.region or all(cluster in each for each in resources)


# Asked of the stacks of services, where the role that migrates stands.
MIGRATION: Final[tuple[Policy, ...]] = (the_pipeline_alone_migrates,)
POLICIES: Final[tuple[Policy, ...]] = (the_protected_branch_alone_is_believed, each_role_takes_its_step)
