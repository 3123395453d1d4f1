"""Facts that a follower had set aside can be tried again from the back office, and who did it is on record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections

from crm.models import User
from crm.tests.portal import App, BackOffice
from fintech.cells import Actor, cell
from fintech.factlog import Followed, follower
from fintech.factlog import followers as registry
from fintech.factlog.models import Parked

_healthy = False
_seen: list[str] = []


@pytest.fixture
def broken_follower(both_cells: None) -> Iterator[None]:
    @follower("crm.test_broken", source="crm.fact", into="crm", kinds=("crm.client.registered",), replayable=True)
    def take(entry: Followed) -> None:
        if not _healthy:
            raise RuntimeError("the projection is broken")
        _seen.append(entry.subject[1])

    yield
    registry._followers.pop("crm.test_broken")


@pytest.mark.usefixtures("broken_follower")
def test_a_parked_fact_is_shown_and_tried_again() -> None:
    global _healthy
    app = App()
    app.sign_up()
    client_id = str(app.client_id)
    with cell("eu", actor=Actor.system("test")):
        with connections["eu_crm"].cursor() as cursor:
            cursor.execute(
                "INSERT INTO factlog_parked (follower, source, incarnation, fact_id, subject_type, subject_id, error) "
                "SELECT 'crm.test_broken', 'crm.fact', (SELECT id FROM factlog_incarnation LIMIT 1), id, "
                "subject_type, subject_id, 'RuntimeError' FROM factlog_fact "
                "WHERE subject_type = 'client' AND subject_id = %s AND kind = 'crm.client.registered'",
                [client_id],
            )
        parked = Parked.objects.using("eu_crm").get(follower="crm.test_broken", subject_id=client_id)
    office = BackOffice("support")
    assert b"Parked facts" in office.get("").content
    assert b"crm.test_broken" in office.get("factlog/parked/?resolved_at__isempty=1").content
    path = f"factlog/parked/crm-{parked.pk}/do/retry/"
    failed = office.do(path)
    assert failed.status_code == 400
    assert b"the projection is broken" in failed.content
    _healthy = True
    assert office.do(path, reason="the projection is mended").status_code == 302
    assert _seen == [client_id]
    with cell("eu", actor=Actor.system("test")):
        assert User.objects.filter(pk=office.user_id).exists()
        assert Parked.objects.using("eu_crm").get(pk=parked.pk).resolved_at is not None
