"""The mailbox of a client, as the local mail catcher shows it."""

from __future__ import annotations

import re

from fintech.journey.expectations import NotSo, await_that
from fintech.journey.http_doors import HttpDoor
from fintech.journey.places import Place

_CODE = re.compile(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", re.MULTILINE)


class Mailbox:
    """What came for one address."""

    def __init__(self, place: Place, address: str) -> None:
        self._door = HttpDoor("the mail catcher", port=place.layout.port("mail"), host="localhost")
        self._address = address

    def newest(self) -> tuple[str, str]:
        """Subject and text of the newest mail, waiting until there is one."""
        mails = await_that(
            f"a mail to {self._address}",
            lambda: self._door.ask("GET", "/messages.json", params={"to": self._address}, expecting=200).json()[
                "messages"
            ],
        )
        return mails[0]["subject"], mails[0]["text"]

    def code(self) -> tuple[str, str]:
        """The subject, and the code that stands on a line of its own in the newest mail."""
        subject, text = self.newest()
        found = _CODE.search(text)
        if found is None:
            raise NotSo(expected="a code on a line of its own in the mail", found=text)
        return subject, found[1]
