"""The product's own local settings, with a watch around every request and every task."""

from bench.where_time_goes import watch
from fintech.project.settings.local import *  # noqa: F403
from fintech.project.settings.local import MIDDLEWARE

MIDDLEWARE = ["bench.where_time_goes.watch.Watch", *MIDDLEWARE]
watch.watch_tasks()
