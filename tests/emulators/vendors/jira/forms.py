"""What is sent to make or change an issue: which fields can be set, and what may stand in them."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any, Final

from tests.emulators.exchange import Refused
from tests.emulators.vendors.jira.common import invalid
from tests.emulators.vendors.jira.people import PRIORITIES, project_named
from tests.emulators.world import Record, World

TYPES: Final = ("Task", "Bug", "Story", "Subtask")
_UNKNOWN: Final = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
_NO_DOCUMENT: Final = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
_NO_TEXT: Final = "Operation value must be a string"
_BLOCKS: Final = frozenset(
    (
        *("paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule"),
        *("mediaSingle", "panel", "table", "expand", "taskList"),
    )
)


def must_be_document(name: str, value: Any) -> None:
    """Raise Refused for what is no document; an empty text is none either."""
    if not isinstance(value, dict) or value.get("type") != "doc" or value.get("version") != 1:
        raise invalid(**{name: _NO_DOCUMENT})
    if not all(one.get("type") in _BLOCKS for one in value["content"]) or not _is_sound(value):
        raise invalid("INVALID_INPUT")


def _is_sound(node: Record) -> bool:
    if node["type"] == "text" and not node.get("text"):
        return False
    if node["type"] == "listItem" and node["content"][0]["type"].endswith("List"):
        return False
    return all(_is_sound(inside) for inside in node.get("content", ()))


def taken(world: World, body: Record, one: Record | None) -> Record:
    """What is to be kept of an issue; one: as it is, None on a create. Raises Refused, by field."""
    told = dict(body.get("fields") or {})
    if one is None:
        for name in ("project", "issuetype", "summary"):
            if not told.get(name):
                raise invalid(**{name: "valid value is required"})
    values = {"custom": dict(one["custom"]) if one else {}}
    for name, value in told.items():
        values |= _field(world, name, value, values["custom"], is_new=one is None)
    if not values["custom"]:
        del values["custom"]
    return {**values, **_verbs(body.get("update") or {}, one)}


def _field(world: World, name: str, value: Any, custom: Record, *, is_new: bool) -> Record:
    if name in world.table("field"):
        custom[name] = _custom(world.get("field", name), value)
        return {}
    if name == "status":  # it is not looked at
        return {}
    if name not in _READERS or (name == "project" and not is_new):
        raise invalid(**{name: _UNKNOWN.format(name)})
    kept, read = _READERS[name]
    try:
        return {kept: read(world, value)}
    except (LookupError, TypeError, ValueError, Refused) as error:
        raise invalid(**{name: str(getattr(error, "told", error)) or "is not valid"}) from error


def _summary(_world: World, value: Any) -> str:
    if not value or "\n" in value:
        raise ValueError("The summary is invalid because it contains newline characters.")
    return str(value)


def _document(_world: World, value: Any) -> Any:
    if value is not None:
        must_be_document("description", value)
    return value


def _labels(_world: World, value: Any) -> list[str]:
    for word in value:
        if " " in word:
            raise ValueError(f"The label '{word}' contains spaces which is invalid.")
    return list(dict.fromkeys(value))


def _day(_world: World, value: Any) -> Any:
    return None if value is None else date.fromisoformat(value).isoformat()


def _known(words: tuple[str, ...], value: Any) -> str:
    if value["name"] not in words:
        raise ValueError(f"{value['name']} is not valid")
    return str(value["name"])


def _user(world: World, value: Any) -> Any:
    return None if value is None else world.get("user", value["accountId"])["id"]


_READERS: Final[dict[str, tuple[str, Any]]] = {
    "summary": ("summary", _summary),
    "description": ("description", _document),
    "labels": ("labels", _labels),
    "duedate": ("duedate", _day),
    "priority": ("priority", lambda _world, value: _known(PRIORITIES, value or {"name": "Medium"})),
    "issuetype": ("type", lambda _world, value: _known(TYPES, value)),
    "assignee": ("assignee", _user),
    "project": (
        "project",
        lambda world, value: project_named(world, value.get("id") or value.get("key"))["id"],
    ),
    "parent": ("parent", lambda world, value: value and world.get("issue", value["id"])["id"]),
}


def _custom(field: Record, value: Any) -> Any:
    if value is None:
        return None
    if field["kind"] == "textarea":
        must_be_document(field["id"], value)
    if field["kind"] == "textfield" and not isinstance(value, str):
        raise invalid(**{field["id"]: _NO_TEXT})
    if field["kind"] == "select" and value.get("value") not in field["options"]:
        raise invalid(**{field["id"]: f"Option value '{value.get('value')}' is not valid"})
    return copy.deepcopy(value)


def _verbs(update: Record, one: Record | None) -> Record:
    if set(update) - {"labels"}:
        raise invalid(**{name: _UNKNOWN.format(name) for name in update})
    if not update:
        return {}
    labels = list(one["labels"] if one else ())
    for verb in update["labels"]:
        ((word, label),) = verb.items()
        _labels_of(labels, word, label)
    return {"labels": labels}


def _labels_of(labels: list[str], word: str, label: str) -> None:
    if word == "add" and " " in label:
        raise invalid(labels=f"The label '{label}' contains spaces which is invalid.")
    if word == "add" and label not in labels:
        labels.append(label)
    if word == "remove" and label in labels:
        labels.remove(label)
