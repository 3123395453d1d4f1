"""What staff do by clicking: look at a document, and let two pairs of eyes decide on money that goes out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.pages.product import CELLS, Product
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("cell", CELLS)
def test_the_document_of_an_identity_case_opens(browser: Browser, the_product: Product, cell: str) -> None:
    visitor = Visitor(browser, the_product, cell, "compliance")
    try:
        visitor.visit("/admin/crm/identitycase/")
        visitor.visit(visitor.links("#result_list a", "/identitycase/[^/]+/change/$")[0])
        (document, *_) = visitor.links("#content a", "/documents/")
        response = visitor.page.goto(the_product.address(cell, document))
        assert response is not None
        assert response.status == 200
        assert response.headers["content-type"] == "image/png"
        assert response.body().startswith(b"\x89PNG")
        visitor.take_picture("/admin/crm/identitycase/document")
        assert not visitor.faults, "\n".join(visitor.faults)
    finally:
        visitor.close()


@pytest.mark.parametrize("cell", CELLS)
def test_a_withdrawal_is_approved_by_clicks_and_never_by_its_maker(
    browser: Browser, the_product: Product, cell: str
) -> None:
    maker, checker = (Visitor(browser, the_product, cell, name) for name in ("payments-1", "payments-2"))
    try:
        withdrawal = _request(maker, "7.00")
        maker.visit(withdrawal)
        _press(maker, "Approve", reason="It is in order", refused=True)
        assert "maker-is-never-checker" in maker.page.inner_text(".errornote")
        maker.take_picture("/admin/withdrawal-refused")
        checker.visit(withdrawal)
        _press(checker, "Approve", reason="Amount and plan checked")
        assert "approved and is being sent" in checker.page.inner_text(".messagelist")
        checker.mind("the withdrawal after its approval")
        checker.take_picture("/admin/withdrawal-approved")
        assert not maker.faults + checker.faults, "\n".join(maker.faults + checker.faults)
    finally:
        maker.close()
        checker.close()


def _request(maker: Visitor, amount: str) -> str:
    """Request a withdrawal on the client's behalf, from the wallet that has money; gives its page's path."""
    maker.visit("/admin/payments/withdrawal/")
    before = set(maker.links("#result_list a", "/withdrawal/[^/]+/change/$"))
    assert before, "the journey left no withdrawal"
    maker.visit(sorted(before)[0], picture=False)
    maker.visit(maker.links(".field-wallet a", "/payments/wallet/")[0])
    _press(maker, "Request a withdrawal for the client", reason="The client asked on the telephone", amount=amount)
    told = maker.page.inner_text(".messagelist")
    assert "waits for an approval by somebody else" in told
    return "/admin/payments/withdrawal/" + told.partition("/admin/payments/withdrawal/")[2].partition(")")[0]


def _press(visitor: Visitor, button: str, *, reason: str, refused: bool = False, **fields: str) -> None:
    visitor.page.click(f".object-tools a:text-is('{button}')")
    for name, value in {"reason": reason, **fields}.items():
        visitor.page.fill(f"[name={name}]", value)
    if refused:
        with visitor.refusals_expected():
            visitor.page.click(".submit-row [type=submit]")
            visitor.page.wait_for_selector(".errornote")
    else:
        visitor.page.click(".submit-row [type=submit]")
        visitor.page.wait_for_selector(".messagelist .success")
