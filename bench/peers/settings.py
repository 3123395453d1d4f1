"""Django for the peers."""

from bench.libpq_database import DATABASES  # noqa: F401  # a setting

SECRET_KEY = "for nobody's eyes"  # noqa: S105
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "mptt",
    "djmoney",
    "hordak",
    "django_ledger",
    "auditlog",
    "pgtrigger",
    "pghistory",
    "bench.peers.deposits",
]
# hordak's, as its documentation has them.
DEFAULT_CURRENCY = "EUR"
CURRENCIES = ["EUR"]
HORDAK_CURRENCIES = ["EUR"]
HORDAK_INTERNAL_CURRENCY = "EUR"
PGTRIGGER_INSTALL_ON_MIGRATE = True
