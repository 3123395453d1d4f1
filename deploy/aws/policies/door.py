"""What is promised of the way in, and of the ways out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.aws.front import TEST_PORT, cloudflare_ranges
from deploy.aws.policies.subject import Policy, Subject, reference

BALANCER, LISTENER = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener"
RULE: Final = "AWS::ElasticLoadBalancingV2::ListenerRule"
EVERYWHERE: Final = ("0.0.0.0/0", "::/0")
# TLS 1.2 with forward secrecy at least.
MODERN: Final = ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06")
# Providers, mails, and who asks new versions.
WAYS_OUT: Final = {443, 587, TEST_PORT}
LEAST_RULES: Final = {
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
}


def front_alone_reaches_the_door(subject: Subject) -> Iterator[str]:
    """P1: Cloudflare's addresses with its certificate, or AWS's firewall, stand before each load balancer."""
    assert subject.cell.aws is not None
    if subject.cell.aws.front == "cloudflare":
        yield from _cloudflare_is_known(subject)
        return
    guarded = {reference(found["ResourceArn"]) for _, found in subject.of("AWS::WAFv2::WebACLAssociation")}
    for name, found in subject.of(BALANCER):
        if found.get("Scheme") == "internet-facing" and name not in guarded:
            yield f"P1 {name}: no firewall stands before it"
    yield from _firewall_refuses(subject)


def nothing_else_is_open(subject: Subject) -> Iterator[str]:
    """P1: nothing but a load balancer behind a firewall is open to everywhere; a version under test is to nobody."""
    assert subject.cell.aws is not None
    for name, rule in _ingress(subject):
        to_all = rule.get("CidrIp", rule.get("CidrIpv6")) in EVERYWHERE
        a_door = name in _doors(subject) and rule["FromPort"] == 443
        if to_all and (subject.cell.aws.front == "cloudflare" or not a_door):
            yield f"P1 {name}: open to everywhere"
        if rule["FromPort"] == TEST_PORT and ("SourcePrefixListId" in rule or to_all):
            yield f"P1 {name}: a version under test is shown to the world"


def clients_come_by_tls(subject: Subject) -> Iterator[str]:
    """P14: every listener speaks TLS, modern TLS only; nothing falls through to a service that didn't ask for it."""
    for name, listener in subject.of(LISTENER):
        if listener.get("Protocol") != "HTTPS" or listener.get("SslPolicy") not in MODERN:
            yield f"P14 {name}: speaks without modern TLS"
        if [action["Type"] for action in listener["DefaultActions"]] != ["fixed-response"]:
            yield f"P2 {name}: brings what nobody asked for to a service"


def the_door_is_kept(subject: Subject) -> Iterator[str]:
    """P1, P21: the load balancer passes on no malformed header, keeps a log of who came, and can't be deleted."""
    for name, found in subject.of(BALANCER):
        told = {each["Key"]: each["Value"] for each in found.get("LoadBalancerAttributes", [])}
        if told.get("routing.http.drop_invalid_header_fields.enabled") != "true":
            yield f"P1 {name}: passes on headers that are none"
        if told.get("access_logs.s3.enabled") != "true":
            yield f"P21 {name}: keeps no log of who came"
        if told.get("deletion_protection.enabled") != "true":
            yield f"P1 {name}: may be deleted"


def three_services_are_served(subject: Subject) -> Iterator[str]:
    """P2: web, api and the websocket gateway are reached at their own paths and the cell's hosts, nothing else is."""
    clients = {name for name, listener in subject.of(LISTENER) if listener.get("Port") == 443}
    served = set()
    for name, rule in subject.of(RULE):
        if reference(rule["ListenerArn"]) not in clients:
            continue
        conditions = {found["Field"]: found for found in rule["Conditions"]}
        hosts = conditions.get("host-header", {}).get("HostHeaderConfig", {}).get("Values", [])
        served.add(tuple(conditions.get("path-pattern", {}).get("PathPatternConfig", {}).get("Values", [])))
        if hosts != list(subject.cell.hosts):
            yield f"P2 {name}: answers to other hosts than the cell's"
    public = {service.paths for service in subject.definition.services.values() if service.public}
    if served != public:
        yield f"P2 served are {sorted(served)}, not {sorted(public)}"


