"""Where browsers of end users begin to link by OAuth, and come back to: plain pages, until there is one to look at."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from django.views import View

from tenants.audit import acting
from tenants.scope import scope
from tenants.vault import Secret, VaultError
from unified_api.api import bulkhead
from unified_api.api.errors import Busy
from unified_api.link import oauth, tokens
from unified_api.link.linking import LinkRefused

log = structlog.get_logger(__name__)
_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{}</title><body><h1>{}</h1><p>{}</p></body>'
    "</html>"
)
#: These pages hold and receive what is secret: kept by nobody, shown in no frame, told to no other site.
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
}


class _Page(View):
    """A page of the way; what is refused is a page as well."""

    http_method_names = ["get"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and let nobody keep or log the address."""
        try:
            response = super().dispatch(request, *args, **kwargs)
        except LinkRefused as error:
            response = _page(HTTPStatus.BAD_REQUEST, "Not linked", str(error))
        except (OperationalError, InterfaceError, VaultError, Busy) as error:
            log.warning("oauth.not_now", error=type(error).__name__)
            response = _page(
                HTTPStatus.SERVICE_UNAVAILABLE, "Not now", "This cannot be done just now; begin again."
            )
        for name, value in _HEADERS.items():
            response.headers[name] = value
        response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 - Django would log the address
        return response


class Begin(_Page):
    """oauth/begin/{link_token}?integration=…: sends the browser to the provider.

    Other parameters are the settings that the token leaves open.
    """

    def get(self, request: HttpRequest, link_token: str) -> HttpResponse:
        """302 to the provider, with a cookie."""
        text, values = Secret(link_token), request.GET.dict()
        tenant = tokens.tenant_of(text)
        if tenant is None:
            raise LinkRefused("This link token is unknown, used up or expired; ask for a new one.")
        integration = values.pop("integration", "")
        with scope(tenant), acting("system", "oauth"):
            begun = oauth.begin(text, values, integration=integration)
        response = HttpResponseRedirect(begun.url)
        response.set_cookie(
            begun.cookie,
            begun.browser.reveal(),
            max_age=oauth.LASTS,
            path=oauth.CALLBACK,
            secure=oauth.redirect_uri().startswith("https:"),
            httponly=True,
            samesite="Lax",
        )
        return response


class Callback(_Page):
    """oauth/callback: where the provider sends the browser back to."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Link, and show the public token."""
        query = dict(request.GET.lists())
        tenant = oauth.tenant_of(Secret(query.get("state", [""])[0]))
        if tenant is None:
            raise LinkRefused("This way back is unknown, was used, or is too old; begin again.")
        with bulkhead.slot(tenant), scope(tenant), acting("system", "oauth"):
            finished = oauth.finish(query, request.COOKIES)
        token = format_html("Public token: <code>{}</code>", finished.public_token.reveal())
        return _page(HTTPStatus.OK, f"{finished.name} is linked", token)


def _page(status: HTTPStatus, title: str, text: str) -> HttpResponse:
    return HttpResponse(format_html(_PAGE, title, title, text), status=status)
