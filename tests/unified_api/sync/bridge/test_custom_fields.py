"""Custom fields that a tenant has mapped: they are kept equal as any field is, or it is said why they are not."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any, Final

import pytest
from django.db import transaction

from integrations.kit.field_classes import FieldClass, FieldClasses
from tenants.models import LinkedAccount
from tests.unified_api.sync.bridge import files
from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api import registry
from unified_api.engine.values import Side
from unified_api.models.base import CUSTOM
from unified_api.models.ticketing import Ticket
from unified_api.sync import connect, targets
from unified_api.sync.bridge import exporting
from unified_api.sync.bridge.file import FileRefused
from unified_api.sync.memory.walk import Image
from unified_api.sync.models import Change, FieldMapping, Write
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_fields import RemoteFieldClass

RISK: Final = f"{CUSTOM}churn_risk"


@pytest.fixture
def mapped(desks: Bridged) -> Bridged:
    """Both desks have a field of their customer's for the same thing, under other names; a ticket at desk a has it."""
    for account, path in zip(desks.accounts, ("x_risk", "x_churn"), strict=True):
        with transaction.atomic():
            targets.add(account, "ticketing.Ticket", "churn_risk", jmes_path=path, remote_path=path)
    desks.a.add(title="Printer", text="It is on fire", state="open", priority="p2", x_risk=3)
    return desks


@pytest.fixture
def joined(mapped: Bridged) -> Bridged:
    """The ticket is on both sides, at rest."""
    mapped.join(fields=("name", "status", RISK), words=(("status", Side.B, "IN_PROGRESS", "OPEN"),))
    mapped.round()
    return mapped


def risks(bridged: Bridged) -> tuple[Any, Any]:
    """The field at either desk."""
    (a,), (b,) = bridged.a.tables["tickets"].values(), bridged.b.tables["tickets"].values()
    return a.get("x_risk"), b.get("x_churn")


def edit(bridged: Bridged, side: str, **values: Any) -> None:
    """Edit the ticket of a desk."""
    desk = bridged.a if side == "a" else bridged.b
    (remote_id,) = desk.tables["tickets"]
    desk.edit(remote_id, **values)


def test_a_custom_field_is_made_and_edited_both_ways(joined: Bridged) -> None:
    """It goes over with the new record, and each edit of either side arrives under the other side's own name."""
    assert risks(joined) == (3, 3)
    edit(joined, "b", x_churn=["high", 9])
    joined.round()
    assert risks(joined) == (["high", 9], ["high", 9])
    edit(joined, "a", x_risk=None)
    joined.round()
    assert risks(joined) == (None, None)


def test_it_comes_to_rest(joined: Bridged) -> None:
    """Further rounds write and log nothing."""
    edit(joined, "a", x_risk=4)
    joined.round()
    with transaction.atomic():
        before = joined.writes(), Write.objects.count(), Change.objects.count()
    joined.round()

    with transaction.atomic():
        assert (joined.writes(), Write.objects.count(), Change.objects.count()) == before


def test_edits_on_both_sides_go_by_the_rule(joined: Bridged) -> None:
    """The winner's value is on both sides, and the other one is on record."""
    edit(joined, "a", x_risk="mine")
    edit(joined, "b", x_churn="yours")
    standing = joined.round()

    assert risks(joined) == ("mine", "mine")
    (gave_way,) = standing["overruled"]
    assert (gave_way["field"], gave_way["value"], gave_way["by"]) == (RISK, "yours", "mine")


def test_the_log_has_each_for_itself(joined: Bridged) -> None:
    """With what was and what came, under its whole name; and so the record as it was can be told."""
    edit(joined, "a", x_risk=4)
    joined.round()
    with transaction.atomic():
        record = Ticket.objects.get(linked_account_id=joined.accounts[0].id)
        (entry,) = Change.objects.filter(record_id=record.id, kind="updated")
        before = Image.of(record).before(entry)

    assert entry.fields[RISK] == [3, 4]
    assert (before.values[RISK], record.field_mappings) == (3, {"churn_risk": 4})


def test_an_answer_that_does_not_speak_of_it_changes_nothing(joined: Bridged) -> None:
    """Absent is not null: what was read before stays, and does not empty the other side."""
    (ticket,) = joined.a.tables["tickets"].values()
    del ticket["x_risk"]
    joined.a.edit(ticket["id"], title="Printer upstairs")
    joined.round()

    assert joined.both("title")[1] == ["Printer upstairs"]
    assert risks(joined) == (None, 3)


