"""Catches every mail of the local stack and shows it: nothing is sent on, nothing is written to disk.

Example: ``python -m fintech.stack.mail_catcher --smtp-port 8004 --http-port 8005``

======  ===========================  ===================================================================
GET     ``/``                        the mails, newest first; ``?to=<address>`` for one recipient
GET     ``/messages/<id>``           one mail
GET     ``/messages.json``           ``{"messages": […]}``, newest first; ``?to=<address>``
GET     ``/health``                  whether it serves
======  ===========================  ===================================================================
"""

from __future__ import annotations

import argparse
import asyncio
import html
import json
import os
import re
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP

from fintech.stack.layout import LocalLayout

MOST_KEPT = 1_000
LARGEST_MAIL_BYTES = 10 * 1024 * 1024

_STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem}table{width:100%;border-collapse:collapse}th,td{text-align:left;padding:.5rem;"
    "border-bottom:1px solid GrayText;vertical-align:top}pre{white-space:pre-wrap;overflow-wrap:anywhere;"
    "font:inherit;padding:1rem;border:1px solid GrayText;border-radius:.25rem}"
    "dt{font-weight:600;float:left;clear:left;width:6rem}dd{margin:0 0 .25rem 6rem;overflow-wrap:anywhere}"
)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail as it came in; ``text`` is its plain text, or the words of its HTML where it has no other."""

    id: int
    received_at: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str | None
    attachments: tuple[str, ...]


class Mailbox:
    """The newest mails, in memory only: whoever stops the process has forgotten them."""

    def __init__(self, *, most_kept: int = MOST_KEPT) -> None:
        self._mails: deque[Mail] = deque(maxlen=most_kept)
        self._lock = threading.Lock()
        self._last_id = 0

    def add(self, *, sender: str, recipients: tuple[str, ...], content: bytes) -> Mail:
        """Read and keep one mail; the oldest makes room when there are too many."""
        message = message_from_bytes(content, policy=policy.default)
        text, markup = _bodies(message)
        with self._lock:
            self._last_id += 1
            mail = Mail(
                id=self._last_id,
                received_at=datetime.now(tz=UTC).isoformat(timespec="milliseconds"),
                sender=sender,
                recipients=recipients,
                subject=str(message.get("Subject", "")),
                text=text,
                html=markup,
                attachments=tuple(part.get_filename() or "unnamed" for part in message.iter_attachments()),
            )
            self._mails.append(mail)
        return mail

    def newest_first(self, *, to: str | None = None) -> list[Mail]:
        """All mails kept, or those to one recipient (letter case doesn't matter)."""
        with self._lock:
            mails = list(reversed(self._mails))
        if to is None:
            return mails
        return [mail for mail in mails if to.lower() in (name.lower() for name in mail.recipients)]

    def find(self, mail_id: int) -> Mail | None:
        """One mail by its number."""
        return next((mail for mail in self.newest_first() if mail.id == mail_id), None)


class MailCatcher:
    """Both servers, on this machine's loopback address only.

    Raises ``OSError``, naming the port, when one is taken.
    """

    def __init__(self, *, smtp_port: int, http_port: int) -> None:
        self.mailbox = Mailbox()
        self._smtp = _SmtpServer(self.mailbox, smtp_port)
        try:
            self._http = _HttpServer(self.mailbox, http_port)
        except OSError as error:
            self._smtp.close()
            raise _port_error(http_port, error) from error
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), name="http")

    def start(self) -> None:
        """Serve, each in a thread of its own."""
        self._smtp.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop both servers and forget all mails."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._smtp.stop()


class _SmtpServer:
    def __init__(self, mailbox: Mailbox, port: int) -> None:
        try:
            self._socket = socket.create_server(("127.0.0.1", port))
        except OSError as error:
            raise _port_error(port, error) from error
        self._handler = _SmtpHandler(mailbox)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="smtp")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def close(self) -> None:
        self._socket.close()
        self._loop.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(self._session, sock=self._socket))
        self._loop.run_forever()
        server.close()
        sessions = asyncio.all_tasks(self._loop)
        for session in sessions:
            session.cancel()
        self._loop.run_until_complete(asyncio.gather(*sessions, return_exceptions=True))
        self._loop.close()

    def _session(self) -> SMTP:
        return SMTP(self._handler, data_size_limit=LARGEST_MAIL_BYTES, enable_SMTPUTF8=True, hostname="localhost")


