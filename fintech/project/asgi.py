"""The ASGI application of the service `ws`: the websocket feed."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech.project.settings.local")

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

http = get_asgi_application()

# Models can be imported only once Django is ready.
from fintech.cells.channels import CellOfHandshake  # noqa: E402
from trading.feed.routing import websocket_application  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": CellOfHandshake(websocket_application)})
