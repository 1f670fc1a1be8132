"""Bridge files: what they say, the line of each mistake, and applying one again and again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged, link
from tests.unified_api.sync.bridge.files import TICKETS, apply, changed, the_bridge, whats
from unified_api.sync import clock
from unified_api.sync.bridge import file
from unified_api.sync.bridge.file import FileRefused
from unified_api.sync.models_bridge import Bridge, BridgeVersion


def refused(text: str) -> list[str]:
    """What is wrong with a file, line by line."""
    with pytest.raises(FileRefused) as caught:
        apply(text)
    return str(caught.value).splitlines()


def test_a_file_makes_a_bridge_that_plans(desks: Bridged) -> None:
    """What the file says is what is stored; nothing is written that nobody approved."""
    assert whats(apply()) == ["created"]

    bridge = the_bridge()
    status = bridge.configuration["policy"]["fields"]["status"]
    assert (bridge.name, bridge.mode, bridge.owner) == ("tickets", "plan", "support@example.com")
    assert (status["winner"], status["otherwise"], status["words"]["b"]["IN_PROGRESS"]) == (
        "newest",
        "a",
        "OPEN",
    )


def test_an_unchanged_file_changes_nothing(desks: Bridged) -> None:
    """Applied again, a file leaves the bridge and its versions alone, and says so."""
    apply()
    before = the_bridge().__dict__.copy()
    applied = apply()

    after = the_bridge().__dict__
    assert whats(applied) == ["unchanged"]
    assert {k: v for k, v in after.items() if k != "_state"} == {
        k: v for k, v in before.items() if k != "_state"
    }
    with transaction.atomic():
        assert BridgeVersion.objects.count() == 1


def test_a_changed_file_makes_a_version_and_shows_what_differs(desks: Bridged) -> None:
    """Each difference has its place, what was told before, and what is told now."""
    apply()
    (applied,) = apply(changed("winner: newest", "winner: b"))

    assert [str(one) for one in applied.changed.differences] == [
        "fields.status.otherwise: 'a' -> 'b'",
        "fields.status.winner: 'newest' -> 'b'",
    ]
    with transaction.atomic():
        assert list(BridgeVersion.objects.order_by("version").values_list("version", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("newest", "c", 13, "fields.status.winner: 'c' is none of a, b, newest, ask, merge"),
        ("newest", "merge", 13, "fields.status.winner: 'merge' goes with lists and maps"),
        (
            "winner: newest",
            "winer: b",
            13,
            "fields.status.winer: unknown key; possible are direction, winner,",
        ),
        ("priority:", "colour:", 16, "fields.colour: ticketing.Ticket has no field colour; it has name,"),
        ("priority:", "due_date:", 16, "fields.due_date: stub has no due_date."),
        (
            "b: {IN_PROGRESS: OPEN}",
            "b: {IN_PROGRESS: OPEM}",
            15,
            "plain stores no OPEM; it stores OPEN, CLOSED",
        ),
        (
            "b: {IN_PROGRESS: OPEN}",
            "b: {IN_PROGRES: OPEN}",
            15,
            "stub knows no IN_PROGRES, and no record there",
        ),
        ("b: {IN_PROGRESS: OPEN}", "b: {in_progress: OPEN}", 15, "stub knows no in_progress, and no record"),
        ("b: {IN_PROGRESS: OPEN}", "b: {IN_PROGRESS: 3}", 15, "words.b.IN_PROGRESS: 3 is no text"),
        ("    winner: a\n", "", 7, "winner: is missing: whose edit prevails"),
        ("ticketing.Ticket", "ticketing.Tiket", 7, "There is no common model 'ticketing.Tiket'."),
        ("ticketing.Ticket", "ticketing.User", 7, "plain has no ticketing.User."),
        ("integration: plain", "integration: plane", 5, "b: there is no integration 'plane'; `manage"),
        (
            "b: {end_user: customer-1,",
            "b: {end_user: customer-9,",
            5,
            "b: the tenant has no linked account of the end user 'customer-9' at 'plain'; ",
        ),
        (
            "integration: plain",
            "integration: stub",
            5,
            "b: a and b are the same account (customer-1 at stub)",
        ),
        (
            "{end_user: customer-1, integration: stub}",
            "{end_user: customer-1}",
            4,
            "a: give account (its id), or",
        ),
        (
            "{end_user: customer-1, integration: stub}",
            "{account: x}",
            4,
            "a: 'x' is no id of a linked account",
        ),
        ("models:", "frequency: often\nmodels:", 6, "frequency: 'often' is no number"),
        ("models:", f"frequency: {'9' * 400}\nmodels:", 6, "frequency: is beyond 1,000,000,000"),
        ("models:", "frequency: 1.0e+999\nmodels:", 6, "frequency: is beyond 1,000,000,000"),
        ("models:", "frequency: 0.5\nmodels:", 6, "frequency: Rounds are 1 to 86400 s apart, not 0.5 s."),
        ("models:", "frequency: 0\nmodels:", 6, "frequency: Rounds are 1 to 86400 s apart, not 0 s."),
        (
            "    fields:",
            "    frequency: 0\n    fields:",
            9,
            "frequency: Rounds are 1 to 86400 s apart, not 0 s.",
        ),
        ("models:", "mode: fast\nmodels:", 6, "mode: 'fast' is none of plan, live"),
        (
            "    fields:",
            "    match: [title]\n    fields:",
            9,
            "match: Records are matched by title, which the",
        ),
        ("    fields:", "    leaving: go\n    fields:", 9, "leaving: 'go' is none of rest, stay"),
        ("name: tickets", "name: [", 3, "this is no YAML: "),
        ("goal: ", "name: ", 2, "'name' is given twice"),
    ],
)
def test_a_mistake_is_reported_with_its_line(
    desks: Bridged, old: str, new: str, line: int, told: str
) -> None:
    """The sentence names file, line and place, and what is possible there; nothing is made."""
    (mistake,) = refused(changed(old, new))

    assert mistake.startswith(f"tickets.yaml, line {line}: ")
    assert told in mistake
    with transaction.atomic():
        assert not Bridge.objects.exists()


def test_what_is_unknown_hides_nothing_that_is_missing(desks: Bridged) -> None:
    """Who misspelt a key is told of both: the key, and what it was to say."""
    text = changed("    winner: a\n", "    winer: a\n").replace("name: tickets", "nme: tickets")
    said = [line.partition(", line ")[2] for line in refused(text)]
    begun = (
        "1: name: is missing: ",
        "1: nme: unknown key; ",
        "7: winner: is missing: ",
        "8: winer: unknown key; ",
    )
    assert [line.startswith(begin) for line, begin in zip(said, begun, strict=True)] == [True] * 4


def test_what_is_wrong_with_both_accounts_is_said_once(desks: Bridged) -> None:
    """However many models the file has, at the side that is to be another."""
    both = (
        changed("integration: plain", "integration: stub")
        + """\
  ticketing.User:
    winner: a
    fields: {name: }
