"""The local stack: every cell of FINTECH_CELLS on this machine, with the stack's own secrets and certificates."""

from __future__ import annotations

import hashlib
import os

from fintech.cells.topology import Endpoint, ServedCell, databases
from fintech.cells.valkey_settings import caches, channel_layers, valkey_url
from fintech.jurisdictions import jurisdiction
from fintech.project.settings.base import *  # noqa: F403
from fintech.project.settings.base import SERVICE
from fintech.stack.layout import LocalLayout, cells_of

LAYOUT = LocalLayout.from_environment()
DEBUG = False

FINTECH_SECRETS_PROVIDER = "fintech.secrets.local.LocalFileSecrets"
FINTECH_SECRETS_OPTIONS: dict[str, object] = {"path": str(LAYOUT.secrets_file)}
if "FINTECH_SECRETS_ALLOWED" in os.environ:
    # A service may read what deploy/services.toml lets it read; commands of the operator's may read everything.
    FINTECH_SECRETS_OPTIONS["allowed"] = os.environ["FINTECH_SECRETS_ALLOWED"].split()


def _served(name: str) -> ServedCell:
    rules = jurisdiction(name)
    return ServedCell(
        name=name,
        jurisdiction=rules,
        primary=Endpoint("127.0.0.1", LAYOUT.primary_port(name), rules.region),
        replica=Endpoint("127.0.0.1", LAYOUT.replica_port(name), rules.region),
        certificate_authority=str(LAYOUT.certificate_authority),
        secrets=name,
    )


FINTECH_SERVED_CELLS = {name: _served(name) for name in cells_of()}

# Threaded services share a pool; prefork workers and commands keep one connection a process.
POOLED = ("web", "api", "ws", "worker")
_POOL = {"min_size": 0, "max_size": 8, "timeout": 5, "num_workers": 1, "max_idle": 60}
DATABASES = databases(
    FINTECH_SERVED_CELLS.values(),
    pool=_POOL if SERVICE in POOLED else None,
    suffix=os.environ.get("FINTECH_DATABASE_SUFFIX", ""),
)

_HOSTS = sorted({host for served in FINTECH_SERVED_CELLS.values() for host in served.jurisdiction.hosts})
ALLOWED_HOSTS = [*_HOSTS, "127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = [f"http://{host}:{LAYOUT.port(service)}" for host in _HOSTS for service in ("web", "api")]

try:
    # One process serves several cells here; in production each serves one, under that cell's own key.
    _KEYS = "".join(LAYOUT.secret(f"{name}/django/secret-key") for name in FINTECH_SERVED_CELLS)
    SECRET_KEY = hashlib.sha256(_KEYS.encode()).hexdigest()
    _VALKEY_PASSWORD = LAYOUT.secret("valkey/password")
except KeyError:
    # Before the first `stack up` there are no secrets: commands that touch no store work all the same.
    SECRET_KEY = os.urandom(32).hex()
    _VALKEY_PASSWORD = ""

VALKEY_URL = valkey_url(
    host="127.0.0.1",
    port=LAYOUT.port("valkey"),
    password=_VALKEY_PASSWORD,
    certificate_authority=str(LAYOUT.certificate_authority),
)
CACHES = caches(VALKEY_URL)
CHANNEL_LAYERS = channel_layers(VALKEY_URL, FINTECH_SERVED_CELLS)
CELERY_BROKER_URL = VALKEY_URL

EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = LAYOUT.port("smtp")
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = "service@localhost"
# Served from the packages themselves; production collects them into the image.
# Nothing is collected here: each file is served from where it stands.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
FINTECH_DOCUMENTS = (LAYOUT.root / "storage").as_uri()
FINTECH_ANCHORS = (LAYOUT.root / "anchors").as_uri()
FINTECH_PSPS = {
    "sandbox": {"url": f"http://127.0.0.1:{LAYOUT.port('psp')}", "webhook_port": LAYOUT.port("api")},
}
