"""Tokens that were granted for an account that is not linked after all: they are ended at the provider."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.kit.auth import Finds, Revokes
from tests.integrations.listener import told
from tests.oauth_house import AUTH, CLIENT_SECRET, PROVIDER, House, call
from tests.people import Person
from tests.unified_api.link.test_oauth import Browser, invited, refused
from unified_api import registry

pytestmark = pytest.mark.usefixtures("no_broker")


def _of_another_account(person: Person, house: House) -> None:
    """Have an end user allow another account than the one that is linked."""
    Browser().link(invited(person, house))
    house.account = "house-2"
    refused(Browser().link(invited(person, house)), "this credential opens")


def test_a_grant_of_an_account_that_is_refused_is_ended(alice: Person, house: House) -> None:
    """That one, and not that of the account that stays linked."""
    _of_another_account(alice, house)

    assert [grant.over for grant in house.grants] == [False, True]


def test_a_grant_of_which_nobody_finds_what_it_opens_is_ended(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token was granted, and what is asked with it is answered with something else."""
    auth = replace(AUTH, finds=Finds(f"{house.url}/me", lambda found, _settings: {"room": found["room"]}))
    monkeypatch.setitem(registry._providers, "house", replace(PROVIDER, auth=auth))
    refused(Browser().link(invited(alice, house)), "what a token opens")

    assert [grant.over for grant in house.grants] == [True]


def test_a_provider_that_does_not_end_it_changes_nothing(
    alice: Person, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The page says why nothing was linked; the log says that tokens live on, and no secret. It is asked once."""
    house.granted = lambda: house.instead.append(told({"error": "no"}, 503))
    house.busy.append(told({"error": "no"}, 403))
    refused(Browser().link(invited(alice, house)), "right to use the API")
    [grant] = house.grants

    assert not grant.over
    assert [form for form in house.forms if "token" in form] == house.forms[1:]
    assert len(house.forms) == 2
    assert "oauth.not_given_back" in caplog.text
    assert not any(secret in caplog.text for secret in (grant.access, grant.refresh, CLIENT_SECRET))


def test_a_grant_on_which_a_linked_account_may_hang_is_left(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its end uninstalls the application for the user, who may be the one that linked the other account."""
    house.uninstalls = True
    auth = replace(AUTH, revokes=Revokes("{base_url}/revoke", shared=True))
    monkeypatch.setitem(registry._providers, "house", replace(PROVIDER, auth=auth))
    _of_another_account(alice, house)

    assert [grant.over for grant in house.grants] == [False, False]
    call(alice)
