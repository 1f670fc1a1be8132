"""A site that is linked by OAuth: from the end user's consent to tokens that are renewed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from integrations.kit import errors
from integrations.providers import jira as adapter
from tenants import accounts
from tenants.models import LinkedAccount
from tenants.scope import scope
from tests.emulators.engine import Emulator
from tests.emulators.vendors import jira
from tests.oauth_emulated import allowed_by, led_to
from tests.oauth_house import call, kept, pass_time
from tests.people import Person
from unified_api import registry
from unified_api.link import linking


def test_a_site_is_linked_by_allowing_it_and_each_refresh_token_is_sent_once(
    alice: Person, site: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token says which site it opens; an hour later another pair takes its place, and the former one is over."""
    led_to(site, "jira", settings, monkeypatch)
    monkeypatch.setattr(adapter, "_API", site.url)
    account = allowed_by(alice, "jira")
    call(alice)
    first = kept(alice)
    site.world.clock.forward(3_601)
    pass_time(monkeypatch, 3_601)
    for _ in range(2):
        call(alice)
    second = kept(alice)

    assert (account.status, account.remote_identity) == ("COMPLETE", jira.CLOUD)
    assert account.settings["base_url"] == f"{site.url}/ex/jira/{jira.CLOUD}"
    assert [(one["access"], one["refresh"]) for one in site.world.rows("grant")] == [
        (second["access_token"], second["refresh_token"])
    ]
    assert first["refresh_token"] != second["refresh_token"]
    assert len(site.asked("POST", "/oauth/token")) == 2


def test_a_site_whose_address_was_changed_is_still_the_same(
    alice: Person, site: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known by its id; another site is another one, also under an address that was the first one's."""
    led_to(site, "jira", settings, monkeypatch)
    monkeypatch.setattr(adapter, "_API", site.url)
    first = allowed_by(alice, "jira")
    monkeypatch.setattr(jira.applications, "SITE", "https://renamed.atlassian.net")
    again = allowed_by(alice, "jira")

    assert (again.id, again.remote_identity) == (first.id, jira.CLOUD)
    assert again.settings["site"] == "https://renamed.atlassian.net"
    with pytest.raises(accounts.OtherRemoteAccount):
        _linked_again(again, remote_identity="another", former_identity=jira.applications.SITE)


def test_an_account_that_is_known_by_its_address_is_known_by_its_id_from_then_on(
    alice: Person, site: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was linked with an API token, or before sites were known by their ids."""
    led_to(site, "jira", settings, monkeypatch)
    monkeypatch.setattr(adapter, "_API", site.url)
    first = allowed_by(alice, "jira")
    with scope(alice.tenant_id), transaction.atomic():
        LinkedAccount.objects.update(remote_identity=jira.applications.SITE)
    again = allowed_by(alice, "jira")

    assert (again.id, again.remote_identity) == (first.id, jira.CLOUD)


@pytest.mark.parametrize(
    ("base_url", "identity"),
    [
        ("https://api.atlassian.com/ex/jira/abc", "abc"),
        ("https://evil.example/ex/jira/abc", "https://evil.example/ex/jira/abc"),
        ("http://api.atlassian.com/ex/jira/abc", "http://api.atlassian.com/ex/jira/abc"),
        ("https://api.atlassian.com@evil.example/ex/jira/abc", None),
        ("https://acme.atlassian.net/", "https://acme.atlassian.net"),
        ("https://api.atlassian.com/ex/jira/", "https://api.atlassian.com/ex/jira"),
    ],
)
def test_no_other_host_says_by_its_path_which_site_it_is(base_url: str, identity: str | None) -> None:
    """It would take the place of the account that has this id."""
    check = registry.by_slug("jira").check
    assert check
    assert check.identity

    assert check.identity({}, {"base_url": base_url}) == (identity or base_url)


@pytest.mark.parametrize("base_url", ["https://evil.example", "https://api.atlassian.com/ex/jira/a"])
def test_nobody_says_by_a_setting_which_site_it_is(base_url: str) -> None:
    """Only where OAuth finds the address is it known that the token opens the site."""
    check, given = (
        registry.by_slug("jira").check,
        {"base_url": base_url, "site": "https://acme.atlassian.net"},
    )
    assert check

    assert check.formerly(given, {}) == base_url
    assert check.formerly(given, given) == "https://acme.atlassian.net"


def test_a_site_that_is_given_beside_a_token_is_not_taken_for_the_one_that_is_linked(
    alice: Person, site: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the provider's own address either: the token may open another one than that which was linked."""
    led_to(site, "jira", settings, monkeypatch)
    monkeypatch.setattr(adapter, "_API", site.url)
    first = allowed_by(alice, "jira")
    with scope(alice.tenant_id):
        with transaction.atomic():
            LinkedAccount.objects.update(remote_identity=jira.applications.SITE)
            token = LinkedAccount.objects.get(id=first.id).credential()["access_token"].reveal()
        values = {**first.settings, "site": jira.applications.SITE, "access_token": token}
        with pytest.raises(linking.LinkRefused, match="another"):
            linking.link(linking.Request("jira", first.end_user_origin_id, values))


def _linked_again(account: LinkedAccount, **known: Any) -> None:
    with scope(account.tenant_id):
        accounts.link(
            category=account.category,
            integration=account.integration,
            end_user_origin_id=account.end_user_origin_id,
            settings=account.settings,
            credential={},
            **known,
        )


def test_a_grant_that_is_taken_back_needs_the_end_user(
    alice: Person, site: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is refused, and so is the refresh token: nothing but consent helps."""
    led_to(site, "jira", settings, monkeypatch)
    monkeypatch.setattr(adapter, "_API", site.url)
    allowed_by(alice, "jira")
    site.world.table("grant").clear()

    with pytest.raises(errors.NeedsReauthorisation, match="what the end user allowed is over"):
        call(alice)
