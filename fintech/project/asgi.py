"""The ASGI application of the service `ws`: the websocket feed."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech.project.settings.local")

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()

from fintech.cells.channels import CellOfHandshake
from trading.feed.routing import websocket_application

application = ProtocolTypeRouter({"http": http, "websocket": CellOfHandshake(websocket_application)})
