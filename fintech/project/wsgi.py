"""The WSGI application of the services `web` and `api`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech.project.settings.local")
application = get_wsgi_application()
