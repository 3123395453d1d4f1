"""The payment provider: its page, as the client sees it, and its dashboard's API, as a merchant uses it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any, Final
from urllib.parse import urlsplit

from fintech.journey.expectations import NotSo, await_that
from fintech.journey.http_doors import HttpDoor
from fintech.journey.places import Place

CARD_THAT_SETTLES: Final = "4242 4242 4242 4242"


class PaymentProvider:
    """The sandbox provider, with the cell's own API key."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._door = HttpDoor("the payment provider", port=place.layout.port("psp"), host="localhost")
        self._api_door = HttpDoor("the API", port=place.layout.port("api"), host=place.host)
        self._key = place.layout.secret(f"{place.cell_name}/psp/sandbox/api-key")

    def pay_by_card(self, page_url: str) -> str:
        """Open the page and pay by card; gives the address that the browser is sent back to."""
        path = urlsplit(page_url).path
        page = self._door.ask("GET", path, expecting=200)
        if 'name="card_number"' not in page.text:
            raise NotSo(expected="a page that asks for a card number", found=page.text[:300])
        sent = {"method": "card", "card_number": CARD_THAT_SETTLES}
        return self._door.ask("POST", path, expecting=303, data=sent).headers["location"]

    def webhook(self, reference: str, event_type: str) -> dict[str, Any]:
        """The event of this type about a payment, as soon as it was delivered and answered by 200."""

        def delivered(event: dict[str, Any] | None) -> bool:
            return event is not None and all(delivery["state"] == "delivered" for delivery in event["deliveries"])

        event = await_that(f"the webhook {event_type} delivered", lambda: self._event(reference, event_type), delivered)
        assert event is not None
        return event

    def deliver_again(self, event: dict[str, Any], *, times: int) -> dict[str, Any]:
        """Have the same event sent again; gives it once every delivery was answered by 200."""
        self._api("POST", f"/v1/events/{event['id']}/redeliver", expecting=202, json={"times": times})
        wanted = len(event["deliveries"]) + times

        def look() -> dict[str, Any]:
            found: dict[str, Any] = self._api("GET", f"/v1/events/{event['id']}", expecting=200)
            return found

        def answered(found: dict[str, Any]) -> bool:
            done = [delivery for delivery in found["deliveries"] if delivery["state"] == "delivered"]
            return len(done) == len(found["deliveries"]) >= wanted

        return await_that(f"{times} more deliveries of the webhook", look, answered)

    def forge(self, event: dict[str, Any]) -> str:
        """Send the event under a new id, signed by a secret that isn't the provider's; gives the answer's title."""
        body = json.dumps(event["body"])
        event_id, moment = f"evt_{secrets.token_hex(8)}", str(int(time.time()))
        signed = f"{event_id}.{moment}.{body}".encode()
        digest = hmac.new(secrets.token_bytes(32), signed, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        path = urlsplit(event["webhook_url"]).path
        answer = self._api_door.ask("POST", path, expecting=401, content=body, headers=headers)
        return str(answer.json()["title"])

    def _event(self, reference: str, event_type: str) -> dict[str, Any] | None:
        events = self._api("GET", "/v1/events", expecting=200)["events"]
        wanted = (event for event in events if event["type"] == event_type)
        return next((event for event in wanted if event["body"]["data"].get("reference") == reference), None)

    def _api(self, method: str, path: str, *, expecting: int, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._key}"}
        return self._door.ask(method, path, expecting=expecting, headers=headers, **options).json()