def test_a_target_that_is_not_mapped_any_more_is_a_problem(joined: Bridged) -> None:
    """Its values leave the records, the pair says what is wrong, other fields go on, and nothing is emptied."""
    with transaction.atomic():
        mapping = FieldMapping.objects.get(linked_account_id=joined.accounts[1].id)
    targets.remove(mapping.id)
    edit(joined, "a", title="Printer upstairs", x_risk=5)
    joined.round()

    with transaction.atomic():
        (pair,) = Pair.objects.all()
        assert Ticket.objects.get(linked_account_id=joined.accounts[1].id).field_mappings == {}
    assert [(one["kind"], one["side"], one["field"]) for one in pair.problems] == [("unmapped", "a", RISK)]
    assert (joined.both("title")[1], risks(joined)) == (["Printer upstairs"], (5, 3))

    with transaction.atomic():
        account = LinkedAccount.objects.get(id=joined.accounts[1].id)
        targets.add(account, "ticketing.Ticket", "churn_risk", jmes_path="x_churn", remote_path="x_churn")
    joined.round()
    with transaction.atomic():
        assert Pair.objects.get().problems == []
    assert risks(joined) == (5, 5)


def test_what_was_chosen_of_several_goes_over_word_by_word(mapped: Bridged) -> None:
    """By the value map of each side; a word without translation keeps its list back, and is shown."""
    edit(mapped, "a", x_risk=["high", "late"])
    words = (("high", "hoch"), ("late", "verzug"))
    there = [(RISK, Side.B, here, said) for here, said in words]
    back = [(RISK, Side.A, said, here) for here, said in words]
    mapped.join(fields=("name", RISK), words=(*there, *back))
    mapped.round()
    assert risks(mapped) == (["high", "late"], ["hoch", "verzug"])

    edit(mapped, "b", x_churn=["verzug"])
    mapped.round()
    assert risks(mapped) == (["late"], ["verzug"])

    edit(mapped, "a", x_risk=["late", "odd"])
    mapped.round()
    with transaction.atomic():
        (problem,) = Pair.objects.get().problems
    assert (problem["kind"], problem["side"], problem["field"]) == ("unmapped", "a", RISK)
    assert "'odd'" in problem["reason"]
    assert risks(mapped) == (["late", "odd"], ["verzug"])


def test_a_mapping_of_all_accounts_gives_way_to_an_accounts_own(desks: Bridged) -> None:
    """Where both name a target, the account is read by its own."""
    desks.a.add(title="Printer", state="open", x_risk=3, x_mine=4)
    with transaction.atomic():
        targets.add("stub", "ticketing.Ticket", "churn_risk", jmes_path="x_risk")
        account = LinkedAccount.objects.get(id=desks.accounts[0].id)
        targets.add(account, "ticketing.Ticket", "churn_risk", jmes_path="x_mine")
        desks.accounts[0].__dict__.pop("_field_mappings", None)
    desks.join()
    desks.round()

    with transaction.atomic():
        assert Ticket.objects.get(linked_account_id=account.id).field_mappings == {"churn_risk": 4}


FILE: Final = (
    files.TICKETS
    + f"""\
      {RISK}: {{direction: both, winner: b, words: {{b: {{high: "9"}}}}}}
"""
)


def test_a_file_names_it_as_any_field(mapped: Bridged) -> None:
    """With all options of a field; exported and applied again it changes nothing."""
    files.apply(FILE, live=True)
    with transaction.atomic():
        bridges = list(Bridge.objects.all())
        text = exporting.export(bridges, LinkedAccount.objects.in_bulk())

    assert files.whats(files.apply(text)) == files.whats(files.apply(FILE)) == ["unchanged"]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (files.changed("churn_risk:", "mood:", FILE), 17, "stub maps no mood of ticketing.Ticket"),
        (files.changed("winner: b, w", "winner: merge, w", FILE), 17, "'merge' goes with lists and maps"),
    ],
)
def test_a_mistake_about_it_has_its_line(mapped: Bridged, text: str, line: int, sentence: str) -> None:
    """What is not mapped is said with what to do."""
    with pytest.raises(FileRefused) as caught:
        files.apply(text)

    assert f"line {line}: " in str(caught.value)
    assert sentence in str(caught.value)


