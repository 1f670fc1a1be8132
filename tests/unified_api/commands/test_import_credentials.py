"""`manage.py import_credentials`: a file of credentials links accounts, and nobody else is asked to do so."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from integrations.kit.auth import OAuth2
from integrations.kit.setting import Setting
from tenants.models import LinkedAccount
from tests.people import Person
from tests.stub import PROVIDER, Desk
from tests.unified_api.commands.conftest import Call
from unified_api import registry
from unified_api.sync.models import Job, Stream


class Renewable(OAuth2):
    """An access token that is renewed by another one."""

    @property
    def needs(self) -> tuple[str, ...]:
        """That other one, too."""
        return (self.token, "refresh_token", "expires_at")


class File:
    """A file of entries, and the words of the command that reads it for Alice."""

    def __init__(self, path: Path, person: Person, desk: Desk) -> None:
        self.path, self.person, self.desk = path, person, desk

    def entry(self, end_user: str = "customer-1", **more: Any) -> dict[str, Any]:
        """An entry for an account at the desk."""
        credential = {"base_url": self.desk.url, "token": self.desk.token}
        return {"end_user_origin_id": end_user, "integration": "stub", "credential": credential, **more}

    def words(self, *entries: Any, options: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The words for a file of these entries, each an object or the text of its line."""
        self.path.write_text("\n".join(e if isinstance(e, str) else json.dumps(e) for e in entries))
        return (
            "import_credentials",
            str(self.path),
            "--tenant",
            str(self.person.tenant_id),
            "--json",
            *options,
        )


@pytest.fixture
def file(alice: Person, desk: Desk, tmp_path: Path) -> File:
    """A file for accounts of Alice's customers."""
    return File(tmp_path / "credentials", alice, desk)


def test_each_entry_links_an_account(call: Call, alice: Person, file: File) -> None:
    """It is proven by a live call and read; a second run links the same again, under the same id, by its id as well."""
    printed = call(*file.words(file.entry("a", end_user_organization_name="A & Co"), "", file.entry("b")))
    made = printed.document["accounts"]
    with alice.at_work():
        streams, jobs = Stream.objects.count(), Job.objects.filter(kind="pull").count()
    assert [one["state"] for one in made] == ["linked", "linked"]
    assert (streams, jobs) == (6, 6)
    assert file.desk.log == [("GET", "/me")] * 2

    credential = file.entry()["credential"]
    again = call(*file.words({"linked_account_id": made[0]["linked_account_id"], "credential": credential}))
    [told] = again.document["accounts"]
    with alice.at_work():
        names = set(LinkedAccount.objects.values_list("end_user_organization_name", flat=True))
    assert (told["state"], told["linked_account_id"]) == ("linked again", made[0]["linked_account_id"])
    assert names == {"A & Co", ""}
    assert file.desk.token not in printed.out + printed.err + again.out + again.err


def test_what_an_adapter_declares_is_kept(
    call: Call, alice: Person, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refresh token and expiry as well, sealed or in the open as declared; numbers as they are written."""
    settings = (
        *(s for s in PROVIDER.settings if s.name != "token"),
        Setting("access_token", "access token", secret=True),
        Setting("refresh_token", "refresh token", secret=True),
        Setting("expires_at", "when the access token ends", required=False),
    )
    monkeypatch.setitem(registry._providers, "stub", replace(PROVIDER, settings=settings, auth=Renewable()))
    tokens = {"access_token": file.desk.token, "refresh_token": "a refresh token", "expires_at": 17000000000}
    call(*file.words(file.entry(credential={"base_url": file.desk.url, **tokens})))

    with alice.at_work():
        account = LinkedAccount.objects.get()
        kept = {name: secret.reveal() for name, secret in account.credential().items()}
    assert kept == {"access_token": file.desk.token, "refresh_token": "a refresh token"}
    assert account.settings == {"base_url": file.desk.url, "expires_at": "17000000000"}


def test_every_mistake_is_told_with_its_line_and_nothing_is_done(
    call: Call, alice: Person, charlie: Person, file: File
) -> None:
    """All of them at once, before anybody is asked; no value of the file is quoted."""
    theirs, _ = charlie.link(integration="stub")
    mine, _ = alice.link(integration="stub", end_user_origin_id="there")
    bad = {
        '{"credential": ': "this is no JSON",
        json.dumps(file.entry("c", credential={"tokn": "hush"})): "is no setting of stub",
        json.dumps(file.entry("d", credential="hush")): "'credential' is no object",
        json.dumps(file.entry("e", credential={"token": True})): "'token' of 'credential' is neither",
        json.dumps(file.entry("f", integration="nowhere")): "no integration 'nowhere'",
        json.dumps(file.entry("g", is_test=True)): "is no sandbox",
        json.dumps(file.entry("a")): "the same account is on line 1",
        json.dumps({**file.entry(), "linked_account_id": str(theirs.id)}): "has no linked account",
        json.dumps({"linked_account_id": str(mine.id), "is_test": True}): "is no test account",
        json.dumps(file.entry("h", token="hush")): "'token': no such key",
        json.dumps(file.entry("  ")): "'end_user_origin_id' is missing",
    }
    with pytest.raises(CommandError, match="Nothing was linked") as caught:
        call(*file.words(file.entry("a"), *bad))

    lines = str(caught.value).splitlines()[1:]
    told = dict(enumerate(bad.values(), 2))
    assert [
        line for line, text in zip(told.items(), lines, strict=True) if f"line {line[0]}: " not in text
    ] == []
    assert [reason for reason, text in zip(told.values(), lines, strict=True) if reason not in text] == []
    assert "hush" not in str(caught.value)
    assert file.desk.log == []
    with alice.at_work():
        assert list(LinkedAccount.objects.values_list("id", flat=True)) == [mine.id]


def test_a_credential_that_is_refused_holds_up_no_other(call: Call, alice: Person, file: File) -> None:
    """It is told with its line; run again with --missing, those that are linked are left alone."""
    credential = file.entry()["credential"]
    stale = file.entry("a", credential={**credential, "token": "stale"})
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of 2 credentials were refused"):
        call_command(*file.words(stale, file.entry("b")), stdout=out, stderr=io.StringIO())
    told = json.loads(out.getvalue())["accounts"]
    assert [(one["line"], one["state"]) for one in told] == [(1, "refused"), (2, "linked")]
    assert "link again" in told[0]["reason"]
    assert "stale" not in out.getvalue()

    file.desk.log.clear()
    document = call(*file.words(file.entry("a"), file.entry("b"), options=("--missing",))).document
    assert [one["state"] for one in document["accounts"]] == ["linked", "left alone"]
    assert file.desk.log == [("GET", "/me")]


def test_a_dry_run_asks_nobody(call: Call, alice: Person, file: File) -> None:
    """It says which accounts would be linked for the first time, and which again."""
    call(*file.words(file.entry("a")))
    file.desk.log.clear()
    document = call(*file.words(file.entry("a"), file.entry("b"), options=("--dry-run",))).document

    assert [one["state"] for one in document["accounts"]] == ["linked again", "linked"]
    assert file.desk.log == []
    with alice.at_work():
        assert LinkedAccount.objects.count() == 1
    lines = call(
        *(word for word in file.words(file.entry("b"), options=("--dry-run",)) if word != "--json")
    ).out
    assert lines.splitlines() == ["1 linked", "Nothing was changed."]