class _SmtpHandler:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self._mailbox.add(
            sender=envelope.mail_from or "", recipients=tuple(envelope.rcpt_tos), content=envelope.content
        )
        return "250 Caught, and sent no further"


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, mailbox: Mailbox, port: int) -> None:
        super().__init__(("127.0.0.1", port), _HttpHandler)
        self.mailbox = mailbox


class _HttpHandler(BaseHTTPRequestHandler):
    server: _HttpServer
    timeout = 30
    wbufsize = -1

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        to = parse_qs(parts.query).get("to", [None])[0]
        one = re.fullmatch(r"/messages/([0-9]{1,12})", parts.path)
        if parts.path == "/":
            self._send(200, "text/html", _list_page(self.server.mailbox.newest_first(to=to), to))
        elif parts.path == "/messages.json":
            mails = [asdict(mail) for mail in self.server.mailbox.newest_first(to=to)]
            self._send(200, "application/json", json.dumps({"messages": mails}))
        elif one and (mail := self.server.mailbox.find(int(one[1]))):
            self._send(200, "text/html", _mail_page(mail))
        elif parts.path == "/health":
            self._send(200, "application/json", '{"status":"ok"}')
        else:
            self._send(404, "text/html", _page("Nothing here", '<p><a href="/">All mails</a></p>'))

    def _send(self, status: int, content_type: str, text: str) -> None:
        body = text.encode("utf-8", "replace")
        headers: Mapping[str, str] = {
            "Content-Type": f"{content_type}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            # A mail is a stranger's text: even if it got out of its place, nothing of it would run or load.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        }
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: paths name recipients, and logs hold no personal data."""


class _Words(HTMLParser):
    """The words of an HTML mail, for one that has no plain text."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "head"):
            self._silent += 1
        if tag in ("p", "br", "div", "tr", "li", "h1", "h2", "h3"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "head"):
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def _bodies(message: EmailMessage) -> tuple[str, str | None]:
    plain, markup = message.get_body(("plain",)), message.get_body(("html",))
    html_text = _content(markup) if markup is not None else None
    if plain is not None:
        return _content(plain), html_text
    if html_text is None:
        return "", None
    words = _Words()
    words.feed(html_text)
    return "".join(words.words).strip(), html_text


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # a character set that doesn't exist
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _list_page(mails: list[Mail], to: str | None) -> str:
    heading = f"Mails to {to}" if to else "Mails"
    if not mails:
        return _page(heading, "<p>None has come in yet.</p>")
    rows = "".join(
        f'<tr><td><a href="/messages/{mail.id}">{html.escape(mail.subject or "(no subject)")}</a></td>'
        f"<td>{html.escape(', '.join(mail.recipients))}</td><td>{html.escape(mail.received_at)}</td></tr>"
        for mail in mails
    )
    head = '<th scope="col">Subject</th><th scope="col">To</th><th scope="col">Received (UTC)</th>'
    return _page(heading, f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def _mail_page(mail: Mail) -> str:
    facts = {"From": mail.sender, "To": ", ".join(mail.recipients), "Received": mail.received_at}
    if mail.attachments:
        facts["Attached"] = ", ".join(mail.attachments)
    listed = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    body = f'<dl>{listed}</dl><pre>{html.escape(mail.text)}</pre><p><a href="/">All mails</a></p>'
    return _page(mail.subject or "(no subject)", body)


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    )


def _port_error(port: int, error: OSError) -> OSError:
    return OSError(f"port {port}: {os.strerror(error.errno or 0)}")


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    layout = LocalLayout.from_environment()
    parser = argparse.ArgumentParser(prog="python -m fintech.stack.mail_catcher", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--smtp-port", type=int, default=layout.port("smtp"), help="(%(default)s)")
    parser.add_argument("--http-port", type=int, default=layout.port("mail"), help="(%(default)s)")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        catcher = MailCatcher(smtp_port=options.smtp_port, http_port=options.http_port)
    except OSError as error:
        print(f"mail catcher: {error}", file=sys.stderr)
        return 1
    catcher.start()
    print(f"mail catcher: smtp 127.0.0.1:{options.smtp_port}, http://127.0.0.1:{options.http_port}/", flush=True)
    stop.wait()
    catcher.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
