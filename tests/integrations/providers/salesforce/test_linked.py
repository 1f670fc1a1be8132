"""How an account is linked: by its tokens, which tell where it is."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from integrations.kit.auth import OAuth2
from integrations.kit.errors import ApplicationRefused, NeedsReauthorisation
from integrations.kit.oauth import OAuthClient, TokenEndpoint, authorize_address, challenge
from tests.emulators.engine import Emulator
from tests.emulators.vendors.salesforce.tokens import CLIENT, allow
from tests.integrations.lines import LOOPBACK, NOW
from tests.integrations.providers.salesforce.org import PROVIDER, account_at


def _endpoint(org: Emulator, secret: str = CLIENT[1]) -> TokenEndpoint:
    assert isinstance(PROVIDER.auth, OAuth2)
    client = OAuthClient(CLIENT[0], secret)
    settings = {"login_url": org.url}
    return TokenEndpoint(PROVIDER.auth, client, settings, guard=LOOPBACK, clock=lambda: NOW, sleep=time.sleep)


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com", "acme.my.salesforce.com"])
def test_people_log_in_at_the_host_of_the_account(host: str) -> None:
    """With a code challenge, for the API and a token that lasts."""
    assert isinstance(PROVIDER.auth, OAuth2)
    told = {"client_id": "c", "redirect_uri": "https://isthmus.example/oauth", "state": "s", "verifier": "v"}
    url = urlsplit(authorize_address(PROVIDER.auth, {"login_url": f"https://{host}"}, **told))
    query = dict(parse_qsl(url.query))

    assert (url.netloc, url.path) == (host, "/services/oauth2/authorize")
    assert (query["scope"], query["code_challenge_method"]) == ("api refresh_token", "S256")


def test_tokens_tell_where_the_account_is(org: Emulator) -> None:
    """Also anew, when it has moved; how long they last they do not say. With the account they end."""
    verifier = "v" * 43
    code = allow(org.world, challenge(verifier))
    first = _endpoint(org).exchange(code, verifier=verifier, redirect_uri="https://isthmus.example/oauth")
    org.world.add("moved to", {"id": "address", "url": "https://acme2.my.salesforce.com"})
    again = _endpoint(org).refresh(first.refresh_token or "")

    assert (first.told, first.expires_in) == ({"base_url": org.url}, None)
    assert (again.told, again.refresh_token) == ({"base_url": "https://acme2.my.salesforce.com"}, None)
    with account_at(org, again.access_token) as client:
        assert client.check()
    _endpoint(org).revoke({"access_token": again.access_token, "refresh_token": first.refresh_token or ""})
    with pytest.raises(NeedsReauthorisation):
        _endpoint(org).refresh(first.refresh_token or "")


def test_what_ends_a_grant_and_what_is_wrong_with_the_application_are_told_apart(org: Emulator) -> None:
    """A refresh token that is over is the end user's matter, a wrong secret the tenant's."""
    with pytest.raises(NeedsReauthorisation):
        _endpoint(org).refresh("5Aep861over")
    with pytest.raises(ApplicationRefused):
        _endpoint(org, "wrong").refresh("5Aep861over")


def test_a_session_that_is_over_is_renewed_once_and_the_call_made_again(org: Emulator) -> None:
    """401 with INVALID_SESSION_ID says so."""
    renewed = []

    def renew() -> Any:
        renewed.append(1)
        return account_at(org).connection.secrets

    with account_at(org, "00D!over") as client:
        object.__setattr__(client.connection, "renew", renew)
        assert client.check()
    assert renewed == [1]