@pytest.fixture
def lists(mapped: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both desks say which words their fields can have."""
    for account, key, words in zip(
        mapped.accounts, ("x_risk", "x_churn"), (("high", "low"), ("9", "1")), strict=True
    ):
        told = connect.adapter_of(account)
        listed = replace(told.resources[0], field_classes=FieldClasses(known=(FieldClass(key=key),)))
        monkeypatch.setitem(registry._providers, told.slug, replace(told, resources=(listed,)))
        choices = [{"value": word, "display_name": word.title()} for word in words]
        with transaction.atomic():
            RemoteFieldClass.objects.create(
                id=uuid.uuid4(),
                linked_account_id=account.id,
                model="ticketing.Ticket",
                remote_key_name=key,
                field_choices=choices,
            )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("b: {hihg: '9'}", "stub has no 'hihg' in the list of the field; it has high, low"),
        ("b: {high: '8'}", "plain has no '8' in the list of the field; it has 9, 1"),
        ("a: {'9': hihg}", "stub has no 'hihg' in the list of the field; it has high, low"),
    ],
)
def test_a_word_that_is_not_in_the_list_of_its_side_has_its_line(
    lists: None, words: str, sentence: str
) -> None:
    """Where the system says which words the field can have; those that are in the lists are taken."""
    assert files.whats(files.apply(FILE)) == ["created"]
    with pytest.raises(FileRefused) as caught:
        files.apply(files.changed('b: {high: "9"}', words, FILE))

    assert "line 17: " in str(caught.value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("path", ["x_churn", '"x_churn"', "x_churn[]"])
def test_a_constant_that_is_not_in_the_list_of_its_side_has_its_line(
    lists: None, mapped: Bridged, path: str
) -> None:
    """Also one of several in a list, and where the path of the field is spelled otherwise; a number is its digits."""
    with transaction.atomic():
        (there,) = targets.of(mapped.accounts[1])
    targets.remove(there.id)
    with transaction.atomic():
        told = {"jmes_path": path, "remote_path": "x_churn"}
        targets.add(mapped.accounts[1], "ticketing.Ticket", "churn_risk", **told)
    text = files.TICKETS + f"    constants: {{b: {{{RISK}: GIVEN}}}}\n"
    for given, wrong in (('"8"', "8"), ('["9", hihg]', "hihg"), ("[1, 7]", "7")):
        with pytest.raises(FileRefused) as caught:
            files.apply(files.changed("GIVEN", given, text))
        assert f"plain has no '{wrong}' in the list of the field; it has 9, 1" in str(caught.value)
        assert "line 17: " in str(caught.value)

    assert files.whats(files.apply(files.changed("GIVEN", '["9", 1]', text))) == ["created"]


def test_a_word_that_left_the_list_since_keeps_no_change_from_its_bridge(lists: None) -> None:
    """What the bridge was told already stays right; a new word is held against the list of now."""
    files.apply(FILE)
    with transaction.atomic():
        remote = RemoteFieldClass.objects.get(remote_key_name="x_churn")
        remote.field_choices = [{"value": "1", "display_name": "1"}]
        remote.save()

    assert files.whats(files.apply(files.changed("winner: b, words", "winner: a, words", FILE))) == [
        "changed"
    ]
    with pytest.raises(FileRefused, match="plain has no '9' in the list of the field; it has 1"):
        files.apply(files.changed("b: {high:", 'b: {low: "9", high:', FILE))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"target": "Churn Risk"}, "is no name of a target"),
        ({"jmes_path": "x_risk["}, "is no JMESPath"),
        ({"jmes_path": ""}, "Say where the target is read"),
        ({"remote_path": "state"}, "custom fields are written at: x_"),
        ({"model": "ticketing.Comment"}, "stub has no ticketing.Comment"),
        ({"account": "nowhere"}, "no integration 'nowhere'"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(desks: Bridged, told: dict[str, str], sentence: str) -> None:
    """With the reason, and what is possible."""
    wanted = {
        "account": desks.accounts[0],
        "model": "ticketing.Ticket",
        "target": "risk",
        "jmes_path": "x_risk",
    }
    with transaction.atomic(), pytest.raises(targets.TargetRefused, match=re.escape(sentence)):
        targets.add(**{**wanted, **told})  # type: ignore[arg-type]
