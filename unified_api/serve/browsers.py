"""Django's middleware for people at a browser. Requests of the API pass it by: they come with a key, and no cookie."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware

_API = "/api/"


class _PassedBy:
    """Before a class of middleware: what is asked of the API goes on at once."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        """The answer, for a browser with what the middleware adds."""
        if request.path.startswith(_API):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc] # of the middleware


class Sessions(_PassedBy, SessionMiddleware):
    """Who is logged in at the console."""


class Forms(_PassedBy, CsrfViewMiddleware):
    """A form is sent from one of our own pages. A view that asks for it below /api/ too refuses all that is sent."""


class Users(_PassedBy, AuthenticationMiddleware):
    """The operator behind a session."""


class Messages(_PassedBy, MessageMiddleware):
    """What the console has to say after a form."""
