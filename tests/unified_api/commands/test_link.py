"""`manage.py link`: an account is linked by command, through a live call to the provider."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from pytest_django.fixtures import Settings

from tenants.models import AuditEvent, LinkedAccount
from tests.people import Person
from tests.stub import Desk
from tests.unified_api.commands.conftest import AtDesk, Call, link_words
from unified_api.sync.models import Job, Stream


def test_linking_checks_the_credential_and_prints_what_scripts_need(
    call: Call, alice: Person, desk: Desk
) -> None:
    """The provider is asked who we are; id, token and the models that are read now are printed."""
    made = call(*link_words(alice, desk, "--secret", f"token={desk.token}", "--json")).document

    assert desk.log == [("GET", "/me")]
    with alice.at_work():
        account = LinkedAccount.objects.get()
        streams, jobs = Stream.objects.count(), Job.objects.filter(kind="pull").count()
        event = AuditEvent.objects.get(action="account.linked")
    assert made["linked_account_id"] == str(account.id)
    assert (made["relinked"], made["remote_identity"]) == (False, "stub-1")
    assert made["models"] == ["ticketing.Ticket", "ticketing.User", "ticketing.Tag"]
    assert (streams, jobs) == (3, 3)
    assert (event.actor_kind, event.actor) == ("command", "manage.py link")


def test_people_read_id_token_and_what_is_read(call: Call, alice: Person, desk: Desk) -> None:
    """The lines for people name the account, and never the secret."""
    told = call(*link_words(alice, desk, "--secret", f"token={desk.token}")).out

    assert "Linked customer-1 at stub for the first time." in told
    assert "account_token: iat_" in told
    assert desk.token not in told


def test_linking_again_keeps_id_and_token(call: Call, alice: Person, desk: Desk, linked: AtDesk) -> None:
    """A relink says so, and scripts that know the account go on working."""
    words = link_words(alice, desk, "--secret", f"token={desk.token}")
    again = call(*words, "--json").document

    assert again["relinked"] is True
    assert (again["linked_account_id"], again["account_token"]) == (linked.account_id, linked.token)
    assert "again: it keeps its id and token" in call(*words).out


def test_another_account_of_the_provider_is_refused(
    call: Call, alice: Person, desk: Desk, linked: AtDesk
) -> None:
    """A relink with somebody else's credential changes nothing and says why."""
    desk.account = "stub-2"
    with pytest.raises(CommandError, match=r"is 'stub-1' at stub; this credential opens 'stub-2'"):
        call(*link_words(alice, desk, "--secret", f"token={desk.token}"))