def ways_out_are_few(subject: Subject) -> Iterator[str]:
    """P1: whoever leaves the network is defined to, and leaves by a port that is needed."""
    for name, rule in _egress(subject):
        to_all = rule.get("CidrIp", rule.get("CidrIpv6")) in EVERYWHERE
        if to_all and (rule.get("FromPort") != rule.get("ToPort") or rule.get("FromPort") not in WAYS_OUT):
            yield f"P1 {name}: a way out by any port"
    for name, found in subject.of("AWS::ECS::Service"):
        groups = {reference(group) for group in found["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"]}
        leaves = any(group.startswith("Outside") for group in groups)
        if leaves and not subject.definition.services[found["ServiceName"]].outside:
            yield f"P1 {name}: may leave the network, and isn't defined to"


def names_outside_are_known(subject: Subject) -> Iterator[str]:
    """P1: the network's resolver tells the names that are needed, and no other."""
    rules = [
        rule for _, found in subject.of("AWS::Route53Resolver::FirewallRuleGroup") for rule in found["FirewallRules"]
    ]
    if [rule["Action"] for rule in sorted(rules, key=lambda rule: int(rule["Priority"]))] != ["ALLOW", "BLOCK"]:
        yield "P1 every name outside is told"
    if not list(subject.of("AWS::Route53Resolver::FirewallRuleGroupAssociation")):
        yield "P1 nobody asks whether a name is known"


POLICIES: Final[tuple[Policy, ...]] = (
    front_alone_reaches_the_door,
    nothing_else_is_open,
    clients_come_by_tls,
    the_door_is_kept,
    three_services_are_served,
    ways_out_are_few,
    names_outside_are_known,
)


def _doors(subject: Subject) -> set[str]:
    return {reference(group) for _, found in subject.of(BALANCER) for group in found.get("SecurityGroups", [])}


def _cloudflare_is_known(subject: Subject) -> Iterator[str]:
    lists = {
        name: [entry["Cidr"] for entry in found.get("Entries", [])]
        for name, found in subject.of("AWS::EC2::PrefixList")
    }
    let_in = {
        reference(rule.get("SourcePrefixListId"))
        for name, rule in _ingress(subject)
        if name in _doors(subject) and rule["FromPort"] == 443
    }
    if len(let_in) != 1 or lists.get(min(let_in, default="")) != cloudflare_ranges():
        yield "P1 others than Cloudflare reach the load balancer, or Cloudflare doesn't"
    for name, listener in subject.of(LISTENER):
        if listener.get("Port") == 443 and listener.get("MutualAuthentication", {}).get("Mode") != "verify":
            yield f"P1 {name}: asks Cloudflare for no certificate"


def _firewall_refuses(subject: Subject) -> Iterator[str]:
    for name, found in subject.of("AWS::WAFv2::WebACL"):
        rules = found.get("Rules", [])
        groups = {
            rule["Statement"]["ManagedRuleGroupStatement"]["Name"]
            for rule in rules
            if "ManagedRuleGroupStatement" in rule["Statement"] and rule.get("OverrideAction") == {"None": {}}
        }
        if not groups >= LEAST_RULES:
            yield f"P1 {name}: lets known attacks pass: {', '.join(sorted(LEAST_RULES - groups))}"
        if not any("RateBasedStatement" in rule["Statement"] and rule.get("Action") == {"Block": {}} for rule in rules):
            yield f"P1 {name}: lets one ask without end"


def _ingress(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each rule of who may come, by the group that it opens."""
    for name, found in subject.of("AWS::EC2::SecurityGroup"):
        for rule in found.get("SecurityGroupIngress", []):
            yield name, rule
    for _, rule in subject.of("AWS::EC2::SecurityGroupIngress"):
        yield reference(rule["GroupId"]), rule


def _egress(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, found in subject.of("AWS::EC2::SecurityGroup"):
        for rule in found.get("SecurityGroupEgress", []):
            # What the CDK writes for "nowhere".
            if rule.get("CidrIp") != "255.255.255.255/32":
                yield name, rule
    for _, rule in subject.of("AWS::EC2::SecurityGroupEgress"):
        yield reference(rule["GroupId"]), rule
