"""An audience that is linked by OAuth, with a token that never ends."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from integrations.kit import errors
from tests.emulators.engine import Emulator
from tests.emulators.vendors.mailchimp import LIST
from tests.oauth_emulated import allowed_by, led_to
from tests.oauth_house import call, kept, pass_time
from tests.people import Person
from unified_api.sync import renewing
from unified_api.sync.models import Job


def test_an_audience_is_linked_by_allowing_it_and_its_token_stays(
    alice: Person, audience: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells its data center. Zero seconds are no end: nothing is renewed, neither ahead nor a year later."""
    led_to(audience, "mailchimp", settings, monkeypatch)
    account = allowed_by(alice, "mailchimp", list_id=LIST)
    pass_time(monkeypatch, 365 * 86_400.0)
    call(alice)

    assert (account.status, account.remote_identity) == ("COMPLETE", LIST)
    assert account.settings["base_url"] == audience.url
    assert set(kept(alice)) == {"access_token"}
    assert len(audience.asked("POST", "/oauth2/token")) == 1
    assert not Job.objects.filter(kind=renewing.KIND).exists()


def test_a_token_that_is_taken_back_needs_the_end_user(
    alice: Person, audience: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to renew it with."""
    led_to(audience, "mailchimp", settings, monkeypatch)
    allowed_by(alice, "mailchimp", list_id=LIST)
    audience.world.table("token").clear()

    with pytest.raises(errors.NeedsReauthorisation):
        call(alice)
