"""The engines as clients, and a machine that fails, meet them."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from kombu import Connection
from kombu.exceptions import OperationalError
from psycopg.conninfo import make_conninfo
from redis.backoff import NoBackoff
from redis.retry import Retry

from fintech.cells.valkey_settings import valkey_url
from fintech.stack import processes
from fintech.stack.certificates import load_or_make_authority
from fintech.stack.engines import Stack
from fintech.stack.errors import PortTaken, RootNotOurs, StackError

Connect = Callable[..., psycopg.Connection]


@pytest.fixture
def connect(stack: Stack) -> Connect:
    """Connect to the primary (or another port) as one of the roles, as the product does."""

    def connect(role: str, database: str, port: int | None = None, **changes: object) -> psycopg.Connection:
        parameters = {
            "host": "127.0.0.1",
            "port": port or stack.primary("eu").port,
            "dbname": database,
            "user": role,
            "password": stack.layout.secret(f"eu/database/{role}"),
            "sslmode": "verify-full",
            "sslrootcert": str(stack.layout.certificate_authority),
            **changes,
        }
        return psycopg.connect(make_conninfo(**parameters), autocommit=True)

    return connect


def eventually(condition: Callable[[], bool]) -> bool:
    return processes.wait_until(condition, seconds=20)


def value(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]


# Who may come in


def test_a_connection_without_tls_is_refused(connect: Connect) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect("crm_app", "crm", sslmode="disable")


def test_a_server_is_only_trusted_under_the_stacks_own_authority(connect: Connect, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    load_or_make_authority(certificate_file=other, key_file=tmp_path / "other.key")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        connect("crm_app", "crm", sslrootcert=str(other))


def test_a_server_is_only_trusted_under_its_own_name(connect: Connect) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        connect("crm_app", "crm", host="elsewhere.example", hostaddr="127.0.0.1")


def test_a_wrong_password_is_refused(connect: Connect) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect("crm_app", "crm", password="wrong")


def test_replication_is_encrypted_too(stack: Stack) -> None:
    with stack.primary("eu").connect() as connection:
        query = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_replication USING (pid)"
        assert [row[0] for row in connection.execute(query).fetchall()] == [True]


@pytest.mark.parametrize("database", ["trading", "payments", "audit", "postgres", "template1"])
def test_a_role_enters_its_own_database_only(connect: Connect, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect("crm_app", database)


def _valkey_url(stack: Stack, **changed: Any) -> str:
    """Valkey's address as the application has it, apart from what is changed."""
    named = {
        "host": "127.0.0.1",
        "port": stack.layout.port("valkey"),
        "password": stack.layout.secret("valkey/password"),
        "certificate_authority": str(stack.layout.certificate_authority),
    }
    return valkey_url(**(named | changed))


def _valkey(stack: Stack, **changed: Any) -> redis.Redis:
    return redis.Redis.from_url(_valkey_url(stack, **changed), retry=Retry(NoBackoff(), 0))


def test_valkey_answers_over_tls_to_its_password_only(stack: Stack) -> None:
    with _valkey(stack) as client:
        assert client.ping()
    with _valkey(stack, password="wrong") as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_valkey_answers_nobody_without_tls(stack: Stack) -> None:
    port, password = stack.layout.port("valkey"), stack.layout.secret("valkey/password")
    with (
        redis.Redis(port=port, password=password, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.ConnectionError),
    ):
        client.ping()


