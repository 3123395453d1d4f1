"""The providers that this deployment works with: which there are, how they reach us, and their adapters.

The setting FINTECH_PSPS maps a provider's name to its options: `url` where it is called, and where our own doors are:
`webhook_port` on this machine, else https on the last of the entity's host names that this deployment answers to. The
first provider takes new deposits.
`stripe` is called at its own address if none is given; its pages offer `payment_method_types`, or cards only.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from fintech.cells import current_cell
from fintech.cells.topology import served_cell
from fintech.secrets import secret
from payments.psps.protocol import PaymentServiceProvider
from payments.psps.registry import UnknownProvider, registry
from payments.psps.sandbox_adapter import SandboxProvider
from payments.psps.stripe_adapter import StripeProvider

SANDBOX = "sandbox"
STRIPE = "stripe"


def register_providers() -> None:
    """Register an adapter for each provider that the settings name and the registry doesn't know yet."""
    for name, factory in ((SANDBOX, _sandbox), (STRIPE, _stripe)):
        if name in settings.FINTECH_PSPS and name not in registry.names():
            registry.register(name, factory)


def provider(name: str) -> PaymentServiceProvider:
    """The adapter of the bound cell. Raises UnknownProvider."""
    return registry.provider(name, cell=current_cell().name)


def provider_for_deposits() -> str:
    """The name of the provider that takes new deposits. Raises UnknownProvider where there is none."""
    for name in settings.FINTECH_PSPS:
        return str(name)
    raise UnknownProvider("FINTECH_PSPS names no provider")


def webhook_url(name: str, *, entity: str) -> str:
    """Where a provider's messages about an entity's payments come in."""
    return f"{_origin(name, entity)}/webhooks/{name}/"


def return_url(name: str, *, entity: str, deposit_id: object) -> str:
    """Where the client's browser goes after paying."""
    return f"{_origin(name, entity)}/api/v1/deposits/{deposit_id}"


def _origin(name: str, entity: str) -> str:
    options: dict[str, Any] = settings.FINTECH_PSPS[name]
    hosts = [host for host in current_cell().jurisdiction.entity(entity).hosts if host in settings.ALLOWED_HOSTS]
    port = options.get("webhook_port")
    return f"http://{hosts[0]}:{port}" if port else f"https://{hosts[-1]}"


def _sandbox(cell_name: str) -> PaymentServiceProvider:
    options: dict[str, Any] = settings.FINTECH_PSPS[SANDBOX]
    prefix = f"{served_cell(cell_name).secrets}/psp/{SANDBOX}"
    return SandboxProvider(
        base_url=options["url"],
        api_key=lambda: secret(f"{prefix}/api-key"),
        webhook_secrets=lambda: [secret(f"{prefix}/webhook-secret")],
    )


def _stripe(cell_name: str) -> PaymentServiceProvider:
    options: dict[str, Any] = settings.FINTECH_PSPS[STRIPE]
    prefix = f"{served_cell(cell_name).secrets}/psp/{STRIPE}"
    return StripeProvider(
        api_key=lambda: secret(f"{prefix}/api-key"),
        # Several while one replaces another: with white space between, the newest first.
        webhook_secrets=lambda: secret(f"{prefix}/webhook-secret").split(),
        payment_method_types=options.get("payment_method_types", ("card",)),
        url=options.get("url"),
    )
