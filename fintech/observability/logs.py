"""Logs: a JSON object a line, with who and where, without personal data.

Each line has `time` (UTC), `level`, `logger`, `message`, `service`, and when known `cell`,
`request_id`, `actor_kind`, `actor_id`; whatever is passed as `extra`; and `exception`.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Final

from pythonjsonlogger.json import JsonFormatter

from fintech.cells.context import bound_cell
from fintech.observability.correlation import current_request_id
from fintech.observability.redaction import redacted

# What these log at INFO or below holds statements, addresses or nothing of use.
_QUIET: Final = {
    "django.db.backends": "WARNING",
    "django.server": "WARNING",
    # Refused requests have a line of their own (`RequestLogMiddleware`) and a metric.
    "django.request": "ERROR",
    "httpx": "WARNING",
    "httpcore": "WARNING",
    "botocore": "WARNING",
    "urllib3": "WARNING",
    "asyncio": "WARNING",
    "daphne": "WARNING",
    "psycopg.pool": "WARNING",
    # Tells the ids of passkeys.
    "fido2": "WARNING",
}


class ContextFilter(logging.Filter):
    """Adds to each record where it happened and who acted; lets everything through."""

    def __init__(self, service: str = "") -> None:
        super().__init__()
        self.service = service

    def filter(self, record: logging.LogRecord) -> bool:
        """Write the context that is bound at this moment into the record, unless the caller gave its own."""
        context: dict[str, str | None] = {"service": self.service, "request_id": current_request_id()}
        bound = bound_cell()
        if bound is not None:
            context |= {"cell": bound.name, "actor_kind": bound.actor.kind, "actor_id": bound.actor.id}
        for name, value in context.items():
            if value and not hasattr(record, name):
                setattr(record, name, value)
        return True


class RedactingJsonFormatter(JsonFormatter):
    """Writes a record as one line of JSON, after everything in it went through `redacted`."""

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """The line's fields, redacted, in a stable order: time, level and message first."""
        rest = {name: value for name, value in log_data.items() if name != "taskName"}
        return {name: redacted(value, name=name) for name, value in rest.items()}

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Name the standard fields, then let the base class add what the caller passed."""
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)
        if "exc_info" in log_data:
            log_data["exception"] = log_data.pop("exc_info")


def logging_configuration(*, service: str, level: str = "INFO") -> dict[str, Any]:
    """Django's LOGGING for one service: every line to standard error, whose owner keeps or ships it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "fintech.observability.logs.ContextFilter", "service": service}},
        "formatters": {"json": {"()": "fintech.observability.logs.RedactingJsonFormatter"}},
        "handlers": {"standard_error": {"class": "logging.StreamHandler", "filters": ["context"], "formatter": "json"}},
        "root": {"handlers": ["standard_error"], "level": level},
        # Django's own handlers would write the same again, unredacted, or send it by mail.
        "loggers": {"django": {"handlers": [], "propagate": True}}
        | {name: {"level": quiet, "handlers": [], "propagate": True} for name, quiet in _QUIET.items()},
    }
