"""How a desk is linked by OAuth: by an application of the account's own, with tokens that end and such as never do."""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from integrations.kit.auth import OAuth2
from integrations.kit.client import Client
from integrations.kit.errors import ApplicationRefused, NeedsReauthorisation
from integrations.kit.oauth import OAuthClient, TokenEndpoint, authorize_address, challenge
from tests.emulators.engine import Emulator
from tests.emulators.vendors.zendesk import oauth
from tests.integrations.lines import LOOPBACK, NOW, connection
from unified_api import registry

PROVIDER = registry.by_slug("zendesk")
VERIFIER, BACK = "v" * 43, "https://isthmus.example/oauth"


def _endpoint(desk: Emulator, secret: str = oauth.CLIENT[1]) -> TokenEndpoint:
    assert isinstance(PROVIDER.auth, OAuth2)
    client = OAuthClient(oauth.CLIENT[0], secret)
    told = {"base_url": desk.url}
    return TokenEndpoint(PROVIDER.auth, client, told, guard=LOOPBACK, clock=lambda: NOW, sleep=time.sleep)


def _account(desk: Emulator, token: str) -> Client:
    line = connection({"base_url": desk.url}, {"access_token": token})
    return Client(PROVIDER, replace(line, clock=desk.world.clock.now))


def test_people_are_asked_at_the_address_of_their_account() -> None:
    """For reading and writing, with a code challenge."""
    assert isinstance(PROVIDER.auth, OAuth2)
    told = {"client_id": "c", "redirect_uri": BACK, "state": "s", "verifier": VERIFIER}
    url = urlsplit(authorize_address(PROVIDER.auth, {"base_url": "https://acme.zendesk.com"}, **told))
    query = dict(parse_qsl(url.query))

    assert (url.netloc, url.path) == ("acme.zendesk.com", "/oauth/authorizations/new")
    assert (query["scope"], query["code_challenge_method"]) == ("read write", "S256")


def test_tokens_that_end_are_renewed_and_such_as_never_end_are_used_as_they_are(desk: Emulator) -> None:
    """Either kind opens the account; a refresh token is good for one time."""
    first = _endpoint(desk).exchange(
        oauth.allow(desk.world, challenge(VERIFIER)), verifier=VERIFIER, redirect_uri=BACK
    )
    with _account(desk, first.access_token) as client:
        assert client.check() == desk.url
        desk.world.clock.forward(3600)
        with pytest.raises(NeedsReauthorisation):
            client.check()
    again = _endpoint(desk).refresh(first.refresh_token or "")
    with pytest.raises(NeedsReauthorisation):
        _endpoint(desk).refresh(first.refresh_token or "")
    desk.world.add("quirk", {"id": oauth.FOR_EVER})
    old = _endpoint(desk).exchange(
        oauth.allow(desk.world, challenge(VERIFIER)), verifier=VERIFIER, redirect_uri=BACK
    )

    assert (first.expires_in, old.expires_in, old.refresh_token) == (1800, None, None)
    for token in (again.access_token, old.access_token):
        with _account(desk, token) as client:
            assert client.check() == desk.url


def test_the_token_of_an_account_that_ends_is_over(desk: Emulator) -> None:
    """By that token itself, with what it may be renewed by."""
    endpoint = _endpoint(desk)
    code = oauth.allow(desk.world, challenge(VERIFIER))
    token = endpoint.exchange(code, verifier=VERIFIER, redirect_uri=BACK)
    endpoint.revoke({"access_token": token.access_token, "refresh_token": token.refresh_token or ""})

    with _account(desk, token.access_token) as client, pytest.raises(NeedsReauthorisation):
        client.check()
    with pytest.raises(NeedsReauthorisation):
        endpoint.refresh(token.refresh_token or "")


def test_a_wrong_secret_is_the_tenants_matter(desk: Emulator) -> None:
    """No account is paused for it."""
    with pytest.raises(ApplicationRefused):
        _endpoint(desk, "wrong").refresh("refresh-1")
