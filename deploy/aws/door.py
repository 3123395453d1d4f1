"""The only way in: a load balancer that Cloudflare alone reaches, with its certificate, or that AWS's firewall guards.

It brings nothing to a service but the service's own paths at the cell's own hosts; everything else is answered 404.
"""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deploy.aws.firewall import guard, keep_log
from deploy.aws.front import TEST_PORT, cloudflare_ranges
from deploy.aws.network import DOOR
from deploy.definition import AwsPlace, CellPlace

# Longer than the feed's own heartbeat, so that a quiet websocket isn't cut.
IDLE_SECONDS: Final = 120
TLS: Final = elb.SslPolicy.TLS13_RES


class Door(Construct):
    """The load balancer with the listener that clients reach, and one from inside for a version under test."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        prefix: str,
        cell: CellPlace,
        aws: AwsPlace,
        vpc: ec2.IVpc,
        log_bucket: s3.IBucket,
        log_key: kms.IKey,
    ) -> None:
        super().__init__(scope, name)
        self.group = ec2.SecurityGroup(
            self, "Access", vpc=vpc, description="Load balancer of the cell", allow_all_outbound=False
        )
        self.balancer = self._balancer(vpc)
        self.balancer.log_access_logs(log_bucket, "load-balancer")
        self.certificate = certificate = self._certificate(cell, aws)
        self.clients = self._listener("Clients", 443, certificate)
        self.test = self._listener("Test", TEST_PORT, certificate)
        if aws.front == "cloudflare":
            self._behind_cloudflare(cell, vpc)
        else:
            keep_log(self, guard(self, self.balancer), log_key, prefix.replace("/", "-"))
            self.group.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "clients, through the firewall")

    def _balancer(self, vpc: ec2.IVpc) -> elb.ApplicationLoadBalancer:
        return elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name=DOOR),
            internet_facing=True,
            security_group=self.group,
            deletion_protection=True,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
            idle_timeout=cdk.Duration.seconds(IDLE_SECONDS),
        )

    def _certificate(self, cell: CellPlace, aws: AwsPlace) -> acm.Certificate:
        return acm.Certificate(
            self,
            "Certificate",
            domain_name=cell.hosts[0],
            subject_alternative_names=[*cell.hosts[1:], f"origin.{cell.hosts[0]}"],
            validation=acm.CertificateValidation.from_dns(
                route53.HostedZone.from_hosted_zone_attributes(
                    self, "Zone", hosted_zone_id=aws.hosted_zone, zone_name=aws.zone
                )
            ),
        )

    def _listener(self, name: str, port: int, certificate: acm.ICertificate) -> elb.ApplicationListener:
        return self.balancer.add_listener(
            name,
            port=port,
            protocol=elb.ApplicationProtocol.HTTPS,
            certificates=[certificate],
            ssl_policy=TLS,
            open=False,
            default_action=elb.ListenerAction.fixed_response(404),
        )

    def _behind_cloudflare(self, cell: CellPlace, vpc: ec2.IVpc) -> None:
        """Cloudflare's addresses only, and of these only who shows the certificate of our own zone."""
        ranges = cloudflare_ranges()
        addresses = ec2.CfnPrefixList(
            self,
            "Cloudflare",
            prefix_list_name=f"cloudflare-{cell.name}",
            address_family="IPv4",
            max_entries=2 * len(ranges),
            entries=[ec2.CfnPrefixList.EntryProperty(cidr=cidr, description="Cloudflare") for cidr in ranges],
        )
        self.group.add_ingress_rule(
            ec2.Peer.prefix_list(addresses.attr_prefix_list_id), ec2.Port.tcp(443), "Cloudflare's proxies"
        )
        bucket = cdk.CfnParameter(
            cdk.Stack.of(self),
            "TrustBucket",
            description="Bucket with the authority of the origin pulls' certificates",
            allowed_pattern="[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        )
        trust = elb.CfnTrustStore(
            self,
            "OriginPulls",
            ca_certificates_bundle_s3_bucket=bucket.value_as_string,
            ca_certificates_bundle_s3_key="origin-pull-authority.pem",
        )
        listener = self.clients.node.default_child
        assert isinstance(listener, elb.CfnListener)
        listener.mutual_authentication = elb.CfnListener.MutualAuthenticationProperty(
            mode="verify", trust_store_arn=trust.ref
        )
