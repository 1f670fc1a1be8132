"""Linking by OAuth at an emulator: by the adapter as it is, but that the vendor's addresses are the emulator's."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from pytest_django.fixtures import Settings

from integrations.kit.auth import OAuth2
from tenants.models import LinkedAccount
from tenants.scope import scope
from tenants.vault import Secret
from tests.emulators.consent import CLIENT
from tests.emulators.engine import Emulator
from tests.oauth_house import account_of
from tests.people import Person
from tests.unified_api.link.test_oauth import Browser
from unified_api import registry
from unified_api.link import applications
from unified_api.link.applications import Registration
from unified_api.link.inviting import Invitation, invite
from unified_api.sync import job


def led_to(emulator: Emulator, slug: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have end users of an integration led to an emulator, and its tokens asked for there."""
    provider = registry.by_slug(slug)
    auth = provider.auth
    assert isinstance(auth, OAuth2)

    def here(url: str) -> str:
        return f"{emulator.url}{urlsplit(url).path}"

    host = provider.host_setting
    assert host
    moved = replace(host, default=emulator.url) if host.default else host
    found = replace(auth.finds, url=here(auth.finds.url)) if auth.finds else None
    ends = replace(auth.revokes, url=here(auth.revokes.url)) if auth.revokes else None
    local = replace(
        auth,
        authorize_url=here(auth.authorize_url),
        token_url=here(auth.token_url),
        finds=found,
        revokes=ends,
    )
    shown = tuple(moved if one is host else one for one in provider.settings)
    monkeypatch.setitem(registry._providers, slug, replace(provider, auth=local, settings=shown))
    monkeypatch.setattr(job, "wake", lambda *_args: None)
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    settings.PUBLIC_URL = "http://testserver"


def allowed_by(person: Person, slug: str, **settings: str) -> LinkedAccount:
    """The account of a customer of this person, who allowed the tenant's application on the vendor's page."""
    with scope(person.tenant_id):
        applications.register(Registration(slug, Secret(CLIENT[0]), Secret(CLIENT[1])))
        address, _ = invite(Invitation(slug, "customer-1", settings=settings))
    page = Browser().link(address)
    assert page.status_code == 200, page.content
    return account_of(person)
