"""What GitLab's pipeline may do in a cell's account: a role for each step, taken by the token of the protected branch.

No credential of AWS is kept anywhere: GitLab signs who a job is, and AWS believes it for one project and one branch.
The role that migrates stands with the task that it starts (deploy/aws/tasks.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from deploy.aws.told import Told
from deploy.definition.pipeline import Pipeline, Step, role_name

# Of the CDK's bootstrapping, by its default qualifier: who may change stacks and bring files.
BOOTSTRAPPED: Final = ("deploy", "file-publishing")
QUALIFIER: Final = "hnb659fds"
LASTS: Final = cdk.Duration.hours(1)


def by_token(scope: Construct, pipeline: Pipeline) -> iam.IPrincipal:
    """A job of the project's protected branch; nobody else has a token that says so."""
    account = cdk.Stack.of(scope).account
    said = {f"{pipeline.host}:aud": pipeline.server, f"{pipeline.host}:sub": pipeline.subject}
    return iam.FederatedPrincipal(
        f"arn:aws:iam::{account}:oidc-provider/{pipeline.host}", {"StringEquals": said}, "sts:AssumeRoleWithWebIdentity"
    )


class PipelineRoles(cdk.Stack):
    """The stack of a cell's roles for the pipeline; with `provides` it says as well whom the account believes."""

    def __init__(self, scope: Construct, name: str, *, told: Told, provides: bool) -> None:
        cell = told.cell
        super().__init__(
            scope, name, env=cdk.Environment(account=cell.account, region=cell.region), termination_protection=True
        )
        if provides:
            iam.CfnOIDCProvider(
                self, "GitLab", url=told.pipeline.server, client_id_list=[told.pipeline.server]
            ).apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        deploys = self._role("Deploy", "deploy", told, "brings its stacks to what the templates say")
        deploys.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=list(self._bootstrapped(told))))
        back = self._role("RollBack", "roll-back", told, "brings the version before back")
        for statement in self._going_back(told):
            back.add_to_policy(statement)

    def _role(self, part: str, step: Step, told: Told, what: str) -> iam.Role:
        return iam.Role(
            self,
            part,
            role_name=role_name(told.environment.name, told.cell.name, step, told.cell.region),
            assumed_by=by_token(self, told.pipeline),
            description=f"{told.prefix}: {what}",
            max_session_duration=LASTS,
        )

    def _bootstrapped(self, told: Told) -> Iterator[str]:
        for region in sorted({told.cell.region, told.cell.backup_region}):
            for part in BOOTSTRAPPED:
                yield f"arn:aws:iam::{self.account}:role/cdk-{QUALIFIER}-{part}-role-{self.account}-{region}"

    def _going_back(self, told: Told) -> Iterator[iam.PolicyStatement]:
        """What deploy/release/ecs.py asks for to go back."""
        services = [
            self.format_arn(service="ecs", resource="service", resource_name=f"{told.dashed}/{service}")
            for service in told.definition.services
        ]
        # A deployment's own name is AWS's.
        deployments = self.format_arn(service="ecs", resource="service-deployment", resource_name=f"{told.dashed}/*")
        of_region = {"StringEquals": {"aws:RequestedRegion": self.region}}
        for actions, resources, conditions in (
            (["ecs:ListServiceDeployments", "ecs:DescribeServices", "ecs:UpdateService"], services, None),
            (["ecs:StopServiceDeployment"], [deployments], None),
            (["ecs:ListTaskDefinitions"], ["*"], of_region),
        ):
            yield iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
