"""What the world sees of a cell: Front Door with its firewall, which alone reaches the cluster, by a private link."""

from __future__ import annotations

from typing import Final

from azure.mgmt.cdn import models as cdn
from azure.mgmt.frontdoor import models as firewall

from deploy.azure.names import VERSIONS, Names
from deploy.azure.template import Reference, Template, made
from deploy.definition import Definition, Service
from deploy.definition.services import LIVE_PATH

# What Kubernetes calls the private link that it makes for its ingress; the manifests say the same.
PRIVATE_LINK: Final = "ingress"
REQUESTS_A_MINUTE: Final = 1200
PROBE: Final = {
    "probe_path": LIVE_PATH,
    "probe_protocol": "Https",
    "probe_request_type": "GET",
    "probe_interval_in_seconds": 30,
}
RULES: Final = (("Microsoft_DefaultRuleSet", "2.1", "Block"), ("Microsoft_BotManagerRuleSet", "1.1", None))
REFUSES: Final = {"enabled_state": "Enabled", "mode": "Prevention", "request_body_check": "Enabled"}


def add_front(template: Template, names: Names, definition: Definition) -> Reference:
    """Front Door for the cell's hosts: each path that a service answers, and no other."""
    version = VERSIONS["Microsoft.Cdn"]
    profile, endpoint = _profile(template, names, version)
    domains = [_domain(template, profile, host, version) for host in names.cell.hosts]
    group, origin = _origin(template, names, profile, version)
    for service in definition.services.values():
        if service.public:
            model = made(cdn.Route, properties=_route(service, group, domains))
            after = [endpoint, group, origin, *domains]
            template.add(endpoint.part("routes", service.name), version, model, after=after)
    _add_firewall(template, names, profile, domains, version)
    return profile


def _profile(template: Template, names: Names, version: str) -> tuple[Reference, Reference]:
    profile = Reference("Microsoft.Cdn/profiles", names.stack)
    patient = made(cdn.ProfileProperties, origin_response_timeout_seconds=60)
    sku = made(cdn.Sku, name="Premium_AzureFrontDoor")
    template.add(profile, version, made(cdn.Profile, location="global", sku=sku, properties=patient))
    enabled = made(cdn.AFDEndpointProperties, enabled_state="Enabled")
    endpoint = profile.part("afdEndpoints", names.server)
    template.add(endpoint, version, made(cdn.AFDEndpoint, location="global", properties=enabled), after=[profile])
    return profile, endpoint


def _route(service: Service, group: Reference, domains: list[Reference]) -> cdn.RouteProperties:
    return made(
        cdn.RouteProperties,
        custom_domains=[made(cdn.ActivatedResourceReference, id=domain.id) for domain in domains],
        origin_group=made(cdn.ResourceReference, id=group.id),
        patterns_to_match=list(service.paths),
        supported_protocols=["Http", "Https"],
        https_redirect="Enabled",
        forwarding_protocol="HttpsOnly",
        link_to_default_domain="Disabled",
        enabled_state="Enabled",
    )


def _domain(template: Template, profile: Reference, host: str, version: str) -> Reference:
    tls = made(cdn.AFDDomainHttpsParameters, certificate_type="ManagedCertificate", minimum_tls_version="TLS12")
    properties = made(cdn.AFDDomainProperties, host_name=host, tls_settings=tls)
    return template.add(
        profile.part("customDomains", host.replace(".", "-")),
        version,
        made(cdn.AFDDomain, properties=properties),
        after=[profile],
    )


def _origin(template: Template, names: Names, profile: Reference, version: str) -> tuple[Reference, Reference]:
    """The cluster's ingress, asked whether it lives, and reached by its private link."""
    group = profile.part("originGroups", "cluster")
    watched = made(
        cdn.AFDOriginGroupProperties,
        health_probe_settings=made(cdn.HealthProbeParameters, **PROBE),
        load_balancing_settings=made(cdn.LoadBalancingSettingsParameters, sample_size=4, successful_samples_required=3),
    )
    template.add(group, version, made(cdn.AFDOriginGroup, properties=watched), after=[profile])
    origin = group.part("origins", "ingress")
    template.add(origin, version, made(cdn.AFDOrigin, properties=_ingress(names)), after=[group])
    return group, origin


def _ingress(names: Names) -> cdn.AFDOriginProperties:
    ingress = Reference("Microsoft.Network/privateLinkServices", PRIVATE_LINK)
    link = made(
        cdn.SharedPrivateLinkResourceProperties,
        private_link=made(cdn.ResourceReference, id=ingress.id),
        private_link_location=names.cell.region,
        request_message=f"Front Door of {names.stack}",
    )
    return made(
        cdn.AFDOriginProperties,
        host_name=names.cell.hosts[0],
        https_port=443,
        enabled_state="Enabled",
        enforce_certificate_name_check=True,
        shared_private_link_resource=link,
    )


def _add_firewall(template: Template, names: Names, profile: Reference, domains: list[Reference], version: str) -> None:
    kind = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies"
    policy = Reference(kind, names.stack.replace("-", ""))
    template.add(policy, VERSIONS[kind], _firewall())
    guarded = made(
        cdn.SecurityPolicyWebApplicationFirewallAssociation,
        domains=[made(cdn.ActivatedResourceReference, id=domain.id) for domain in domains],
        patterns_to_match=["/*"],
    )
    parameters = made(
        cdn.SecurityPolicyWebApplicationFirewallParameters,
        waf_policy=made(cdn.ResourceReference, id=policy.id),
        associations=[guarded],
    )
    model = made(cdn.SecurityPolicy, properties=made(cdn.SecurityPolicyProperties, parameters=parameters))
    template.add(profile.part("securityPolicies", "firewall"), version, model, after=[profile, policy, *domains])


def _firewall() -> firewall.WebApplicationFirewallPolicy:
    """It refuses what Azure's own sets of rules find, and whoever asks too often."""
    sets = [
        made(firewall.ManagedRuleSet, rule_set_type=kind, rule_set_version=version, rule_set_action=action)
        for kind, version, action in RULES
    ]
    properties = made(
        firewall.WebApplicationFirewallPolicyProperties,
        policy_settings=made(firewall.PolicySettings, **REFUSES),
        custom_rules=made(firewall.CustomRuleList, rules=[_limit()]),
        managed_rules=made(firewall.ManagedRuleSetList, managed_rule_sets=sets),
    )
    sku = made(firewall.Sku, name="Premium_AzureFrontDoor")
    return made(firewall.WebApplicationFirewallPolicy, location="global", sku=sku, properties=properties)


def _limit() -> firewall.CustomRule:
    every = made(firewall.MatchCondition, match_variable="RequestUri", operator="Contains", match_value=["/"])
    return made(
        firewall.CustomRule,
        name="TooManyRequests",
        priority=100,
        enabled_state="Enabled",
        rule_type="RateLimitRule",
        rate_limit_duration_in_minutes=1,
        rate_limit_threshold=REQUESTS_A_MINUTE,
        match_conditions=[every],
        action="Block",
    )
