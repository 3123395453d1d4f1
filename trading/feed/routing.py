"""The paths of the service `ws`."""

from channels.routing import URLRouter
from django.urls import path

from trading.feed.connection import FeedConsumer

websocket_application = URLRouter([path("feed/", FeedConsumer.as_asgi())])
