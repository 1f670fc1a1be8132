"""`manage.py bridge` with files: applying, exporting, planning, approving, stopping at three grains."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import transaction

from tenants.models import AuditEvent
from tests import stub
from tests.people import Person
from tests.unified_api.commands.conftest import Call
from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged, desks, link
from tests.unified_api.sync.bridge.files import TICKETS, changed
from tests.unified_api.sync.conftest import tenant
from unified_api import registry
from unified_api.models.ticketing import Tag
from unified_api.sync.models_bridge import Bridge, Pair

__all__ = ["desks", "tenant"]  # fixtures


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of the tickets."""
    path = tmp_path / "tickets.yaml"
    path.write_text(TICKETS)
    return path


def test_a_file_is_applied_and_says_what_it_changed(call: Call, desks: Bridged, path: Path) -> None:
    """Made, then left alone, then told something else: each in a line, with what differs."""
    made = call("bridge", "apply", str(path)).out
    same = call("bridge", "apply", str(path)).out
    path.write_text(changed("winner: newest", "winner: ask"))
    dry = call("bridge", "apply", str(path), "--dry-run").out
    told = call("bridge", "apply", str(path)).out

    assert "ticketing.Ticket: created, version 1" in made
    assert "It makes plans: `bridge plan tickets` shows what it would write." in made
    assert "ticketing.Ticket: unchanged, version 1" in same
    assert "ticketing.Ticket: would be changed, version 2" in dry
    assert "ticketing.Ticket: changed, version 2" in told
    assert "fields.status.winner: 'newest' -> 'ask'" in told
    versions = call("bridge", "versions", "tickets").out
    assert "fields.status.winner: 'newest' -> 'ask'" in versions


