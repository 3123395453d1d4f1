"""The Celery application of the workers and of everything that publishes."""

from __future__ import annotations

from fintech.cells.tasks import CellCelery, CellTask

app = CellCelery("fintech", task_cls=CellTask, set_as_current=True)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["crm", "payments", "trading", "audit", "fintech.project"])
