"""Production: one cell, its stores named by the environment, every credential fetched from the secrets provider.

The environment holds names and addresses only: FINTECH_CELLS (one cell), FINTECH_REGION, FINTECH_PRIMARY_HOST,
FINTECH_REPLICA_HOST (may be empty), FINTECH_CERTIFICATE_AUTHORITY, FINTECH_VALKEY_HOST,
FINTECH_VALKEY_CERTIFICATE_AUTHORITY (empty: the public ones), FINTECH_SECRETS_PREFIX (`production/eu`),
FINTECH_VALKEY_PORT (by default 6379), FINTECH_SECRETS_PROVIDER (by default a file, whose path FINTECH_SECRETS_PATH
tells; for Key Vault FINTECH_KEY_VAULT is the vault's name), FINTECH_SMTP_HOST, FINTECH_DOCUMENTS and FINTECH_ANCHORS
(the addresses of these stores, as fintech/object_storage/addresses.py reads them; empty for a process that has nothing
to do with one).
FINTECH_HOSTS (with commas) are those of the jurisdiction's hosts that this deployment answers to, by default all.
"""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from fintech.cells.topology import Endpoint, ServedCell, databases
from fintech.cells.valkey_settings import caches, channel_layers, valkey_url
from fintech.jurisdictions import jurisdiction
from fintech.object_storage.addresses import AddressRefused, Folder, parse_address
from fintech.project.settings.base import *  # noqa: F403
from fintech.project.settings.base import SERVICE
from fintech.secrets import secret, use_provider


def _named(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} isn't set; see fintech/project/settings/production.py")
    return value


def _store(name: str, *, outlasts_the_machine: bool) -> str:
    address = _named(name, "")
    try:
        found = parse_address(address) if address else None
    except AddressRefused as why:
        raise ImproperlyConfigured(f"{name}: {why}") from None
    if outlasts_the_machine and isinstance(found, Folder):
        raise ImproperlyConfigured(f"{name} is a folder, whose files whoever owns the machine can change and delete")
    return address


DEBUG = False
CELL = _named("FINTECH_CELLS")
if "," in CELL:
    raise ImproperlyConfigured("FINTECH_CELLS names several cells; in production a deployment serves one")
_RULES = jurisdiction(CELL)
FINTECH_REGION = _REGION = _named("FINTECH_REGION")
_PREFIX = _named("FINTECH_SECRETS_PREFIX", f"production/{CELL}")

_AWS, _AZURE = "fintech.secrets.aws.SecretsManagerSecrets", "fintech.secrets.azure.KeyVaultSecrets"
_FILE, _MOUNTED = "fintech.secrets.local.LocalFileSecrets", "fintech.secrets.mounted.MountedSecrets"
FINTECH_SECRETS_PROVIDER = _named("FINTECH_SECRETS_PROVIDER", _FILE)
_OPTIONS = {
    _AWS: lambda: {"region": _REGION},
    _AZURE: lambda: {"vault": _named("FINTECH_KEY_VAULT")},
    _MOUNTED: lambda: {"path": _named("FINTECH_SECRETS_PATH")},
    _FILE: lambda: {"path": _named("FINTECH_SECRETS_PATH")},
}
if FINTECH_SECRETS_PROVIDER not in _OPTIONS:
    raise ImproperlyConfigured(
        f"FINTECH_SECRETS_PROVIDER is {FINTECH_SECRETS_PROVIDER}; write one of {', '.join(_OPTIONS)}"
    )
FINTECH_SECRETS_OPTIONS = _OPTIONS[FINTECH_SECRETS_PROVIDER]()
# Settings aren't complete yet, and two of them are secrets.
use_provider(import_string(FINTECH_SECRETS_PROVIDER)(**FINTECH_SECRETS_OPTIONS))

_REPLICA = _named("FINTECH_REPLICA_HOST", "")
FINTECH_SERVED_CELLS = {
    CELL: ServedCell(
        name=CELL,
        jurisdiction=_RULES,
        primary=Endpoint(_named("FINTECH_PRIMARY_HOST"), 5432, _REGION),
        replica=Endpoint(_REPLICA, 5432, _REGION) if _REPLICA else None,
        certificate_authority=_named("FINTECH_CERTIFICATE_AUTHORITY"),
        secrets=_PREFIX,
    )
}
POOLED = ("web", "api", "ws", "worker")
_POOL = {"min_size": 0, "max_size": 8, "timeout": 5, "num_workers": 1, "max_idle": 60}
DATABASES = databases(FINTECH_SERVED_CELLS.values(), pool=_POOL if SERVICE in POOLED else None)

SECRET_KEY = secret(f"{_PREFIX}/django/secret-key")
VALKEY_URL = valkey_url(
    host=_named("FINTECH_VALKEY_HOST"),
    port=int(_named("FINTECH_VALKEY_PORT", "6379")),
    password=secret(f"{_PREFIX}/valkey/password"),
    certificate_authority=_named("FINTECH_VALKEY_CERTIFICATE_AUTHORITY", "") or None,
)
CACHES = caches(VALKEY_URL)
CHANNEL_LAYERS = channel_layers(VALKEY_URL, FINTECH_SERVED_CELLS)
CELERY_BROKER_URL = VALKEY_URL

_HOSTS = _named("FINTECH_HOSTS", ",".join(_RULES.hosts)).split(",")
ALLOWED_HOSTS = [host for host in _RULES.hosts if host in _HOSTS]
if len(ALLOWED_HOSTS) != len(_HOSTS):
    raise ImproperlyConfigured(f"FINTECH_HOSTS may only name hosts of {CELL}: {', '.join(_RULES.hosts)}")
# Their certificates are looked at from outside, as clients see them.
FINTECH_PUBLIC_HOSTS = [host for host in ALLOWED_HOSTS if not host.endswith(".localhost")]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

EMAIL_HOST = _named("FINTECH_SMTP_HOST")
EMAIL_USE_TLS = True
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = f"service@{ALLOWED_HOSTS[-1]}"
FINTECH_DOCUMENTS = _store("FINTECH_DOCUMENTS", outlasts_the_machine=False)
FINTECH_ANCHORS = _store("FINTECH_ANCHORS", outlasts_the_machine=True)
