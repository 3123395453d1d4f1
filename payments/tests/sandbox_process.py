"""The local provider as a real process, and a merchant's endpoint that its webhooks come to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from payments.psps.sandbox_adapter import SandboxProvider

REPOSITORY = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 15.0

WEBHOOK_SECRETS = {
    "eu": "whsec_ZXUtd2ViaG9vay1zZWNyZXQtZm9yLXRlc3RzIQ==",
    "au": "whsec_YXUtd2ViaG9vay1zZWNyZXQtZm9yLXRlc3RzIQ==",
}
#: A browser, or a merchant's own program: one for all, since making one takes 50 ms.
BROWSER = httpx.Client(trust_env=False)

API_KEYS = {"eu": "eu-api-key-for-tests", "au": "au-api-key-for-tests"}


def wait_until(condition: Callable[[], Any], what: str, *, seconds: float = DEADLINE_SECONDS) -> Any:
    """The condition's first true value; fails the test when there's none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"not in {seconds:.0f} s: {what}")


class SandboxProcess:
    """One provider on a free port; stopped and started again it keeps port and memory."""

    def __init__(self, folder: Path, *, secrets: Path | None = None) -> None:
        """`secrets` is a deployment's own file; without it the provider gets those of this module."""
        self._folder = folder
        self._log = folder / "psp.log"
        self._secrets = secrets or folder / "secrets.json"
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._providers: dict[str, SandboxProvider] = {}
        self.api_keys = API_KEYS
        if secrets is not None:
            known = json.loads(secrets.read_text())
            self.api_keys = {cell: known[f"{cell}/psp/sandbox/api-key"] for cell in API_KEYS}
            return
        named = {f"{cell}/psp/sandbox/api-key": key for cell, key in API_KEYS.items()}
        named |= {f"{cell}/psp/sandbox/webhook-secret": secret for cell, secret in WEBHOOK_SECRETS.items()}
        self._secrets.write_text(json.dumps(named))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self, *more: str) -> None:
        command = [sys.executable, "-m", "payments.psps.sandbox", "--port", str(self._port)]
        command += ["--database", str(self._folder / "psp.sqlite3"), "--secret-file", str(self._secrets)]
        command += ["--retry-seconds", "0.05", *more]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT)
        self._port = wait_until(self._announced_port, "the provider serves")

    def stop(self) -> int:
        """End it as the supervisor would; returns the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(DEADLINE_SECONDS)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(DEADLINE_SECONDS)

    def api(self, method: str, path: str, *, cell: str = "eu", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.api_keys[cell]}", **more.pop("headers", {})}
        return BROWSER.request(method, self.url + path, headers=headers, **more)

    def misbehave(self, **knobs: object) -> None:
        """Set the knobs of the payments made from now on; without any, the calm defaults."""
        self.api("PUT", "/v1/sandbox/behaviour", json=knobs).raise_for_status()

    def everything_on_disk(self) -> bytes:
        """All that it has written, log and database."""
        return b"".join(path.read_bytes() for path in self._folder.iterdir() if path != self._secrets)

    def provider(self, *, cell: str = "eu", **more: Any) -> SandboxProvider:
        """The merchant's adapter: the same each time unless something about it is to be different."""
        if not more and cell in self._providers:
            return self._providers[cell]
        made = SandboxProvider(
            base_url=self.url,
            api_key=lambda: API_KEYS[cell],
            webhook_secrets=lambda: [WEBHOOK_SECRETS[cell]],
            **more,
        )
        return made if more else self._providers.setdefault(cell, made)

    def _announced_port(self) -> int:
        assert self._process is not None
        log = self._log.read_text()
        assert self._process.poll() is None, log
        announced = re.search(r"serving http://127\.0\.0\.1:([0-9]+) ", log)
        return int(announced[1]) if announced else 0


@contextmanager
def running_sandbox(folder: Path, *more: str, secrets: Path | None = None) -> Iterator[SandboxProcess]:
    """A provider for the length of a block."""
    sandbox = SandboxProcess(folder, secrets=secrets)
    sandbox.start(*more)
    try:
        yield sandbox
    finally:
        sandbox.stop()


@dataclass(frozen=True, kw_only=True)
class Received:
    """One webhook as it came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return str(json.loads(self.body)["type"])

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data


class Receiver:
    """A merchant's webhook endpoint. It answers 200, or first ``refuse`` times 503."""

    def __init__(self, *, refuse: int = 0) -> None:
        self.received: list[Received] = []
        self.refuse = refuse
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://eu.localhost:{self._server.server_port}/webhooks/sandbox/?from=psp"

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, event_type: str, *, times: int = 1) -> list[Received]:
        """The messages of this type, as soon as there are so many."""

        def enough() -> list[Received]:
            found = [received for received in list(self.received) if received.type == event_type]
            return found if len(found) >= times else []

        found: list[Received] = wait_until(enough, f"{times} times {event_type}, got {self.types}")
        return found

    @property
    def types(self) -> list[str]:
        return [received.type for received in list(self.received)]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                headers["(path)"] = self.path
                receiver.received.append(Received(headers=headers, body=body))
                refused = receiver.refuse > 0
                receiver.refuse -= refused
                self.send_response(503 if refused else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler
