"""What only people at a browser need is there for them, and not in the way of the API."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from unified_api.serve.browsers import Forms, Messages, Sessions, Users


@pytest.mark.parametrize(("path", "is_there"), [("/admin/", True), ("/api/hris/v1/employees", False)])
def test_only_browsers_get_sessions_users_and_messages(path: str, is_there: bool) -> None:  # noqa: FBT001
    """A request of the API goes on as it came."""
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    Sessions(Forms(Users(Messages(answer))))(RequestFactory().get(path))

    assert [hasattr(seen[0], name) for name in ("session", "user", "_messages")] == [is_there] * 3


def test_a_form_of_the_console_is_refused_without_its_token() -> None:
    """Sent from a page of somebody else's."""
    sent = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})

    assert sent.status_code == 403
