"""AWS's firewall for web applications, for cells without Cloudflare in front: known attacks, and too many from one."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

# Kept by Amazon. The size of bodies is the product's own to refuse (fintech/http/bodies.py): documents are larger.
MANAGED: Final = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesSQLiRuleSet": (),
}
# Requests of one address within five minutes; a whole office may stand behind one.
REQUESTS_OF_ONE: Final = 6000


def guard(scope: Construct, balancer: elb.ApplicationLoadBalancer) -> waf.CfnWebACL:
    """Put the firewall before a load balancer; while the firewall doesn't answer, nothing passes."""
    rules = [_managed(priority, group, counted) for priority, (group, counted) in enumerate(MANAGED.items())]
    rules.append(_too_many(len(rules)))
    firewall = waf.CfnWebACL(
        scope,
        "Firewall",
        scope="REGIONAL",
        default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
        rules=rules,
        visibility_config=_seen("Firewall"),
    )
    waf.CfnWebACLAssociation(
        scope, "FirewallBefore", resource_arn=balancer.load_balancer_arn, web_acl_arn=firewall.attr_arn
    )
    return firewall


def keep_log(scope: Construct, firewall: waf.CfnWebACL, key: kms.IKey, name: str) -> None:
    """What it refused, without what signs people in."""
    # The name's beginning is Amazon's rule for logs of a firewall.
    log = logs.LogGroup(
        scope,
        "FirewallLog",
        log_group_name=f"aws-waf-logs-{name}",
        retention=logs.RetentionDays.ONE_YEAR,
        encryption_key=key,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    waf.CfnLoggingConfiguration(
        scope,
        "FirewallLogging",
        resource_arn=firewall.attr_arn,
        log_destination_configs=[
            cdk.Stack.of(scope).format_arn(
                service="logs",
                resource="log-group",
                resource_name=log.log_group_name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
        ],
        redacted_fields=[
            waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
            for header in ("authorization", "cookie")
        ],
    )


def _too_many(priority: int) -> waf.CfnWebACL.RuleProperty:
    by_address = waf.CfnWebACL.RateBasedStatementProperty(aggregate_key_type="IP", limit=REQUESTS_OF_ONE)
    return waf.CfnWebACL.RuleProperty(
        name="TooMany",
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(block={}),
        statement=waf.CfnWebACL.StatementProperty(rate_based_statement=by_address),
        visibility_config=_seen("TooMany"),
    )


def _managed(priority: int, group: str, counted: tuple[str, ...]) -> waf.CfnWebACL.RuleProperty:
    count = waf.CfnWebACL.RuleActionProperty(count={})
    overrides = [waf.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count) for rule in counted]
    managed = waf.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS", name=group, rule_action_overrides=overrides or None
    )
    return waf.CfnWebACL.RuleProperty(
        name=group,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=waf.CfnWebACL.StatementProperty(managed_rule_group_statement=managed),
        visibility_config=_seen(group),
    )


def _seen(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=name
    )
