"""`manage.py bridge`: making one, a round, what a round would do, how it stands."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import connection, transaction

from tests.unified_api.commands.conftest import Call
from tests.unified_api.sync.bridge.conftest import Bridged, desks
from tests.unified_api.sync.conftest import tenant
from unified_api.sync.bridge import conflicts, showing
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Pair
from unified_api.sync.models_watch import Issue
from unified_api.sync.waiting import Outcome

__all__ = ["desks", "tenant"]  # fixtures


def words(desks: Bridged, *more: str) -> tuple[str, ...]:
    """The words of a `create`; the other desk knows no work in progress."""
    a, b = (str(account.id) for account in desks.accounts)
    return (
        "bridge",
        "create",
        "--tenant",
        str(desks.tenant),
        "--a",
        a,
        "--b",
        b,
        "--winner",
        "a",
        "--live",
        *more,
    )


def contested(desks: Bridged, **more: str) -> str:
    """A ticket of which both sides edited the title, and further fields, each otherwise; the id of one conflict."""
    desks.a.add(title="Printer", text="It is on fire", state="open")
    desks.join(winner="ask")
    desks.round()
    desks.a.edit("1", title="Printer A", **more)
    desks.b.edit("1", title="Printer B", **dict.fromkeys(more, "Edited at b"))
    return str(desks.round()["open_conflicts"][0]["conflict_id"])


def test_a_bridge_is_made_run_and_quiet(call: Call, desks: Bridged) -> None:
    """A round reads both sides and settles all; the next one writes nothing."""
    desks.a.add(title="Printer", text="It is on fire", state="busy")
    made = call(*words(desks, "--word", "status:b:IN_PROGRESS=OPEN", "--json")).document
    first = call("bridge", "run", made["bridge_id"], "--json").document
    second = call("bridge", "run", made["bridge_id"], "--json").document

    assert (made["status"], made["limits"]) == ("new", [])
    assert desks.both("state") == (["busy"], ["open"])
    assert (first["written"], first["pairs"], first["status"]) == (1, {"paired": 1}, "quiet")
    assert (second["written"], second["problems"]) == (0, [])


def test_a_paused_bridge_shows_first_what_it_would_do(call: Call, desks: Bridged) -> None:
    """A dry run lists every write with old and new values; nothing leaves until it is resumed."""
    desks.a.add(title="Printer", state="open")
    made = call(*words(desks, "--paused", "--json")).document
    for account in desks.accounts:
        call("sync", str(account.id), "--wait")
    told = call("bridge", "run", made["bridge_id"], "--dry-run").out

    assert "create at side b: name: 'Printer'" in told
    assert "1 write, nothing was sent." in told
    with pytest.raises(CommandError, match="is paused by its maker"):
        call("bridge", "run", made["bridge_id"])
    assert desks.writes() == 0

    call("bridge", "resume", made["bridge_id"])
    assert call("bridge", "run", made["bridge_id"], "--json").document["written"] == 1
    assert call("bridge", "pause", made["bridge_id"], "--json").document["status"] == "paused"


def test_people_read_what_gave_way_and_what_is_wrong(call: Call, desks: Bridged) -> None:
    """The lines name the rule, both values, and each problem."""
    a, b = desks.a.add(title="Printer", state="open"), desks.b.add(title="Printer", state="open")
    made = call(*words(desks, "--json")).document
    call("bridge", "run", made["bridge_id"])
    desks.a.edit(a, title="Mine", state="busy")
    desks.b.edit(b, title="Yours")
    told = call("bridge", "run", made["bridge_id"]).out

    assert "overruled (winner): name 'Yours' of side b by 'Mine'" in told
    assert "unmapped status is 'IN_PROGRESS' at side a: no word for it on side b" in told
    listed = call("bridge", "status", "--tenant", str(desks.tenant)).out
    assert made["bridge_id"] in listed
    assert "1 paired" in listed


def test_a_status_counts_all_though_it_lists_a_few(
    call: Call, desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Problems, records to review and conflicts are lists that end somewhere; how many there are is told whole."""
    contested(desks, text="Edited at a")
    for number in range(3):
        desks.a.add(title=f"Ticket {number}", text="t", state="open")
        desks.a.add(title="Twins", text="t", state="open")
    desks.round()
    trouble = {"kind": "refused", "side": "a", "field": "name", "value": "x", "reason": "no"}
    with transaction.atomic():
        Pair.objects.filter(key__contains="Ticket ").update(
            problems=[trouble, {**trouble, "field": "status"}]
        )
    monkeypatch.setattr(showing, "MOST", 1)
    told = call("bridge", "status", str(desks.bridge_id)).out

    lines = [line for line in told.splitlines() if line.startswith("  and ")]
    assert "6 problems of fields, or whole records, that are not equal:" in told
    assert "2 conflicts for a person to decide" in told
    assert "3 records to review, with a key that others have too" in told
    assert lines == ["  and 4 more", "  and 1 more", "  and 2 more"]


