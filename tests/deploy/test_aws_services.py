"""The templates for AWS keep what is promised of services and of the way in; what is planted against it is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from deploy.aws.policies import Subject, findings
from deploy.aws.policies.asked import subjects
from tests.deploy.planting import Change, Planted, found_in, of, setting, without

pytestmark = pytest.mark.synth

TASK, SERVICE, GROUP = "AWS::ECS::TaskDefinition", "AWS::ECS::Service", "AWS::EC2::SecurityGroup"
LISTENER, RULE = "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule"
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"


@pytest.fixture(scope="module")
def services() -> Mapping[str, Subject]:
    return subjects("services")


def test_every_cell_is_as_promised(services: Mapping[str, Subject]) -> None:
    assert len(services) == 4
    assert [finding for subject in services.values() for finding in findings("services", subject)] == []


def container(change: Callable[[dict[str, Any]], object], which: str = "Web", number: int = 0) -> Change:
    """Changes a container of a task definition."""

    def planted(template: dict[str, Any]) -> None:
        change(next(of(template, TASK, which=f"Definitions{which}"))["Properties"]["ContainerDefinitions"][number])

    return planted


def told(name: str, value: str) -> Change:
    return container(lambda found: found["Environment"].append({"Name": name, "Value": value}))


def deployment(change: Callable[[dict[str, Any]], object], which: str = "Web") -> Change:
    """Changes how a service is deployed."""

    def planted(template: dict[str, Any]) -> None:
        change(next(of(template, SERVICE, which=f"Fleet{which}"))["Properties"]["DeploymentConfiguration"])

    return planted


def statement(change: Callable[[dict[str, Any]], object], which: str = "WebRole", number: int = 0) -> Change:
    """Changes what a role may do."""

    def planted(template: dict[str, Any]) -> None:
        policy = next(of(template, "AWS::IAM::Policy", which=which))["Properties"]["PolicyDocument"]
        change(policy["Statement"][number])

    return planted


def first_secret(resource: Any) -> None:
    resource["Resource"][0] = resource["Resource"][0].replace("production/eu/", "production/au/")


def no_task(template: dict[str, Any]) -> None:
    name = next(name for name in template["Resources"] if name.startswith("DefinitionsDrill") and "Role" not in name)
    del template["Resources"][name]


def no_service(template: dict[str, Any]) -> None:
    name = next(name for name in template["Resources"] if name.startswith("FleetEngine"))
    del template["Resources"][name]


def one_target_group(template: dict[str, Any]) -> None:
    balanced = next(of(template, SERVICE, which="FleetApi"))["Properties"]["LoadBalancers"][0]
    balanced["AdvancedConfiguration"]["AlternateTargetGroupArn"] = balanced["TargetGroupArn"]


def alarm_that_isnt(template: dict[str, Any]) -> None:
    name = next(name for name in template["Resources"] if name.startswith("WebFailing"))
    del template["Resources"][name]


def keeps_files(template: dict[str, Any]) -> None:
    volumes = next(of(template, TASK, which="DefinitionsApi"))["Properties"]["Volumes"]
    volumes.append({"Name": "files", "EFSVolumeConfiguration": {"FilesystemId": "fs-1"}})


def anybody_migrates(template: dict[str, Any]) -> None:
    role = next(of(template, "AWS::IAM::Role", which="TasksMigrateStarter"))["Properties"]
    role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": "arn:aws:iam::111111111111:root"}


def every_branch_migrates(template: dict[str, Any]) -> None:
    role = next(of(template, "AWS::IAM::Role", which="TasksMigrateStarter"))["Properties"]
    said = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"].pop("StringEquals")
    role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringLike"] = {
        key: value.rpartition(":")[0] + ":*" if key.endswith(":sub") else value for key, value in said.items()
    }


def a_second_starter(template: dict[str, Any]) -> None:
    role = next(of(template, "AWS::IAM::Role", which="TasksMigrateStarter"))
    template["Resources"]["Another"] = role


def migrates_by_the_clock(template: dict[str, Any]) -> None:
    migrate = next(name for name in template["Resources"] if name.startswith("DefinitionsMigrate"))
    schedule = next(of(template, "AWS::Scheduler::Schedule"))["Properties"]
    schedule["Target"]["EcsParameters"]["TaskDefinitionArn"] = {"Ref": migrate}


def drill_that_is_off(template: dict[str, Any]) -> None:
    next(of(template, "AWS::Scheduler::Schedule"))["Properties"]["State"] = "DISABLED"


def public_address(template: dict[str, Any]) -> None:
    network = next(of(template, SERVICE))["Properties"]["NetworkConfiguration"]
    network["AwsvpcConfiguration"]["AssignPublicIp"] = "ENABLED"


def beat_leaves(template: dict[str, Any]) -> None:
    network = next(of(template, SERVICE, which="FleetBeat"))["Properties"]["NetworkConfiguration"]
    group = next(name for name in template["Resources"] if name.startswith("OutsideAccess"))
    network["AwsvpcConfiguration"]["SecurityGroups"].append({"Fn::GetAtt": [group, "GroupId"]})


def any_image(template: dict[str, Any]) -> None:
    template["Parameters"]["Image"]["AllowedPattern"] = ".*"


def another_image(found: dict[str, Any]) -> None:
    found["Image"] = "somebody/python:latest"


def unsecret(found: dict[str, Any]) -> None:
    found["Secrets"] = [{"Name": "X", "ValueFrom": "arn"}]


def elsewhere(found: dict[str, Any]) -> None:
    next(each for each in found["Environment"] if each["Name"] == "FINTECH_SECRETS_PREFIX")["Value"] = "production/au"


def to_all_ports(template: dict[str, Any]) -> None:
    rule = {"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}
    next(of(template, GROUP, which="OutsideAccess"))["Properties"]["SecurityGroupEgress"] = [rule]


def every_name(template: dict[str, Any]) -> None:
    rules = next(of(template, "AWS::Route53Resolver::FirewallRuleGroup"))["Properties"]["FirewallRules"]
    rules[1]["Action"] = "ALLOW"


def nobody_asks_names(template: dict[str, Any]) -> None:
    name = next(name for name in template["Resources"] if name.startswith("OutsideNamesHere"))
    del template["Resources"][name]


def from_everywhere(template: dict[str, Any]) -> None:
    rule = {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    next(of(template, GROUP, which="DoorAccess"))["Properties"]["SecurityGroupIngress"].append(rule)


def service_from_everywhere(template: dict[str, Any]) -> None:
    rule = {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000}
    next(of(template, GROUP, which="Served"))["Properties"]["SecurityGroupIngress"] = [rule]


def version_under_test_for_all(template: dict[str, Any]) -> None:
    rule = next(of(template, "AWS::EC2::SecurityGroupIngress", which="DoorAccess"))["Properties"]
    rule["FromPort"] = rule["ToPort"] = 8443


def more_than_cloudflare(template: dict[str, Any]) -> None:
    next(of(template, "AWS::EC2::PrefixList"))["Properties"]["Entries"].append({"Cidr": "203.0.113.0/24"})


def attribute(key: str) -> Change:
    """Turns an attribute of the load balancer off."""

    def planted(template: dict[str, Any]) -> None:
        attributes = next(of(template, BALANCER))["Properties"]["LoadBalancerAttributes"]
        next(each for each in attributes if each["Key"] == key)["Value"] = "false"

    return planted


def falls_through(template: dict[str, Any]) -> None:
    next(of(template, LISTENER))["Properties"]["DefaultActions"] = [{"Type": "forward"}]


def other_host(template: dict[str, Any]) -> None:
    rule = next(of(template, RULE, which="WebClients"))["Properties"]
    rule["Conditions"][0]["HostHeaderConfig"]["Values"] = ["*"]


def other_path(template: dict[str, Any]) -> None:
    rule = next(of(template, RULE, which="WebClients"))["Properties"]
    rule["Conditions"][1]["PathPatternConfig"]["Values"] = ["/*"]


SCALABLE, POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"


BEHIND_CLOUDFLARE: Planted = [
    (no_task, "P3 drill: has no task definition"),
    (setting(TASK, "RequiresCompatibilities", ["EC2"]), "P3 web: doesn't run on Fargate"),
    (container(lambda found: found["Command"].append("--reload")), "P3 web: runs another command"),
    (container(lambda found: found.pop("StopTimeout")), "P3 web: has another time to end"),
    (no_service, "P3 engine: doesn't run"),
    (setting(SCALABLE, "MaxCapacity", 99, "Worker"), "P3 worker: isn't scaled as defined"),
    (setting(POLICY, "TargetTrackingScalingPolicyConfiguration", {}, "Ws"), "P3 ws: isn't scaled by its signal"),
    (container(lambda found: found.update(User="0")), "P14 web/web: is root"),
    (container(lambda found: found.update(Privileged=True)), "P14 web/web: is root"),
    (container(lambda found: found.pop("ReadonlyRootFilesystem"), number=1), "P14 web/watcher: writes to its own"),
    (container(lambda found: found.pop("LinuxParameters")), "P14 web/web: has capabilities"),
    (public_address, "P1 FleetWeb"),
    (setting(SERVICE, "EnableExecuteCommand", True), "P1 FleetWeb"),
    (keeps_files, "P14 api: keeps files in files"),
    (without("AWS::Logs::LogGroup", "KmsKeyId"), "P14 "),
    (container(unsecret), "P19 web: is given secrets"),
    (told("DATABASE_PASSWORD", "x"), "P19 web: is told DATABASE_PASSWORD"),
    (container(elsewhere), "P19 web: looks for secrets elsewhere"),
    (statement(first_secret), "P19 web: reads other secrets than it declares"),
    (statement(lambda found: found["Resource"].append("*")), "P19 web: reads other secrets"),
    (statement(lambda found: found.update(Action="secretsmanager:*")), "P19 DefinitionsWebRole"),
    (
        statement(lambda found: found.update(Action="secretsmanager:GetSecretValue"), "Starting"),
        "P19 web: who starts it",
    ),
    (statement(lambda found: found.pop("Condition"), number=2), "P19 DefinitionsWebRole"),
    (deployment(lambda found: found.update(Strategy="ROLLING")), "P9 FleetWeb"),
    (deployment(lambda found: found.update(BakeTimeInMinutes=0)), "P9 FleetWeb"),
    (deployment(lambda found: found.pop("Alarms")), "P9 FleetWeb"),
    (deployment(lambda found: found["Alarms"].update(Rollback=False)), "P9 FleetWeb"),
    (deployment(lambda found: found.pop("LifecycleHooks")), "P9 FleetWeb"),
    (deployment(lambda found: found.pop("DeploymentCircuitBreaker"), "Engine"), "P9 FleetEngine"),
    (alarm_that_isnt, "P9 FleetWeb"),
    (one_target_group, "P9 FleetApi"),
    (anybody_migrates, "P10 TasksMigrateStarter"),
    (every_branch_migrates, "P10 TasksMigrateStarter"),
    (a_second_starter, "P10 the migration is started by"),
    (migrates_by_the_clock, "P10 TasksDrillSchedule"),
    (migrates_by_the_clock, "P32 no drill runs each quarter"),
    (drill_that_is_off, "P32 a drill that doesn't start"),
    (setting("AWS::ECS::Cluster", "ClusterSettings", []), "P21 Cluster"),
    (container(lambda found: found.update(Name="other"), number=1), "P21 web: tells nobody"),
    (any_image, "P7 any image"),
    (container(another_image), "P7 web/web"),
    (from_everywhere, "P1 DoorAccess"),
    (service_from_everywhere, "P1 Served"),
    (version_under_test_for_all, "P1 DoorAccess"),
    (more_than_cloudflare, "P1 others than Cloudflare"),
    (without(LISTENER, "MutualAuthentication"), "P1 DoorBalancerClients"),
    (setting(LISTENER, "SslPolicy", "ELBSecurityPolicy-2016-08"), "P14 DoorBalancerClients"),
    (setting(LISTENER, "Protocol", "HTTP"), "P14 DoorBalancerClients"),
    (falls_through, "P2 DoorBalancerClients"),
    (attribute("routing.http.drop_invalid_header_fields.enabled"), "P1 DoorBalancer"),
    (attribute("access_logs.s3.enabled"), "P21 DoorBalancer"),
    (attribute("deletion_protection.enabled"), "P1 DoorBalancer"),
    (other_host, "P2 WebClientsRule"),
    (other_path, "P2 served are"),
    (to_all_ports, "P1 OutsideAccess"),
    (beat_leaves, "P1 FleetBeat"),
    (every_name, "P1 every name outside"),
    (nobody_asks_names, "P1 nobody asks whether"),
]


@pytest.mark.parametrize(("planted", "finding"), BEHIND_CLOUDFLARE)
def test_what_is_planted_is_found(services: Mapping[str, Subject], planted: Change, finding: str) -> None:
    found = found_in("services", services["production-eu-services"], planted)
    assert [each for each in found if each.startswith(finding)], found


def no_firewall(template: dict[str, Any]) -> None:
    name = next(name for name in template["Resources"] if name.startswith("DoorFirewallBefore"))
    del template["Resources"][name]


def rules_of_firewall(change: Callable[[list[Any]], object]) -> Change:
    return lambda template: change(next(of(template, "AWS::WAFv2::WebACL"))["Properties"]["Rules"])


BEHIND_THE_FIREWALL: Planted = [
    (no_firewall, "P1 DoorBalancer"),
    (rules_of_firewall(lambda rules: rules.pop(1)), "P1 DoorFirewall"),
    (rules_of_firewall(lambda rules: rules[1].update(OverrideAction={"Count": {}})), "P1 DoorFirewall"),
    (rules_of_firewall(lambda rules: rules.pop()), "P1 DoorFirewall"),
    (service_from_everywhere, "P1 Served"),
]


@pytest.mark.parametrize(("planted", "finding"), BEHIND_THE_FIREWALL)
def test_what_is_planted_behind_the_firewall_is_found(
    services: Mapping[str, Subject], planted: Change, finding: str
) -> None:
    found = found_in("services", services["production-au-services"], planted)
    assert [each for each in found if each.startswith(finding)], found
