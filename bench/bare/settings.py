"""The least that a Django project needs."""

from bench.libpq_database import DATABASES  # noqa: F401  # a setting

SECRET_KEY = "for nobody's eyes"  # noqa: S105
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = ["bench.bare.apps.BareConfig"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.bare.urls"
