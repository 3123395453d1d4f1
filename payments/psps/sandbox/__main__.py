"""Runs the local payment provider.

Example: ``python -m payments.psps.sandbox --port 8003 --database .local/psp.sqlite3``
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from fintech.stack.layout import LocalLayout
from payments.psps.sandbox.merchants import read_merchants
from payments.psps.sandbox.provider import Provider
from payments.psps.sandbox.server import SandboxServer
from payments.psps.sandbox.store import Store
from payments.psps.sandbox.webhooks import RetrySchedule

_LOGGED_FIELDS = ("method", "path", "status", "event", "error")


class _JsonLines(logging.Formatter):
    """One JSON object a line; only fields that hold no personal data."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name in _LOGGED_FIELDS if (value := record.__dict__.get(name)) is not None}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    options = _parse(arguments)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        merchants = read_merchants(options.secret_file)
    except (OSError, ValueError) as error:
        print(f"psp sandbox: {error}", file=sys.stderr)
        return 2
    provider = Provider(
        store=Store(options.database),
        merchants=merchants,
        clock=time.time,
        retries=RetrySchedule(first_seconds=options.retry_seconds),
        chaos_seed=options.chaos,
    )
    try:
        server = SandboxServer(provider, port=options.port, public_url=options.public_url)
    except OSError as error:
        print(f"psp sandbox: port {options.port}: {error.strerror}", file=sys.stderr)
        return 1
    _serve(server, provider)
    return 0


def _serve(server: SandboxServer, provider: Provider) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    provider.start()
    threading.Thread(target=server.serve_forever, args=(0.1,), name="http").start()
    logging.getLogger("psp_sandbox").info("serving %s for %s", server.public_url, ", ".join(provider.merchants.names()))
    stop.wait()
    server.shutdown()
    server.server_close()
    provider.stop()


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    layout = LocalLayout.from_environment()
    parser = argparse.ArgumentParser(prog="python -m payments.psps.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=layout.port("psp"), help="on 127.0.0.1 (%(default)s)")
    parser.add_argument(
        "--database",
        type=Path,
        default=layout.root / "psp-sandbox.sqlite3",
        help="the file that holds all state (%(default)s)",
    )
    parser.add_argument(
        "--secret-file",
        type=Path,
        default=layout.secrets_file,
        help="JSON: <cell>/psp/sandbox/api-key and <cell>/psp/sandbox/webhook-secret (%(default)s)",
    )
    parser.add_argument("--public-url", help="where browsers find the payment page (http://127.0.0.1:<port>)")
    parser.add_argument(
        "--retry-seconds", type=float, default=0.25, help="wait after a failed webhook, doubled each time"
    )
    parser.add_argument(
        "--chaos",
        type=int,
        nargs="?",
        const=1,
        metavar="SEED",
        help="repeat, reorder, delay and lose messages at random",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
