"""The Django app of the local stack: it has no tables and belongs to no concern."""

from django.apps import AppConfig


class StackConfig(AppConfig):
    """Embedded engines, local certificates, ports and processes."""

    name = "fintech.stack"
    label = "stack"
