"""The API's own description over HTTP: for programs, and as a page for people."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

# The viewer brings inline styles and pictures of its own; nothing of it comes from, or goes to, another host.
VIEWER_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class OpenApiView(SpectacularJSONAPIView):
    """The OpenAPI schema, the same to everybody; it takes a while to make, so a process makes it once."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    def _get_schema_response(self, request: Request) -> Response:
        """What was made, whatever the query says: it has no versions to choose from."""
        return Response(data=_document())


@cache
def _document() -> dict[str, Any]:
    generator: Any = SpectacularJSONAPIView.generator_class()
    schema: dict[str, Any] = generator.get_schema(request=None, public=True)
    return schema


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """The schema to read and to try, in a viewer that this host serves itself."""
    response = render(request, "http/api_docs.html", {"version": "v1"})
    response.headers["Content-Security-Policy"] = VIEWER_POLICY
    return response
