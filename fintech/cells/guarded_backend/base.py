"""Django's PostgreSQL backend, which also refuses a foreign cell, reads its password late, and tells a cut short.

`using=` never asks a router, so the router alone can't keep a query in its cell: the backend compares its alias
with the bound cell each time a connection is about to be used.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from fintech.cells.connecting import ConnectionBySecret, refuse_dead
from fintech.cells.context import in_maintenance, refuse_foreign

POSITION: Final = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
"""Asks a primary up to which WAL position (bytes) it has written."""
_COMMIT_AND_TELL: Final = f"COMMIT; {POSITION}".encode()


class _Driver:
    """psycopg, but for how it connects."""

    connect = staticmethod(ConnectionBySecret.connect)

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)


def _error_of(result: PGresult) -> psycopg.Error:
    """The driver's error for a result; without a code it comes from the driver itself, which has lost the server."""
    if not result.error_field(DiagnosticField.SQLSTATE):
        return psycopg.OperationalError(result.error_message.decode(errors="replace"))
    return psycopg.errors.error_from_result(result)


class ErrorsOfADatabase(DatabaseErrorWrapper):
    """Django's errors, with one correction: a transaction that took too long is cut by the server's closing of the
    connection, which is an OperationalError like any lost connection; psycopg calls it an internal error."""

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        """Raise Django's error for the driver's."""
        if isinstance(exc_value, psycopg.errors.TransactionTimeout):
            self.wrapper.errors_occurred = True  # type: ignore[attr-defined]
            raise OperationalError(*exc_value.args).with_traceback(traceback) from exc_value
        super().__exit__(exc_type, exc_value, traceback)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to one concern's database in one cell."""

    Database = _Driver()  # type: ignore[assignment]  # typed as the module that it stands for

    tells_position = False
    """Whether the next commit tells up to which WAL position (bytes) the primary has written after it."""
    committed_position: int | None = None
    """What the last commit told; None if it wasn't asked to."""

    @cached_property
    def wrap_database_errors(self) -> ErrorsOfADatabase:
        """Turns the driver's errors into Django's."""
        return ErrorsOfADatabase(self)

    def ensure_connection(self) -> None:
        """Connect if necessary; raises NoCellBound or ForeignCell unless this alias's cell is bound."""
        refuse_foreign(self.settings_dict["CELL"])
        super().ensure_connection()

    def get_autocommit(self) -> bool:
        """The mode of the connection. Django asks every open one between requests, where no cell is bound."""
        if self.connection is None:
            self.ensure_connection()
        return bool(self.autocommit)

    def _commit(self) -> None:
        asked, self.tells_position, self.committed_position = self.tells_position, False, None
        # Where nothing was sent yet there is nothing to commit, and no transaction that the server knows of.
        if not asked or self.connection.info.transaction_status != TransactionStatus.INTRANS:
            super()._commit()  # type: ignore[misc]
            return
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            # In one message: a question by itself would be one more round trip.
            told = self.connection.pgconn.exec_(_COMMIT_AND_TELL)
            if told.status != ExecStatus.TUPLES_OK:
                raise _error_of(told)
            self.committed_position = int(told.get_value(0, 0))

    def get_connection_params(self) -> dict[str, Any]:
        """The parameters, with the role of the moment: the owner's in maintenance, else our own."""
        params: dict[str, Any] = super().get_connection_params()
        if in_maintenance() and "REPLICA_OF" not in self.settings_dict:
            params["user"] = f"{self.settings_dict['CONCERN']}_owner"
        params["secret_name"] = f"{self.settings_dict['SECRETS']}/database/{params['user']}"
        return params

    @property
    def pool(self) -> Any:
        """The psycopg pool of this alias; none in maintenance, whose connections are the owner's."""
        if in_maintenance():
            return None
        pool = super().pool
        if pool is not None:
            # Django has no setting for it; a test notices if the attribute is no more.
            pool._check = refuse_dead
        return pool
