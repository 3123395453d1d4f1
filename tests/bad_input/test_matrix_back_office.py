"""The back office: every page and every button, tried by everybody in both cells.

To nobody, to clients of either cell and to staff of the other cell each page is the sign-in page's (302). Staff see a
class of objects when a group of theirs stands beside it in SEEN_BY, and press a button when one stands in PRESSED_BY;
everybody else gets 403. Both tables are compared with what is registered: a new page or button has to be entered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.test import Client as HttpClient

from crm.admin.object_actions import actions_of
from crm.models import IdentityDocument
from crm.staff_groups import GROUPS
from crm.tests.portal import App
from tests.bad_input.cast import Cast
from tests.bad_input.endpoints import patterns
from tests.bad_input.rows import RowWatch

pytestmark = pytest.mark.exhaustive

EVERY_GROUP = "compliance payments dealing support"
SEEN_BY = {
    "audit/auditcheckpoint": "compliance support",
    "audit/auditentry": "compliance support",
    "crm/appropriatenesstest": EVERY_GROUP,
    "crm/client": EVERY_GROUP,
    "crm/identitycase": EVERY_GROUP,
    "crm/introducingbroker": EVERY_GROUP,
    "crm/outgoingmail": EVERY_GROUP,
    "crm/riskwarningacceptance": EVERY_GROUP,
    "crm/user": EVERY_GROUP,
    "factlog/parked": EVERY_GROUP,
    "journal/journalentry": "compliance support",
    "ledger/ledgeraccount": EVERY_GROUP,
    "ledger/ledgerhold": EVERY_GROUP,
    "ledger/ledgertransfer": EVERY_GROUP,
    "payments/deposit": EVERY_GROUP,
    "payments/paymentsource": EVERY_GROUP,
    "payments/payout": EVERY_GROUP,
    "payments/pspevent": EVERY_GROUP,
    "payments/wallet": EVERY_GROUP,
    "payments/wallettransfer": EVERY_GROUP,
    "payments/withdrawal": EVERY_GROUP,
    "trading/clientstanding": "compliance dealing support",
    "trading/commissionaccrual": "compliance dealing support",
    "trading/commissionpayout": "compliance dealing support",
    "trading/commissionscheme": "compliance dealing support",
    "trading/fill": "compliance dealing support",
    "trading/instrument": "compliance dealing support",
    "trading/order": "compliance dealing support",
    "trading/position": "compliance dealing support",
    "trading/tradingaccount": "compliance dealing support",
}
PRESSED_BY = {
    "crm/client/suspend": "compliance",
    "crm/client/lift-suspension": "compliance",
    "crm/client/set-category": "compliance",
    "crm/client/set-risk-rating": "compliance",
    "crm/client/introduce": "compliance",
    "crm/identitycase/approve": "compliance",
    "crm/identitycase/reject": "compliance",
    "crm/user/reset-second-factor": "compliance",
    "factlog/parked/retry": "compliance payments support",
    "payments/paymentsource/verify": "payments",
    "payments/paymentsource/close": "payments",
    "payments/pspevent/apply-again": "payments",
    "payments/pspevent/dismiss": "payments",
    "payments/wallet/request-withdrawal": "payments",
    "payments/withdrawal/approve": "payments",
    "payments/withdrawal/reject": "payments",
    "payments/withdrawal/plan-anew": "payments",
}
DOCUMENTS_SEEN_BY = "compliance"
# Of these no row is made here; staff are sent to the list, which says that there is none.
WITHOUT_ROWS = {"factlog/parked", "trading/commissionaccrual", "trading/commissionpayout"}
# Pages for everybody who is staff: home, one's own password, and what the admin's pages load.
FOR_ALL_STAFF = (
    "/admin/",
    "/admin/password_change/",
    "/admin/password_change/done/",
    "/admin/jsi18n/",
    "/admin/rules/",
    "/admin/second-factor/",
    "/admin/second-factor/own/",
    "/admin/second-factor/recovery-codes/",
)
# Changes of what one signs in with: staff are asked for their factor first, unless they have just given it.
AFTER_A_FACTOR = {"/admin/second-factor/enrol/", "/admin/second-factor/passkey/"}
# Pages that show no class of objects: who may see them.
OFFICE_PAGES = {"/admin/in-transit/": EVERY_GROUP}
FOR_EVERYBODY = {"/admin/login/", "/admin/logout/"}
# Below a class of objects: what each address is.
LIST, OBJECT, HISTORY, BUTTON = "", "{object_id}/change/", "{object_id}/history/", "{object_id}/do/{action}/"
NEVER = ("add/", "{object_id}/delete/")
# An address of an older Django, which sends on to the object's page.
OLD_OBJECT = "{object_id}/"


def registered() -> dict[str, Any]:
    return {f"{model._meta.app_label}/{model._meta.model_name}": shown for model, shown in admin.site._registry.items()}


def buttons() -> Iterator[str]:
    for name, shown in registered().items():
        for action in actions_of(type(shown)):
            yield f"{name}/{action}"


def test_the_tables_name_each_class_of_objects_and_each_button() -> None:
    assert set(SEEN_BY) == registered().keys()
    assert set(PRESSED_BY) == set(buttons())


@dataclass(frozen=True)
class Page:
    """An address, what those in `groups` get there, and what other staff do."""

    address: str
    groups: str
    status: int = 200
    otherwise: int = 403


ALL_STAFF = " ".join(GROUPS)


def pages(cast: Cast) -> Iterator[Page]:
    """Each address of the back office, with objects of this cell."""
    from fintech.project.urls_web import urlpatterns

    for address, _view in patterns(urlpatterns):
        if address in FOR_EVERYBODY:
            continue
        if address in FOR_ALL_STAFF:
            yield Page(address, ALL_STAFF, otherwise=200)
        elif address in AFTER_A_FACTOR:
            yield Page(address, ALL_STAFF, 302, otherwise=302)
        elif address in OFFICE_PAGES:
            yield Page(address, OFFICE_PAGES[address])
        elif address.endswith("documents/{document_id}/"):
            yield Page(address.format(document_id=a_document(cast)), DOCUMENTS_SEEN_BY)
        elif "{app_label}" in address:
            yield from (Page(f"/admin/{app}/", groups, otherwise=404) for app, groups in SEEN_BY_APP.items())
        elif "{url}" in address:
            yield Page("/admin/nothing/here", ALL_STAFF, 404, otherwise=404)
        else:
            yield from _of_a_class(address, cast)


SEEN_BY_APP: dict[str, str] = {}
for _name, _groups in SEEN_BY.items():
    _app = _name.partition("/")[0]
    SEEN_BY_APP[_app] = " ".join(sorted({*SEEN_BY_APP.get(_app, "").split(), *_groups.split()}))


def _of_a_class(address: str, cast: Cast) -> Iterator[Page]:
    app, model, below = address.removeprefix("/admin/").split("/", 2)
    name = f"{app}/{model}"
    key = quoted(an_object(cast, name))
    here = address.replace("{object_id}", key)
    # Who looks for what isn't there is sent to the list, which says so.
    found = 302 if name in WITHOUT_ROWS else 200
    if below == BUTTON:
        for button, groups in PRESSED_BY.items():
            if button.rpartition("/")[0] == name:
                pressed = here.format(action=button.rpartition("/")[2])
                yield Page(pressed, SEEN_BY[name] if found == 302 else groups, found)
        yield Page(here.format(action="no-such-button"), SEEN_BY[name] if found == 302 else "", found)
    elif below in NEVER:
        yield Page(here, "")
    elif below == OLD_OBJECT:
        yield Page(here, ALL_STAFF, 302, otherwise=302)
    elif below == HISTORY and app in ("journal", "factlog", "ledger"):
        yield Page(here, ALL_STAFF, 404, otherwise=404)
    else:
        assert below in (LIST, OBJECT, HISTORY), f"{address} isn't foreseen: say here who may see it"
        yield Page(here, SEEN_BY[name], 200 if below == LIST else found)


def quoted(key: str) -> str:
    from django.contrib.admin.utils import quote

    return str(quote(key))


def an_object(cast: Cast, name: str) -> str:
    """How an object of the class is named in addresses; a made-up one where there is no row."""
    shown = registered()[name]
    if name in WITHOUT_ROWS:
        return "crm-1" if name.startswith("factlog") else str(uuid4())
    with cast.inside():
        if name == "journal/journalentry":
            from fintech.journal.models import JournalEntry

            row = JournalEntry.objects.using(f"{cast.cell_name}_crm").order_by("-id").first()
        elif name.startswith("ledger/"):
            row = shown.model.objects.using(f"{cast.cell_name}_payments").order_by("-pk").first()
        elif name == "crm/user":
            row = shown.model.objects.filter(is_staff=True).first()
        else:
            row = shown.model._default_manager.order_by("-pk").first()
        assert row is not None, f"no {name} was made in {cast.cell_name}"
        return str(shown.key_in_address(row)) if hasattr(shown, "key_in_address") else str(row.pk)


def a_document(cast: Cast) -> str:
    with cast.inside():
        found = IdentityDocument.objects.filter(case__client_id=cast.newcomer.client_id).first()
    assert found is not None
    return str(found.pk)


@pytest.fixture(scope="session")
def anchors(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where these databases' audit logs are anchored; a kept run's anchors are of other databases."""
    return str(tmp_path_factory.mktemp("anchors"))