def test_a_mistake_ends_with_its_line(call: Call, desks: Bridged, path: Path) -> None:
    """People read the line; programs get line and column, too."""
    path.write_text(changed("newest", "c"))
    told = r"tickets.yaml, line 13: fields.status.winner: 'c' is none of a, b, newest, ask, merge"
    with pytest.raises(CommandError, match=told):
        call("bridge", "apply", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        call("bridge", "apply", str(path) + ".not")


def test_programs_get_line_and_column(
    call: Call, desks: Bridged, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json, the mistakes are a document."""
    from django.core.management import call_command

    path.write_text(changed("newest", "c"))
    with pytest.raises(CommandError, match="line 13"):
        call_command("bridge", "apply", str(path), "--json")

    (mistake,) = json.loads(capsys.readouterr().out)["mistakes"]
    assert (mistake["file"], mistake["line"], mistake["column"]) == ("tickets.yaml", 13, 17)


def test_an_export_that_is_applied_changes_nothing(call: Call, desks: Bridged, path: Path) -> None:
    """What a bridge was told can be written down, and told again."""
    call("bridge", "apply", str(path))
    path.write_text(call("bridge", "export", "tickets").out)

    (one,) = call("bridge", "apply", str(path), "--json").document["bridges"]
    assert (one["what"], one["differences"]) == ("unchanged", [])


def test_what_a_plan_shows_is_approved_and_written(call: Call, desks: Bridged, path: Path) -> None:
    """Old and new values, cost and hash are shown; approved by its hash, just that is written."""
    desks.a.add(title="Printer", state="open")
    call("bridge", "apply", str(path))
    (plan,) = call("bridge", "plan", "tickets", "--json").document["bridges"]
    shown = call("bridge", "plan", "tickets").out

    assert "create at side b: " in shown
    assert "[\"Printer\"]: name: 'Printer'" in shown
    assert shown.splitlines()[1] == "  1 create"
    assert f"hash: {plan['hash']}" in shown
    assert f"plan {plan['plan_id']} (round), made {plan['created_at'][:19]} UTC: open" in shown
    assert desks.writes() == 0
    with pytest.raises(CommandError, match="What was approved is not this plan"):
        call("bridge", "approve", "tickets", "0" * 64)
    call("bridge", "pause", "tickets")
    approved = call("bridge", "approve", "tickets", plan["hash"][:12]).out
    assert "approved" in approved
    assert f"written when it is resumed, `bridge resume {plan['bridge_id']}`" in approved
    assert "Workers" not in approved
    call("bridge", "resume", "tickets")
    call("bridge", "run", "tickets")
    assert desks.both("title") == (["Printer"], ["Printer"])


def test_a_plan_that_is_refused_writes_nothing(call: Call, desks: Bridged, path: Path) -> None:
    """The reason is kept with the plan; there is nothing to approve any more."""
    desks.a.add(title="Printer", state="open")
    call("bridge", "apply", str(path))
    call("bridge", "plan", "tickets")

    assert "refused not yet" in call("bridge", "refuse", "tickets", "--because", "not yet").out
    with pytest.raises(CommandError, match="There is no plan to approve"):
        call("bridge", "approve", "tickets", "0" * 64)
    assert desks.writes() == 0


def test_a_live_bridge_plans_only_when_it_is_told(call: Call, desks: Bridged, path: Path) -> None:
    """Asking for a plan does not stop a bridge by the way."""
    call("bridge", "apply", str(path), "--live")
    with pytest.raises(CommandError, match="writes by itself"):
        call("bridge", "plan", "tickets")

    (plan,) = call("bridge", "plan", "tickets", "--new", "--json").document["bridges"]
    assert plan["mode"] in {"plan", "live"}


def test_of_several_models_those_that_plan_are_shown(
    call: Call, desks: Bridged, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that writes by itself says so, and does not stand in the way of the others."""
    for provider, desk in ((stub.PROVIDER, desks.a), (PLAIN, desks.b)):
        with_tags = replace(
            provider, resources=(*(r for r in provider.resources if r.model is not Tag), stub.TAGS)
        )
        monkeypatch.setitem(registry._providers, provider.slug, with_tags)
        link(with_tags, desk)
    desks.a.add("tags", name="urgent")
    path.write_text(f"{TICKETS}  ticketing.Tag:\n    winner: a\n    fields:\n      name:\n")
    call("bridge", "apply", str(path))
    with transaction.atomic():
        Bridge.objects.filter(model="ticketing.Ticket").update(mode=Bridge.Mode.LIVE)

    told = call("bridge", "plan", "tickets").out
    assert "ticketing.Ticket: it writes by itself." in told
    assert "ticketing.Tag, plan " in told


def standing(call: Call) -> dict[str, Any]:
    """How the one bridge stands."""
    (one,) = call("bridge", "status", "tickets", "--json").document["bridges"]
    document: dict[str, Any] = one
    return document


def test_one_way_is_stopped_and_opened_again(call: Call, desks: Bridged, path: Path) -> None:
    """Nothing is written to side b; what it is owed comes when it is open again."""
    desks.a.add(title="Printer", state="open")
    call("bridge", "apply", str(path), "--live")
    assert (
        "nothing is written at side b: closed by command"
        in call(
            "bridge",
            "status",
            call("bridge", "pause", "tickets", "--to", "b", "--json").document["bridges"][0]["bridge_id"],
        ).out
    )
    call("bridge", "run", "tickets")
    assert desks.writes() == 0

    call("bridge", "resume", "tickets", "--to", "b")
    call("bridge", "run", "tickets")
    assert (standing(call)["closed"], desks.writes()) == ({}, 1)


def test_one_pair_is_left_alone(call: Call, desks: Bridged, path: Path) -> None:
    """The two records differ until the pair is resumed."""
    a = desks.a.add(title="Printer", state="open")
    call("bridge", "apply", str(path), "--live")
    call("bridge", "run", "tickets")
    with transaction.atomic():
        pair = str(Pair.objects.get().id)
    call("bridge", "pause", "tickets", "--pair", pair)
    desks.a.edit(a, title="Copier")
    call("bridge", "run", "tickets")
    assert desks.both("title") == (["Copier"], ["Printer"])

    call("bridge", "resume", "tickets", "--pair", pair)
    call("bridge", "run", "tickets")
    assert desks.both("title") == (["Copier"], ["Copier"])
    with pytest.raises(CommandError, match="no pair 'nothing': none has this id, and none a record"):
        call("bridge", "pause", "tickets", "--pair", "nothing")


def test_data_crosses_end_users_only_by_an_explicit_word(call: Call, desks: Bridged, path: Path) -> None:
    """The refusal says who can have it; the word goes on record with both end users."""
    b = desks.accounts[1]
    b.end_user_origin_id = "customer-2"
    with transaction.atomic():
        b.save()
    path.write_text(changed("b: {end_user: customer-1", "b: {end_user: customer-2"))
    with pytest.raises(CommandError, match="only an administrator of the tenant can have data cross"):
        call("bridge", "apply", str(path))

    call("bridge", "apply", str(path), "--across-end-users")
    with transaction.atomic():
        event = AuditEvent.objects.get(action="bridge.crossing_allowed")
        assert event.subject == str(Bridge.objects.get().id)
    assert event.detail["end_users"] == ["customer-1", "customer-2"]
    assert "unchanged" in call("bridge", "apply", str(path)).out


def test_more_crosses_end_users_only_by_the_same_word(call: Call, desks: Bridged, path: Path) -> None:
    """A bridge that was allowed to carry something may be told to carry less by anybody, and no more."""
    b = desks.accounts[1]
    b.end_user_origin_id = "customer-2"
    with transaction.atomic():
        b.save()
    wide = changed("b: {end_user: customer-1", "b: {end_user: customer-2")
    narrow = wide.replace("      description:\n", "")
    assert narrow != wide
    path.write_text(narrow)
    call("bridge", "apply", str(path), "--across-end-users")
    path.write_text(wide)
    with pytest.raises(CommandError, match="would carry more between them: only an administrator"):
        call("bridge", "apply", str(path))

    call("bridge", "apply", str(path), "--across-end-users")
    with transaction.atomic():
        assert AuditEvent.objects.filter(action="bridge.crossing_allowed").count() == 2
    path.write_text(narrow)
    assert "changed" in call("bridge", "apply", str(path)).out


def test_a_model_that_left_its_file_is_said(call: Call, desks: Bridged, path: Path) -> None:
    """Its bridge is not ended behind anybody's back."""
    call("bridge", "apply", str(path))
    with transaction.atomic():
        Bridge.objects.update(model="ticketing.Tag")

    told = call("bridge", "apply", str(path)).out
    assert (
        "ticketing.Tag is not in the file any more: its bridge goes on as it is, until it is paused or ended."
        in told
    )


def test_the_only_tenant_needs_no_name(call: Call, alice: Person) -> None:
    """With one tenant, --tenant can be left out."""
    assert call("bridge", "status", "--json").document == {"bridges": []}


def test_one_of_several_tenants_has_to_be_named(call: Call, alice: Person, charlie: Person) -> None:
    """With two, nobody guesses."""
    with pytest.raises(CommandError, match="Give --tenant: there are several tenants, or none"):
        call("bridge", "status")


def test_bridges_end_by_their_name(call: Call, desks: Bridged, path: Path) -> None:
    """Each in a line; then there is none, and the file makes them anew."""
    call("bridge", "apply", str(path))
    told = call("bridge", "end", "tickets").out

    assert told.startswith("ticketing.Ticket: ended (")
    with pytest.raises(CommandError, match="There is no bridge 'tickets'"):
        call("bridge", "status", "tickets")
    assert "ticketing.Ticket: created, version 1" in call("bridge", "apply", str(path)).out


class Typed(io.StringIO):
    """What somebody types at a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_who_does_not_say_yes_ends_no_bridge(
    call: Call, desks: Bridged, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal a person is asked first; whatever else they type, nothing is done."""
    call("bridge", "apply", str(path))
    for answer in ("n\n", "\n", "", "tickets\n"):
        monkeypatch.setattr(sys, "stdin", Typed(answer))
        with pytest.raises(CommandError, match="Nothing was done"):
            call("bridge", "end", "tickets")
    with transaction.atomic():
        assert Bridge.objects.exists()


@pytest.mark.parametrize(("words", "answer"), [((), "yes\n"), (("--yes",), "")])
def test_who_says_yes_ends_a_bridge(
    call: Call,
    desks: Bridged,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    answer: str,
) -> None:
    """Before or when asked; the question says what goes, and JSON stays alone on standard output."""
    call("bridge", "apply", str(path))
    monkeypatch.setattr(sys, "stdin", Typed(answer))
    printed = call("bridge", "end", "tickets", *words, "--json")

    assert [one["name"] for one in printed.document["ended"]] == ["tickets"]
    assert ("it cannot be undone" in printed.err) is (not words)
    with transaction.atomic():
        assert not Bridge.objects.exists()


def test_a_bridge_with_writes_under_way_does_not_end(call: Call, desks: Bridged, path: Path) -> None:
    """The command says what to do first, and changes nothing."""
    desks.a.add(title="Printer", state="open")
    call("bridge", "apply", str(path), "--live")
    with transaction.atomic():
        desks.bridge_id = Bridge.objects.get().id
    desks.read()
    for _ in range(3):
        desks.work_once(("bridge",))

    with pytest.raises(CommandError, match=r"ticketing\.Ticket: 1 writes are under way"):
        call("bridge", "end", "tickets")
    with transaction.atomic():
        assert Bridge.objects.exists()


def test_records_in_review_are_separated_and_joined(call: Call, desks: Bridged, path: Path) -> None:
    """The status names their pairs and both choices; what cannot be said ends with a sentence."""
    for desk, text in ((desks.a, "On fire"), (desks.a, "Out of paper"), (desks.b, "On fire")):
        desk.add(title="Printer", text=text, state="open")
    call("bridge", "apply", str(path), "--live")
    call("bridge", "run", "tickets")
    [document] = call("bridge", "status", "tickets", "--json").document["bridges"]
    bridge, review = document["bridge_id"], document["review"]
    fire, paper = (one["pair_id"] for one in review if one["record_a"])
    [there] = [one["pair_id"] for one in review if one["record_b"]]
    told = call("bridge", "status", bridge).out

    assert f": pair {fire}\n" in told
    assert f"`bridge separate {bridge} PAIR`; two belong together: `bridge join {bridge} PAIR PAIR`" in told
    with pytest.raises(CommandError, match="A pair is made of"):
        call("bridge", "join", bridge, fire, paper)
    assert "belong together" in call("bridge", "join", "tickets", fire, there).out
    assert "is one of its own" in call("bridge", "separate", "tickets", paper).out
    call("bridge", "run", "tickets")
    assert desks.both("title") == (["Printer", "Printer"], ["Printer", "Printer"])
    with pytest.raises(CommandError, match="waits for review"):
        call("bridge", "separate", "tickets", paper)
