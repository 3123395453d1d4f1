"""The API's own description over HTTP."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response


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