@pytest.fixture
def with_all_objects(cast: Cast, anchors: str, settings: Any) -> Cast:
    """One of each kind: a fill and its order, a transfer, entries and a checkpoint in the audit log."""
    settings.FINTECH_ANCHORS = f"file://{anchors}"
    cast.position()
    cast.withdrawal()
    cast.settle()
    transfer = {
        "direction": "to_trading", "wallet_id": cast.has.wallet_id, "trading_account_id": cast.has.trading_account_id,
        "amount": cast.money(),
    }  # fmt: skip
    assert cast.client.post("transfers", transfer).status_code == 201
    with cast.inside():
        from audit.services.checkpoints import take_checkpoints

        cast.relay.run_until_idle()
        take_checkpoints()
    return cast


def strangers(cast: Cast, casts: Mapping[str, Cast]) -> Mapping[str, HttpClient]:
    """Browsers of those who have no business here, at this cell's host."""
    (other,) = (each for each in casts.values() if each is not cast)
    return {
        "nobody": _browser(cast, None),
        "a made-up session": _browser(cast, "a" * 32),
        "a client": _browser(cast, cast.client.token),
        "a client of the other cell": _browser(cast, other.client.token),
        **{
            f"{role} of the other cell": _browser(cast, office.http.cookies["sessionid"].value)
            for role, office in other.staff.items()
        },
    }


