"""The WSGI application of the services `web` and `api`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech.project.settings.local")
django = get_wsgi_application()

# What counts and logs can be imported only once Django is ready.
from fintech.http.slow_bodies import PatientBodies  # noqa: E402

application = PatientBodies(django)
