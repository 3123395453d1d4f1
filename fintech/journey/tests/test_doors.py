"""What the doors make of what comes through them."""

from __future__ import annotations

from typing import Any

import pytest

from fintech.journey.back_office import Page
from fintech.journey.expectations import NotSo
from fintech.journey.feed_door import Feed
from fintech.journey.person import Person

FORM = """
<title>Approve</title>
<ul class="messagelist"><li class="success">It is &amp; was done.</li></ul>
<table><tr><th>Name</th><th>State</th></tr><tr><td><a href="/admin/x/1/change/">one</a></td><td>paid</td></tr></table>
<form><input type="hidden" name="key" value="k-1"><input type="hidden" name="plan_digest" value="d-1">
<input type="submit" value="Approve"></form><script>var hidden = "words";</script>
"""


def event(sequence: int) -> dict[str, Any]:
    return {"type": "account_event", "sequence": sequence, "event": "trading.order.filled", "data": {}}


def feed_at(sequence: int) -> Feed:
    person: Any = object.__new__(Person)
    feed = Feed(person, "an-account")
    feed.sequence = sequence
    return feed


def test_a_page_is_read_as_a_person_reads_it() -> None:
    page = Page(FORM)
    assert page.fields == {"key": "k-1", "plan_digest": "d-1"}
    assert page.message() == "It is & was done."
    assert page.rows_with("one", "paid") == [["one", "paid"]]
    assert page.link(r"/x/\d+/") == "/admin/x/1/change/"
    assert "words" not in page.text


def test_a_refusal_is_read_from_the_form_that_comes_back() -> None:
    assert Page('<p class="errornote">Refused (maker): no</p>').message() == "Refused (maker): no"


@pytest.mark.parametrize("sequence", [3, 2, 5])
def test_an_event_of_the_feed_that_is_lost_or_doubled_is_not_so(sequence: int) -> None:
    feed = feed_at(3)
    with pytest.raises(NotSo, match="event of number 4"):
        feed._take(event(sequence))


def test_events_in_order_move_the_point_to_resume_from() -> None:
    feed = feed_at(3)
    feed._take(event(4))
    feed._take(event(5))
    assert feed.sequence == 5
