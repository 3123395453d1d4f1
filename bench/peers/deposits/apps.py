"""The app that the peers' deposits stand in."""

from django.apps import AppConfig


class DepositsConfig(AppConfig):
    """Its tables are made without migrations."""

    name = "bench.peers.deposits"
    label = "deposits"
