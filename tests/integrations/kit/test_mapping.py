"""Mappings: records that do not fit are reasons, and writing back what was read is nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given

from integrations.kit.errors import Rejected, Unmappable
from integrations.kit.lens import Lens
from integrations.kit.lenses import at, choice, compute, each, instant, only, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from tests.integrations.kit.test_lenses import NONE
from tests.integrations.kit.test_strict import JSON
from unified_api.models.ticketing import Comment, Tag, Ticket

MAPPING = Mapping(
    Ticket,
    version="changed",
    name="title",
    description=at("text", create_only=True),
    status=choice("state", {"OPEN": ("new", "open"), "CLOSED": "done"}),
    assignees=only(ref("owner.id", to="owner")),
    tags="labels",
    creator="author",
    due_date=instant("due"),
    ticket_url=compute(lambda record: (dig(record, "links.self") or "").upper() or MISSING),
    priority=choice("rank", {"LOW": 1, "HIGH": 2}, after_create=True),
)
RECORD = {
    "id": 7,
    "title": "One",
    "text": "why",
    "state": "open",
    "owner": {"id": 3},
    "labels": ["b", "a", "b"],
    "author": 9,
    "due": "2026-01-31T10:00:00+01:00",
    "links": {"self": "/7"},
    "rank": 2,
    "changed": "2026",
}


def test_a_record_is_pulled() -> None:
    """Ids are texts, moments are UTC, lists have each element once."""
    pulled = MAPPING.pull(RECORD)

    assert pulled.remote_id == "7"
    assert pulled.version == "2026"
    assert pulled.values["assignees"] == ["3"]
    assert pulled.values["tags"] == ["b", "a"]
    assert pulled.values["creator"] == "9"
    assert pulled.values["due_date"].isoformat() == "2026-01-31T09:00:00+00:00"
    assert pulled.values["ticket_url"] == "/7"
    assert pulled.unknown == ()


def test_writing_back_what_was_read_is_nothing() -> None:
    """Also for fields that cannot be written, and for a word that is one of several for the same."""
    assert MAPPING.push(MAPPING.pull(RECORD).values, RECORD, "update", NONE) == {}


def test_only_what_differs_is_sent() -> None:
    """The order of a set is no difference; an equivalent word is none either."""
    wanted = {"name": "Two", "status": "OPEN", "tags": ["a", "b"], "assignees": []}

    assert MAPPING.push(wanted, RECORD, "update", NONE) == {"title": "Two", "owner": None}


@dataclass(frozen=True, kw_only=True)
class _Capitals(Lens):
    def canonical(self, value: Any) -> Any:
        """Whatever its capitals."""
        return value.lower()


def test_what_the_provider_spells_in_its_own_way_is_not_sent_again() -> None:
    """The lens says what is the same there; nothing is only the same as nothing."""
    mapping = Mapping(Tag, name=_Capitals(path="title"))

    assert mapping.push({"name": "one"}, {"id": 1, "title": "ONE"}, "update", NONE) == {}
    assert mapping.push({"name": None}, {"id": 1, "title": "ONE"}, "update", NONE) == {"title": None}
    assert not mapping.same("name", "one", MISSING)


@pytest.mark.parametrize("tags", [each("tags", _Capitals()), only(_Capitals(path="tag"))])
def test_elements_of_a_set_are_the_same_by_their_lens(tags: Lens) -> None:
    """Whether there can be several or one; another element is a difference, and so is one more."""
    mapping = Mapping(Ticket, tags=tags)

    assert mapping.same("tags", ["VIP"], ["vip"])
    assert mapping.same("tags", None, [])
    assert not mapping.same("tags", ["VIP"], ["vip", "new"])
    assert not mapping.same("tags", ["VIP"], MISSING)


def test_every_field_that_cannot_be_sent_is_named() -> None:
    """All at once, each with its reason."""
    wanted = {
        "description": "new",
        "status": "BROKEN",
        "assignees": ["1", "2"],
        "due_date": "soon",
        "account": "x",
        "ticket_url": "/8",
    }
    with pytest.raises(Rejected) as caught:
        MAPPING.push(wanted, RECORD, "update", NONE)

    assert set(caught.value.fields) == set(wanted)


def test_a_field_for_later_is_checked_at_once() -> None:
    """What a create ignores is not sent, and what could never be sent stops the create."""
    assert MAPPING.push({"name": "x", "priority": "LOW"}, None, "create", NONE) == {"title": "x"}
    with pytest.raises(Rejected):
        MAPPING.push({"priority": "URGENT"}, None, "create", NONE)


def test_unknown_words_are_told() -> None:
    """They pass through, and are named with their field."""
    pulled = MAPPING.pull({"id": 1, "state": "parked", "rank": 9})

    assert pulled.values == {"status": "parked", "priority": "9"}
    assert pulled.unknown == ("status: parked", "priority: 9")


def test_an_answer_that_says_nothing() -> None:
    """Absent fields are left alone."""
    assert MAPPING.pull({"id": 1}).values == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", ""),
        ("id", True),
        ("id", {}),
        ("id", 1.5),
        ("id", "x" * 600),
        ("title", []),
        ("due", "2026-02-31"),
        ("labels", "a"),
        ("labels", [{}]),
        ("owner", {"id": []}),
        ("links", {"self": 5}),
        ("state", {}),
    ],
)
def test_what_does_not_fit_is_a_reason(field: str, value: Any) -> None:
    """The reason names the field."""
    with pytest.raises(Unmappable, match=r"\w"):
        MAPPING.pull({**RECORD, field: value})


@given(data=JSON)
def test_anything_is_pulled_or_refused(data: Any) -> None:
    """Whatever stands in for a record or for one of its fields, nothing else than Unmappable comes out."""
    for record in (data, *({**RECORD, name: data} for name in RECORD)):
        try:
            pulled = MAPPING.pull(record)
        except Unmappable:
            continue
        assert pulled.remote_id


def test_replaced_characters_are_told() -> None:
    """Fields that hold a replacement are named when the answer had to be cleaned."""
    record = {"id": 1, "title": "a\ufffdb", "text": "fine"}

    assert MAPPING.pull(record, dirty=True).cleaned == (
        "name: characters that cannot be stored were replaced",
    )
    assert MAPPING.pull(record).cleaned == ()


def test_flags_are_flags() -> None:
    """A number is not taken for true."""
    mapping = Mapping(Comment, is_private="hidden")

    assert mapping.pull({"id": 1, "hidden": True}).values == {"is_private": True}
    with pytest.raises(Unmappable, match="is_private: true or false"):
        mapping.pull({"id": 1, "hidden": 1})
