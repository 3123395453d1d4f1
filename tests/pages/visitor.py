"""A member of staff with a real browser: looks at pages, and minds everything that is wrong with one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Response

from crm.demo_data import PASSWORD, SECOND_FACTOR_SEED
from fintech.journey.one_time_codes import STEP_SECONDS, code_of, step_now
from fintech.stack.layout import REPOSITORY
from tests.pages.product import Product

WIDTH = 1360
# The last step of time whose code a visitor has given, and the cookies of their last session, by name and cell.
_last_steps: dict[str, int] = {}
_cookies: dict[str, Any] = {}
PICTURES = REPOSITORY / ".local" / "pages"

# What no page shows. A document that a person opens (an audit entry's bytes, a stored answer) stands as it is, and so
# does the name of a source that is cited.
NOT_SHOWN = {
    "a value of Python's": re.compile(r"\bNone\b|\bDecimal\(|<[a-z_.]+ object|\bUUID\("),
    "minor units": re.compile(r"\bminor\b", re.IGNORECASE),
    "zeros that say nothing": re.compile(r"\b\d+\.\d*[1-9]0{4,}\b|\b\d+\.0{3,}\b"),
    "an hour of a clock with twelve": re.compile(r"\b[ap]\.m\.|\b(midnight|noon)\b"),
    "a moment without its zone": re.compile(r"\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?![\d:.]|\.\d| UTC| [A-Z]\w+/\w+)"),
    "a date in words": re.compile(r"\b(?:Jan|Feb|March|April|May|June|July|Aug|Sept|Oct|Nov|Dec)[a-z]*\.? \d"),
    "a name of the code's": re.compile(r"\b(?:Crm|Factlog|Psp)\b"),
}
READ_WHAT_IS_SEEN = """() => {
    const root = document.querySelector('#container') || document.body;
    const documents = [...root.querySelectorAll('pre.document, cite')];
    documents.forEach(each => { each.dataset.shown = each.style.display; each.style.display = 'none'; });
    const text = root.innerText;
    documents.forEach(each => { each.style.display = each.dataset.shown; });
    return text;
}"""
OVERFLOWS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
# The admin puts a wide list into a box of its own that can be scrolled: that is too wide as well.
BOX_OVERFLOWS = """() => [...document.querySelectorAll('#changelist .results, .module.shown')]
    .some(box => box.scrollWidth > box.clientWidth + 1)"""


class Visitor:
    """Signed in to one cell as one of the demo's staff. `faults` is what was wrong so far.

    The session is that of an earlier visit, if there was one: a code of an app opens one session only, so another
    sign-in might have to wait for the next code. With `anew` they have a session of their own.
    """

    def __init__(
        self, browser: Browser, product: Product, cell: str, name: str, *, pictures: bool = True, anew: bool = False
    ) -> None:
        self.product, self.cell, self.name = product, cell, name
        self.faults: list[str] = []
        self._pictures = pictures
        self.seen: set[str] = set()
        self._context = browser.new_context(viewport={"width": WIDTH, "height": 900})
        self.page: Page = self._context.new_page()
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("pageerror", lambda error: self._console("error", str(error)))
        self.page.on("requestfailed", lambda request: self._console("error", f"failed: {request.url}"))
        self.page.on("response", self._minded)
        self._refusals_expected = False
        self._who = f"{name}@{cell}"
        if not anew and self._who in _cookies:
            self._context.add_cookies(_cookies[self._who])
            self.page.goto(self.product.address(self.cell))
            return
        self._sign_in()
        if not anew:
            _cookies[self._who] = self._context.cookies()

    def close(self) -> None:
        """Leave."""
        self._context.close()

    def visit(self, path: str, *, picture: bool = True) -> Response:
        """Look at a page and mind what is wrong with it."""
        response = self.page.goto(self.product.address(self.cell, path), wait_until="load")
        assert response is not None
        self.seen.add(path)
        if response.status != 200:
            self._fault(path, f"status {response.status}")
            return response
        if self.page.url.partition("?")[0] != self.product.address(self.cell, path).partition("?")[0]:
            self._fault(path, f"sent on to {self.page.url}")
        self.mind(path)
        if picture and self._pictures:
            self.take_picture(path)
        return response

    def mind(self, where: str) -> None:
        """Note what the page shows and shouldn't, and whether it is wider than the window."""
        text = self.page.evaluate(READ_WHAT_IS_SEEN)
        for what, pattern in NOT_SHOWN.items():
            found = pattern.search(text)
            if found:
                around = text[max(0, found.start() - 40) : found.end() + 40].replace("\n", " ")
                self._fault(where, f"shows {what}: …{around}…")
        if self.page.evaluate(OVERFLOWS):
            self._fault(where, f"is wider than {WIDTH} px")
        elif self.page.evaluate(BOX_OVERFLOWS):
            self._fault(where, f"has a table wider than its place at {WIDTH} px")

    def take_picture(self, path: str) -> None:
        """For people to look at, below .local/pages."""
        name = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^a-z/-]*\d+", "one", path.strip("/"))
        file = PICTURES / self.cell / self.name / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')[:80]}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=file, full_page=True)

    @contextmanager
    def refusals_expected(self) -> Iterator[None]:
        """Inside, an answer of 400 or 403 is what is wanted."""
        self._refusals_expected = True
        try:
            yield
        finally:
            self._refusals_expected = False

    def status_of(self, path: str) -> int:
        """The answer to whoever asks for a page with this person's session, without opening it."""
        asking = "path => fetch(path, {redirect: 'manual'}).then(answer => answer.status)"
        with self.refusals_expected():
            return int(self.page.evaluate(asking, path))

    def links(self, selector: str, pattern: str) -> list[str]:
        """Where links of the page lead, each address once."""
        found: list[str] = self.page.eval_on_selector_all(
            selector, "links => links.map(link => new URL(link.href).pathname + new URL(link.href).search)"
        )
        return [link for link in dict.fromkeys(found) if re.search(pattern, link)]

    def sees(self, text: str) -> bool:
        """Whether the page shows this text."""
        return text in str(self.page.evaluate(READ_WHAT_IS_SEEN))

    def _sign_in(self) -> None:
        self.page.goto(self.product.address(self.cell))
        self.page.fill("[name=username]", f"{self._who}.example.com")
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("[type=submit]")
        self.page.wait_for_selector("[name=code]")
        with self.refusals_expected():
            self._give_code(self._who)
        self.page.wait_for_selector("#user-tools")

    def _give_code(self, who: str) -> None:
        """A code that wasn't given before: each opens one session only, and three are good at a time."""
        deadline = time.monotonic() + 4 * STEP_SECONDS
        while time.monotonic() < deadline:
            step = max(step_now() - 1, _last_steps.get(who, 0) + 1)
            if step > step_now() + 1:
                self.page.wait_for_timeout(200)
                continue
            _last_steps[who] = step
            self.page.fill("[name=code]", code_of(SECOND_FACTOR_SEED, step))
            self.page.click("form:not(.passkey) [type=submit]")
            self.page.wait_for_load_state("load")
            if self.page.locator("[name=code]").count() == 0:
                return
        raise AssertionError(f"no code of {who} was taken")

    def _minded(self, response: Any) -> None:
        expected = self._refusals_expected and response.status in (400, 403)
        if response.status >= 400 and not expected:
            self._fault(response.url, f"status {response.status}")

    def _console(self, kind: str, text: str) -> None:
        if kind == "error" and not self._refusals_expected:
            self._fault(self.page.url, f"console: {text}")

    def _fault(self, where: str, what: str) -> None:
        self.faults.append(f"{self.cell} {self.name} {where}: {what}")


def forget_pictures() -> None:
    """Begin with none, so that those there are of this run."""
    for picture in PICTURES.glob("**/*.png"):
        picture.unlink()


def picture_of(name: str) -> Path:
    """The file of a picture that is kept for itself."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES / f"{name}.png"
