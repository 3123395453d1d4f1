"""The composition: the one place that knows every concern."""

from fintech.project.celery import app as celery_app

__all__ = ["celery_app"]