@pytest.mark.parametrize("form", ["token={0}\n", '{{"token": "{0}"}}'])
def test_secrets_come_from_standard_input(
    call: Call, alice: Person, desk: Desk, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Lines KEY=VALUE and a JSON object are both understood."""
    monkeypatch.setattr("sys.stdin", io.StringIO(form.format(desk.token)))
    made = call(*link_words(alice, desk, "--secrets-stdin", "--json")).document

    assert made["remote_identity"] == "stub-1"


def test_a_secret_comes_from_a_file(call: Call, alice: Person, desk: Desk, tmp_path: Path) -> None:
    """The line break at the end of a file is not part of the secret."""
    (tmp_path / "token").write_text(desk.token + "\n")
    made = call(*link_words(alice, desk, "--secret-file", f"token={tmp_path / 'token'}", "--json"))

    assert made.document["remote_identity"] == "stub-1"


def test_a_file_that_is_not_there_is_named(call: Call, alice: Person, desk: Desk, tmp_path: Path) -> None:
    """The sentence names the file and the reason."""
    with pytest.raises(CommandError, match=r"nothing-here cannot be read: No such file"):
        call(*link_words(alice, desk, "--secret-file", f"token={tmp_path / 'nothing-here'}"))


def test_a_wrong_password_links_nothing(call: Call, alice: Person, desk: Desk) -> None:
    """The provider's refusal is told with what to do, without the secret, and nothing is stored."""
    with pytest.raises(CommandError, match="refuses the credential") as refused:
        call(*link_words(alice, desk, "--secret", "token=a wrong one"))

    assert "Check user name, password or key" in str(refused.value)
    assert "a wrong one" not in str(refused.value)
    with alice.at_work():
        assert not LinkedAccount.objects.exists()


def test_a_server_that_is_down_is_told(call: Call, alice: Person, desk: Desk) -> None:
    """Nothing listens at the address: the sentence says to look whether the server is up."""
    words = link_words(alice, desk, "--secret", f"token={desk.token}")
    with pytest.raises(CommandError, match=r"Check that the server is up and the address right"):
        call(*(word.replace(desk.url, "http://127.0.0.1:9") for word in words))


def test_something_else_at_the_address_is_told(call: Call, alice: Person, desk: Desk) -> None:
    """An address below which nothing of the provider answers is a setting to correct."""
    words = link_words(alice, desk, "--secret", f"token={desk.token}")
    with pytest.raises(CommandError, match=r"Correct the address or the setting"):
        call(*(word.replace(desk.url, f"{desk.url}/elsewhere") for word in words))


def test_a_private_address_needs_the_operators_leave(
    call: Call, alice: Person, desk: Desk, settings: Settings
) -> None:
    """The sentence names the setting that opens it, and nothing is sent."""
    settings.ALLOW_PRIVATE_HOSTS = []
    with pytest.raises(CommandError, match=r"ALLOW_PRIVATE_HOSTS=127\.0\.0\.1"):
        call(*link_words(alice, desk, "--secret", f"token={desk.token}"))
    assert desk.log == []


def test_an_unknown_integration_lists_the_known(call: Call, alice: Person, desk: Desk) -> None:
    """Whoever misspells a slug reads the right ones."""
    with pytest.raises(CommandError, match=r"no integration 'stubb'; known are: .*stub"):
        call(
            *(word if word != "stub" else "stubb" for word in link_words(alice, desk, "--secret", "token=x"))
        )


def test_an_unknown_setting_names_the_known(call: Call, alice: Person, desk: Desk) -> None:
    """All faults are told at once: what is unknown, and what is missing."""
    with pytest.raises(CommandError, match=r"colour: is no setting of stub; known are base_url, token") as no:
        call(*link_words(alice, desk, "--set", "colour=red"))
    assert "token: is required" in str(no.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--secret", "nothing"), "--secret takes KEY=VALUE"),
        (("--secret", "token=a", "--secret", "token=b"), "token is given more than once"),
    ],
)
def test_misspelt_pairs_are_refused(
    call: Call, alice: Person, desk: Desk, words: tuple[str, ...], sentence: str
) -> None:
    """What is not KEY=VALUE, or there twice, is not guessed at; and the value is not quoted."""
    with pytest.raises(CommandError, match=sentence):
        call(*link_words(alice, desk, *words))


@pytest.mark.parametrize("text", ['{"token": 1}', '{"token": "never shown', "[]"])
def test_standard_input_that_is_not_understood_is_not_quoted(
    call: Call, alice: Person, desk: Desk, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Broken JSON may hold a secret: the sentence says what is expected, and no more."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with pytest.raises(CommandError) as refused:
        call(*link_words(alice, desk, "--secrets-stdin"))
    assert "never shown" not in str(refused.value)


def test_integrations_are_listed_with_their_settings(call: Call, desk: Desk) -> None:
    """Everything that `link` asks for can be read beforehand, by people and by scripts."""
    listed = call("integrations", "--json").document["integrations"]

    stub = next(one for one in listed if one["slug"] == "stub")
    assert [s["name"] for s in stub["settings"] if s["secret"]] == ["token"]
    assert stub["models"]["ticketing.Tag"] == ["list"]
    assert "--secret token=…" in call("integrations").out
