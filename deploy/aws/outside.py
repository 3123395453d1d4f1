"""The ways out: for services that talk to others, to the ports and the names that they need, and for nobody else."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53resolver as resolver
from constructs import Construct

from deploy.definition import AwsPlace, CellPlace

# Payment providers and our own hosts as clients see them; mails.
PORTS: Final = {443: "HTTPS to providers", 587: "mails, by TLS"}
PROVIDERS: Final = ("api.stripe.com",)
# What AWS's own addresses end in: endpoints, stores, the regions' services.
OF_AWS: Final = ("*.amazonaws.com", "*.aws", "*.compute.internal")


class Outside(Construct):
    """A group that may leave the network, and a resolver that knows no names but those that are needed."""

    def __init__(self, scope: Construct, name: str, *, cell: CellPlace, aws: AwsPlace, vpc: ec2.IVpc) -> None:
        super().__init__(scope, name)
        self.group = ec2.SecurityGroup(
            self, "Access", vpc=vpc, description="Services that talk to others", allow_all_outbound=False
        )
        for port, what in PORTS.items():
            self.group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), what)
        known = resolver.CfnFirewallDomainList(
            self, "Known", domains=sorted({*PROVIDERS, *OF_AWS, *cell.hosts, aws.smtp_host})
        )
        every = resolver.CfnFirewallDomainList(self, "Every", domains=["*"])
        rule = resolver.CfnFirewallRuleGroup.FirewallRuleProperty
        rules = resolver.CfnFirewallRuleGroup(
            self,
            "Names",
            firewall_rules=[
                # An alias outside the list is followed: what it leads to is the known name's own affair.
                rule(
                    action="ALLOW",
                    priority=1,
                    firewall_domain_list_id=known.ref,
                    firewall_domain_redirection_action="TRUST_REDIRECTION_DOMAIN",
                ),
                rule(action="BLOCK", priority=2, block_response="NXDOMAIN", firewall_domain_list_id=every.ref),
            ],
        )
        resolver.CfnFirewallRuleGroupAssociation(
            self,
            "NamesHere",
            firewall_rule_group_id=rules.ref,
            vpc_id=vpc.vpc_id,
            priority=200,
            mutation_protection="ENABLED",
        )
