"""A product with an authorization server as strict as there are: each refresh token once, or all is over.

Not a judge of what is standard (Canaille is), but of attacks, races and outages: it counts what reached it, and answers
its token endpoint as a test says.
"""

from __future__ import annotations

import datetime as dt
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from integrations.kit.auth import OAuth2, Revokes
from integrations.kit.endpoints import GET, Check
from integrations.kit.mapping import Mapping
from integrations.kit.oauth import TOKENS, challenge
from integrations.kit.paging import ByPage
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from tenants.models import LinkedAccount, OAuthApplication
from tenants.scope import scope
from tenants.vault import Secret
from tests.integrations.listener import Seen, Told, listening, told
from tests.people import Person
from unified_api import registry
from unified_api.link import applications
from unified_api.link.applications import Registration
from unified_api.link.linking import Request, link
from unified_api.models.ticketing import Tag
from unified_api.sync import connect

CLIENT_ID, CLIENT_SECRET = "the tenant's client", "canary-client-secret/+1"
AUTH = OAuth2(
    authorize_url="{base_url}/authorize",
    token_url="{base_url}/token",
    scopes=("read", "write"),
    proof="body",
    issuer="{base_url}",
    revokes=Revokes("{base_url}/revoke"),
)
PROVIDER = Provider(
    slug="house",
    name="House",
    category="ticketing",
    settings=(Setting("base_url", "address of the house", kind="url"), *TOKENS),
    auth=AUTH,
    resources=(
        Resource(
            mapping=Mapping(Tag, remote_id="id", name="name"),
            list=GET("/tags", items="items", paging=ByPage(size_param="size", size=5)),
        ),
    ),
    check=Check(GET("/me", item=""), identity=lambda me, _settings: me["account"]),
)


@dataclass
class Grant:
    """What an end user allowed: the tokens that are good now."""

    account: str
    access: str = ""
    refresh: str = ""
    previous: str = ""
    over: bool = False


@dataclass
class House:
    """What it knows, and how it is to behave."""

    account: str = "house-1"
    #: Seconds that access tokens last; None: it does not say.
    lasts: int | None = 3600
    #: How often the refresh token before the last is taken again.
    grace: int = 0
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    #: The kinds of grant that were asked for, and how often the API was called.
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    calls: int = 0
    #: What the token endpoint answers instead, one a request, without doing anything.
    instead: list[Told] = field(default_factory=list)
    #: What the API answers instead, one a request.
    busy: list[Told] = field(default_factory=list)
    #: How many tags it has.
    tags: int = 0
    #: What else its token endpoint tells.
    more: dict[str, Any] = field(default_factory=dict)
    #: Whether the end of a token is that of all that its user allowed.
    uninstalls: bool = False
    #: Whether the API takes any token.
    is_open: bool = True
    #: Called when the API was called with a good token, and when tokens were granted, before that is answered.
    used: Callable[[], object] = int
    granted: Callable[[], object] = int
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def allow(self) -> Grant:
        """A grant, as the dance would end with."""
        with self.lock:
            self.grants.append(Grant(self.account, secrets.token_hex(16), secrets.token_hex(16)))
            return self.grants[-1]

    def answer(self, seen: Seen) -> Told:
        """To any request."""
        ways: dict[str, Callable[[Seen], Told]] = {
            "/authorize": self._authorize,
            "/token": self._token,
            "/revoke": self._revoke,
        }
        return ways.get(seen.path, self._api)(seen)

    def _authorize(self, seen: Seen) -> Told:
        """The end user allows it at once."""
        query = seen.query
        assert query["client_id"] == CLIENT_ID
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_urlsafe(16)
        self.codes[code] = {
            "bound": query["code_challenge"],
            "back": query["redirect_uri"],
            "who": self.account,
        }
        back = urlencode({"code": code, "state": query["state"], "iss": self.url})
        return Told(302, b"", {"Location": f"{query['redirect_uri']}?{back}"})

    def _token(self, seen: Seen) -> Told:
        form = dict(parse_qsl(seen.body.decode()))
        with self.lock:
            self.asked.append(form["grant_type"])
            self.forms.append(form)
            if self.instead:
                return self.instead.pop(0)
            if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
                return told({"error": "invalid_client"}, 401)
            found = {"authorization_code": self._by_code, "refresh_token": self._by_refresh}.get(
                form["grant_type"], lambda _form: self.allow()
            )(form)
            if found is None:
                return told({"error": "invalid_grant", "error_description": f"unknown: {form}"}, 400)
            answer = {"access_token": found.access, "token_type": "Bearer", **self.more}
            if form["grant_type"] != "client_credentials":
                answer["refresh_token"] = found.refresh
            answer |= {} if self.lasts is None else {"expires_in": self.lasts}
        self.granted()
        return told(answer)

    def _revoke(self, seen: Seen) -> Told:
        """RFC 7009, 2."""
        form = dict(parse_qsl(seen.body.decode()))
        self.forms.append(form)
        if self.instead:
            return self.instead.pop(0)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return told({"error": "invalid_client"}, 401)
        meant = [grant for grant in self.grants if form["token"] in {grant.refresh, grant.access}]
        for grant in self.grants:
            grant.over = grant.over or grant in meant or (self.uninstalls and bool(meant))
        return Told(200, b"", {})

    def _by_code(self, form: dict[str, str]) -> Grant | None:
        code = self.codes.pop(form["code"], None)
        if code is None or (code["bound"], code["back"]) != (
            challenge(form["code_verifier"]),
            form["redirect_uri"],
        ):
            return None
        grant = self.allow()
        grant.account = code["who"]
        return grant

    def _by_refresh(self, form: dict[str, str]) -> Grant | None:
        token = form["refresh_token"]
        grant = next((one for one in self.grants if token in {one.refresh, one.previous}), None)
        if grant is None or grant.over:
            return None
        if token == grant.previous:
            self.grace -= 1
            if self.grace < 0:
                grant.over, grant.access = True, ""
                return None
        grant.previous, grant.refresh, grant.access = token, secrets.token_hex(16), secrets.token_hex(16)
        return grant

    def _api(self, seen: Seen) -> Told:
        self.calls += 1
        token = seen.headers.get("Authorization", "").removeprefix("Bearer ")
        grant = next((one for one in self.grants if one.access == token and not one.over), None)
        if grant is None or not self.is_open:
            return told({"error": "invalid_token"}, 401)
        self.used()
        if self.busy:
            return self.busy.pop(0)
        if seen.path == "/me":
            return told({"account": grant.account})
        size = int(seen.query["size"])
        first = (int(seen.query["page"]) - 1) * size
        names = range(first, min(first + size, self.tags))
        return told({"items": [{"id": str(number), "name": f"Tag {number}"} for number in names]})


