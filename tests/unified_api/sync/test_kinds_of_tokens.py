"""Accounts with tokens of every kind: by client credentials, brought along, a key instead, without renewal."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from integrations.kit import errors
from integrations.kit.auth import HeaderKey
from integrations.kit.oauth import TOKENS
from integrations.kit.setting import Setting
from tenants.scope import scope
from tests.integrations.listener import told
from tests.oauth_house import (
    AUTH,
    CLIENT_ID,
    CLIENT_SECRET,
    PROVIDER,
    House,
    account_of,
    call,
    forget_access,
    house,
    kept,
    link_to,
    pass_time,
    register,
)
from tests.people import Person
from unified_api import registry
from unified_api.link.linking import LinkRefused, Request, link
from unified_api.sync import renewing
from unified_api.sync.models import Job

__all__ = ["house"]  # a fixture


#: Tests do the due work themselves.
pytestmark = pytest.mark.usefixtures("no_broker")


def test_a_renewal_may_tell_a_setting(alice: Person, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the provider moved the account to another address; what is no address is left out."""
    settings = (*PROVIDER.settings, Setting("api", "told with the tokens", kind="url", required=False))
    provider = replace(PROVIDER, auth=replace(AUTH, tells={"api": "instance"}), settings=settings)
    monkeypatch.setitem(registry._providers, "house", provider)
    link_to(alice, house)
    for told_api, kept_api in (("https://eu.example/", "https://eu.example"), ("x", "https://eu.example")):
        house.more = {"instance": told_api}
        forget_access(house)
        call(alice)
        assert account_of(alice).settings == {"base_url": house.url, "api": kept_api}


def test_a_client_alone_gets_tokens(alice: Person, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Client credentials: with the account's own client, by settings; asked again when the token ends."""
    auth = replace(AUTH, authorize_url="", grant="client_credentials", client=("client_id", "client_secret"))
    own = (Setting("client_id", "client id"), Setting("client_secret", "client secret", secret=True))
    settings = (*(s for s in PROVIDER.settings if s not in TOKENS), *own)
    monkeypatch.setitem(registry._providers, "house", replace(PROVIDER, auth=auth, settings=settings))
    values = {"base_url": house.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    with scope(alice.tenant_id):
        link(Request("house", "customer-1", values))
    forget_access(house)
    call(alice)
    assert house.asked == ["client_credentials"] * 2
    assert kept(alice)["client_secret"] == CLIENT_SECRET

    forget_access(house)
    house.instead.append(told({"error": "invalid_client"}, 401))
    with pytest.raises(errors.NeedsReauthorisation, match="own client is refused"):
        call(alice)


def test_a_client_of_the_tenants_gets_tokens(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Client credentials of the tenant's application: nothing but the address is asked for at linking."""
    auth = replace(AUTH, authorize_url="", grant="client_credentials")
    settings = tuple(s for s in PROVIDER.settings if s not in TOKENS)
    monkeypatch.setitem(registry._providers, "house", replace(PROVIDER, auth=auth, settings=settings))
    register(alice, house)
    with scope(alice.tenant_id):
        link(Request("house", "customer-1", {"base_url": house.url}))
    call(alice)

    assert house.asked == ["client_credentials"]
    assert house.forms[0]["scope"] == "read write"


def test_an_account_may_have_a_key_instead(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the provider takes both, one that was linked with a key is never renewed; linked by tokens, it is."""
    auth = replace(AUTH, instead=HeaderKey("Authorization", "key"))
    settings = (*PROVIDER.settings, Setting("key", "a key", secret=True, required=False))
    monkeypatch.setitem(registry._providers, "house", replace(PROVIDER, auth=auth, settings=settings))
    key = house.allow().access
    with scope(alice.tenant_id):
        link(Request("house", "customer-1", {"base_url": house.url, "key": key}))
    call(alice)
    forget_access(house)
    with pytest.raises(errors.NeedsReauthorisation):
        call(alice)
    assert house.asked == []

    link_to(alice, house)
    forget_access(house)
    call(alice)
    assert house.asked == ["refresh_token"]


def test_who_brings_a_refresh_token_is_linked(alice: Person, house: House) -> None:
    """From elsewhere, with an access token that has ended: the first one is asked for at linking."""
    register(alice, house)
    grant = house.allow()
    brought = {"base_url": house.url, "refresh_token": grant.refresh, "expires_at": str(int(time.time()) - 5)}
    with scope(alice.tenant_id):
        link(Request("house", "customer-1", {**brought, "access_token": "one that has ended"}))
    assert kept(alice)["access_token"] == grant.access

    with scope(alice.tenant_id), pytest.raises(LinkRefused, match=r"manage\.py link --oauth"):
        link(Request("house", "customer-2", {"base_url": house.url}))


def test_a_token_without_renewal_is_used_to_its_end(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is done ahead of time where nobody could renew it; refused, the account's owner is asked."""
    register(alice, house)
    grant = house.allow()
    tokens = {"access_token": grant.access, "expires_at": str(int(time.time()) + 60)}
    with scope(alice.tenant_id):
        link(Request("house", "customer-1", {"base_url": house.url, **tokens}))
    with alice.at_work():
        assert not Job.objects.filter(kind=renewing.KIND).exists()
    pass_time(monkeypatch, 600)
    call(alice)
    forget_access(house)
    with pytest.raises(errors.NeedsReauthorisation, match="there is none to renew it with"):
        call(alice)
    assert house.asked == []
