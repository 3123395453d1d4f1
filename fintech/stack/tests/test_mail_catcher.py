"""A person and a program can read every mail that the local stack sends, and nothing else keeps it."""

from __future__ import annotations

import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
DEADLINE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Catcher:
    """The mail catcher as a process."""

    smtp_port: int
    http_port: int

    def send(self, message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as smtp:
            smtp.send_message(message)

    def get(self, path: str, **query: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.http_port}{path}", params=query, trust_env=False)

    def messages(self, to: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/messages.json", to=to).json()["messages"]
        return found


@pytest.fixture(scope="module")
def catcher() -> Iterator[Catcher]:
    smtp_port, http_port = _free_ports(2)
    process = _start(smtp_port, http_port)
    assert process.stdout is not None
    assert "mail catcher: smtp" in process.stdout.readline()
    yield Catcher(smtp_port=smtp_port, http_port=http_port)
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_SECONDS) == 0


def mail(to: str, text: str = "Your code is 482913.", subject: str = "Confirm your address") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "noreply@eu.localhost", to, subject
    message.set_content(text)
    return message


def anybody() -> str:
    return f"{uuid4().hex}@example.com"


def test_a_program_reads_the_newest_code_sent_to_an_address(catcher: Catcher) -> None:
    to = anybody()
    catcher.send(mail(to, "Your code is 111111."))
    catcher.send(mail(anybody()))
    catcher.send(mail(to, "Your code is 222222."))
    newest, oldest = catcher.messages(to.upper())
    assert newest["text"].strip() == "Your code is 222222."
    assert oldest["text"].strip() == "Your code is 111111."
    assert (newest["sender"], newest["recipients"]) == ("noreply@eu.localhost", [to])
    assert catcher.messages(anybody()) == []


def test_a_person_finds_the_mail_in_the_list_and_reads_it(catcher: Catcher) -> None:
    to = anybody()
    catcher.send(mail(to, "Grüße aus Nikosia ✓", subject="Schön, dass Sie da sind"))
    page = catcher.get("/", to=to)
    assert "Schön, dass Sie da sind" in page.text
    (message,) = catcher.messages(to)
    assert f'href="/messages/{message["id"]}"' in page.text
    assert "Grüße aus Nikosia ✓" in catcher.get(f"/messages/{message['id']}").text


def test_a_strangers_mail_is_shown_and_never_run(catcher: Catcher) -> None:
    to = anybody()
    evil = "<script>alert(1)</script>"
    catcher.send(mail(to, evil, subject=evil))
    (message,) = catcher.messages(to)
    for page in (
        catcher.get("/", to=to),
        catcher.get(f"/messages/{message['id']}"),
        catcher.get("/", to=evil),
    ):
        assert evil not in page.text
        assert "&lt;script&gt;" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_mail_in_html_only_is_readable_as_text(catcher: Catcher) -> None:
    to = anybody()
    message = mail(to)
    message.set_content(
        "<html><head><style>p{color:red}</style></head><body><p>Your code</p><p>is <b>482913</b></p></body></html>",
        subtype="html",
    )
    catcher.send(message)
    (caught,) = catcher.messages(to)
    assert caught["text"] == "Your code\nis 482913"
    assert "<b>482913</b>" in caught["html"]


def test_text_html_and_attachment_are_told_apart(catcher: Catcher) -> None:
    to = anybody()
    message = mail(to, "plain words")
    message.add_alternative("<p>rich words</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="statement.pdf")
    catcher.send(message)
    (caught,) = catcher.messages(to)
    assert caught["text"].strip() == "plain words"
    assert caught["html"].strip() == "<p>rich words</p>"
    assert caught["attachments"] == ["statement.pdf"]


def test_a_mail_that_breaks_the_rules_is_shown_as_far_as_it_goes(catcher: Catcher) -> None:
    to = anybody()
    raw = b'Subject: =?x-none?B?!!?=\r\nContent-Type: text/plain; charset="no-such"\r\n\r\nstill here \xff\r\n'
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port) as smtp:
        smtp.sendmail("a@example.com", [to], raw)
    (caught,) = catcher.messages(to)
    assert "still here" in caught["text"]


def test_what_does_not_exist_is_not_found(catcher: Catcher) -> None:
    assert catcher.get("/messages/999999999").status_code == 404
    assert catcher.get("/elsewhere").status_code == 404
    assert catcher.get("/health").json() == {"status": "ok"}


def test_it_listens_on_this_machine_only(catcher: Catcher) -> None:
    listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
    for port in (catcher.smtp_port, catcher.http_port):
        assert f"00000000:{port:04X} " not in listening


def test_it_stops_although_someone_holds_a_connection_open() -> None:
    smtp_port, http_port = _free_ports(2)
    process = _start(smtp_port, http_port)
    assert process.stdout is not None
    process.stdout.readline()
    with socket.create_connection(("127.0.0.1", smtp_port)) as held:
        assert held.recv(3) == b"220"
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == 0


@pytest.mark.parametrize("taken", ["smtp", "http"])
def test_a_port_that_is_taken_is_named(taken: str) -> None:
    free, other = _free_ports(2)
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", free))
        holder.listen()
        ports = (free, other) if taken == "smtp" else (other, free)
        process = _start(*ports)
        _, errors = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 1
    assert f"port {free}: Address already in use" in errors


def _start(smtp_port: int, http_port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fintech.stack.mail_catcher"]
    command += ["--smtp-port", str(smtp_port), "--http-port", str(http_port)]
    return subprocess.Popen(command, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
