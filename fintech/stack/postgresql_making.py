"""Making the data folders of a cell's servers: a new primary, and a replica from a base backup of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final, LiteralString

import psycopg

from fintech.stack import processes
from fintech.stack.errors import StackError
from fintech.stack.log_files import last_lines
from fintech.stack.postgresql import SLOT, Cluster, Workshop
from fintech.stack.postgresql_configuration import replication_source
from fintech.stack.postgresql_databases import make_replicator

STREAMING_SECONDS = 60.0


def make_primary(cluster: Cluster, workshop: Workshop) -> None:
    """Make the data folder of a new primary. Half of one, left by a run that died, is thrown away."""
    user = workshop.home.user
    data = _unfinished(cluster, workshop)
    password_file = cluster.folder / "first-password"
    password_file.touch(mode=0o600)
    password_file.write_text(cluster.layout.secret(f"{cluster.cell}/database/postgres") + "\n", encoding="utf-8")
    user.own(password_file, 0o600)
    cluster.files.archive.mkdir(exist_ok=True)
    user.own(cluster.files.archive, 0o700)
    try:
        user.run(
            [
                workshop.installation.program("initdb"),
                *(
                    "--pgdata",
                    data,
                    "--username=postgres",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                ),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--data-checksums", "--no-instructions", *([] if workshop.durable else ["--no-sync"])),
            ],
            folder=cluster.folder,
        )
    finally:
        password_file.unlink()
    data.rename(cluster.files.data)


def make_replica(cluster: Cluster, primary: Cluster, workshop: Workshop) -> None:
    """Make the data folder of a replica from its running primary, which keeps WAL for it in a slot from now on."""
    data = _unfinished(cluster, workshop)
    _open_replication(primary)
    workshop.home.user.run(
        [
            workshop.installation.program("pg_basebackup"),
            *("--dbname", replication_source(primary.files, port=primary.port, name=cluster.title)),
            *("--pgdata", data, "--wal-method=stream", f"--slot={SLOT}", "--checkpoint=fast"),
            *("--no-password", *([] if workshop.durable else ["--no-sync"])),
        ],
        folder=cluster.folder,
    )
    (data / "standby.signal").touch()
    workshop.home.user.own(data / "standby.signal", 0o600)
    data.rename(cluster.files.data)


def replica_is_usable(replica: Cluster, primary: Cluster) -> bool:
    """Whether the replica's data can go on from the primary: it exists and its slot has kept what it needs.

    Raises StackError when the replica was promoted, since it may hold what the primary doesn't.
    """
    if not replica.exists():
        return False
    if not (replica.files.data / "standby.signal").exists():
        raise StackError(
            f"{replica.name} was promoted and is no replica any more; keep what you need from it, "
            "then start afresh with `manage.py stack reset`"
        )
    with primary.connect() as connection:
        kept = _one(connection, "SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s", SLOT)
    return kept not in (None, "lost")


# A record of its own ends exactly where it says; a position read could lie behind what was committed without a flush,
# or in front of a page that nothing has begun to fill.
_WRITE_A_MARK: Final = "SELECT pg_logical_emit_message(false, 'fintech', 'caught up', true)::text"


def wait_until_caught_up(replica: Cluster, primary: Cluster) -> None:
    """Wait until the replica streams and has replayed all that the primary has written so far.

    Raises StackError with the end of its log.
    """
    streams = "SELECT 1 FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming'"
    replayed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
    with primary.connect() as source, replica.connect() as reader:
        written = _one(source, _WRITE_A_MARK)
        if not processes.wait_until(
            lambda: _one(source, streams, replica.title) is not None and bool(_one(reader, replayed, written)),
            seconds=STREAMING_SECONDS,
        ):
            raise StackError(
                f"{replica.name} doesn't stream from its primary; its log ends:\n{last_lines(replica.log)}"
            )


def _one(connection: psycopg.Connection, query: LiteralString, *parameters: object) -> object:
    row = connection.execute(query, parameters).fetchone()
    return None if row is None else row[0]


def _open_replication(primary: Cluster) -> None:
    make_replicator(primary)
    with primary.connect() as connection:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s AND NOT active",
            [SLOT],
        )
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])


def _unfinished(cluster: Cluster, workshop: Workshop) -> Path:
    """The folder in which data is made; it gets its real name only when complete."""
    cluster.folder.mkdir(exist_ok=True)
    workshop.home.user.own(cluster.folder, 0o700)
    # Not the unfinished one's own processes: they notice that their folder is gone.
    shutil.rmtree(cluster.files.data, ignore_errors=True)
    unfinished = cluster.folder / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    return unfinished
