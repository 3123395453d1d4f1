"""The header Idempotency-Key: required, of a safe form, and good for the address it was sent to."""

from __future__ import annotations

from typing import Any

import pytest

from fintech.http.tests.conftest import Api
from fintech.journal.verbs import LONGEST_KEY


def moved(api: Api, key: str | None, path: str = "/api/v1/movements") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.post(path, "{}", **headers)


@pytest.mark.parametrize("key", [None, ""])
def test_a_post_that_moves_something_needs_a_key(api: Api, key: str | None) -> None:
    response = moved(api, key)
    assert response.status_code == 400
    assert response.json()["type"] == "/problems/idempotency-key-required"


@pytest.mark.parametrize("key", ["short", "a" * 129, "white space here", "ключ-ключ-ключ", "a,b,c,d,e,f", '"""""""""'])
def test_a_malformed_key_is_refused(api: Api, key: str) -> None:
    response = moved(api, key)
    assert response.status_code == 400
    assert response.json()["type"] == "/problems/idempotency-key-invalid"


def test_reading_needs_no_key(api: Api) -> None:
    assert api.get("/api/v1/movements").status_code == 200


def test_the_same_key_is_the_same_for_one_address_and_another_for_another(api: Api) -> None:
    key = "0198e0a2-6d3c-7d2f-8a52-5b1f9d1c0c11"
    first = moved(api, key).json()["key"]
    assert first.startswith(f"{key}@")
    assert moved(api, key).json()["key"] == first
    assert moved(api, f'"{key}"').json()["key"] == first
    assert moved(api, key, "/api/v1/movements/other").json()["key"] != first


def test_the_longest_key_fits_into_the_journal(api: Api) -> None:
    assert len(moved(api, "k" * 128).json()["key"]) <= LONGEST_KEY