def test_valkey_is_only_trusted_under_the_stacks_own_authority_and_its_own_name(stack: Stack, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    load_or_make_authority(certificate_file=other, key_file=tmp_path / "other.key")
    for changed, said in (({"certificate_authority": str(other)}, "verify failed"), ({"host": "127.1"}, "mismatch")):
        with _valkey(stack, **changed) as client, pytest.raises(redis.ConnectionError, match=said):
            client.ping()


def test_the_broker_is_verified_too(stack: Stack, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    load_or_make_authority(certificate_file=other, key_file=tmp_path / "other.key")
    for authority, trusted in ((stack.layout.certificate_authority, True), (other, False)):
        with Connection(_valkey_url(stack, certificate_authority=str(authority))) as broker:
            if trusted:
                broker.ensure_connection(max_retries=1)
            else:
                with pytest.raises(OperationalError, match="verify failed"):
                    broker.ensure_connection(max_retries=1, interval_start=0)


def test_valkey_comes_back_behind_its_front(stack: Stack) -> None:
    front = stack.valkey_front.process.pid()
    assert stack.valkey.kill()
    with _valkey(stack) as client, pytest.raises(redis.ConnectionError):
        client.ping()
    stack.up()
    with _valkey(stack) as client:
        assert client.ping()
    assert stack.valkey_front.process.pid() == front
    assert stack.valkey_front.kill()
    stack.up()
    with _valkey(stack) as client:
        assert client.ping()


# Who may do what


def test_the_application_works_with_rows_and_changes_no_objects(connect: Connect) -> None:
    with connect("payments_owner", "payments") as owner, connect("payments_app", "payments") as application:
        owner.execute("CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, code text)")
        application.execute("INSERT INTO thing (code) VALUES ('a')")
        application.execute("UPDATE thing SET code = 'b'")
        application.execute("DELETE FROM thing")
        for forbidden in ("CREATE TABLE other (id int)", "DROP TABLE thing", "TRUNCATE thing"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(forbidden.encode())
        owner.execute("DROP TABLE thing")


def test_audit_entries_are_appended_by_one_role_and_read_by_another(connect: Connect) -> None:
    with (
        connect("audit_owner", "audit") as owner,
        connect("audit_writer", "audit") as writer,
        connect("audit_reader", "audit") as reader,
    ):
        owner.execute("CREATE TABLE entry (id bigint)")
        writer.execute("INSERT INTO entry VALUES (1)")
        assert value(reader, "SELECT id FROM entry") == 1
        for connection, forbidden in (
            (writer, "UPDATE entry SET id = 2"),
            (writer, "DELETE FROM entry"),
            (reader, "INSERT INTO entry VALUES (2)"),
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())
        owner.execute("DROP TABLE entry")


def test_a_function_is_the_applications_and_not_the_audit_readers(connect: Connect) -> None:
    with connect("audit_owner", "audit") as owner, connect("audit_reader", "audit") as reader:
        owner.execute("CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42'")
        with connect("audit_writer", "audit") as writer:
            assert value(writer, "SELECT answer()") == 42
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("SELECT answer()")
        owner.execute("DROP FUNCTION answer()")


def test_the_applications_transactions_are_cut_and_the_owners_are_not(connect: Connect) -> None:
    with connect("trading_app", "trading") as application, connect("trading_owner", "trading") as owner:
        assert value(application, "SHOW transaction_timeout") == "30s"
        assert value(owner, "SHOW transaction_timeout") == "0"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("max_prepared_transactions", "0"),
        ("wal_level", "replica"),
        ("unix_socket_directories", ""),
        ("log_connections", "on"),
        ("max_connections", "300"),
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
    ],
)
def test_the_servers_are_set_as_designed(stack: Stack, setting: str, expected: str) -> None:
    with stack.primary("eu").connect("crm") as connection:
        assert value(connection, f"SHOW {setting}") == expected


def test_text_sorts_alike_on_every_machine(connect: Connect) -> None:
    with connect("crm_app", "crm") as connection:
        query = "SELECT concat(datlocprovider, ' ', datlocale) FROM pg_database WHERE datname = 'crm'"
        assert value(connection, query) == "b C.UTF-8"


def test_the_log_tells_who_connected_and_quotes_no_values(stack: Stack, connect: Connect) -> None:
    with (
        connect("crm_app", "crm", application_name="named-in-the-log") as connection,
        pytest.raises(psycopg.errors.InvalidTextRepresentation),
    ):
        connection.execute("SELECT 'Maria Papadopoulou'::uuid")
    log = stack.primary("eu").log.read_text()
    assert "named-in-the-log" in log
    assert "Papadopoulou" not in log


# Replication


def test_what_the_primary_commits_appears_on_the_replica(stack: Stack, connect: Connect) -> None:
    replica_port = stack.replica("eu").port
    with connect("crm_owner", "crm") as owner, connect("crm_app", "crm", replica_port) as reader:
        owner.execute("CREATE TABLE streamed AS SELECT 7 AS number")
        assert eventually(lambda: value(reader, "SELECT to_regclass('streamed')::text") == "streamed")
        assert value(reader, "SELECT number FROM streamed") == 7
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("INSERT INTO streamed VALUES (8)")
        owner.execute("DROP TABLE streamed")


def test_the_status_tells_what_runs_and_how_far_the_replica_is_behind(stack: Stack) -> None:
    status = {line.name: line for line in stack.status()}
    assert {line.state for line in status.values()} == {"running"}
    assert status["postgresql-eu-replica"].lag_bytes is not None
    assert status["postgresql-eu-primary"].pid == stack.primary("eu").process.pid()


def test_a_replica_whose_place_in_the_stream_is_lost_is_built_anew(stack: Stack, connect: Connect) -> None:
    stack.replica("eu").stop()
    with stack.primary("eu").connect() as connection:
        connection.execute("SELECT pg_drop_replication_slot('replica')")
    stack.up()
    with connect("crm_app", "crm", stack.replica("eu").port) as reader:
        assert value(reader, "SELECT pg_is_in_recovery()") is True


# Failures


def test_up_changes_nothing_when_all_runs(stack: Stack) -> None:
    before = [engine.process.pid() for engine in stack.engines()]
    stack.up(starting=lambda engine: pytest.fail(f"{engine.name} was started"))
    assert [engine.process.pid() for engine in stack.engines()] == before


def test_a_killed_primary_comes_back_with_all_that_was_committed(stack: Stack, connect: Connect) -> None:
    with connect("crm_owner", "crm") as owner:
        owner.execute("CREATE TABLE survivor AS SELECT 1 AS number")
        stack.primary("eu").kill()
        assert not stack.primary("eu").is_running()
    stack.up()
    with connect("crm_owner", "crm") as owner:
        assert value(owner, "SELECT number FROM survivor") == 1
        owner.execute("DROP TABLE survivor")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_stopped_primary_starts_again(stack: Stack, mode: str) -> None:
    primary = stack.primary("eu")
    assert primary.stop(mode)  # type: ignore[arg-type]
    assert not primary.is_ready()
    assert primary.start()
    assert primary.is_ready()


def test_a_pid_file_whose_number_is_somebody_elses_by_now_is_no_obstacle(stack: Stack) -> None:
    primary = stack.primary("eu")
    text = primary.process.pid_file.read_text()
    primary.stop()
    primary.process.pid_file.write_text("\n".join([str(os.getpid()), *text.splitlines()[1:]]) + "\n")
    primary.start()
    assert primary.is_ready()


def test_a_port_that_somebody_else_holds_is_named_with_the_knob_to_turn(stack: Stack) -> None:
    stack.valkey_front.stop()
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", stack.valkey_front.port))
        stranger.listen()
        with pytest.raises(PortTaken, match=f"port {stack.valkey_front.port}.*FINTECH_BASE_PORT"):
            stack.up()
    assert stack.primary("eu").is_ready(), "what ran is left alone"
    stack.up()
    assert stack.valkey_front.is_ready()


def test_data_of_another_version_is_refused_with_a_way_out(stack: Stack) -> None:
    replica = stack.replica("eu")
    replica.stop()
    version = replica.files.data / "PG_VERSION"
    real = version.read_text()
    version.write_text("16\n")
    with pytest.raises(StackError, match=r"made by PostgreSQL 16.*FINTECH_POSTGRESQL_BIN"):
        replica.start()
    version.write_text(real)
    assert replica.start()


def test_stopping_one_cell_leaves_the_others_and_what_they_share(stack: Stack) -> None:
    Stack(stack.layout, cells=("au",)).down()
    assert all(engine.is_ready() for engine in stack.engines())


def test_lost_secrets_are_an_error_and_are_not_made_anew(stack: Stack) -> None:
    file = stack.layout.secrets_file
    aside = file.rename(file.with_suffix(".aside"))
    try:
        with pytest.raises(StackError, match="is gone"):
            stack.up()
        assert not file.exists()
    finally:
        aside.rename(file)


def test_the_root_is_closed_to_others(stack: Stack) -> None:
    assert not stat.S_IMODE(stack.layout.root.stat().st_mode) & 0o027
    assert stat.S_IMODE(stack.layout.secrets_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(stack.layout.engines.resolve().stat().st_mode) == 0o700


def test_a_zombie_is_not_taken_for_a_running_process() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert eventually(lambda: not processes.is_alive(child))
    os.kill(child, signal.SIGTERM)  # it still answers signals
    os.waitpid(child, 0)


def test_a_folder_that_is_not_a_stacks_is_neither_used_nor_deleted(stack: Stack, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("letters")
    other = Stack(replace(stack.layout, root=tmp_path), cells=())
    with pytest.raises(RootNotOurs):
        other.up()
    with pytest.raises(RootNotOurs):
        other.reset()
    assert precious.read_text() == "letters"
