"""What Django itself says no with, and the pages that explain each kind of problem."""

from __future__ import annotations

import sys
from typing import Any, Final

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import csrf, defaults
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from fintech.http import problem_types
from fintech.http.problem_types import ProblemType, known_problem_types, problem_type
from fintech.http.problems import Problem, internal_error, problem_of

# What programs call; everything else is for people, who get pages.
API_PREFIXES: Final = ("/api/", "/_allauth/", "/webhooks/")
# No template: what a template needs may be what doesn't answer.
UNAVAILABLE_PAGE: Final = (
    '<!doctype html><html lang="en"><title>Temporarily unavailable</title><h1>Temporarily unavailable</h1>'
    "<p>A part that is needed doesn't answer at this moment. Try again shortly.</p></html>"
)


def bad_request(request: HttpRequest, exception: Exception, **kwargs: Any) -> HttpResponse:
    """handler400."""
    if _of_api(request):
        return (problem_of(exception) or Problem.of(problem_types.MALFORMED_REQUEST)).response()
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception, **kwargs: Any) -> HttpResponse:
    """handler403."""
    if _of_api(request):
        return Problem.of(problem_types.PERMISSION_DENIED).response()
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception, **kwargs: Any) -> HttpResponse:
    """handler404."""
    if _of_api(request):
        return Problem.of(problem_types.NOT_FOUND, "There is nothing at this address.").response()
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """handler500; says 503 when a database doesn't answer, also to requests that never came to a view."""
    exception = sys.exc_info()[1]
    lost = problem_of(exception) if isinstance(exception, OperationalError | InterfaceError) else None
    if _of_api(request):
        return (lost or internal_error()).response()
    if lost is not None:
        return HttpResponse(UNAVAILABLE_PAGE, status=lost.status, headers=dict(lost.headers))
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "", **kwargs: Any) -> HttpResponse:
    """CSRF_FAILURE_VIEW."""
    if _of_api(request):
        return Problem.of(problem_types.PERMISSION_DENIED, "The CSRF token is missing or wrong.").response()
    return csrf.csrf_failure(request, reason)


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    """For an address of an app's that isn't served here, whoever asks and how."""
    raise Http404


@require_safe
def problem_index(request: HttpRequest) -> HttpResponse:
    """The page that lists every kind of problem."""
    return render(request, "http/problems.html", {"types": list(known_problem_types().values())})


@require_safe
def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """The page that a problem's `type` points at."""
    kind: ProblemType | None = problem_type(code)
    if kind is None:
        raise Http404
    return render(request, "http/problems.html", {"types": [kind]})


def _of_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PREFIXES)