def _browser(cast: Cast, session: str | None) -> HttpClient:
    http = HttpClient(headers={"host": f"{cast.cell_name}.localhost"}, raise_request_exception=False)
    if session is not None:
        http.cookies["sessionid"] = session
    return http


def forget_when_the_factor_was_given(cast: Cast, http: HttpClient) -> None:
    """As if it had been given an hour ago."""
    with cast.inside():
        session = http.session
        given = session["back_office.second_factor"]
        session["back_office.second_factor"] = {**given, "at": given["at"] - 3600}
        session.save()


def test_every_page_and_button_for_everybody(
    with_all_objects: Cast, casts: Mapping[str, Cast], watches: Mapping[str, RowWatch], tried: Counter[str]
) -> None:
    cast, wrong = with_all_objects, []
    everything = list(pages(cast))
    others = strangers(cast, casts)
    with watches[cast.cell_name].nothing_written():
        for page in everything:
            for who, http in others.items():
                for method in ("GET", "POST"):
                    response = http.generic(method, page.address)
                    tried["back office, strangers"] += 1
                    if (response.status_code, response.get("Location", "").partition("?")[0]) != (302, "/admin/login/"):
                        wrong.append(f"{who} {method} {page.address}: {response.status_code}, not the sign-in page")
    for office in cast.staff.values():
        forget_when_the_factor_was_given(cast, office.http)
    for page in everything:
        for role, office in cast.staff.items():
            response = office.http.get(page.address)
            tried["back office, staff"] += 1
            wanted = page.status if role in page.groups.split() else page.otherwise
            if response.status_code != wanted:
                wrong.append(f"{role} GET {page.address}: {response.status_code} instead of {wanted}")
    assert not wrong, "\n".join(wrong)


def test_a_button_of_others_is_not_pressed_by_sending_its_form(
    with_all_objects: Cast, watches: Mapping[str, RowWatch], tried: Counter[str]
) -> None:
    cast = with_all_objects
    form = {
        "reason": "because", "category": "professional", "risk": "high", "ib_code": "B", "amount": "1.00",
        "plan_digest": "0" * 64,
    }  # fmt: skip
    with watches[cast.cell_name].nothing_written():
        for button, groups in PRESSED_BY.items():
            name, _, action = button.rpartition("/")
            if name in WITHOUT_ROWS:
                continue
            address = f"/admin/{name}/{quoted(an_object(cast, name))}/do/{action}/"
            for role, office in cast.staff.items():
                if role in groups.split():
                    continue
                response = office.http.post(address, {**form, "key": str(uuid4())})
                tried["back office, buttons of others"] += 1
                assert response.status_code == 403, f"{role}: {button}"


def test_staff_are_no_clients_and_clients_no_staff(cast: Cast, tried: Counter[str]) -> None:
    """The sign-in pages of both doors, tried with the other's address and password."""
    from crm.tests.portal import PASSWORD

    host = {"host": f"{cast.cell_name}.localhost"}
    page = HttpClient(headers=host, REMOTE_ADDR=cast.neighbour.network_address)
    response = page.post("/admin/login/", {"username": cast.neighbour.email, "password": PASSWORD})
    assert response.status_code == 200
    assert page.get("/admin/").status_code == 302
    for role, office in cast.staff.items():
        app = App(cell_name=cast.cell_name, email=office.email)
        app.sign_in()
        assert app.call("GET", "/api/v1/profile").status_code in (401, 403), role
        tried["back office, staff"] += 1