@contextmanager
def running() -> Iterator[House]:
    """A house that serves on loopback."""
    house = House()
    with listening(house.answer) as listener:
        house.url = listener.url
        yield house


@pytest.fixture
def house(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A running house whose adapter is registered; this installation is reached where test clients reach it."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    settings.PUBLIC_URL = "http://testserver"
    monkeypatch.setitem(registry._providers, PROVIDER.slug, PROVIDER)
    with running() as started:
        yield started


def register(person: Person, house: House, secret: str = CLIENT_SECRET) -> OAuthApplication:
    """The application of this person's tenant at the house."""
    client = Registration("house", Secret(CLIENT_ID), Secret(secret), site=house.url)
    with scope(person.tenant_id):
        return applications.register(client)[0]


def link_to(
    person: Person, house: House, *, ends_in: float = 3600, end_user: str = "customer-1"
) -> LinkedAccount:
    """An account at the house, linked with tokens that were granted just now."""
    register(person, house)
    grant = house.allow()
    told = {"access_token": grant.access, "refresh_token": grant.refresh}
    ends = {"expires_at": str(int(time.time() + ends_in))}
    with scope(person.tenant_id):
        return link(Request("house", end_user, {"base_url": house.url, **told, **ends})).account


def call(person: Person) -> None:
    """One call of the API for the customer's account, as any worker makes it."""
    with scope(person.tenant_id):
        with transaction.atomic():
            account = LinkedAccount.objects.get()
        with connect.line(account) as line:
            line.client.check()


def account_of(person: Person) -> LinkedAccount:
    """The account as it is stored."""
    with person.at_work():
        found: LinkedAccount = LinkedAccount.objects.get()
    return found


def kept(person: Person) -> dict[str, str]:
    """Its credential, in the clear."""
    with person.at_work():
        return {name: secret.reveal() for name, secret in account_of(person).credential().items()}


def forget_access(house: House) -> None:
    """The provider takes no access token any more, of those that there are."""
    for grant in house.grants:
        grant.access = "another one"


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let seconds go by for whoever looks when tokens end."""
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    monkeypatch.setattr(connect, "OUTSIDE", replace(connect.OUTSIDE, clock=lambda: later))
