"""The product's own local settings, but for the throttles: a benchmark asks more often than any caller should."""

from fintech.project.settings.local import *  # noqa: F403

FINTECH_THROTTLES = {"api": "10000000/60", "anonymous": "10000000/60"}
