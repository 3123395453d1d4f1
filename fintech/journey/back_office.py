"""A staff member with a browser in the back office: its pages, links, forms and buttons."""

from __future__ import annotations

import html
import re
import threading
from html.parser import HTMLParser

from fintech.journey.expectations import NotSo, await_that
from fintech.journey.http_doors import HttpDoor
from fintech.journey.one_time_codes import STEP_SECONDS, code_of, step_now
from fintech.journey.places import Place


class Page(HTMLParser):
    """What a person sees of a page, and where its links and forms lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.links: list[tuple[str, str]] = []
        self.fields: dict[str, str] = {}
        self._silent = 0
        self._link: tuple[str, list[str]] | None = None
        self._cell: list[str] | None = None
        self.source = text
        self.feed(text)

    @property
    def text(self) -> str:
        """The words, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in links, cells and the fields of forms."""
        given = {name: value or "" for name, value in attrs}
        self._apart(tag)
        if tag in ("script", "style", "title"):
            self._silent += 1
        elif tag == "a":
            self._link = (given.get("href", ""), [])
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self._cell = []
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given.get("name", "")] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Close what was open."""
        self._apart(tag)
        if tag in ("script", "style", "title"):
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._link is not None:
            self.links.append((self._link[0], " ".join(" ".join(self._link[1]).split())))
            self._link = None
        elif tag in ("td", "th") and self._cell is not None:
            self.rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        """Take in words."""
        if self._silent:
            return
        self.words.append(data)
        if self._link is not None:
            self._link[1].append(data)
        if self._cell is not None:
            self._cell.append(data)

    def _apart(self, tag: str) -> None:
        """What a tag keeps apart are different words; parts of an id are not."""
        if tag != "span" and self._cell is not None:
            self._cell.append(" ")

    def rows_with(self, *texts: str) -> list[list[str]]:
        """The rows of tables that show every one of these texts in some cell."""
        return [row for row in self.rows if all(any(text in cell for cell in row) for text in texts)]

    def link(self, pattern: str) -> str:
        """Where the first link leads whose address matches. Raises NotSo."""
        for address, _ in self.links:
            if re.search(pattern, address):
                return address
        raise NotSo(expected=f"a link to {pattern}", found=[address for address, _ in self.links][-20:])

    def message(self) -> str:
        """What the page tells about what was just done, or why it was refused."""
        for pattern in (r'<li class="success">(.*?)</li>', r'<p class="errornote">(.*?)</p>'):
            found = re.search(pattern, self.source, re.DOTALL)
            if found:
                return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[1])).split())
        return ""


class StaffMember:
    """Signed in to the back office of one cell."""

    def __init__(self, place: Place, name: str, password: str, seed: str) -> None:
        self.name = name
        self.cell_name = place.cell_name
        self._seed = seed
        self._door = HttpDoor("the back office", port=place.layout.port("web"), host=place.host)
        self._email = f"{name}@{self.cell_name}.example.com"
        self._password = password
        self._signing_in = threading.Lock()
        self._signed_in = False

    def sign_in(self) -> Page:
        """Sign in by password and second factor, unless this browser has done so; gives the home page."""
        with self._signing_in:
            if not self._signed_in:
                self._prove()
                self._signed_in = True
        return self._page("/admin/")

    def _prove(self) -> None:
        address = "/admin/login/"
        form = self._page(address)
        sent = {"username": self._email, "password": self._password, "next": "/admin/", **form.fields}
        self._door.ask("POST", address, expecting=302, data=sent)
        self._give_code()

    def _give_code(self) -> None:
        """Give a code of the app. One that was given before is refused: another one comes within half a minute."""
        address = "/admin/second-factor/"
        form = self._page(address)
        tried: set[int] = set()

        def give_fresh() -> bool:
            step = step_now()
            if step in tried:
                return False
            tried.add(step)
            sent = {**form.fields, "code": code_of(self._seed, step)}
            return self._door.ask("POST", address, expecting=(302, 400), data=sent).status_code == 302

        await_that(f"a code of {self.name}'s taken", give_fresh, seconds=STEP_SECONDS + 10)

    def see(self, path: str, **query: str) -> Page:
        """A page of the back office, by its path below /admin/ or as a link has it."""
        return self._page(_address(path), **query)

    def see_row(self, path: str, *texts: str, **query: str) -> list[str]:
        """A list's row that shows all these texts. Lists come from the replica, so it may take a moment."""
        rows = await_that(f"a row with {', '.join(texts)} in {path}", lambda: self.see(path, **query).rows_with(*texts))
        return rows[0]

    def open_file(self, path: str) -> tuple[str, bytes]:
        """Media type and content of a file behind a link."""
        response = self._door.ask("GET", _address(path), expecting=200)
        return response.headers["content-type"], response.content

    def press(self, path: str, *, reason: str, **more: str) -> str:
        """Press a button: fill in its form and send it; gives what the page says. Raises NotSo when it's refused."""
        answered, page = self._send(path, reason=reason, more=more)
        if answered != 302:
            raise NotSo(expected=f"{path} done", found=page.message() or page.text)
        return page.message()

    def press_refused(self, path: str, *, reason: str, **more: str) -> str:
        """Press a button that must be refused; gives the reason that the page shows. Raises NotSo when it's done."""
        answered, page = self._send(path, reason=reason, more=more)
        if answered == 302:
            raise NotSo(expected=f"{path} refused", found=page.message())
        return page.message()

    def may_not(self, path: str) -> None:
        """A page that this person has no right to."""
        self._door.ask("GET", _address(path), expecting=403)

    def _send(self, path: str, *, reason: str, more: dict[str, str]) -> tuple[int, Page]:
        address = _address(path)
        form = self._page(address)
        sent = {**form.fields, "reason": reason, **more}
        response = self._door.ask("POST", address, expecting=(302, 400), data=sent)
        if response.status_code == 302:
            return 302, self._page(response.headers["location"])
        return response.status_code, Page(response.text)

    def _page(self, address: str, **query: str) -> Page:
        return Page(self._door.ask("GET", address, expecting=200, params=query or None).text)


def _address(path: str) -> str:
    return path if path.startswith("/") else f"/admin/{path}"
