"""The log's name and its keys.

The name is a checkpoint's first line and its key's name: `<FINTECH_AUDIT_ORIGIN>/<cell>`. It tells the logs
of all deployments and cells apart, so it never changes once a checkpoint has been signed.
"""

from __future__ import annotations

from django.conf import settings

from audit.rules.checkpoint import SigningKey, VerifierKey
from fintech.cells import current_cell
from fintech.cells.topology import served_cell
from fintech.secrets import secret

# For the local stack; a deployment sets a name of its own, such as audit.broker.example.
LOCAL_ORIGIN = "audit.localhost"


def origin() -> str:
    """The name of the bound cell's log."""
    return f"{getattr(settings, 'FINTECH_AUDIT_ORIGIN', LOCAL_ORIGIN)}/{current_cell().name}"


def signing_key() -> SigningKey:
    """The bound cell's key for checkpoints. Raises SecretMissing where it isn't kept."""
    prefix = served_cell(current_cell().name).secrets
    return SigningKey.from_seed(name=origin(), seed=secret(f"{prefix}/audit/signing-key"))


def verifier_key() -> VerifierKey:
    """The public half, for regulators and witnesses; `manage.py audit key` prints it."""
    return signing_key().verifier
