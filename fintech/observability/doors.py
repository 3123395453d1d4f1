"""The addresses for those who look after the process: load balancer, orchestrator, metrics scraper."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse

from fintech.observability.health import probes
from fintech.observability.metrics import CONTENT_TYPE, exposition

# Who may scrape: this machine and private networks (RFC 1918, RFC 4193).
INSIDE: Final = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


def live(_request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all."""
    return JsonResponse({"status": "live"})


def ready(_request: HttpRequest) -> HttpResponse:
    """200 when all essential probes pass, else 503; which ones failed, never why (that's in the log)."""
    found = probes.readiness()
    return JsonResponse(found.told(), status=200 if found.ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics, for scrapers inside; 404 for everybody whom a proxy brings from outside."""
    if not _from_inside(request):
        return HttpResponseNotFound()
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)


DOORS: Final = MappingProxyType[str, Callable[[HttpRequest], HttpResponse]](
    {"/health/live": live, "/health/ready": ready, "/metrics": metrics}
)


def _from_inside(request: HttpRequest) -> bool:
    # A proxy stands inside too, so what it forwards is told by its header.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        # A server on a Unix socket knows no address; who reaches the socket is on this machine.
        return not request.META.get("REMOTE_ADDR")
    networks: tuple[str, ...] = getattr(settings, "FINTECH_METRICS_NETWORKS", INSIDE)
    return any(address in ipaddress.ip_network(network) for network in networks)
