"""A pool says at once that its server is away, finds it at once when it's back, and tells how full it is (P25)."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections
from prometheus_client import REGISTRY
from psycopg.sql import SQL

from fintech.cells import CellContext, connecting
from fintech.cells.connecting import ConnectionBySecret
from fintech.cells.context import maintenance
from fintech.cells.lost_servers import WHEN_THE_SERVER_IS_AWAY
from fintech.secrets import use_provider
from fintech.secrets.local import LocalFileSecrets
from tests.clusters import TestClusters

SECRET = "eu/database/crm_app"

LABELS = {"cell": "eu", "concern": "crm", "role": "primary"}


@pytest.fixture
def pooled(eu: CellContext) -> Iterator[Any]:
    """A connection to the crm database that comes from a pool of two."""
    wrapper = connections["eu_crm"].copy()
    wrapper.settings_dict["CONN_MAX_AGE"] = 0
    wrapper.settings_dict["OPTIONS"]["pool"] = {"min_size": 0, "max_size": 2, "timeout": 60, "num_workers": 1}
    wrapper.settings_dict["OPTIONS"]["pool"] |= {**WHEN_THE_SERVER_IS_AWAY, "connection_class": ConnectionBySecret}
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


def value(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"fintech_pool_{name}", LABELS)


def test_a_pool_tells_its_size_and_its_use(pooled: Any) -> None:
    assert value("connections_max") is None, "no pool is open yet"
    with pooled.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert (value("connections_max"), value("connections_in_use"), value("requests_waiting")) == (2, 1, 0)
    pooled.close()
    assert value("connections_in_use") == 0


def backend_of(wrapper: Any) -> int:
    """The server's process behind the connection that is lent now, which is given back."""
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    wrapper.close()
    return int(backend)


def test_a_connection_that_the_server_has_just_closed_isnt_lent(pooled: Any, clusters: TestClusters) -> None:
    before = backend_of(pooled)
    with clusters.superuser("eu") as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    assert backend_of(pooled) != before


def test_a_connection_is_asked_whether_it_lives_only_after_a_pause(
    pooled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_of(pooled)
    asked: list[ConnectionBySecret] = []
    monkeypatch.setattr(connecting.ConnectionPool, "check_connection", staticmethod(asked.append))
    assert (backend_of(pooled), len(asked)) == (backend, 0)
    monkeypatch.setattr(connecting, "ASK_AFTER_SECONDS", 0.0)
    assert (backend_of(pooled), len(asked)) == (backend, 1)


def user_of(wrapper: Any) -> str:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (name,) = cursor.fetchone()
    wrapper.close()
    return str(name)


def test_in_maintenance_the_owner_connects_beside_the_pool(pooled: Any) -> None:
    assert user_of(pooled) == "crm_app"
    with maintenance():
        assert user_of(pooled) == "crm_owner"
    assert user_of(pooled) == "crm_app"


@pytest.fixture
def rotate(clusters: TestClusters, eu: CellContext, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Changes the application's password in the database, and then in the store that this process reads."""
    before = json.loads(clusters.layout.secrets_file.read_text())
    store = tmp_path / "secrets.json"

    def keep(password: str) -> None:
        store.write_text(json.dumps(before | {SECRET: password}))
        store.chmod(0o600)

    def set_password(password: str) -> None:
        with clusters.stack.primary("eu").connect() as connection:
            connection.execute(SQL("ALTER ROLE crm_app PASSWORD {}").format(password))

    def rotate(password: str) -> None:
        set_password(password)
        keep(password)

    keep(before[SECRET])
    use_provider(LocalFileSecrets(store))
    yield rotate
    set_password(before[SECRET])
    use_provider(None)


@pytest.mark.parametrize("through_a_pool", [False, True])
def test_a_rotated_password_needs_no_restart(rotate: Callable[[str], None], pooled: Any, through_a_pool: bool) -> None:
    wrapper = pooled if through_a_pool else connections["eu_crm"].copy()
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT 1")
        rotate("another one")
    wrapper.close()
    if through_a_pool:
        wrapper.pool.drain()
    assert user_of(wrapper) == "crm_app"


def test_a_password_that_is_refused_and_was_not_rotated_is_an_error(
    rotate: Callable[[str], None], clusters: TestClusters
) -> None:
    with clusters.stack.primary("eu").connect() as connection:
        connection.execute("ALTER ROLE crm_app PASSWORD 'nobody knows'")
    with pytest.raises(OperationalError, match="password authentication failed"):
        connections["eu_crm"].copy().ensure_connection()


@contextmanager
def passing_on(port: int, *, to: int) -> Iterator[None]:
    """Somebody listens at a port and passes one connection on to another."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65_536):
                sink.sendall(part)

    def serve(listening: socket.socket) -> None:
        caller, _ = listening.accept()
        server = socket.create_connection(("127.0.0.1", to))
        threading.Thread(target=pump, args=(server, caller), daemon=True).start()
        pump(caller, server)

    with closing(socket.create_server(("127.0.0.1", port))) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield


def test_a_pool_says_at_once_that_its_server_is_away_and_finds_it_at_once_when_it_is_back(pooled: Any) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server, pooled.settings_dict["PORT"] = int(pooled.settings_dict["PORT"]), str(port)
    begun = time.monotonic()
    for _ in range(3):
        with pytest.raises(OperationalError, match="takes no connections"):
            pooled.ensure_connection()
    with passing_on(port, to=server):
        pooled.ensure_connection()
    assert time.monotonic() - begun < 30, "nobody waits for the pool's time-out"
