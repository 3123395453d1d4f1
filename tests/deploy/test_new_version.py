"""The function that asks a new version lets ECS go on only when it answers each time, by the host's certificate."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.aws.functions.new_version import TRIES, handler
from fintech.stack.certificates import load_or_make_authority


class Version(http.server.BaseHTTPRequestHandler):
    """A version behind the test listener; what it has no answer left for it is ready for."""

    answers: list[int] = []
    asked: list[tuple[str, str | None, str | None]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Host"], self.headers["X-Service"]))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where the version answers, by a certificate for localhost."""
    authority, certificate, key = tmp_path / "authority.pem", tmp_path / "certificate.pem", tmp_path / "key.pem"
    load_or_make_authority(certificate_file=authority, key_file=tmp_path / "authority.key").issue(
        name="balancer", certificate_file=certificate, key_file=key
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    Version.answers, Version.asked = [], []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Version)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def asked(port: int, host: str = "localhost") -> str:
    details = {"balancer": "127.0.0.1", "port": port, "host": host, "path": "/health/ready", "service": "api"}
    return handler({"hookDetails": details}, None)["hookStatus"]


def test_a_version_that_is_ready_each_time_goes_on(port: int) -> None:
    assert asked(port) == "SUCCEEDED"
    assert Version.asked == [("/health/ready", "localhost", "api")] * TRIES


def test_a_version_that_is_not_ready_once_goes_back(port: int) -> None:
    Version.answers = [200, 503]
    assert asked(port) == "FAILED"


def test_a_certificate_of_another_host_goes_back(port: int) -> None:
    assert asked(port, host="eu.example.com") == "FAILED"
    assert Version.asked == []


def test_nobody_who_answers_goes_back(port: int) -> None:
    assert asked(1) == "FAILED"
