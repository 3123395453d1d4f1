"""The hosted payment page ``/pay/<id>``: plain HTML, no script, usable by keyboard and screen reader."""

from __future__ import annotations

import html
import secrets
import sqlite3
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from fintech.ledger.currencies import currency
from payments.psps.sandbox.cards import TEST_CARDS, InvalidCardNumber, find_test_card
from payments.psps.sandbox.messages import Request, Response
from payments.psps.sandbox.provider import Provider

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")

_OUTCOMES = {
    "settled": ("good", "Payment made", "The money is on its way to the merchant."),
    "pending": ("good", "Payment pending", "The merchant is told as soon as the money has arrived."),
    "charged_back": ("bad", "Payment taken back", "The card's holder has charged this payment back."),
    "expired": ("bad", "Page expired", "Nothing was taken. Start again at the merchant."),
}
_FAILURES = {
    "card-declined": "The card was declined. Nothing was taken.",
    "insufficient-funds": "There isn't enough money on the card. Nothing was taken.",
    "test-cards-only": "This is a sandbox: it takes only the test cards listed on its payment page.",
    "cancelled-by-client": "You cancelled the payment. Nothing was taken.",
}


class PaymentPage:
    """Shows the page and takes what is sent from it."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def show(self, deposit_id: str) -> Response:
        """The form while the deposit is open, else what became of it."""
        deposit = self._find(deposit_id)
        if deposit is None:
            return _not_found()
        return _form(deposit, error=None, typed="") if deposit["state"] == "open" else _outcome(deposit)

    def take(self, deposit_id: str, request: Request) -> Response:
        """Pay or cancel; sent twice it does nothing more."""
        if self._find(deposit_id) is None:
            return _not_found()
        fields = parse_qs(request.body.decode("utf-8", "replace"), max_num_fields=10)
        method = fields.get("method", [""])[0]
        typed = fields.get("card_number", [""])[0]
        try:
            self._pay(deposit_id, method, typed)
        except InvalidCardNumber as error:
            return self._again(deposit_id, str(error), typed)
        deposit = self._find(deposit_id)
        if deposit is None or deposit["state"] in ("open", "failed", "expired"):
            return _go_to(f"/pay/{deposit_id}")
        return _go_to(_way_back(deposit))

    def _pay(self, deposit_id: str, method: str, typed: str) -> None:
        card = find_test_card(typed) if method == "card" else None
        with self._provider.store.transaction() as db:
            if card is not None:
                self._provider.deposits.pay_by_card(db, deposit_id, card)
            elif method == "bank_transfer":
                self._provider.deposits.pay_by_bank_transfer(db, deposit_id)
            elif method == "cancel":
                self._provider.deposits.cancel(db, deposit_id)
        self._provider.something_changed()

    def _again(self, deposit_id: str, error: str, typed: str) -> Response:
        deposit = self._find(deposit_id)
        if deposit is None or deposit["state"] != "open":
            return _go_to(f"/pay/{deposit_id}")
        return _form(deposit, error=error, typed=typed)

    def _find(self, deposit_id: str) -> sqlite3.Row | None:
        with self._provider.store.transaction() as db:
            row: sqlite3.Row | None = db.execute("SELECT * FROM deposits WHERE id = ?", (deposit_id,)).fetchone()
            return row


def start_page() -> Response:
    """What stands at ``/``: what this is, and the test cards."""
    return _page(
        title="Sandbox payment provider",
        body="<h1>Sandbox payment provider</h1>"
        "<p>A payment provider for local use. It moves no money and takes no real card.</p>"
        f"<section>{_card_table()}</section>",
    )


def _form(deposit: sqlite3.Row, *, error: str | None, typed: str) -> Response:
    amount = _amount(deposit)
    invalid = ' aria-invalid="true" aria-describedby="problem" autofocus' if error else ""
    problem = f'<div class="error" role="alert"><p id="problem">{html.escape(error)}</p></div>' if error else ""
    body = f"""
<h1>Pay {amount}</h1>
<p class="quiet">to {_merchant(deposit)} · reference {html.escape(deposit["reference"])}</p>
{problem}
<section aria-labelledby="by-card">
<h2 id="by-card">By card</h2>
<form method="post">
<label for="card-number">Card number</label>
<input id="card-number" name="card_number" inputmode="numeric" autocomplete="off" required
 maxlength="30" value="{html.escape(typed)}"{invalid}>
<button name="method" value="card">Pay {amount} by card</button>
</form>
</section>
<section aria-labelledby="by-bank">
<h2 id="by-bank">By bank transfer</h2>
<form method="post">
<button class="second" name="method" value="bank_transfer">Pay {amount} from my bank</button>
</form>
</section>
<section aria-label="Other">
<form method="post"><button class="third" name="method" value="cancel">Cancel and pay nothing</button></form>
</section>
<section aria-label="Test cards">{_card_table()}</section>"""
    title = f"{'Error: ' if error else ''}Pay {amount}"
    return _page(title=title, body=body, status=422 if error else 200, return_url=deposit["return_url"])


def _outcome(deposit: sqlite3.Row) -> Response:
    failure = _FAILURES.get(deposit["failure_code"] or "", "Nothing was taken.")
    tone, heading, text = _OUTCOMES.get(deposit["state"], ("bad", "Payment failed", failure))
    body = f"""
<h1 class="{tone}">{heading}</h1>
<p role="status">{html.escape(text)}</p>
<p class="quiet">{_amount(deposit)} to {_merchant(deposit)} ·
 reference {html.escape(deposit["reference"])}</p>
<section aria-label="Way back">
<a class="button" href="{html.escape(_way_back(deposit))}">Back to the merchant</a>
</section>"""
    return _page(title=heading, body=body)


def _card_table() -> str:
    rows = "".join(
        f'<tr><th scope="row">{card.spaced}</th><td>{html.escape(card.meaning)}</td></tr>' for card in TEST_CARDS
    )
    return f"<table><caption>Test cards</caption><tbody>{rows}</tbody></table>"


def _page(*, title: str, body: str, status: int = 200, return_url: str | None = None) -> Response:
    nonce = secrets.token_urlsafe(16)
    # Browsers apply form-action to the redirect after a form too, so the merchant's own origin is named.
    targets = "'self'" if return_url is None else f"'self' {_origin(return_url)}"
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title>"
        f'<style nonce="{nonce}">{_STYLE}</style></head><body><main>{body}</main></body></html>'
    )
    return Response(
        status=status,
        body=document.encode(),
        content_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}';"
            f" form-action {targets}; base-uri 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _not_found() -> Response:
    body = '<h1>No such payment</h1><p role="status">The address is wrong or was cut off.</p>'
    return _page(title="No such payment", body=body, status=404)


def _go_to(address: str) -> Response:
    return Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def _way_back(deposit: sqlite3.Row) -> str:
    """The merchant's return address with the reference and the state (a hint: the webhook is the word)."""
    address, hash_sign, fragment = str(deposit["return_url"]).partition("#")
    joint = "&" if "?" in address else "?"
    hint = urlencode({"reference": deposit["reference"], "state": deposit["state"]})
    return f"{address}{joint}{hint}{hash_sign}{fragment}"


def _amount(deposit: sqlite3.Row) -> str:
    exponent = currency(deposit["currency"]).exponent
    whole, minor = divmod(deposit["amount_minor"], 10**exponent)
    decimals = f".{minor:0{exponent}d}" if exponent else ""
    return f"{whole:,}{decimals} {deposit['currency']}"


def _merchant(deposit: sqlite3.Row) -> str:
    return html.escape(urlsplit(deposit["return_url"]).netloc)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
