"""The bridged fields of a history, their cells, and how the bookkeeper compares: by tables, never by the engine.

A cell is the smallest thing that somebody edits: a whole field, or one part of it (`tags/red`). A remote holds cells;
what it answers, and what it is told, are fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from unified_api.engine.events import Push
from unified_api.engine.pair import Move
from unified_api.engine.values import Side, Value

STATUS_TO_B: Final = {"OPEN": "open", "WORKING": "open", "HELD": "waiting", "CLOSED": "closed"}
STATUS_TO_A: Final = {"open": "OPEN", "waiting": "HELD", "closed": "CLOSED", "merged": "CLOSED"}
#: Who is whose counterpart; a history begins with the first, the second is paired later.
OWNER_TO_B: Final = {"a1": "b1", "a2": "b2"}
OWNER_TO_A: Final = {there: here for here, there in OWNER_TO_B.items()}
#: The words of the set by cell, as either side says them; a word of one side alone has no translation.
TAGS: Final[Mapping[str, tuple[str | None, str | None]]] = {
    "red": ("red", "rot"),
    "green": ("green", "gruen"),
    "noway": ("noway", "noway"),
    "odd": ("odd", None),
    "seltsam": (None, "seltsam"),
}
TAGS_TO_B: Final = {a: b for a, b in TAGS.values() if a and b}
TAGS_TO_A: Final = {b: a for a, b in TAGS.values() if a and b}
NOTES: Final = ("n1", "n2", "no3")
KEYS: Final = ("k1", "k2")
MAILS: Final = ("m1", "m2")
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "tags": tuple(TAGS),
    "notes": NOTES,
    "custom": KEYS,
    "mails": MAILS,
}
NAMES: Final = ("name", "body", "status", "urgent", "owner", *PARTS)
#: Of which most histories draw theirs. What is none of them is asked for, so that a seed plays what it always did.
USUAL: Final = tuple(name for name in NAMES if name != "mails")
WORDY: Final = frozenset({"tags", "notes", "mails"})
CELLS: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(f"{name}/{part}" for part in PARTS[name]) if name in PARTS else (name,) for name in NAMES
}
FIELD: Final[Mapping[str, str]] = {cell: name for name, cells in CELLS.items() for cell in cells}


def word(cell: str, side: Side) -> str | None:
    """How a side says the word of a set or a log; None where it does not know it."""
    name, _, part = cell.partition("/")
    return part if name != "tags" else TAGS[part][0 if side is Side.A else 1]


def entry(part: str, kind: str | None) -> Value:
    """An address with its type, or without."""
    return {"email_address": part, "email_address_type": kind} if kind else {"email_address": part}


def kind(value: Value) -> Value:
    """The type of an address, if it is told."""
    return value.get("email_address_type") if isinstance(value, dict) else None


def composed(cells: Mapping[str, Value], side: Side) -> dict[str, Value]:
    """The fields that a remote answers; side b tells its words in another order."""
    fields: dict[str, Value] = {}
    for cell, value in list(cells.items())[:: 1 if side is Side.A else -1]:
        name = FIELD[cell]
        if name == cell:
            fields[name] = value
        elif name == "custom":
            told = fields.setdefault(name, {})
            told.update({cell.partition("/")[2]: value} if value is not None else {})  # type: ignore[union-attr] # it is a map
        else:
            words = fields.setdefault(name, [])
            words.extend([value] if value is not None else [])  # type: ignore[union-attr] # it is a list
    return fields


def pieces(name: str, value: Value, side: Side) -> dict[str, Value]:
    """The cells of one field, as a write tells them."""
    if name not in PARTS:
        return {name: value}
    if isinstance(value, dict):
        return {cell: value.get(cell.partition("/")[2]) for cell in CELLS[name]}
    words = {_said(one): one for one in value} if isinstance(value, list) else {}
    return {cell: words.get(word(cell, side) or "") for cell in CELLS[name]}


def _said(one: Value) -> str:
    told = one["email_address"] if isinstance(one, dict) else one
    return str(told).strip().lower()


def moved(push: Push) -> Iterator[tuple[str, Move]]:
    """Each cell that a write means to change."""
    for move in push.moves:
        if move.field in NAMES and move.field not in PARTS:
            yield move.field, move
        for part in move.parts:
            yield f"{move.field}/{part.field}", part


def normal(cell: str, value: Value) -> Value:
    """The form in which values of one side are compared."""
    text = (value.strip() or None) if isinstance(value, str) else value
    return text.lower() if isinstance(text, str) and FIELD[cell] in WORDY else text


def default(cell: str, side: Side) -> Value:
    """What a new record holds where nothing was sent."""
    return {"status": "OPEN" if side is Side.A else "open", "urgent": False}.get(cell)
