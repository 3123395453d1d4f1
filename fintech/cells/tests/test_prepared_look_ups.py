"""Look-ups whose SQL is built once: what they find, where, and what they refuse."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from crm.models import Client, User
from crm.tests.portal import App
from fintech.cells import Actor, CellContext, ForeignCell, NoCellBound, cell
from fintech.cells.identifiers import uuid7
from fintech.cells.prepared_look_ups import PreparedLookUp
from fintech.journal import verb
from tests.clusters import TestClusters

users = PreparedLookUp(lambda user_id: User.objects.filter(pk=user_id))
users_with_client = PreparedLookUp(lambda user_id: User.objects.select_related("client").filter(pk=user_id))
users_to_change = PreparedLookUp(lambda user_id: User.objects.select_for_update().filter(pk=user_id))
two_users = PreparedLookUp(
    lambda first, second: User.objects.filter(pk__in=[first, second], is_active=True).order_by("-email")
)
SYSTEM = Actor.system("test")


def new_user(email: str = "") -> User:
    return User.objects.create(email=email or f"{uuid7()}@example.org", password="!")


def values(user: User) -> dict[str, object]:
    return {name: value for name, value in vars(user).items() if name != "_state"}


def test_a_row_is_found_as_a_queryset_finds_it(eu: CellContext) -> None:
    user = new_user()
    for _ in range(7):  # The server prepares it from the fifth time on.
        found = users.first(user.pk)
        assert found is not None
        assert values(found) == values(User.objects.get(pk=user.pk))
        assert (found._state.db, found._state.adding) == ("eu_crm", False)
    assert users.first(uuid7()) is None
    with pytest.raises(User.DoesNotExist):
        users.get(uuid7())


def test_values_count_each_time_in_their_places(eu: CellContext) -> None:
    mark = uuid7().hex
    users_of_test = [new_user(f"{letter}-{mark}@example.org") for letter in "abc"]
    for first, second in ((0, 1), (2, 1), (1, 1)):
        expected = sorted({first, second}, reverse=True)
        found = two_users.all(users_of_test[first].pk, users_of_test[second].pk)
        assert found == [users_of_test[number] for number in expected]


def test_related_rows_come_along(eu: CellContext) -> None:
    client_id = App().registered().client_id
    client = Client.objects.get(pk=client_id)
    with CaptureQueriesContext(connections["eu_crm"]) as asked:
        found = users_with_client.first(client.user_id)
        assert found is not None
        assert found.client == client
    assert len(asked) == 1


def test_each_cell_is_asked_for_its_own(both_cells: None) -> None:
    with cell("eu", actor=SYSTEM):
        user = new_user()
        assert users.first(user.pk) == user
    with cell("au", actor=SYSTEM):
        assert users.first(user.pk) is None
    with pytest.raises(NoCellBound):
        users.first(user.pk)


def test_an_object_of_one_cell_is_refused_in_another(both_cells: None) -> None:
    with cell("eu", actor=SYSTEM):
        found = users.first(new_user().pk)
        assert found is not None
    with cell("au", actor=SYSTEM), pytest.raises(ForeignCell):
        found.save()


def test_rows_are_locked_inside_a_transaction_only(eu: CellContext) -> None:
    user = new_user()
    for _ in range(2):
        with pytest.raises(TransactionManagementError):
            users_to_change.first(user.pk)
        with transaction.atomic(using="eu_crm"):
            assert users_to_change.first(user.pk) == user
            with connections["eu_crm"].cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_locks WHERE relation = 'crm_user'::regclass AND mode = 'RowShareLock'"
                )
                assert cursor.fetchone() == (1,)


@pytest.fixture
def widened(eu: CellContext, clusters: TestClusters) -> Iterator[Callable[[], None]]:
    """Widens a column of users as a migration would, as often as it's called; narrow again at the end."""
    widths = itertools.count(255)

    def widen(width: int = 0) -> None:
        with clusters.superuser("eu", connections["eu_crm"].settings_dict["NAME"]) as superuser:
            superuser.execute(f"ALTER TABLE crm_user ALTER email TYPE varchar({width or next(widths)})")  # type: ignore[call-overload]

    yield widen
    widen(254)


def prepared(user: User) -> None:
    """Have the server keep a plan of the look-up."""
    for _ in range(7):
        assert users.first(user.pk) == user


def test_a_migration_that_changes_a_type_fails_no_look_up(eu: CellContext, widened: Callable[[], None]) -> None:
    user = new_user()
    prepared(user)
    widened()
    assert users.first(user.pk) == user


def test_a_migration_that_changes_a_type_fails_no_decision(eu: CellContext, widened: Callable[[], None]) -> None:
    user = new_user()
    prepared(user)
    widened()

    @verb("crm")
    def look(*, key: str) -> bool:
        return users.first(user.pk) == user

    assert look(key="once")
