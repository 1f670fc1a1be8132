"""The fields that the company of a sandbox has made for itself, beside those that the system comes with.

They stand among the others of an object, under keys of their own: `x_` and a name in camel case.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from integrations.kit.field_classes import FieldClass
from integrations.sandbox.data.records import on

PREFIX: Final = "x_"


def _field(name: str, about: str, **more: Any) -> FieldClass:
    first, *rest = name.lower().split(" ")
    key = PREFIX + first + "".join(map(str.capitalize, rest))
    choices = [(word, word.capitalize()) for word in more.pop("words", ())]
    return FieldClass(
        key=key, name=name, description=about, choices=choices, is_custom=True, is_required=False, **more
    )


def _words_of(name: str, about: str, *words: str) -> FieldClass:
    """Several of some words."""
    return _field(name, about, kind="list", kind_of_items="string", words=words)


#: By `category.Model`.
CUSTOM_FIELDS: Final[Mapping[str, tuple[FieldClass, ...]]] = {
    "hris.Employee": (
        _field("Cost centre", "Who pays for them.", kind="string", words=("sales", "support", "research")),
        _field("Badge number", "What opens the doors.", kind="number"),
        _field("Works nights", "Whether they take part in the night shift.", kind="bool"),
    ),
    "crm.Account": (
        _field("Tier", "How much they are worth to us.", kind="string", words=("gold", "silver", "bronze")),
        _field("Renewal day", "When their contract ends.", kind="date"),
        _words_of("Products", "What they have bought.", "desk", "chair", "lamp"),
    ),
    "crm.Contact": (_field("Takes newsletter", "Whether they have asked for it.", kind="bool"),),
    "crm.Lead": (_field("Score", "How likely they are to buy, of a hundred.", kind="number"),),
    "crm.Opportunity": (
        _field("Competitor", "Who else has made an offer.", kind="string"),
        _field("Risk", "How likely it is to fail.", kind="string", words=("low", "high")),
    ),
    "ticketing.Ticket": (
        _field("Severity", "How bad it is.", kind="string", words=("minor", "major", "critical")),
        _field("Effort", "Hours of work.", kind="number"),
        _field("Escalated", "Whether a manager knows.", kind="bool"),
        _field("Promised for", "Until when the customer was told to wait.", kind="datetime"),
        _words_of("Components", "What is broken.", "engine", "wheel", "door"),
    ),
}


def of(model: str) -> dict[str, FieldClass]:
    """Those of a model by their keys."""
    return {one.key: one for one in CUSTOM_FIELDS.get(model, ())}


def values(model: str, at: int) -> dict[str, Any]:
    """What the record that was made so manieth has in them; of every fourth nobody has filled them in."""
    return {key: None if at % 4 == 3 else _value(one, at) for key, one in of(model).items()}  # noqa: PLR2004


def fault(one: FieldClass, value: Any) -> str | None:
    """Why a value cannot be stored."""
    several = value if one.kind == "list" and isinstance(value, list) else [value]
    kind = one.kind_of_items if one.kind == "list" else one.kind
    if value is None:
        return None
    if one.kind == "list" and not isinstance(value, list):
        return "a list is due"
    if not all(_holds(kind, inner) for inner in several):
        return f"a {kind} is due"
    words = [word for word, _ in one.choices]
    strangers = [inner for inner in several if words and inner not in words]
    return f"{strangers[0]!r} is none of {', '.join(words)}" if strangers else None


def _holds(kind: str | None, value: Any) -> bool:
    if kind in {"date", "datetime"}:
        parse = dt.date.fromisoformat if kind == "date" else dt.datetime.fromisoformat
        return isinstance(value, str) and _parses(parse, value)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, bool if kind == "bool" else str)


def _parses(parse: Any, value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


def _value(one: FieldClass, at: int) -> Any:
    words = [word for word, _ in one.choices]
    if one.kind == "list":
        return words[: at % len(words) + 1]
    if one.kind in {"number", "bool"}:
        return 10 * at + 5 if one.kind == "number" else at % 3 == 0
    if one.kind in {"date", "datetime"}:
        day = on(at).isoformat()
        return day if one.kind == "date" else f"{day}T12:00:00Z"
    return words[at % len(words)] if words else f"{one.name} {at + 1}"
