"""A staff member's second factor in a real browser: a passkey kept by the browser's own virtual authenticator."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from crm.demo_data import PASSWORD
from tests.pages.product import Product
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.browser


def plug_in_a_key(page: Page) -> None:
    """A key with its user's finger on it always."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {})
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_added_signs_in_and_is_removed(browser: Browser, the_product: Product) -> None:
    visitor = Visitor(browser, the_product, "eu", "support", anew=True)
    page = visitor.page
    try:
        plug_in_a_key(page)
        visitor.visit("/admin/second-factor/own/")
        visitor.visit("/admin/second-factor/enrol/")
        visitor.visit("/admin/second-factor/passkey/")
        page.fill("[name=name]", "Key on the desk")
        # By the keyboard alone.
        page.keyboard.press("Enter")
        page.wait_for_url("**/second-factor/own/")
        assert visitor.sees("Passkey Key on the desk")
        visitor.take_picture("/admin/second-factor/with-passkey")
        page.click("#logout-form [type=submit]")
        _give_password(visitor)
        visitor.mind("the page that asks for the second factor")
        visitor.take_picture("/admin/second-factor/ask-with-passkey")
        page.click("form.passkey [type=submit]")
        page.wait_for_selector("#user-tools")
        visitor.visit("/admin/second-factor/own/")
        page.click("tr:has-text('Key on the desk') button")
        page.wait_for_selector(".messagelist .success")
        assert not visitor.sees("Key on the desk")
        page.click("button[name=renew]")
        page.wait_for_selector(".recovery-codes")
        visitor.mind("the recovery codes")
        visitor.take_picture("/admin/second-factor/recovery-codes")
        assert not visitor.faults, "\n".join(visitor.faults)
    finally:
        visitor.close()


def test_a_key_that_is_registered_already_is_told(browser: Browser, the_product: Product) -> None:
    visitor = Visitor(browser, the_product, "au", "support", anew=True)
    page = visitor.page
    try:
        plug_in_a_key(page)
        for _ in range(2):
            visitor.visit("/admin/second-factor/passkey/", picture=False)
            page.fill("[name=name]", "Key")
            page.click("form.passkey [type=submit]")
            page.wait_for_selector(".messagelist .success, .passkey-fault:not([hidden])")
        assert "InvalidStateError" in page.inner_text(".passkey-fault")
        visitor.take_picture("/admin/second-factor/passkey-refused")
        visitor.visit("/admin/second-factor/own/", picture=False)
        page.click("tr:has-text('Passkey Key') button")
        page.wait_for_selector(".messagelist .success")
        assert not visitor.faults, "\n".join(visitor.faults)
    finally:
        visitor.close()


def _give_password(visitor: Visitor) -> None:
    visitor.page.goto(visitor.product.address(visitor.cell))
    visitor.page.fill("[name=username]", f"{visitor.name}@{visitor.cell}.example.com")
    visitor.page.fill("[name=password]", PASSWORD)
    visitor.page.click("[type=submit]")
    visitor.page.wait_for_selector("form.passkey")
