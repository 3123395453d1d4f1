"""The doors as ordinary addresses; `ProbeMiddleware` answers them before any host name is looked at."""

from django.urls import path

from fintech.observability import doors

urlpatterns = [
    path("health/live", doors.live, name="health-live"),
    path("health/ready", doors.ready, name="health-ready"),
    path("metrics", doors.metrics, name="metrics"),
]
