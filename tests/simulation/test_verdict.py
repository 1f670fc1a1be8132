"""The verdict, given made-up ends of small histories: what is wrong is told, and what is right is not."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.simulation import verdict
from tests.simulation.bookkeeper import Gave
from tests.simulation.forged import Forged
from tests.simulation.manners import FIELDS, PLAIN
from tests.simulation.remote import Row
from tests.simulation.stage import Stage
from unified_api.engine.values import Side


class End:
    """What the product shows at the end of a history of two records that are kept equal; tests change it."""

    def __init__(self, **options: Any) -> None:
        self.forged = Forged(**options)
        self.a, self.b = self.forged.kept_equal()
        self.records = {side: [self.mirror(row)] for side, row in ((Side.A, self.a), (Side.B, self.b))}
        a, b = (self.records[side][0].id for side in Side)
        self.pair = SimpleNamespace(record_a=a, record_b=b, state="paired", held="", problems=[])
        self.there = [self.pair]
        self.gave_way: list[SimpleNamespace] = []
        self.journal: list[SimpleNamespace] = []

    def mirror(self, row: Row) -> SimpleNamespace:
        """The mirrored record, as it should be."""
        values = {name: row.now.cells[name].value for name in FIELDS}
        return SimpleNamespace(
            id=uuid.uuid4(), remote_id=row.id, is_shell=False, remote_was_deleted=row.now.gone, **values
        )

    def edit(self, row: Row, **values: Any) -> None:
        """Somebody edits a record, and the mirror follows."""
        self.forged.edited(row, **values)
        vars(self.records[row.side][0]).update(values)

    def remove(self, row: Row) -> None:
        """Somebody removes a record, and the mirror and the pair follow."""
        self.forged.books.remove(row)
        self.records[row.side][0].remote_was_deleted, self.pair.state = True, "gone"

    def overrule(self, row: Row, name: str, value: str, rule: str = "winner") -> None:
        """The product has an edit on record as overruled."""
        record = self.records[row.side][0].id
        told = {"record_id": record, "field": name, "side": row.side.value, "value": value}
        self.gave_way.append(SimpleNamespace(by="v9", rule=rule, **told))

    @property
    def wrongs(self) -> list[str]:
        """What is told to be wrong."""
        stage = SimpleNamespace(
            mirrored=self.records.__getitem__,
            pairs=lambda: self.there,
            overruled=lambda: self.gave_way,
            writes=lambda: self.journal,
        )
        return list(verdict.wrongs(cast("Stage", stage), self.forged.books, Counter()))


def _problem(kind: str, **more: str) -> dict[str, str]:
    return {"kind": kind, "side": "a", "field": "description", **more}


def test_two_equal_records_are_right() -> None:
    """Mirrored, paired, equal, and nothing on record that nobody did."""
    assert End().wrongs == []


def _twice(end: End) -> None:
    end.records[Side.A].append(end.mirror(end.a))


def _missing(end: End) -> None:
    end.records[Side.A][0].is_shell = True


def _stale(end: End) -> None:
    end.records[Side.A][0].description = "v1"


def _still_there(end: End) -> None:
    end.remove(end.a)
    end.records[Side.A][0].remote_was_deleted = False


def _said_gone(end: End) -> None:
    end.records[Side.A][0].remote_was_deleted = True


def _unpaired(end: End) -> None:
    end.there.clear()


def _alone(end: End) -> None:
    end.pair.record_b = None


def _unequal(end: End) -> None:
    end.edit(end.a, description="v9")


def _unfounded(end: End) -> None:
    end.pair.problems = [_problem("read_only")]


def _unrecorded(end: End) -> None:
    end.forged.books.gave.append(Gave(end.b, "description", "v8", "v7", visible=True))


def _nobodys(end: End) -> None:
    end.overrule(end.b, "status", "CLOSED")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_twice, "a/1 is mirrored 2 times"),
        (_missing, "a/1 is not mirrored"),
        (_stale, "a/1 has description 'v7', the mirror 'v1'"),
        (_still_there, "a/1 is gone, and the mirror does not say so"),
        (_said_gone, "a/1 is there, and the mirror says it is gone"),
        (_unpaired, "a/1 belongs to no pair"),
        (_alone, "a/1 has no counterpart: paired '' []"),
        (_unequal, "a/1 and b/1: description differs, ('v9', 'v7')"),
        (_unfounded, "a problem that nobody caused"),
        (_unrecorded, "description of b/1: 'v8' gave way to 'v7', unrecorded"),
        (_nobodys, "a conflict that nobody caused: status of b/1, 'CLOSED' to 'v9'"),
    ],
)
def test_what_is_wrong_is_told(spoil: Callable[[End], None], words: str) -> None:
    """One thing is not as it should be at the end."""
    end = End()
    spoil(end)

    assert any(words in wrong for wrong in end.wrongs)


@pytest.mark.parametrize(("decides", "wrong"), [(True, False), (False, True)])
def test_only_a_remote_that_decides_answers_otherwise(*, decides: bool, wrong: bool) -> None:
    """The status that it was told gives way to its own word, and that stands on record with reason."""
    end = End(manners=replace(PLAIN, decides=decides))
    end.overrule(end.b, "status", "CLOSED", rule="answered otherwise")

    assert bool(end.wrongs) is wrong


@pytest.mark.parametrize(("field", "wrong"), [("status", False), ("priority", True)])
def test_what_a_write_of_unknown_outcome_may_have_replaced_is_on_record_with_reason(
    field: str, *, wrong: bool
) -> None:
    """It may never have been sent, and nobody can know; of a field that it does not carry it is known."""
    end = End()
    end.overrule(end.b, "status", "CLOSED")
    told: dict[str, Any] = {
        "values": {},
        "sent": {field: "OPEN"},
        "error": None,
        "journalled_at": datetime.fromtimestamp(0, UTC),
    }
    record = end.records[Side.B][0].id
    end.journal.append(SimpleNamespace(operation="update", record_id=record, state="uncertain", **told))

    assert bool(end.wrongs) is wrong


def test_what_gave_way_in_a_lost_answer_and_was_removed_then_need_not_be_on_record() -> None:
    """Nobody can see any more what the write had done."""
    end = End()
    end.forged.books.gave.append(Gave(end.b, "description", "v8", "v7", visible=True))
    end.forged.books.unanswered(end.b)
    end.remove(end.b)
    end.records[Side.B][0].remote_was_deleted = True

    assert not any("unrecorded" in wrong for wrong in end.wrongs)


def test_an_edit_that_gave_way_and_is_on_record_is_right() -> None:
    """What was replaced stands in the history, and was replaced."""
    end = End()
    _unrecorded(end)
    end.overrule(end.b, "description", "v8")

    assert end.wrongs == []


@pytest.mark.parametrize(
    ("rule", "problems", "wrong"),
    [
        ("propagate", [], True),
        ("propagate", ["refused"], False),
        ("propagate", ["edited"], True),
        ("restore", [], True),
        ("unlink", [], False),
        ("ask", ["gone"], False),
    ],
)
def test_a_rule_for_deletes_that_was_not_followed_is_told(
    rule: str, problems: list[str], *, wrong: bool
) -> None:
    """A record is left whose counterpart is gone, and nobody has edited it."""
    end = End(deletes=rule)
    end.remove(end.a)
    end.pair.base_a = end.pair.base_b = {"name": end.b.now.cells["name"].value}
    end.pair.problems = [_problem(kind) for kind in problems]

    assert bool(end.wrongs) == wrong


def test_what_is_outside_of_the_filter_need_not_be_equal_and_is_left_alone() -> None:
    """A pair rests while one of it takes no part; a write to it long after is told."""
    end = End()
    end.forged.books.choosy = Side.A
    _unequal(end)
    assert end.wrongs == []

    _write_long_after_it_left(end)
    assert end.wrongs == ["b/1 was written, and one of its pair had left the filter long before"]


def _write_long_after_it_left(end: End) -> None:
    for _ in range(3):
        end.forged.shown(end.a)
    moment = datetime.fromtimestamp(end.forged.books.of(end.a).moments[-2] + verdict.LONG - 1, UTC)
    record = end.records[Side.B][0].id
    told: dict[str, Any] = {"values": {}, "sent": {}, "state": "done", "error": None}
    end.journal.append(SimpleNamespace(operation="update", record_id=record, journalled_at=moment, **told))


def test_a_filter_that_came_later_says_nothing_of_what_was_written_before() -> None:
    """The record was outside all the while by the filter of now, which was not there then."""
    end = End()
    _write_long_after_it_left(end)
    end.forged.books.retold(end.forged.books.policy, Side.A)

    assert end.wrongs == []


def test_a_field_that_was_taken_out_may_differ_and_has_no_problem() -> None:
    """Before, neither was right."""
    end = End()
    end.edit(end.a, description="v9")
    end.pair.problems = [_problem("refused")]
    assert len(end.wrongs) > 0

    books = end.forged.books
    kept = {name: one for name, one in books.policy.fields.items() if name != "description"}
    books.retold(replace(books.policy, fields=kept), None)
    assert [one for one in end.wrongs if "differs" in one] == []
    assert any("a problem that nobody caused" in one for one in end.wrongs)
