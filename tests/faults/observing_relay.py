"""A relay process with one follower that writes down, in payments, each fact of crm that it was given."""

from __future__ import annotations

import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech.project.settings.test")

import django

django.setup()

from django.db import connections

from fintech.factlog import Followed, follower
from fintech.factlog.relay import Relay


@follower("test.fire_observer", source="crm.fact", into="payments", replayable=True)
def observe(entry: Followed) -> None:
    if entry.kind == "crm.test.fired":
        with connections["eu_payments"].cursor() as cursor:
            cursor.execute(
                "INSERT INTO observed (fact_id, subject, seq) VALUES (%s, %s, %s)",
                [entry.id, entry.subject[1], entry.seq],
            )


def main() -> None:
    relay = Relay("eu", only=["test.fire_observer"])
    signal.signal(signal.SIGTERM, lambda *_: relay.stop())
    relay.run()
    sys.exit(0)


if __name__ == "__main__":
    main()
