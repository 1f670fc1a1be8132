"""The authorization server of the sandbox: a page on which its owner allows it, and the addresses of tokens.

GET  oauth/authorize    the page, for an application that is known; the owner proves to be that by the sandbox's key
POST oauth/authorize    back to the application, with a code or with `access_denied`
POST oauth/token        tokens for a code or a refresh token (RFC 6749; PKCE by S256 is asked for)
POST oauth/revoke       the end of a grant (RFC 7009)
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_plus, urlencode, urlsplit

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from integrations.sandbox.models import SandboxApplication
from integrations.sandbox.service import behaviour, granting, store
from integrations.sandbox.service.endpoint import cut_short
from integrations.sandbox.service.errors import Refused, answer, understanding
from tenants import door
from tenants.scope import scope
from tenants.vault import Secret
from unified_api.events import addresses

#: What an application asks with, and the page hands on.
_ASKED: Final = (
    *("response_type", "client_id", "redirect_uri", "state", "scope"),
    *("code_challenge", "code_challenge_method"),
)
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{}</title><style>body{{font:16px system-ui;margin:4rem auto;max-width:30rem;padding:0 1rem}}"
    "input,button{{font:inherit;padding:.5rem;margin:.5rem 0}}input{{width:100%;box-sizing:border-box}}</style>"
    "<body><h1>{}</h1>{}</body></html>"
)
_FORM: Final = (
    '<p>{} asks to read and change the records of one of your sandboxes.</p>{}<form method="post">{}'
    '<label>The key of the sandbox<input type="password" name="key" autocomplete="off" autofocus></label>'
    '<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></form>'
)


class Authorize(View):
    """oauth/authorize: asks who has the sandbox."""

    http_method_names = ["get", "post"]

    @method_decorator(csrf_exempt)  # nothing is known of who opens it: the key is asked for each time
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A page, which no other site frames, and whose form leads to the application alone."""
        self.asked = {name: request.POST.get(name) or request.GET.get(name, "") for name in _ASKED}
        found = _application(self.asked["client_id"])
        if found is None or found[1].redirect_uri != self.asked["redirect_uri"]:
            told = "No application of this client id and redirect_uri is registered: manage.py sandbox application."
            return _page(HTTPStatus.BAD_REQUEST, "Unknown application", format_html("<p>{}</p>", told))
        self.tenant, self.application = found
        response = super().dispatch(request, *args, **kwargs)
        back = urlsplit(self.application.redirect_uri)
        response["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none';"
            f" form-action 'self' {back.scheme}://{back.netloc}"
        )
        response["Cache-Control"], response["Referrer-Policy"] = "no-store", "no-referrer"
        return response

    def get(self, _request: HttpRequest) -> HttpResponse:
        """The question, or back with what is wrong with it."""
        wrong = self._wrong()
        return self._back(error=wrong) if wrong else self._question()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Back with a code; with `access_denied`; or the question again, where the key opens nothing."""
        wrong = self._wrong()
        if wrong or request.POST.get("answer") != "allow":
            return self._back(error=wrong or "access_denied")
        entered = door.enter(store.DOOR, Secret(request.POST.get("key", "").strip()))
        if entered is None or entered.tenant_id != self.tenant or entered.reference is None:
            return self._question("This key opens no sandbox of the tenant whose application asks.")
        with scope(self.tenant), transaction.atomic():
            code = granting.allow(
                self.application, entered.reference, self.asked["code_challenge"], timezone.now()
            )
        return self._back(code=code.reveal())

    def _wrong(self) -> str:
        if self.asked["response_type"] != "code":
            return "unsupported_response_type"
        bound = (
            _CHALLENGE.fullmatch(self.asked["code_challenge"])
            and self.asked["code_challenge_method"] == "S256"
        )
        return "" if bound else "invalid_request"

    def _question(self, why: str = "") -> HttpResponse:
        hidden = format_html_join("", '<input type="hidden" name="{}" value="{}">', self.asked.items())
        host = urlsplit(self.application.redirect_uri).netloc
        body = format_html(_FORM, host, format_html("<p><b>{}</b></p>", why) if why else "", hidden)
        return _page(HTTPStatus.FORBIDDEN if why else HTTPStatus.OK, "Open a sandbox", body)

    def _back(self, **told: str) -> HttpResponse:
        issuer = f"{addresses.known_base()}{self.request.path.removesuffix('/oauth/authorize')}"
        query = urlencode({**told, "state": self.asked["state"], "iss": issuer})
        uri = self.application.redirect_uri
        return HttpResponseRedirect(f"{uri}{'&' if urlsplit(uri).query else '?'}{query}")


@method_decorator(csrf_exempt, name="dispatch")
class _ForApplications(View):
    """What applications ask, which prove to be one: by HTTP Basic, or in the form."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, in the words of the standard."""
        try:
            with understanding():
                response = self._answered(request)
        except Refused as error:
            response = error.response()
        response["Cache-Control"] = "no-store"
        return response

    def _answered(self, request: HttpRequest) -> HttpResponseBase:
        client_id, secret = _client(request)
        found = _application(client_id)
        if found is None or not granting.is_proved(found[1], secret):
            return _error("invalid_client", HTTPStatus.UNAUTHORIZED)
        with scope(found[0]):
            return self.give(found[1], request.POST.dict())

    def give(self, application: SandboxApplication, form: Mapping[str, str]) -> HttpResponseBase:
        """In the scope of the application's tenant, outside of transactions."""
        raise NotImplementedError