"""
    )
    assert len(refused(both)) == 1
    link(PLAIN, desks.b, "customer-2")
    [two] = refused(changed("b: {end_user: customer-1,", "b: {end_user: customer-2,"))
    assert "line 5: b: Both accounts must belong to one end user" in two


def test_an_own_word_of_the_provider_is_taken_once_a_record_there_says_it(desks: Bridged) -> None:
    """And an unchanged file goes on to be taken when no record says it any more."""
    text = changed("b: {IN_PROGRESS: OPEN}", "b: {escalated: OPEN}")
    desks.a.add(title="Printer", text="It is on fire", state="escalated", priority="p2")
    apply()
    desks.bridge_id = the_bridge().id
    desks.read()
    assert whats(apply(text)) == ["changed"]
    desks.a.edit("1", state="open")
    desks.read()
    assert whats(apply(text)) == ["unchanged"]


def more(text: str) -> str:
    """The file with something more about tickets, from line 9 on."""
    return changed("    fields:\n", f"{text}    fields:\n")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("    filter: {c: {}}\n", 9, "filter.c: unknown key; possible are a, b"),
        ("    filter:\n      a:\n        tags: {has: x}\n", 11, "filter.a.tags: stub has no tags."),
        (
            "    filter:\n      a:\n        status: {has: OPEN}\n",
            11,
            "status holds one value; ask by is, not, in",
        ),
        (
            "    filter:\n      a:\n        status: {like: OPEN}\n",
            11,
            "unknown condition 'like'; possible are is,",
        ),
        ("    filter:\n      a:\n        name: {before: '2026-01-01'}\n", 11, "name holds no moment or day"),
        (
            "    filter:\n      a:\n        name: {is: 3}\n",
            11,
            "3 cannot stand in name: a string is expected",
        ),
        (
            "    filter:\n      a:\n        any:\n        - status: {is: OPEN}\n        - nam: {is: x}\n",
            13,
            "has no field nam;",
        ),
        (
            "    filter:\n      a:\n        status: {is: OPNE}\n",
            11,
            "filter.a.status.is: stub knows no OPNE, and no record there says it; known are OPEN, IN_PROGRESS,",
        ),
        (
            "    filter:\n      b:\n        any:\n        - priority: {in: [LOW, HIHG]}\n",
            12,
            "plain knows no HIHG, and no record there says it",
        ),
        ("    filter:\n      a:\n        status: {in: []}\n", 11, "no record would ever take part"),
        ("    start: {from: never}\n", 9, "start.from: 'never' is neither 'everything' nor a moment"),
        ("    start: {from: [2020-01-01]}\n", 9, "start.from: ['2020-01-01'] is no text"),
        ("    start: {from: {}}\n", 9, "start.from: {} is no text"),
        ("    start: {canary: 0}\n", 9, "start.canary: 0 is no number of records, at least 1"),
        ("    budget:\n      creates: {share: 2}\n", 10, "budget.creates.share: 2 is no share from 0 to 1"),
        ("    creates: [c]\n", 9, "creates[0]: 'c' is none of a, b"),
        ("    constants:\n      b: {name: x}\n", 10, "constants.b.name: the bridge carries this field"),
        ("    constants:\n      a: {creator: x}\n", 10, "'x' cannot stand in creator: the id of a record"),
        ("    constants:\n      b: {creator: x}\n", 10, "constants.b.creator: plain has no creator."),
        (
            "    constants:\n      a: {remote_updated_at: '2026-01-01'}\n",
            10,
            "stub does not take it when a record is",
        ),
        ("    deletes: {a: vanish}\n", 9, "deletes.a: 'vanish' is none of ask, propagate, unlink, restore"),
        (
            "    references: {name: email}\n",
            9,
            "references.name: the bridge carries no field of this name that",
        ),
        ("    follows: ticketing.User\n", 9, "follows: no bridge over ticketing.User joins these accounts"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_reported_with_its_line(
    desks: Bridged, text: str, line: int, told: str
) -> None:
    """Filters, starts, budgets, constants and the rest are checked against fields, their types and both adapters."""
    (mistake,) = refused(more(text))

    assert mistake.startswith(f"tickets.yaml, line {line}: ")
    assert told in mistake


def test_all_mistakes_are_reported_at_once(desks: Bridged) -> None:
    """Who mends a file does not learn of one mistake after the other."""
    told = refused(
        more("    leaving: rest\n    start: {canary: 0}\n    match: []\n").replace("priority:", "colour:")
    )

    assert [line.partition(":")[0] for line in told] == ["tickets.yaml, line 11", "tickets.yaml, line 19"]


@pytest.mark.parametrize(
    ("old", "new", "also"),
    [
        ("integration: plain", "integration: plan", "line 5: b: there is no integration 'plan'"),
        ("    winner: a\n", "    winer: a\n", "line 8: winer: unknown key"),
    ],
)
def test_a_misspelt_field_is_told_beside_what_hides_the_accounts(
    desks: Bridged, old: str, new: str, also: str
) -> None:
    """An account that there is not, or a key that there is not: all that is wrong whatever the accounts can do."""
    text = more("    budget: {creates: {share: 2}}\n    match: [title]\n    audit: 0\n").replace(
        "priority:", "prioriti:"
    )
    told = "\n".join(refused(text.replace(old, new) + "  ticketing.Tickt: {winner: a, fields: {name: }}\n"))

    assert also in told
    assert "line 9: budget.creates.share: 2 is no share from 0 to 1" in told
    assert "line 10: match: Records are matched by title, which the bridge does not carry." in told
    assert "line 11: audit: 0 is no number of hours from 1 to 8760" in told
    assert (
        "line 19: fields.prioriti: ticketing.Ticket has no field prioriti; did you mean priority? it" in told
    )
    assert "line 20: There is no common model 'ticketing.Tickt'." in told


def test_a_mistake_in_a_budget_is_told_beside_those_of_fields(desks: Bridged) -> None:
    """Also where both accounts are known; a name with brackets is a name."""
    told = refused(
        more("    budget: {deletes: {least: -1}}\n    audit: 0\n").replace("priority:", '"a[b]c": ')
    )

    assert [line.split(": ")[1] for line in told] == ["budget.deletes.least", "audit", "fields.a[b]c"]


def test_what_a_filter_asks_is_stored_as_records_hold_it(desks: Bridged) -> None:
    """A moment that is written in another way still means the same record."""
    apply(more("    filter: {a: {remote_updated_at: {is: '2026-01-01T01:00:00+01:00'}}}\n"))

    assert the_bridge().configuration["filter"]["a"] == {
        "remote_updated_at": {"is": "2026-01-01T00:00:00+00:00"}
    }


def test_a_filter_may_ask_for_a_word_that_only_the_provider_knows(desks: Bridged) -> None:
    """Once a record says it; and the same file is the same later, when none says it any more."""
    asking = more("    filter: {a: {status: {in: [open, Escalated]}}}\n")
    apply()
    desks.bridge_id = the_bridge().id
    assert "stub knows no Escalated" in refused(asking)[0]
    remote_id = desks.a.add(title="Printer", state="Escalated")
    desks.read()
    assert whats(apply(asking)) == ["changed"]
    desks.a.edit(remote_id, state="open")
    desks.read()

    assert whats(apply(asking)) == ["unchanged"]


def test_today_goes_on_to_mean_the_day_on_which_it_was_said(desks: Bridged) -> None:
    """Applied on another day, the file has not changed."""
    apply(more("    start: {from: today, canary: 10}\n"))
    bridge = the_bridge()
    bridge.configuration["start"]["from"] = "2026-01-01T00:00:00+00:00"
    with transaction.atomic():
        bridge.save()

    assert whats(apply(more("    start: {from: today, canary: 10}\n"))) == ["unchanged"]


def test_today_after_another_day_is_today(desks: Bridged) -> None:
    """A day that was named is not the one on which somebody says today, from which on it is."""
    apply(more("    start: {from: '2020-01-01'}\n"))
    today = more("    start: {from: today}\n")
    (applied,) = apply(today)

    assert applied.what == "changed"
    since = dt.datetime.fromisoformat(the_bridge().configuration["start"]["from"])
    assert dt.timedelta() < clock.now() - since < dt.timedelta(days=2)
    assert whats(apply(today)) == ["unchanged"]


def test_a_name_belongs_to_two_accounts(desks: Bridged) -> None:
    """A file does not take over the bridge of another, nor two accounts the name of two others."""
    apply()

    assert (
        "joined over ticketing.Ticket by 'tickets' already"
        in refused(changed("name: tickets", "name: others"))[0]
    )


def test_the_lines_of_a_deep_place_are_found() -> None:
    """A mistake in a part that has no line of its own has the line of what has it."""
    read = file.parse(TICKETS, "tickets.yaml")

    assert (
        read.marked.spot(("models", "ticketing.Ticket", "fields", "status", "words", "b", "IN_PROGRESS")).line
        == 15
    )
    assert read.marked.spot(("models", "ticketing.Ticket", "filter", "a")).line == 7


def mode_after(text: str, **how: Any) -> str:
    """The mode of the bridge after a file was applied."""
    apply(text, **how)
    return str(the_bridge().mode)


def test_a_bridge_that_carries_more_plans_again(desks: Bridged) -> None:
    """Live, it goes on through a change of winner; a new field needs somebody's word."""
    less = changed("      priority:\n", "")

    assert mode_after(less, live=True) == "live"
    assert mode_after(changed("newest", "b", less)) == "live"
    assert mode_after(changed("newest", "b")) == "plan"
    assert mode_after(changed("newest", "b"), live=True) == "live"


def test_the_mode_of_a_file_is_that_of_new_bridges(desks: Bridged) -> None:
    """Applied again, a file does not turn back what a person did meanwhile."""
    assert mode_after(f"mode: live\n{TICKETS}") == "live"
    assert mode_after(f"mode: plan\n{TICKETS}") == "live"
