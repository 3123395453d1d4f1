"""The app that the bare deposit stands in."""

from django.apps import AppConfig


class BareConfig(AppConfig):
    """Its table is a copy of the product's."""

    name = "bench.bare"
    label = "bare"
    default_auto_field = "django.db.models.BigAutoField"
