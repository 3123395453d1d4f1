"""A small HTTPS server for tests: Azure's SDKs give their token to nobody without TLS."""

from __future__ import annotations

import ssl
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from azure.core.credentials import AccessToken

from fintech.stack.certificates import load_or_make_authority

TOKEN = "the-workloads-own"


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class HttpsServer(ABC):
    """Answers by `answer`, in threads, on a port of its own, under a certificate of an authority of its own."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "authority.pem"
        certificate, key = folder / "server.pem", folder / "server.key"
        authority = load_or_make_authority(certificate_file=self.authority, key_file=folder / "authority.key")
        authority.issue(name="A cloud's server", certificate_file=certificate, key_file=key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        # The handshake is the thread's own affair, or one slow client would hold up the others.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.address = f"https://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @abstractmethod
    def answer(self, asked: Asked) -> Answer:
        """What the server says."""


class StaticCredential:
    """The identity of a workload, as far as a test needs one; counts how often it was asked for a token."""

    def __init__(self, token: str = TOKEN) -> None:
        self._token = token
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        self.scopes += scopes
        return AccessToken(self._token, 2**31)


def _handler(server: HttpsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(
                self.command,
                unquote(parts.path),
                {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()},
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(int(self.headers.get("Content-Length", 0))),
            )
            answer = server.answer(asked)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_PUT = do_DELETE = do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    return Handler
