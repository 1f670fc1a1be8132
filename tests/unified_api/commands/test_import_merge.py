"""`manage.py import_merge`, against a unified API elsewhere that tells the truth, lies, breaks off or babbles."""

from __future__ import annotations

import io
import json
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from tenants import accounts, door
from tenants.models import LinkedAccount
from tenants.vault import Secret
from tests.people import Person
from tests.stub import Desk
from tests.unified_api.commands.conftest import Call
from tests.unified_api.commands.elsewhere import KEY, Elsewhere, accredit, identities, row
from unified_api.link.linking import LinkRefused
from unified_api.management import importing
from unified_api.management.importing import source
from unified_api.sync.models import Change, Stream
from unified_api.sync.models_account import ImportedPart


def test_an_account_keeps_its_id_and_token(
    call: Call, alice: Person, desk: Desk, there: Elsewhere, tmp_path: Path
) -> None:
    """Under both it is found at once; it says what it lacks, and is complete as soon as it is linked again."""
    account_id = there.account()
    call(*there.words(alice, tmp_path))
    with alice.at_work():
        account = accounts.by_token(f"token-of-{account_id}")
        assert account is not None
        shown = (account.id, account.status, account.status_detail, account.end_user_organization_name)
    assert shown == (account_id, "RELINK_NEEDED", account.status_detail, "Rabbit & Co")
    assert "without a credential" in account.status_detail
    assert accounts.locate(str(account_id)) == (alice.tenant_id, account_id)

    linked = accredit(alice, desk)
    details = linked.get("account-details").json()
    listed = linked.get("linked-accounts", {"ids": str(account_id)}).json()["results"]
    assert (details["id"], details["status"]) == (str(account_id), "COMPLETE")
    assert [one["completed_at"] for one in listed] == ["2025-05-05T05:05:05Z"]
    assert linked.token == Secret(f"token-of-{account_id}")


def test_records_have_their_old_ids_once_they_are_read(
    call: Call, alice: Person, desk: Desk, there: Elsewhere, tmp_path: Path
) -> None:
    """In retrieve, in filters, in relations, expanded, and in the change log; before, there is nothing under them."""
    there.account()
    ticket, author = uuid.uuid4(), uuid.uuid4()
    user = desk.add("users", name="Ann", mail="ann@x.test")
    number = desk.add(title="Old", author=user)
    there.rows = {"tickets": [row(number, ticket)], "users": [row(user, author)]}
    call(*there.words(alice, tmp_path))
    linked = accredit(alice, desk)
    assert linked.get(f"tickets/{ticket}").status_code == 404
    check = ("import_merge", "--tenant", str(alice.tenant_id), "--check")
    assert "ticketing.Ticket: 0 of 1 ids belong to a record" in call(*check).out
    linked.work()
    [told] = call(*check, "--json").document["accounts"]
    assert told["models"] == {
        key: {"brought": 1, "read": 1} for key in ("ticketing.Ticket", "ticketing.User")
    }

    assert linked.get(f"tickets/{ticket}").json()["creator"] == str(author)
    found = linked.get("tickets", {"creator_id": str(author), "expand": "creator"}).json()["results"]
    assert [(one["id"], one["creator"]["id"], one["creator"]["name"]) for one in found] == [
        (str(ticket), str(author), "Ann")
    ]
    changed = linked.stored(lambda: set(Change.objects.values_list("record_id", flat=True)))
    assert changed == {ticket, author}
    patched = linked.send("patch", f"tickets/{ticket}", {"model": {"name": "New"}})
    assert patched.json()["model"]["id"] == str(ticket)
    assert desk.tables["tickets"][number]["title"] == "New"