class Token(_ForApplications):
    """oauth/token."""

    def give(self, application: SandboxApplication, form: Mapping[str, str]) -> HttpResponseBase:
        """Tokens, unless the sandbox behaves badly."""
        now = timezone.now()
        asked: Mapping[str, Callable[[], granting.Tokens | None]] = {
            "authorization_code": lambda: _exchanged(application, form),
            "refresh_token": lambda: granting.refresh(
                application, Secret(form.get("refresh_token", "")), now
            ),
        }
        give = asked.get(form.get("grant_type", ""))
        if give is None:
            return _error("unsupported_grant_type")
        turn = _turn(form, now)
        if turn.refused:
            raise turn.refused
        with transaction.atomic():
            tokens = give()
        if tokens is None:
            return _error("invalid_grant")
        if turn.drops:
            return cut_short()
        told = {"access_token": tokens.access.reveal(), "refresh_token": tokens.refresh.reveal()}
        return answer({**told, "token_type": "Bearer", "expires_in": tokens.seconds, "scope": "records"})


class Revoke(_ForApplications):
    """oauth/revoke."""

    def give(self, application: SandboxApplication, form: Mapping[str, str]) -> HttpResponseBase:
        """200, whatever the token was."""
        with transaction.atomic():
            granting.revoke(application, Secret(form.get("token", "")))
        return answer({})


def _exchanged(application: SandboxApplication, form: Mapping[str, str]) -> granting.Tokens | None:
    code, verifier = Secret(form.get("code", "")), form.get("code_verifier", "")
    return granting.exchange(application, code, verifier, form.get("redirect_uri", ""), timezone.now())


def _turn(form: Mapping[str, str], now: Any) -> behaviour.Turn:
    """What the behaviour has for a renewal; a code is exchanged in any case, as a person waits for it."""
    entered = door.enter(granting.REFRESH, Secret(form.get("refresh_token", "")))
    with transaction.atomic():
        sandbox_id = granting.sandbox_of(entered.reference) if entered else None
    return behaviour.take_turn(sandbox_id, now, writes=True) if sandbox_id else behaviour.Turn()


def _client(request: HttpRequest) -> tuple[str, Secret]:
    """Who a caller says to be, and its proof; empty where that cannot be read."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request.POST.get("client_id", ""), Secret(request.POST.get("client_secret", ""))
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return "", Secret("")
    return unquote_plus(name), Secret(unquote_plus(secret))


def _application(client_id: str) -> tuple[Any, SandboxApplication] | None:
    """An application, and its tenant."""
    entered = door.enter(granting.APPLICATION, Secret(client_id))
    if entered is None:
        return None
    with scope(entered.tenant_id), transaction.atomic():
        found = SandboxApplication.objects.filter(id=entered.reference).first()
    return (entered.tenant_id, found) if found else None


def _error(word: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> HttpResponse:
    """A refusal in the words of the standard."""
    refused = answer({"error": word}, status)
    refused._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 - Django's mark: our server is well
    return refused


def _page(status: HTTPStatus, title: str, body: str) -> HttpResponse:
    return HttpResponse(format_html(_PAGE, title, title, body), status=status)
