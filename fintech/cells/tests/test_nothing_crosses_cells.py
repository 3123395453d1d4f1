"""Each way in which data of one jurisdiction could reach another is closed; each test fails without its guard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import close_old_connections, connection, connections, router, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from crm.models import User
from fintech.cells import Actor, CellContext, ForeignCell, NoCellBound, bound_cell, cell, maintenance
from fintech.cells.channels import CellOfHandshake, cell_channel_layer
from fintech.cells.identifiers import uuid7
from fintech.cells.middleware import CellOfHostMiddleware
from fintech.cells.tasks import CellTask, cell_task
from fintech.journal.models import JournalEntry

SYSTEM = Actor.system("test")


def new_user() -> User:
    return User.objects.create(email=f"{uuid7()}@example.org", password="!")


# Without a cell


@pytest.mark.parametrize(
    "use",
    [
        lambda: User.objects.count(),
        lambda: User.objects.using("eu_crm").count(),
        lambda: connections["eu_payments"].cursor(),
        lambda: connections["eu_payments_replica"].cursor(),
        lambda: connection.cursor(),
        lambda: transaction.atomic().__enter__(),
        lambda: cache.get("x"),
    ],
    ids=["orm", "using", "raw", "replica", "default", "bare atomic", "cache"],
)
def test_without_a_cell_nothing_can_be_asked(both_cells: None, use: object) -> None:
    assert bound_cell() is None
    with pytest.raises(NoCellBound):
        use()  # type: ignore[operator]


def test_a_thread_starts_without_a_cell(eu: CellContext) -> None:
    caught: list[BaseException] = []

    def work() -> None:
        try:
            User.objects.count()
        except NoCellBound as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert caught


# In another cell


def test_another_cell_is_never_bound_inside(eu: CellContext) -> None:
    with pytest.raises(ForeignCell), cell("au", actor=SYSTEM):
        pass


def test_using_does_not_get_around_the_bound_cell(eu: CellContext) -> None:
    with pytest.raises(ForeignCell):
        User.objects.using("au_crm").count()
    with pytest.raises(ForeignCell):
        connections["au_crm_replica"].cursor()


def test_an_open_connection_of_another_cell_is_refused_too(both_cells: None) -> None:
    with cell("au", actor=SYSTEM):
        User.objects.count()
        opened = connections["au_crm"].cursor()
        opened.close()
    with cell("eu", actor=SYSTEM), pytest.raises(ForeignCell):
        User.objects.using("au_crm").count()


def test_between_requests_open_connections_are_looked_after_without_a_cell(both_cells: None) -> None:
    """A server's thread asks every open connection for its mode, when no cell is bound: it isn't using it."""
    with cell("eu", actor=SYSTEM):
        new_user()
    close_old_connections()
    with pytest.raises(NoCellBound):
        connections["eu_crm"].cursor()
    with cell("eu", actor=SYSTEM):
        new_user()


@pytest.fixture
def user_of_eu(both_cells: None) -> User:
    with cell("eu", actor=SYSTEM):
        return new_user()


@pytest.fixture
def in_au(user_of_eu: User) -> Iterator[CellContext]:
    with cell("au", actor=SYSTEM) as context:
        yield context


def test_an_object_of_another_cell_is_neither_saved_nor_deleted(user_of_eu: User, in_au: CellContext) -> None:
    for use in (user_of_eu.save, user_of_eu.delete, user_of_eu.refresh_from_db):
        with pytest.raises(ForeignCell):
            use()
    assert not User.objects.filter(pk=user_of_eu.pk).exists()


def test_bulk_work_refuses_objects_of_another_cell(user_of_eu: User, in_au: CellContext) -> None:
    with pytest.raises(ForeignCell):
        User.objects.bulk_create([user_of_eu])
    with pytest.raises(ForeignCell):
        User.objects.bulk_update([user_of_eu], ["is_staff"])


def test_a_lookup_refuses_an_object_of_another_cell(user_of_eu: User, in_au: CellContext) -> None:
    with pytest.raises(ForeignCell):
        list(Group.objects.filter(user=user_of_eu))


def test_rows_fetched_in_one_cell_are_not_shown_in_another(both_cells: None) -> None:
    everybody = User.objects.all() if bound_cell() else None
    with cell("eu", actor=SYSTEM):
        new_user()
        everybody = User.objects.all()
        assert list(everybody)
    with cell("au", actor=SYSTEM), pytest.raises(ForeignCell):
        list(everybody)


def test_objects_of_two_cells_or_two_concerns_are_never_related(user_of_eu: User, in_au: CellContext) -> None:
    assert not router.allow_relation(user_of_eu, new_user())


def test_a_concern_that_there_isnt_has_no_alias(eu: CellContext) -> None:
    assert eu.alias("audit") == "eu_audit"
    with pytest.raises(ValueError, match="'au_crm' is no concern"):
        eu.alias("au_crm")


def test_a_table_that_stands_in_several_databases_is_named_with_its_alias(eu: CellContext) -> None:
    with pytest.raises(RuntimeError, match="name the alias"):
        JournalEntry.objects.count()


def test_cache_entries_of_one_cell_are_unknown_in_another(both_cells: None) -> None:
    with cell("eu", actor=SYSTEM):
        cache.set("colour", "blue", 30)
        assert cache.get("colour") == "blue"
    with cell("au", actor=SYSTEM):
        assert cache.get("colour") is None


def test_the_owner_works_in_maintenance_only_and_leaves_no_connection_behind(both_cells: None) -> None:
    with maintenance(), connections["eu_crm"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("crm_owner",)
    with cell("eu", actor=SYSTEM), connections["eu_crm"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("crm_app",)


# `default`


def test_a_bare_atomic_is_the_bound_cells_crm_and_rolls_back_with_it(eu: CellContext) -> None:
    email = f"{uuid7()}@example.org"
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        User.objects.create(email=email, password="!")
        assert connections["eu_crm"].in_atomic_block
        with transaction.atomic(using="eu_crm"):
            raise ZeroDivisionError
    assert not User.objects.filter(email=email).exists()


# The edges


def request_to(host: str) -> HttpRequest:
    return RequestFactory().get("/", headers={"host": host})


def test_the_host_binds_the_cell_for_the_request_and_for_what_it_streams_later() -> None:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(str(bound_cell() and bound_cell().name) for _ in range(2))  # type: ignore[union-attr]

    response = CellOfHostMiddleware(view)(request_to("au.localhost:8001"))
    assert bound_cell() is None
    assert list(response) == [b"au", b"au"]  # type: ignore[call-overload]
    assert bound_cell() is None


async def test_an_asynchronous_stream_keeps_its_cell() -> None:
    async def content() -> AsyncIterator[str]:
        for _ in range(2):
            await asyncio.sleep(0)
            yield str(bound_cell() and bound_cell().name)  # type: ignore[union-attr]

    async def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(content())

    response = await CellOfHostMiddleware(view)(request_to("eu.localhost"))  # type: ignore[misc]
    assert [chunk async for chunk in response] == [b"eu", b"eu"]
    assert bound_cell() is None


def test_a_host_that_is_nobodys_reaches_nothing() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("reached")

    response = CellOfHostMiddleware(view)(request_to("localhost"))
    assert response.status_code == 421  # type: ignore[union-attr]


async def test_a_websocket_for_a_host_that_is_nobodys_is_closed() -> None:
    sent: list[object] = []

    async def inner(scope: object, receive: object, send: object) -> None:
        raise AssertionError("reached")

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: object) -> None:
        sent.append(message)

    await CellOfHandshake(inner)({"headers": [(b"host", b"sc.localhost:1")]}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 4421}]


async def test_what_is_sent_to_a_group_of_one_cell_is_unknown_in_another() -> None:
    with cell("au", actor=SYSTEM):
        australian = cell_channel_layer()
    with cell("eu", actor=SYSTEM):
        european = cell_channel_layer()
    mailbox = await european.new_channel()
    await european.group_add("news", mailbox)
    await australian.group_send("news", {"type": "from", "cell": "au"})
    await european.group_send("news", {"type": "from", "cell": "eu"})
    assert await european.receive(mailbox) == {"type": "from", "cell": "eu"}
    await european.group_discard("news", mailbox)


# Tasks


@cell_task(kind="default", name="fintech.cells.tests.which_cell")
def which_cell() -> str:
    context = bound_cell()
    return context.name if context else "none"


def test_publishing_without_a_cell_is_refused() -> None:
    with pytest.raises(NoCellBound):
        which_cell.delay()


def test_a_message_without_a_cell_is_not_run() -> None:
    assert isinstance(
        which_cell._get_current_object() if hasattr(which_cell, "_get_current_object") else which_cell, CellTask
    )
    with pytest.raises(NoCellBound):
        which_cell()


def test_a_task_runs_in_the_cell_of_its_message(eu: CellContext) -> None:
    which_cell.push_request(headers={"cell": "eu", "actor": ["system", "test"], "request_id": "r"})
    try:
        assert which_cell() == "eu"
    finally:
        which_cell.pop_request()
