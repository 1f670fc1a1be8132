"""Fields of numbers and nested objects: what they take from a caller, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from unified_api.models.fields import Choice, Malformed, Number, Text, Whole, WireField
from unified_api.models.shapes import Object, Shapes

SHAPES = Shapes({"street": Text(), "kind": Choice("HOME", "WORK")})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Whole(), 2**63 - 1),
        (Whole(), -(2**63)),
        (Number(), 12.5),
        (Number(), 7),
        (SHAPES, []),
        (SHAPES, [{"street": "x", "kind": None}, {}]),
        (Object(), {"any": ["thing"]}),
    ],
)
def test_what_fits_is_taken_as_it_is(field: WireField, value: Any) -> None:
    """Nothing is added or changed."""
    assert field.parse(value) == value


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (Whole(), True, "whole number"),
        (Whole(), 1.0, "whole number"),
        (Whole(), "1", "whole number"),
        (Whole(), 2**63, "64 bits"),
        (Number(), False, "a number"),
        (Number(), "1.5", "a number"),
        (Number(), 10**400, "double precision"),
        (Number(), float("inf"), "double precision"),
        (Number(), float("nan"), "double precision"),
        (SHAPES, {}, "list of objects"),
        (SHAPES, ["x"], "list of objects"),
        (SHAPES, [{"street": 1}], "a string"),
        (SHAPES, [{"town": "x"}], "'town' is no key of these objects; known are street, kind"),
        (Object(), [], "an object"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(field: WireField, value: Any, sentence: str) -> None:
    """Nothing that only resembles a number is one; no infinities, which JSON cannot say."""
    with pytest.raises(Malformed, match=sentence):
        field.parse(value)


def test_the_schema_names_the_keys() -> None:
    """Who asks what can be written learns the keys of nested objects, with their words."""
    properties = SHAPES.wire_schema()["items"]["properties"]

    assert list(properties) == ["street", "kind"]
    assert properties["kind"]["enum"] == ["HOME", "WORK"]
