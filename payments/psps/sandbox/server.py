"""The provider's HTTP server, on this machine's loopback address only."""

from __future__ import annotations

import logging
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from payments.psps.sandbox.api import Api
from payments.psps.sandbox.messages import Request, Response, json_response, problem
from payments.psps.sandbox.page import PaymentPage, start_page
from payments.psps.sandbox.provider import Provider
from payments.psps.sandbox.requests import Refused

LARGEST_BODY_BYTES = 65_536
IDLE_SECONDS = 30

_PAY = re.compile(r"/pay/(\w+)")

log = logging.getLogger("psp_sandbox.http")


class SandboxServer(ThreadingHTTPServer):
    """Serves the API, the payment page and ``/health``."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, provider: Provider, *, port: int, public_url: str | None) -> None:
        super().__init__(("127.0.0.1", port), _RequestHandler)
        self.public_url = (public_url or f"http://127.0.0.1:{self.server_port}").rstrip("/")
        self._api = Api(provider, lambda deposit_id: f"{self.public_url}/pay/{deposit_id}")
        self._page = PaymentPage(provider)

    def answer(self, request: Request) -> Response:
        """Find who answers; a fault of ours is a 500 that says nothing."""
        try:
            return self._route(request)
        except Exception:
            log.exception("a request failed")
            return problem(Refused(500, "internal-error", "The provider stumbled; the log says more."))

    def _route(self, request: Request) -> Response:
        pay = _PAY.fullmatch(request.path)
        if request.path.startswith("/v1/"):
            return self._api.answer(request)
        if pay and request.method == "GET":
            return self._page.show(pay[1])
        if pay and request.method == "POST":
            return self._page.take(pay[1], request)
        if (request.method, request.path) == ("GET", "/health"):
            return json_response(200, {"status": "ok"})
        if (request.method, request.path) == ("GET", "/"):
            return start_page()
        return problem(Refused(404, "no-such-page", "There is nothing here."))


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "psp-sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = -1  # head and body leave in one packet
    server: SandboxServer

    def _handle(self) -> None:
        response, request = self._read_and_answer()
        if response.delay_ms:
            time.sleep(response.delay_ms / 1000)
        if response.lost:
            self.close_connection = True
            log.info("answer lost on purpose", extra={"path": request})
            return
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)

    def _read_and_answer(self) -> tuple[Response, str]:
        parts = urlsplit(self.path)
        try:
            body = self._read_body()
        except Refused as refused:
            self.close_connection = True  # what was not read must not be taken for the next request
            return problem(refused), parts.path
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        return self.server.answer(request), parts.path

    def _read_body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise Refused(411, "length-required", "Send Content-Length.")
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,9}", length):
            raise Refused(400, "invalid-length", "Content-Length must be a number.")
        if int(length) > LARGEST_BODY_BYTES:
            raise Refused(413, "too-large", f"A body may have {LARGEST_BODY_BYTES} bytes.")
        return self.rfile.read(int(length))

    do_GET = do_POST = do_PUT = _handle

    def log_message(self, format: str, *arguments: object) -> None:
        """Method, path without query, status: nothing that could be personal."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """One line for each answer."""
        log.info("request", extra={"method": self.command, "path": urlsplit(self.path).path, "status": int(code)})