def test_an_import_that_was_cut_off_goes_on(
    call: Call, alice: Person, desk: Desk, there: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has landed is not asked for again; until all ids are here, the account is not linked."""
    monkeypatch.setattr(source, "AT_ONCE", 2)
    there.account()
    there.rows = {"tickets": [row(str(number)) for number in range(5)], "tags": [row("t")]}
    there.scripted["tickets"] = [
        there.answer("tickets", {"page_size": "2"}, next(iter(there.tokens))),
        (403, {}, "{}"),
    ]
    with pytest.raises(CommandError, match="1 of 1 linked accounts were not imported"):
        call(*there.words(alice, tmp_path))
    assert len(identities(alice)) == 2
    with pytest.raises(LinkRefused, match="still to be imported"):
        accredit(alice, desk)

    there.log.clear()
    document = call(*there.words(alice, tmp_path)).document
    assert document["accounts"][0]["models"]["ticketing.Ticket"] == {
        "kept": 3,
        "same": 0,
        "refused": 0,
        "nameless": 0,
    }
    assert [query.get("cursor") for query in there.asked("tickets")] == ["2", "4"]
    assert len(identities(alice)) == 6
    accredit(alice, desk)


def test_another_token_than_was_imported_is_no_silence(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """Made anew there between two runs, it opens nothing here, and the second run says so."""
    account_id = there.account()
    call(*there.words(alice, tmp_path))
    there.tokens = {"a-token-that-was-made-anew": str(account_id)}
    with pytest.raises(CommandError, match="1 of 1 linked accounts were not imported"):
        call(*there.words(alice, tmp_path))
    with alice.at_work():
        assert accounts.by_token("a-token-that-was-made-anew") is None
        assert accounts.by_token(f"token-of-{account_id}") is not None


def test_a_cursor_that_has_expired_begins_anew(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there already is the same; nothing is missed."""
    monkeypatch.setattr(source, "AT_ONCE", 2)
    there.account()
    there.rows = {"tickets": [row(str(number)) for number in range(3)]}
    there.scripted["tickets"] = [
        there.answer("tickets", {"page_size": "2"}, next(iter(there.tokens))),
        (403, {}, "{}"),
        (400, {}, "{}"),
    ]
    with pytest.raises(CommandError):
        call(*there.words(alice, tmp_path))
    document = call(*there.words(alice, tmp_path)).document
    assert document["accounts"][0]["models"]["ticketing.Ticket"] == {
        "kept": 1,
        "same": 2,
        "refused": 0,
        "nameless": 0,
    }


def test_a_further_run_brings_what_is_new(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """Only records created since are asked for, with a day to spare by the clock there; all else stays."""
    there.account()
    there.rows = {"tickets": [row("1")]}
    call(*there.words(alice, tmp_path))
    before = identities(alice)
    there.rows["tickets"].append(row("2", created_at="2026-02-02T00:00:00Z"))
    there.log.clear()
    document = call(*there.words(alice, tmp_path)).document

    assert [query["created_after"][:10] for query in there.asked("tickets")] == ["2025-12-31"]
    assert document["accounts"][0]["models"]["ticketing.Ticket"] == {
        "kept": 1,
        "same": 1,
        "refused": 0,
        "nameless": 0,
    }
    assert identities(alice).items() > before.items()
    assert there.asked("linked-account-scopes") == []


def test_a_dry_run_changes_nothing(call: Call, alice: Person, there: Elsewhere, tmp_path: Path) -> None:
    """It reads all and counts what would be."""
    there.account()
    there.rows = {"tickets": [row("1"), row("2"), row(None)]}
    document = call(*there.words(alice, tmp_path, "--dry-run")).document

    assert document["accounts"][0]["models"]["ticketing.Ticket"] == {
        "kept": 2,
        "same": 0,
        "refused": 0,
        "nameless": 1,
    }
    with alice.at_work():
        assert not LinkedAccount.objects.exists()
        assert not ImportedPart.objects.exists()
    call(*there.words(alice, tmp_path))
    there.rows["tickets"].append(row("3"))
    [told] = call(*there.words(alice, tmp_path, "--dry-run")).document["accounts"]
    assert (told["models"]["ticketing.Ticket"]["kept"], len(identities(alice))) == (1, 2)


def _printed(*words: str) -> Any:
    """The document of a command that fails."""
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command(*words, stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def test_what_cannot_be_taken_over_is_told(
    call: Call, alice: Person, charlie: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """Each account says why; the others go on."""
    reasons = {
        there.account("a", "nowhere"): "no integration 'nowhere'",
        there.account("b", account_type="TEST"): "is no sandbox",
        there.account("c", category="hris"): "no accounts of hris",
        there.account("d"): "was linked here already, as",
        (moved := there.account("e")): "opens another linked account",
        (foreign := there.account("f")): "by another tenant's account",
    }
    good = there.account("g", "theirs")
    gone = there.account("h")
    there.accounts = [one for one in there.accounts if one["id"] != str(gone)]
    alice.link(integration="stub", end_user_origin_id="d")
    there.tokens[f"token-of-{moved}"] = str(good)
    account, _ = charlie.link()
    with charlie.at_work():
        door.open_door(accounts.ID_DOOR, Secret(str(foreign)), reference=account.id)
    tokens = [
        {"linked_account_id": token.removeprefix("token-of-"), "account_token": token}
        for token in there.tokens
    ]
    words = there.words(alice, tmp_path, "--integration", "theirs=stub")
    there.files(tmp_path, tokens)
    document = _printed(*words)

    told = {uuid.UUID(one["linked_account_id"]): one for one in document["accounts"]}
    assert {i: one["state"] for i, one in told.items()} == {
        **dict.fromkeys(reasons, "refused"),
        good: "imported",
    }
    assert [i for i, reason in reasons.items() if reason not in told[i]["reason"]] == []
    assert document["tokens_without_account"] == [len(tokens)]
    with alice.at_work():
        assert {one.id for one in LinkedAccount.objects.exclude(end_user_origin_id="d")} == {good}


def test_tokens_are_found_by_whose_they_are(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """By end user and category, for who has stored no ids; accounts without a token are counted."""
    there.account("rabbit")
    there.account("hatter")
    words = there.words(alice, tmp_path)
    token = next(iter(there.tokens))
    there.files(tmp_path, [{"end_user_origin_id": "rabbit", "category": "ticketing", "account_token": token}])
    document = call(*words).document

    assert [one["end_user_origin_id"] for one in document["accounts"]] == ["rabbit"]
    assert document["without_token"] == 1


def test_the_rest_can_be_done_without(
    call: Call, alice: Person, desk: Desk, there: Elsewhere, tmp_path: Path
) -> None:
    """A person who says so links the account with the ids that have arrived."""
    account_id = there.account()
    there.scripted["tickets"] = [(200, {}, "[]")]
    with pytest.raises(CommandError):
        call(*there.words(alice, tmp_path))
    words = ("import_merge", "--tenant", str(alice.tenant_id), "--give-up", str(account_id), "--json")
    assert call(*words).document["given_up"] > 1

    accredit(alice, desk)
    with alice.at_work():
        assert Stream.objects.exists()


def test_neither_key_nor_token_is_printed(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the lines for people, which tell what became of each account, nor in the progress or the logs."""
    account_id = there.account()
    there.account("hatter")
    there.rows = {"tickets": [row("1"), row(None), row("2", "no id")]}
    words = there.words(alice, tmp_path)
    there.files(tmp_path, [{"linked_account_id": str(account_id), "account_token": f"token-of-{account_id}"}])
    printed = call(*(word for word in words if word != "--json"))

    assert printed.out.splitlines() == [
        f"{account_id}  customer-1 at stub: imported",
        (
            "  ids: 1 taken over, 0 as they are here anyhow, 1 refused, 1 records without a remote id;"
            " models limited: 0, fields mapped: 0"
        ),
        "  ticketing.Ticket: the id of '2' is no UUID",
        "1 linked accounts there have no token in the file, and were left out.",
    ]
    assert f"{account_id}: imported; ids: 1 taken over" in printed.err
    assert KEY not in printed.out + printed.err + caplog.text
    assert "token-of-" not in printed.out + printed.err + caplog.text


def test_a_mistake_in_the_file_of_tokens_is_told_before_anything_is_done(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """With its line; nobody is asked."""
    words = there.words(alice, tmp_path)
    (tmp_path / "tokens").write_text("{}\n")
    with pytest.raises(
        CommandError, match=r"Nothing was imported\.\nline 1: 'end_user_origin_id' is missing"
    ):
        call(*words)
    assert there.log == []


def test_a_wrong_key_is_told(call: Call, alice: Person, there: Elsewhere, tmp_path: Path) -> None:
    """It is the first thing that is asked for."""
    words = there.words(alice, tmp_path)
    (tmp_path / "key").write_text("another key")
    with pytest.raises(CommandError, match=r"the answer is 401\. Is the API key the right one\?"):
        call(*words)


def test_a_private_address_is_closed_until_it_is_named(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path, settings: Settings
) -> None:
    """Where accounts come from is no exception from where requests may go."""
    settings.ALLOW_PRIVATE_HOSTS = []
    with pytest.raises(CommandError, match=r"127\.0\.0\.1 cannot be called: .* private network"):
        call(*there.words(alice, tmp_path))
    assert there.log == []


def test_a_client_library_that_is_missing_is_named(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    words = there.words(alice, tmp_path)
    for name in ("run", "source"):
        monkeypatch.delattr(importing, name)
        monkeypatch.delitem(sys.modules, f"unified_api.management.importing.{name}")
    monkeypatch.setitem(sys.modules, "merge.client", None)
    with pytest.raises(CommandError, match=r"uv pip install .* requirements/import-merge\.lock"):
        call(*words)
