"""Custom fields at a provider: found by a JMESPath, written at a path, under the laws of all lenses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.kit.errors import Rejected
from integrations.kit.paths import MISSING
from integrations.kit.provider import Resource
from integrations.kit.searching import NoPath, SearchLens, compiled
from integrations.kit.target import Target
from tests.integrations.kit.test_lenses import Tables
from tests.stub import TICKETS

RECORD: dict[str, Any] = {
    "id": "1",
    "title": "leak",
    "properties": {"risk": 3, "none": None},
    "fields": [{"id": 7, "value": "a"}, {"id": 8, "value": "b"}],
    "odd-name": True,
}


def extended(*targets: Target) -> Resource:
    """The stub's tickets with custom fields."""
    return replace(TICKETS, custom=("properties.",)).with_targets(targets)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("properties.risk", 3),
        ("fields[?id==`8`].value | [0]", "b"),
        ('"odd-name"', True),
        ("properties.none", None),
        ("properties.nothing", None),
        ("nothing.at.all", MISSING),
        ("length(fields)", 2),
    ],
)
def test_a_path_finds_what_is_there(path: str, found: Any) -> None:
    """Null is null; an answer without the name that the path begins with does not speak of the field."""
    assert SearchLens(path=path).read(RECORD) == found


def test_what_is_no_path_is_said() -> None:
    """With the place where it goes wrong."""
    with pytest.raises(NoPath, match="is no JMESPath"):
        compiled("fields[")


def test_a_custom_field_is_read_and_written_beside_the_others() -> None:
    """Reading what was written gives it back, and writing what was read changes nothing."""
    tickets = extended(Target("field_mappings.risk", "properties.risk", "properties.risk"))
    pulled = tickets.mapping.pull(RECORD).values
    words = Tables(tables={})

    assert (pulled["name"], pulled["field_mappings.risk"]) == ("leak", 3)
    assert tickets.mapping.push({"field_mappings.risk": 3}, RECORD, "update", words) == {}
    patch = tickets.mapping.push({"field_mappings.risk": "high"}, RECORD, "update", words)
    assert patch == {"properties": {"risk": "high"}}
    assert "field_mappings.risk" in tickets.writable("create") & tickets.writable("update")
    assert tickets.version != TICKETS.version


def test_one_without_a_place_to_write_is_never_sent() -> None:
    """It is refused by its name."""
    tickets = extended(Target("field_mappings.risk", "properties.risk", None))

    assert "field_mappings.risk" not in tickets.writable("update")
    with pytest.raises(Rejected) as caught:
        tickets.mapping.push({"field_mappings.risk": 4}, RECORD, "update", Tables(tables={}))
    assert set(caught.value.fields) == {"field_mappings.risk"}


def test_what_cannot_be_searched_is_null_and_counted() -> None:
    """A tenant's path costs nobody a record; what it stumbled over is quoted nowhere."""
    tickets = extended(
        Target("field_mappings.much", "length(id_number)", None),
        Target("field_mappings.most", "max_by(fields, &odd)", None),
        Target("field_mappings.risk", "properties.risk", None),
    )
    record = {**RECORD, "id_number": 5, "fields": [{"odd": None}, {"odd": None}]}
    pulled = tickets.mapping.pull(record)

    assert (pulled.values["field_mappings.much"], pulled.values["field_mappings.most"]) == (None, None)
    assert (pulled.values["name"], pulled.values["field_mappings.risk"]) == ("leak", 3)
    assert pulled.unknown == (
        "field_mappings.much: cannot be searched",
        "field_mappings.most: cannot be searched",
    )


@pytest.mark.parametrize(
    ("path", "touched"),
    [
        ("ssn", True),
        ('"ssn"', True),
        ("ssn.last", True),
        ("{number: ssn}", True),
        ("[name, ssn]", True),
        ("name || ssn", True),
        ("ssn | @", True),
        ("@", True),
        ("*", True),
        ("values(@)", True),
        ("to_string(@)", True),
        ("name", False),
        ("ssn_hint", False),
        ("jobs[0].ssn", False),
        ("jobs[?current].title", False),
        ("length(tags)", False),
    ],
)
def test_what_a_path_may_read_is_known(path: str, touched: bool) -> None:  # noqa: FBT001 - a parameter of a table
    """A plain path reads what it names, any other whatever begins with one of its names, or may."""
    assert SearchLens(path=path).touches(("ssn",)) is touched


def test_a_path_touches_what_is_above_and_below_it() -> None:
    """But not what stands beside it; and what may stand anywhere is touched by all."""
    lens = SearchLens(path="properties.risk")
    found = [lens.touches(place) for place in (("properties",), ("properties", "risk", "score"), ())]

    assert found == [True, True, True]
    assert not lens.touches(("properties", "mail"))


def test_an_answer_may_speak_of_a_custom_field() -> None:
    """So selective sync does not take one that a list leaves out for empty; one that is hidden has to be asked for."""
    tickets = extended(Target("field_mappings.risk", "properties.risk", None))
    narrowed = tickets.without({"ticketing.Ticket": {"field_mappings.risk"}}, ())

    assert "field_mappings.risk" in tickets.mapping.speaks_of & narrowed.mapping.speaks_of
    assert "field_mappings.risk" not in narrowed.mapping.pull(RECORD).values
    assert narrowed.mapping.says(RECORD, "field_mappings.risk") == 3
