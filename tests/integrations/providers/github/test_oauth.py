"""A repository that is linked by OAuth: by an application whose tokens end, and by one whose tokens do not."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from integrations.kit import errors
from integrations.kit.auth import OAuth2
from integrations.kit.oauth import OAuthClient, TokenEndpoint
from tenants.models import LinkedAccount
from tenants.scope import scope
from tenants.vault import Secret
from tests.emulators.consent import CLIENT
from tests.emulators.engine import Emulator
from tests.emulators.vendors import github as desk
from tests.emulators.vendors.github.common import FOR_EVER
from tests.integrations.lines import LOOPBACK, NOW
from tests.oauth_emulated import allowed_by, led_to
from tests.oauth_house import call, kept, pass_time
from tests.people import Person
from unified_api import registry
from unified_api.link import applications
from unified_api.link.applications import Registration

EIGHT_HOURS, BACK = 28_800, "https://isthmus.example/oauth/callback"


def _linked(person: Person, github: Emulator) -> LinkedAccount:
    return allowed_by(person, "github", owner=desk.OWNER, repository=desk.NAME)


def test_a_repository_is_linked_by_allowing_it_and_each_refresh_token_is_sent_once(
    alice: Person, github: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens of a GitHub App end after eight hours; another pair takes their place, and the former one is over."""
    led_to(github, "github", settings, monkeypatch)
    account = _linked(alice, github)
    call(alice)
    first = kept(alice)
    github.world.clock.forward(EIGHT_HOURS + 1)
    pass_time(monkeypatch, EIGHT_HOURS + 1)
    for _ in range(2):
        call(alice)
    second = kept(alice)

    assert account.status == "COMPLETE"
    assert account.remote_identity == f"{github.url}/repositories/{desk.REPOSITORY_ID}"
    assert first["refresh_token"] != second["refresh_token"]
    assert [(one["access"], one["refresh"]) for one in github.world.rows("grant")] == [
        (second["access_token"], second["refresh_token"])
    ]
    assert len(github.asked("POST", "/login/oauth/access_token")) == 2


def test_tokens_of_an_oauth_app_are_used_for_ever(
    alice: Person, github: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come without an end and without a refresh token."""
    led_to(github, "github", settings, monkeypatch)
    github.world.add("quirk", {"id": FOR_EVER})
    _linked(alice, github)
    github.world.clock.forward(400 * 86_400)
    pass_time(monkeypatch, 400 * 86_400)
    call(alice)

    assert kept(alice)["access_token"].startswith("gho_")
    assert len(github.asked("POST", "/login/oauth/access_token")) == 1


def test_a_grant_that_is_taken_back_needs_the_end_user(
    alice: Person, github: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refresh token is refused with the status 200: nothing but consent helps."""
    led_to(github, "github", settings, monkeypatch)
    _linked(alice, github)
    github.world.table("grant").clear()

    with pytest.raises(errors.NeedsReauthorisation, match="what the end user allowed is over"):
        call(alice)


def test_a_wrong_secret_is_the_tenants_matter(
    alice: Person, github: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub has a word of its own for it; no account is paused."""
    led_to(github, "github", settings, monkeypatch)
    _linked(alice, github)
    with scope(alice.tenant_id):
        applications.register(Registration("github", Secret("an-application"), Secret("wrong")))
    github.world.table("grant").clear()

    with pytest.raises(errors.ApplicationRefused):
        call(alice)


def test_a_code_that_was_used_is_over(
    github: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused as an error in a success, and taken for one."""
    with pytest.raises(errors.NeedsReauthorisation):
        _endpoint(github, settings, monkeypatch).exchange("code-1", verifier="v" * 43, redirect_uri=BACK)


def test_the_token_of_an_account_that_ends_is_over_and_no_other(
    github: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its user may have linked other repositories by the same application."""
    endpoint = _endpoint(github, settings, monkeypatch)
    for code in ("one", "other"):
        github.world.add("code", {"id": code, "back": BACK})
    one, other = (endpoint.exchange(code, verifier="v" * 43, redirect_uri=BACK) for code in ("one", "other"))
    endpoint.revoke({"access_token": one.access_token, "refresh_token": one.refresh_token or ""})

    assert [grant["access"] for grant in github.world.rows("grant")] == [other.access_token]


def _endpoint(github: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> TokenEndpoint:
    led_to(github, "github", settings, monkeypatch)
    auth = registry.by_slug("github").auth
    assert isinstance(auth, OAuth2)
    client, told = OAuthClient(*CLIENT), {"base_url": github.url}
    return TokenEndpoint(auth, client, told, guard=LOOPBACK, clock=lambda: NOW, sleep=lambda _seconds: None)
