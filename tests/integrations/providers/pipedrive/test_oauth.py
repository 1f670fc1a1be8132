"""A company that is linked by OAuth: from the end user's consent to tokens that are renewed."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from integrations.kit import errors
from tenants.scope import scope
from tests.emulators.engine import Emulator
from tests.emulators.vendors.pipedrive import COMPANY, TOKEN
from tests.oauth_emulated import allowed_by, led_to
from tests.oauth_house import call, kept, pass_time
from tests.people import Person
from unified_api.link.linking import Request, link
from unified_api.sync import revoking


def test_a_company_is_linked_by_allowing_it_and_its_token_is_renewed(
    alice: Person, house: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token tells the company's address; an hour later another one is got by the same refresh token."""
    led_to(house, "pipedrive", settings, monkeypatch)
    account = allowed_by(alice, "pipedrive")
    call(alice)
    first = kept(alice)
    house.world.clock.forward(3_601)
    pass_time(monkeypatch, 3_601)
    for _ in range(2):
        call(alice)
    second = kept(alice)

    assert (account.status, account.remote_identity) == ("COMPLETE", str(COMPANY))
    assert account.settings["base_url"] == house.url
    assert first["access_token"] != second["access_token"]
    assert first["refresh_token"] == second["refresh_token"]
    assert len(house.asked("POST", "/oauth/token")) == 2


def test_a_grant_ends_with_the_account(
    alice: Person, house: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its refresh token is named, by the application. Who has an API token of the same company needs it for nothing."""
    led_to(house, "pipedrive", settings, monkeypatch)
    account = allowed_by(alice, "pipedrive")
    with scope(alice.tenant_id):
        own = {"base_url": house.url, "api_token": TOKEN}
        other = link(Request("pipedrive", "customer-2", own)).account
        assert other.remote_identity == account.remote_identity
        revoking.end(account)

    assert house.world.rows("grant") == []


def test_a_grant_that_is_taken_back_needs_the_end_user(
    alice: Person, house: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is refused, and so is the refresh token: nothing but consent helps."""
    led_to(house, "pipedrive", settings, monkeypatch)
    allowed_by(alice, "pipedrive")
    house.world.table("grant").clear()

    with pytest.raises(errors.NeedsReauthorisation, match="what the end user allowed is over"):
        call(alice)
