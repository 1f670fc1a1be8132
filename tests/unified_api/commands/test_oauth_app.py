"""`manage.py oauth_app` and `manage.py link --oauth`: applications registered, and end users invited, by command."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.test import Client

from tenants import applications
from tenants.models import AuditEvent, OAuthApplication
from tests.oauth_house import CLIENT_ID, CLIENT_SECRET, House, house
from tests.people import Person
from tests.stub import Desk
from tests.unified_api.commands.conftest import Call, Printed

__all__ = ["house"]  # a fixture


def words(verb: str, person: Person, *more: str) -> tuple[str, ...]:
    """The words of a command about this person's applications."""
    return ("oauth_app", verb, "--tenant", str(person.tenant_id), *more)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Id and secret, in the environment."""
    monkeypatch.setenv("HOUSE_ID", CLIENT_ID)
    monkeypatch.setenv("HOUSE_SECRET", CLIENT_SECRET)
    return ("--client-id-env", "HOUSE_ID", "--client-secret-env", "HOUSE_SECRET")


def kept(person: Person) -> tuple[str, str]:
    """Id and secret of the only application, in the clear."""
    with person.at_work():
        client = applications.client(OAuthApplication.objects.get())
    assert client is not None
    return client.id.reveal(), client.secret.reveal()


def silent(*printed: Printed) -> None:
    """Neither id nor secret was printed."""
    told = "".join(one.out + one.err for one in printed)
    assert [text for text in (CLIENT_ID, CLIENT_SECRET) if text in told] == []


def test_an_application_is_kept_listed_replaced_and_forgotten(
    call: Call, alice: Person, house: House, given: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """What was given out is sealed, and never printed or logged; its trail says who did what."""
    caplog.set_level("DEBUG")
    where = ("--integration", "house", "--site", f"{house.url}/")
    made = call(*words("set", alice, *where, *given, "--scope", "a", "--scope", "b"))
    again = call(*words("set", alice, *where, *given, "--json"))
    listed = call(*words("list", alice)), call(*words("list", alice, "--json"))
    assert kept(alice) == (CLIENT_ID, CLIENT_SECRET)
    silent(made, again, *listed)
    assert CLIENT_ID not in caplog.text

    assert "is kept." in made.out
    assert "redirect_uri to register there: http://testserver/oauth/callback" in made.out
    assert (again.document["is_new"], again.document["site"], again.document["scopes"]) == (
        False,
        house.url,
        [],
    )
    assert [one["hint"] for one in listed[1].document["oauth_applications"]] == [CLIENT_ID[-4:]]
    assert f"house        {house.url}" in listed[0].out

    assert "is forgotten." in call(*words("remove", alice, *where)).out
    with alice.at_work():
        trail = AuditEvent.objects.filter(action__startswith="oauth_application").order_by("at")
        actions = list(trail.values_list("action", "actor"))
        assert not OAuthApplication.objects.exists()
    assert [action for action, _ in actions] == [
        f"oauth_application.{w}" for w in ("kept", "kept", "removed")
    ]
    assert {actor for _, actor in actions} == {"manage.py oauth_app"}


def test_the_secret_comes_from_a_file_or_standard_input(
    call: Call, alice: Person, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line break at its end is not part of it."""
    where = ("--integration", "house", "--site", house.url, "--client-id", CLIENT_ID)
    (tmp_path / "secret").write_text(f"{CLIENT_SECRET}\n")
    silent(call(*words("set", alice, *where, "--client-secret-file", str(tmp_path / "secret"))))
    assert kept(alice) == (CLIENT_ID, CLIENT_SECRET)
    monkeypatch.setattr("sys.stdin", io.StringIO("another secret\n"))
    call(*words("set", alice, *where, "--client-secret-stdin"))
    assert kept(alice) == (CLIENT_ID, "another secret")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--integration", "nowhere"), "no integration 'nowhere'"),
        (("--integration", "stub"), "are linked without an OAuth application"),
        (("--integration", "house"), "Each customer runs House at an address of their own"),
        (("--integration", "house", "--site", "house.example"), "must be an address"),
    ],
)
def test_what_does_not_fit_is_not_kept(
    call: Call,
    alice: Person,
    house: House,
    desk: Desk,
    given: tuple[str, ...],
    more: tuple[str, ...],
    sentence: str,
) -> None:
    """The sentence says why."""
    with pytest.raises(CommandError, match=sentence):
        call(*words("set", alice, *more, *given))
    with alice.at_work():
        assert not OAuthApplication.objects.exists()


def test_what_is_missing_is_said(
    call: Call, alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable, a secret that the provider wants, an application that is not there."""
    where = ("--integration", "house", "--site", house.url)
    monkeypatch.delenv("NOT_SET", raising=False)
    for more, sentence in (
        (("--client-id-env", "NOT_SET"), "NOT_SET is not set"),
        (("--client-id", "x"), "wants a client secret"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call(*words("set", alice, *where, *more))
    with pytest.raises(CommandError, match="has no such OAuth application"):
        call(*words("remove", alice, *where))


def test_an_end_user_is_invited_by_command(
    call: Call, alice: Person, house: House, given: tuple[str, ...]
) -> None:
    """It prints an address that leads to the provider, and links nothing by itself."""
    call(*words("set", alice, "--integration", "house", "--site", house.url, *given))
    invite: tuple[Any, ...] = ("link", "--tenant", str(alice.tenant_id), "--integration", "house", "--oauth")
    invite = (*invite, "--end-user", "customer-1", "--set", f"base_url={house.url}")
    made = call(*invite, "--json").document
    sent = Client().get(made["begin_url"].removeprefix("http://testserver"))

    assert sent["Location"].startswith(f"{house.url}/authorize?response_type=code&client_id=")
    assert "Have the end user open this" in call(*invite).out
    for wrong in (("--secret", "access_token=x"), ("--replaces-remote-account",), ("--renamed",)):
        with pytest.raises(CommandError, match="takes neither secrets nor"):
            call(*invite, *wrong)
