"""The templates for AWS keep what is promised of alarms and of the account's guards; what is planted is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deploy.aws.policies import Subject, findings
from deploy.aws.policies.asked import subjects
from tests.deploy.planting import Change, Planted, found_in, of, setting, without, without_resource

pytestmark = pytest.mark.synth

ALARM = "AWS::CloudWatch::Alarm"


@pytest.fixture(scope="module")
def stacks() -> Mapping[str, Mapping[str, Subject]]:
    return {kind: subjects(kind) for kind in ("alarms", "guard")}


@pytest.mark.parametrize("kind", ["alarms", "guard"])
def test_every_cell_is_as_promised(stacks: Mapping[str, Mapping[str, Subject]], kind: str) -> None:
    assert len(stacks[kind]) == 4
    assert [finding for subject in stacks[kind].values() for finding in findings(kind, subject)] == []


def other_topic(template: dict[str, Any]) -> None:
    alarms = list(of(template, ALARM))
    ticket = next(each for each in alarms if "Ticket" in str(each["Properties"]["AlarmActions"]))
    next(of(template, ALARM, which="PoolFull"))["Properties"]["AlarmActions"] = ticket["Properties"]["AlarmActions"]


def other_cell(template: dict[str, Any]) -> None:
    next(of(template, ALARM, which="PoolFull"))["Properties"]["Dimensions"][1]["Value"] = "au"


def query_of_another_cell(template: dict[str, Any]) -> None:
    metric = next(of(template, ALARM, which="EndpointErrors"))["Properties"]["Metrics"][0]
    metric["Expression"] = metric["Expression"].replace("cell = 'eu'", "cell = 'au'")


def no_failover_told(template: dict[str, Any]) -> None:
    next(of(template, "AWS::RDS::EventSubscription"))["Properties"]["EventCategories"] = ["backup"]


def empty_board(template: dict[str, Any]) -> None:
    next(of(template, "AWS::CloudWatch::Dashboard"))["Properties"]["DashboardBody"] = "{}"


STREAM, DELIVERY = "AWS::CloudWatch::MetricStream", "AWS::KinesisFirehose::DeliveryStream"


def delivered(key: str, value: str) -> Change:
    def planted(template: dict[str, Any]) -> None:
        to = next(of(template, DELIVERY))["Properties"]["HttpEndpointDestinationConfiguration"]
        to["EndpointConfiguration"][key] = value

    return planted


ALARMS: Planted = [
    (without_resource("NewRelic", STREAM), "P20 Fintech: doesn't reach New Relic"),
    (setting(STREAM, "IncludeFilters", [{"Namespace": "Fintech"}]), "P20 AWS/RDS: doesn't reach New Relic"),
    (setting(STREAM, "FirehoseArn", "arn:elsewhere"), "P20 Fintech: doesn't reach New Relic"),
    (delivered("Url", "https://aws-api.newrelic.com/cloudwatch-metrics/v1"), "P20 NewRelicDelivery"),
    (delivered("AccessKey", "0123456789"), "P19 NewRelicDelivery"),
    (without_resource("WebhookSlow"), "P24 webhook-slow: is no alarm"),
    (without_resource("QueueGrowing"), "P27 queue-growing: is no alarm"),
    (setting(ALARM, "Threshold", 0.9, "PoolFull"), "P25 pool-full: isn't looked at as defined"),
    (setting(ALARM, "Threshold", 0.05, "EndpointErrors"), "P26 endpoint-errors: isn't looked at"),
    (setting(ALARM, "ComparisonOperator", "GreaterThanThreshold", "CertificateEnding"), "P28 certificate-ending"),
    (setting(ALARM, "Statistic", "Average", "PoolFull"), "P25 pool-full: isn't looked at"),
    (setting(ALARM, "MetricName", "other", "AuditVerificationFailed"), "P18 audit-verification-failed"),
    (other_cell, "P25 pool-full: isn't looked at"),
    (query_of_another_cell, "P26 endpoint-errors: isn't looked at"),
    (setting(ALARM, "TreatMissingData", "notBreaching", "RelayAway"), "P32 relay-away: is silent"),
    (setting(ALARM, "ActionsEnabled", False, "PoolFull"), "P23 PoolFull: is off"),
    (without(ALARM, "AlarmActions", "PoolFull"), "P23 PoolFull: rings nobody"),
    (setting("AWS::SNS::Subscription", "Endpoint", "https://example.com"), "P23 page: leads to nobody"),
    (setting("AWS::SNS::Subscription", "Protocol", "email"), "P23 page: leads to nobody"),
    (without_resource("TicketPagerDuty"), "P23 ticket: leads to nobody"),
    (other_topic, "P23 pool-full: rings another topic"),
    (setting(ALARM, "AlarmDescription", "Something.", "PoolFull"), "P33 pool-full: doesn't say what to do"),
    (without_resource("DatabaseReplicaLag"), "P21 AWS/RDS ReplicaLag: isn't watched"),
    (without_resource("BeatTooFew"), "P21 beat: nobody counts its processes"),
    (no_failover_told, "P12 nobody is told of a failover"),
    (empty_board, "P21 pool-full: stands on no board"),
    (without_resource("NobodyServes"), "P33 a lost region is noticed by nobody"),
    (setting(ALARM, "TreatMissingData", "missing", "NobodyServes"), "P33 a lost region is noticed by nobody"),
    (setting(ALARM, "EvaluationPeriods", 60, "NobodyServes"), "P33 a lost region is noticed too late"),
]


@pytest.mark.parametrize(("planted", "finding"), ALARMS)
def test_what_is_planted_is_found(stacks: Mapping[str, Mapping[str, Subject]], planted: Change, finding: str) -> None:
    found = found_in("alarms", stacks["alarms"]["production-eu-alarms"], planted)
    assert [each for each in found if each.startswith(finding)], found


TRAIL, BUDGET = "AWS::CloudTrail::Trail", "AWS::Budgets::Budget"


def other_limit(template: dict[str, Any]) -> None:
    next(of(template, BUDGET))["Properties"]["Budget"]["BudgetLimit"]["Amount"] = 10**6


GUARD: Planted = [
    (without_resource("Trail", TRAIL), "P18 nobody keeps what is done"),
    (setting(TRAIL, "IsMultiRegionTrail", False), "P18 the trail misses calls"),
    (setting(TRAIL, "EnableLogFileValidation", False), "P18 the trail misses calls"),
    (without(TRAIL, "KMSKeyId"), "P14 the trail"),
    (without("AWS::S3::Bucket", "ObjectLockConfiguration"), "P18 Records"),
    (without_resource("Recorder", "AWS::Config::ConfigurationRecorder"), "P21 changes of the account"),
    (without_resource("RdsStorageEncrypted"), "P14 RDS_STORAGE_ENCRYPTED"),
    (setting("AWS::GuardDuty::Detector", "Enable", False), "P23 nobody looks for attacks"),
    (setting("AWS::Events::Rule", "State", "DISABLED"), "P23 an attack wakes nobody"),
    (setting("AWS::Events::Rule", "Targets", []), "P23 an attack wakes nobody"),
    (other_limit, "P21 the cell has no budget"),
    (without(BUDGET, "NotificationsWithSubscribers"), "P21 nobody is told what the cell costs"),
]


@pytest.mark.parametrize(("planted", "finding"), GUARD)
def test_what_is_planted_in_the_guard_is_found(
    stacks: Mapping[str, Mapping[str, Subject]], planted: Change, finding: str
) -> None:
    found = found_in("guard", stacks["guard"]["production-eu-guard"], planted)
    assert [each for each in found if each.startswith(finding)], found
