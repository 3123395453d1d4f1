"""The composition as an app: commands that need every concern."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """No tables; `demo` and `demo_data`."""

    name = "fintech.project"
    label = "project"
