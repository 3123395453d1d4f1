"""What the product promises, asked of the rendered templates; each finding begins with the promise's number.

Each kind of stack (the last word of its name) has its own policies; `deploy/aws/policies/table.py` lists them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deploy.aws.policies import alarms, door, guard, objects, pipeline, services, standby, stores
from deploy.aws.policies.subject import Policy, Subject

__all__ = ["POLICIES", "Policy", "Subject", "findings"]

POLICIES: Final[Mapping[str, tuple[Policy, ...]]] = {
    "stores": stores.POLICIES + objects.STORES,
    "backups": (
        standby.standby_is_lawful,
        stores.objects_are_encrypted,
        stores.objects_answer_over_tls,
        stores.private,
        *objects.BACKUPS,
    ),
    "services": services.POLICIES + objects.SERVICES + pipeline.MIGRATION + door.POLICIES,
    "alarms": alarms.POLICIES,
    "guard": guard.POLICIES,
    "pipeline": pipeline.POLICIES,
    "standby": standby.STANDBY,
    "standby-services": services.POLICIES + objects.SERVICES + pipeline.MIGRATION + door.POLICIES + standby.SERVICES,
    "failover": standby.FAILOVER,
    "names": standby.NAMES,
}


def findings(kind: str, subject: Subject) -> list[str]:
    """Everything that isn't as promised of a stack of this kind."""
    return [finding for policy in POLICIES[kind] for finding in policy(subject)]
