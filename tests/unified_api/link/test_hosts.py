"""Which host a token goes to: nobody says it who has no more than the address at which an account is linked."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from pytest_django.fixtures import Settings

from integrations.kit.auth import Revokes
from integrations.kit.oauth import TOKENS
from integrations.kit.session import fill
from integrations.kit.setting import Setting
from tenants.scope import scope
from tenants.vault import Secret
from tests.oauth_house import AUTH, PROVIDER, House, account_of
from tests.people import Person
from tests.unified_api.link.test_oauth import Browser, invited, refused
from unified_api import registry
from unified_api.link import applications, oauth
from unified_api.link.applications import Registration
from unified_api.link.linking import LinkRefused
from unified_api.sync import granting

OURS, EVIL = "https://ours.example", "https://evil.example"


def _by_consent() -> list[str]:
    found = [
        provider.slug
        for provider in registry.all()
        if (auth := granting.oauth_of(provider)) and auth.is_dance
    ]
    assert found
    return found


@pytest.mark.parametrize("slug", _by_consent())
def test_a_begin_address_says_of_no_integration_where_a_token_goes(
    alice: Person, settings: Settings, slug: str
) -> None:
    """Whichever setting names another host: it is refused, or decides nothing of where requests go."""
    settings.PUBLIC_URL = "https://isthmus.example"
    provider = registry.by_slug(slug)
    auth = granting.oauth_of(provider)
    assert auth
    shown = [one for one in provider.settings if not one.secret]
    right = {one.name: OURS for one in shown if one.required or one.name == auth.site}
    with scope(alice.tenant_id):
        client = Registration(slug, Secret("an id"), Secret("a secret"), site=right.get(auth.site or "", ""))
        applications.register(client)
        oauth.prepared(slug, right, {})
        for one in shown:
            try:
                _, _, kept, _ = oauth.prepared(slug, {**right, one.name: _evil(one)}, {})
            except LinkRefused:
                continue
            for template in (provider.base_url, auth.token_url, auth.authorize_url):
                assert "evil" not in urlsplit(fill(template, provider.placed(kept))).netloc


def _evil(setting: Setting) -> str:
    return {"url": EVIL, "number": "1", "flag": "yes"}.get(setting.kind, f"{EVIL.partition('//')[2]}/")


def _told_with_tokens(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the house's token answers say where the account is, as `api`; the end user names where people log in."""
    settings = (
        Setting("login_url", "where people log in", kind="url"),
        Setting("base_url", "address of the account", required=False, kind="url"),
        *TOKENS,
    )
    auth = replace(
        AUTH,
        authorize_url="{login_url}/authorize",
        token_url="{login_url}/token",
        issuer="{login_url}",
        revokes=Revokes("{login_url}/revoke"),
        tells={"base_url": "api"},
    )
    monkeypatch.setitem(registry._providers, "house", replace(PROVIDER, settings=settings, auth=auth))


@pytest.mark.usefixtures("no_broker")
def test_a_host_that_the_answer_with_the_token_is_to_tell_is_told_by_nobody_else(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it tells none, nothing is linked or called, and the token is over."""
    _told_with_tokens(house, monkeypatch)
    url = invited(alice, house, settings={"login_url": house.url})
    refused(Browser().open(f"{url}?base_url={EVIL}"), "base_url would say where the token goes")
    refused(Browser().link(url), "it has no base_url")
    assert (house.calls, [grant.over for grant in house.grants]) == (0, [True])

    house.more = {"api": house.url}
    assert Browser().link(url).status_code == 200
    assert account_of(alice).settings == {"login_url": house.url, "base_url": house.url}
