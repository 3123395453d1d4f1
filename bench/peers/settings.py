"""Django for the peers: libpq's variables name the database. Connections stay open, as ours do."""

import os

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
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PGDATABASE"],
        "USER": os.environ["PGUSER"],
        "PASSWORD": os.environ["PGPASSWORD"],
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "OPTIONS": {"sslmode": os.environ["PGSSLMODE"], "sslrootcert": os.environ["PGSSLROOTCERT"]},
        "CONN_MAX_AGE": None,
    }
}
# hordak's, as its documentation has them.
DEFAULT_CURRENCY = "EUR"
CURRENCIES = ["EUR"]
HORDAK_CURRENCIES = ["EUR"]
HORDAK_INTERNAL_CURRENCY = "EUR"
PGTRIGGER_INSTALL_ON_MIGRATE = True
