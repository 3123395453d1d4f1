"""Whom alarms reach: PagerDuty, by one way for what wakes somebody and by another for what waits for the day (P23)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from deploy.definition.alerts import Severity

# Who rings: alarms, the database's own events, the budget, schedules.
RINGING: Final = (
    "cloudwatch.amazonaws.com", "events.rds.amazonaws.com", "budgets.amazonaws.com", "events.amazonaws.com",
)  # fmt: skip


class Paging(Construct):
    """A topic for each severity, under a key of the cell's."""

    def __init__(self, scope: Construct, name: str, *, prefix: str, key: kms.Key) -> None:
        super().__init__(scope, name)
        self._here = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
        for service in RINGING:
            key.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(service)],
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=["*"],
                    conditions=self._here,
                )
            )
        self.topics = {severity: self._topic(severity, prefix, key) for severity in get_args(Severity)}

    def _topic(self, severity: str, prefix: str, key: kms.IKey) -> sns.Topic:
        topic = sns.Topic(
            self,
            severity.capitalize(),
            topic_name=f"{prefix.replace('/', '-')}-{severity}",
            master_key=key,
            enforce_ssl=True,
        )
        topic.add_to_resource_policy(self._may_ring(topic))
        return topic

    def _may_ring(self, topic: sns.Topic) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal(service) for service in RINGING],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions=self._here,
        )


def lead_to_pagerduty(scope: Construct, prefix: str, topics: Mapping[str, sns.ITopic]) -> None:
    """Apart from the topics, since the address is read when this is made, and its secret must have a value by then."""
    for severity, topic in topics.items():
        sns.CfnSubscription(
            scope,
            f"{severity.capitalize()}PagerDuty",
            topic_arn=topic.topic_arn,
            protocol="https",
            endpoint=f"{{{{resolve:secretsmanager:{prefix}/pagerduty/{severity}}}}}",
        )
