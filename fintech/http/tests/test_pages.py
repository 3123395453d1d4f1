"""A listing is read page by page: each row once, however it grows meanwhile."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crm.models import User
from fintech.cells import Actor, cell
from fintech.cells.identifiers import uuid7
from fintech.http.tests.conftest import Api


def made(count: int, ending: str) -> list[str]:
    with cell("eu", actor=Actor.system("test")):
        return [str(User.objects.create(email=f"{uuid7()}{ending}", password="!").pk) for _ in range(count)]


def page(api: Api, address: str) -> dict[str, Any]:
    response = api.get(address)
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()  # type: ignore[attr-defined]
    return body


def test_each_row_is_seen_once_newest_first_while_rows_are_added(api: Api) -> None:
    ending = f"@{uuid7()}.example"
    users = made(7, ending)
    seen: list[str] = []
    address: str | None = f"/api/v1/users?ending={ending}&limit=3"
    while address:
        body = page(api, address)
        seen += [item["id"] for item in body["items"]]
        made(1, ending)
        address = body["next"]
    assert seen == users[::-1]


def test_the_next_address_keeps_filters_and_limit_and_is_relative(api: Api) -> None:
    ending = f"@{uuid7()}.example"
    made(3, ending)
    following = urlsplit(page(api, f"/api/v1/users?ending={ending}&limit=2")["next"])
    assert (following.scheme, following.netloc, following.path) == ("", "", "/api/v1/users")
    query = parse_qs(following.query)
    assert query["ending"] == [ending]
    assert query["limit"] == ["2"]


def test_a_listing_that_ends_with_a_full_page_says_so(api: Api) -> None:
    ending = f"@{uuid7()}.example"
    made(2, ending)
    assert page(api, f"/api/v1/users?ending={ending}&limit=2")["next"] is None


def test_any_source_can_be_paged(api: Api) -> None:
    first = page(api, "/api/v1/numbers?limit=4")
    assert first["items"] == [1, 2, 3, 4]
    assert page(api, first["next"]) == {"items": [5, 6, 7], "next": None}


@pytest.mark.parametrize("limit", ["0", "201", "-1", "ten", "1.5", "", "٣", "99999999999999999999"])
def test_a_limit_outside_of_its_bounds_is_refused(api: Api, limit: str) -> None:
    response = api.get(f"/api/v1/numbers?limit={limit}")
    (error,) = response.json()["errors"]  # type: ignore[attr-defined]
    assert (response.status_code, error["parameter"], error["rule"]) == (400, "limit", "out-of-range")


def cursor_of(api: Api, address: str) -> str:
    return parse_qs(urlsplit(page(api, address)["next"]).query)["cursor"][0]


@pytest.mark.parametrize("cursor", ["", "x", "5", "IjUi:forged", "a" * 5000, "%00", "%F0%9F%98%80"])
def test_a_cursor_that_we_did_not_make_is_refused(api: Api, cursor: str) -> None:
    response = api.get(f"/api/v1/numbers?cursor={cursor}")
    (error,) = response.json()["errors"]  # type: ignore[attr-defined]
    assert (response.status_code, error["parameter"], error["rule"]) == (400, "cursor", "unknown-cursor")


def test_a_cursor_of_another_listing_or_cell_is_refused(api: Api, api_au: Api) -> None:
    ending = f"@{uuid7()}.example"
    made(2, ending)
    cursor = cursor_of(api, f"/api/v1/users?ending={ending}&limit=1")
    assert api.get(f"/api/v1/users?cursor={cursor}").status_code == 200
    assert api.get(f"/api/v1/numbers?cursor={cursor}").status_code == 400
    assert api_au.get(f"/api/v1/users?cursor={cursor}").status_code == 400