def test_a_conflict_is_told_and_resolved(call: Call, desks: Bridged) -> None:
    """The status shows both values and the id, by which a person says who prevails, once."""
    conflict = contested(desks)
    bridge = str(desks.bridge_id)
    told = call("bridge", "status", bridge).out
    assert "1 conflict for a person to decide" in told
    assert "name is 'Printer A' at side a and 'Printer B' at side b" in told
    assert f"[conflict {conflict}]" in told
    assert "  1 conflict  " in call("bridge", "status", "--tenant", str(desks.tenant)).out

    with pytest.raises(CommandError, match="has no conflict 'one'"):
        call("bridge", "resolve", bridge, "b", "--conflict", "one")
    assert "1 conflict resolved" in call("bridge", "resolve", bridge, "b", "--conflict", conflict).out
    with pytest.raises(CommandError, match="This conflict is resolved since"):
        call("bridge", "resolve", bridge, "a", "--conflict", conflict)
    desks.round()
    assert desks.both("title") == (["Printer B"], ["Printer B"])


def test_all_conflicts_are_resolved_in_portions(
    call: Call, desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, one call rules in all; between two portions the bridge is free for others."""
    contested(desks, text="Edited at a", priority="p1")
    desks.b.edit("1", priority="p3")
    desks.round()
    monkeypatch.setattr(conflicts, "AT_ONCE", 1)
    transactions: list[int] = []
    honest = conflicts.resolve_some

    def some(*told: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            transactions.append(cursor.fetchone()[0])
        return honest(*told)

    monkeypatch.setattr(conflicts, "resolve_some", some)
    told = call("bridge", "resolve", str(desks.bridge_id), "b", "--all").out

    assert "3 conflicts resolved" in told
    assert len(set(transactions)) == 4  # the last one finds nothing


def test_a_value_of_a_persons_own_is_given_and_prevails(call: Call, desks: Bridged) -> None:
    """It is written at one side, shows in the conflict, and then that side can prevail; not once it is decided."""
    conflict, bridge = contested(desks), str(desks.bridge_id)
    told = call("bridge", "give", bridge, "a", "Printer C", "--conflict", conflict).out
    desks.work_once(["write"])
    desks.round()
    assert "brings it to side a; once it is there" in told
    assert "name is 'Printer C' at side a and 'Printer B' at side b" in call("bridge", "status", bridge).out

    call("bridge", "resolve", bridge, "a", "--conflict", conflict)
    desks.round()
    assert desks.both("title") == (["Printer C"], ["Printer C"])
    with pytest.raises(CommandError, match="This conflict is resolved since"):
        call("bridge", "give", bridge, "a", "Printer D", "--conflict", conflict)


def test_conflicts_of_a_bridge_are_one_issue(call: Call, desks: Bridged) -> None:
    """It lasts until the last one has ended, by a person's word or because both sides say the same."""
    contested(desks, text="Edited at a")
    with transaction.atomic():
        issue = Issue.objects.get()
    assert (issue.kind, issue.subject) == (conflicts.ISSUE, desks.bridge_id)
    assert f"`manage.py bridge status {desks.bridge_id}`" in issue.description

    resolve = ("bridge", "resolve", str(desks.bridge_id), "a", "--field", "name", "--json")
    assert [call(*resolve).document, call(*resolve).document] == [{"resolved": 1}, {"resolved": 0}]
    desks.round()
    with transaction.atomic():
        assert Issue.objects.get().status == Issue.Status.ONGOING
    desks.b.edit("1", text="Edited at a")
    desks.round()
    with transaction.atomic():
        assert Issue.objects.get().status == Issue.Status.RESOLVED


def test_a_one_way_field_travels_one_way(call: Call, desks: Bridged) -> None:
    """An edit at its far end stays there."""
    desks.a.add(title="Printer", text="ours", state="open")
    made = call(*words(desks, "--one-way", "description=b", "--json")).document
    call("bridge", "run", made["bridge_id"])
    (b,) = desks.b.tables["tickets"]
    desks.b.edit(b, text="theirs")
    call("bridge", "run", made["bridge_id"])

    assert desks.both("text") == (["ours"], ["theirs"])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--fields", "name,tags"), "stub has no tags"),
        (("--word", "status"), "--word takes FIELD:SIDE:THEIRS=OURS"),
        (("--one-way", "name=c"), "--one-way takes FIELD=a or FIELD=b"),
        (("--a", "nobody"), "The tenant has no such linked account"),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(
    call: Call, desks: Bridged, more: tuple[str, ...], told: str
) -> None:
    """Nothing is made, and the sentence says what is wrong."""
    with pytest.raises(CommandError, match=told):
        call(*words(desks), *more)


def test_what_is_not_there_is_said(call: Call, desks: Bridged) -> None:
    """An unknown bridge ends with a sentence that says where the known ones are shown."""
    with pytest.raises(CommandError, match=r"There is no bridge 'nothing'; `manage.py bridge status` shows"):
        call("bridge", "run", "nothing")


def test_a_round_that_cannot_read_fails(call: Call, desks: Bridged) -> None:
    """A side that does not answer is no round: exit status 1, and nothing was written."""
    desks.a.add(title="Printer", state="open")
    made = call(*words(desks, "--json")).document
    desks.b.token = "another"
    with pytest.raises(CommandError, match="1 of 2 sides could not be read"):
        call("bridge", "run", made["bridge_id"])

    with transaction.atomic():
        assert Write.objects.count() == 0


def test_a_new_plan_has_what_was_read_for_it(
    call: Call, desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a worker was quick, and had planned before the sides were read."""
    desks.a.add(title="Printer", text="It is on fire", state="open")
    made = call(*words(desks, "--json")).document
    call("bridge", "run", made["bridge_id"])
    desks.bridge_id = uuid.UUID(made["bridge_id"])
    desks.a.edit("1", title="Printer upstairs")
    honest = Round.read

    def read(turn: Round, on_alone: Callable[[], None]) -> list[Outcome]:
        desks.work_once(["bridge"])
        return honest(turn, on_alone)

    monkeypatch.setattr(Round, "read", read)
    plan = call("bridge", "plan", made["bridge_id"], "--new", "--json").document

    assert [(one["action"], one["side"], list(one["fields"]["fields"])) for one in plan["items"]] == [
        ("update", "b", ["name"])
    ]
    assert desks.both("title")[1] == ["Printer"]


def test_a_plan_without_the_news_of_a_side_fails(call: Call, desks: Bridged) -> None:
    """What is shown may lack what could not be read: exit status 1, and the sentence says so."""
    desks.a.add(title="Printer", state="open")
    made = call(*words(desks, "--json")).document
    call("bridge", "run", made["bridge_id"])
    desks.b.token = "another"

    with pytest.raises(CommandError, match="1 of 2 sides could not be read"):
        call("bridge", "plan", made["bridge_id"], "--new")
