from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client


class Api:
    """A caller of the test endpoints at a cell's host, who sends and gets JSON."""

    def __init__(self, host: str) -> None:
        self.client = Client(raise_request_exception=False, HTTP_HOST=host)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(path, headers=headers)

    def post(self, path: str, body: bytes | str, content_type: str = "application/json", **headers: str) -> Any:
        raw = body.encode() if isinstance(body, str) else body
        return self.client.post(path, data=raw, content_type=content_type, headers=headers)


@pytest.fixture
def api(both_cells: None, settings: Any) -> Api:
    """The test endpoints at the host of `eu`."""
    settings.ROOT_URLCONF = "fintech.http.tests.endpoints"
    return Api("eu.localhost")


@pytest.fixture
def api_au(both_cells: None, settings: Any) -> Api:
    """The test endpoints at the host of `au`."""
    settings.ROOT_URLCONF = "fintech.http.tests.endpoints"
    return Api("au.localhost")
