"""The journey: one program that uses the product as its users do."""

from django.apps import AppConfig


class JourneyConfig(AppConfig):
    """Has no tables and no models."""

    name = "fintech.journey"
    label = "journey"
