"""Refuses a call to the outside while a database transaction is open (see :class:`InsideTransaction`)."""

from __future__ import annotations

from collections.abc import Callable

from payments.psps.protocol import InsideTransaction

#: Raises :class:`InsideTransaction` when a transaction is open; adapters call it before each request.
TransactionGuard = Callable[[], None]


def refuse_inside_transaction() -> None:
    """Raise :class:`InsideTransaction` if this thread has a transaction open in any database.

    Django is imported only here, and only asked when it is configured, so that adapters also work in a
    process without Django. Connections that were never opened are not touched. Like ``atomic(durable=True)``
    this looks past the outermost block of a ``TestCase``, which a real request doesn't have.
    """
    from django.conf import settings

    if not settings.configured:
        return
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        # `default` is a proxy to one of the others, which are all looked at themselves.
        if connection.alias == "default":
            continue
        blocks = getattr(connection, "atomic_blocks", ())
        if blocks and not getattr(blocks[-1], "_from_testcase", False):
            raise InsideTransaction(
                f"A provider was called inside a transaction on {connection.alias!r}: commit first, then ask."
            )
