"""A site that is linked by OAuth: from the end user's consent to tokens that are renewed."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from integrations.kit import errors
from integrations.providers import jira as adapter
from tests.emulators.engine import Emulator
from tests.emulators.vendors import jira
from tests.oauth_emulated import allowed_by, led_to
from tests.oauth_house import call, kept, pass_time
from tests.people import Person


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

    assert (account.status, account.remote_identity) == ("COMPLETE", jira.applications.SITE)
    assert account.settings["base_url"] == f"{site.url}/ex/jira/{jira.CLOUD}"
    assert [(one["access"], one["refresh"]) for one in site.world.rows("grant")] == [
        (second["access_token"], second["refresh_token"])
    ]
    assert first["refresh_token"] != second["refresh_token"]
    assert len(site.asked("POST", "/oauth/token")) == 2


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
