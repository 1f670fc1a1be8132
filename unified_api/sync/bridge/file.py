"""A bridge file: what it may say, read with the line of every mistake.

One file is one or several bridges between two accounts, by common model. What its keys mean stands in
docs/bridges.md; here, which there are, and what kind of thing each holds. Whether that can be meant of these
accounts is found out when it is applied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from unified_api.engine.normal import NORMALIZERS
from unified_api.engine.policy import DeleteRule, Direction, FirstContact, Shape, Winner
from unified_api.engine.values import Side
from unified_api.models.base import CUSTOM, common_model, relations
from unified_api.sync.bridge import regardless
from unified_api.sync.bridge.attachment_choice import Files
from unified_api.sync.bridge.configuration import Counterparts, Leaving
from unified_api.sync.bridge.fields import WINNERS
from unified_api.sync.bridge.marked import Fault, Marked, Path, Unreadable, bounded, read
from unified_api.sync.bridge.wish import Mistake
from unified_api.sync.models_bridge import Bridge

#: The dot in the name of a custom field is none between steps.
_CUSTOM_FIELD: Final = re.compile(rf"({re.escape(CUSTOM.removesuffix('.'))})\.")
#: A step, and the places in lists behind it.
_NUMBERED: Final = re.compile(r"(.*?)((?:\[[0-9]+\])*)", re.DOTALL)
#: Words for the priority of a bridge's work, as jobs have it.
PRIORITIES: Final[Mapping[str, int]] = {"high": 3, "normal": 5, "low": 7}


@dataclass(frozen=True)
class Each:
    """A mapping from names of its own to things of one kind."""

    kind: Any


@dataclass(frozen=True)
class Several:
    """A list of things of one kind."""

    kind: Any


#: A kind is `text`, `number`, `size`, `whole`, `flag`, `any` or `mapping`, the words that are possible, or the keys.
_LIMIT: Final = {"share": "number", "least": "whole"}
_SIDES: Final = tuple(side.value for side in Side)
ACCOUNT: Final[Mapping[str, Any]] = {
    "account": "text",
    "end_user": "text",
    "integration": "text",
    "category": "text",
}
FIELD: Final[Mapping[str, Any]] = {
    "direction": tuple(Direction),
    "winner": WINNERS,
    "otherwise": _SIDES,
    "first": tuple(FirstContact),
    "fills": "flag",
    "blanks": "flag",
    "normalizer": tuple(NORMALIZERS),
    "shape": tuple(Shape),
    "words": dict.fromkeys(_SIDES, Each("word")),
}
MODEL: Final[Mapping[str, Any]] = {
    "follows": "text",
    "match": Several("text"),
    "winner": tuple(Winner),
    "otherwise": _SIDES,
    "first": tuple(FirstContact),
    "fields": Each(FIELD),
    "references": Each(tuple(Counterparts)),
    "filter": dict.fromkeys(_SIDES, "mapping"),
    "leaving": tuple(Leaving),
    "start": {"from": "text", "canary": "whole"},
    "budget": {"creates": _LIMIT, "deletes": _LIMIT},
    "audit": "number",
    "content": tuple(Files),
    "cap": "size",
    "creates": Several(_SIDES),
    "constants": dict.fromkeys(_SIDES, Each("any")),
    "deletes": dict.fromkeys(_SIDES, tuple(DeleteRule)),
    "frequency": "number",
    "priority": tuple(PRIORITIES),
}
FILE: Final[Mapping[str, Any]] = {
    "name": "text",
    "tenant": "text",
    "goal": "text",
    "owner": "text",
    "mode": tuple(Bridge.Mode.values),
    "a": ACCOUNT,
    "b": ACCOUNT,
    "frequency": "number",
    "priority": tuple(PRIORITIES),
    "models": Each(MODEL),
}
_REQUIRED: Final[Sequence[tuple[Path, str]]] = (
    (("name",), "what the bridges of this file are called"),
    (("a",), "the account of side a: by account (its id), or by end_user and integration"),
    (("b",), "the account of side b: by account (its id), or by end_user and integration"),
    (("models",), "what is kept equal, by common model"),
)
_REQUIRED_OF_MODEL: Final = (
    (("fields",), "the fields that are kept equal"),
    (("winner",), f"whose edit prevails where both sides edited: one of {', '.join(Winner)}"),
)
_PLAIN: Final[Mapping[str, tuple[type | tuple[type, ...], str]]] = {
    "text": (str, "is no text; put it into quotes"),
    "word": ((str, type(None)), "is no text; put it into quotes"),
    "number": ((int, float), "is no number"),
    "size": ((int, str), "is no size such as 10 MB"),
    "whole": (int, "is no whole number"),
    "flag": (bool, "is neither true nor false"),
    "mapping": (dict, "is no mapping"),
}
_COUNTED: Final = frozenset({"number", "whole"})
#: No number that a file holds has a reason to be larger.
LARGEST: Final = 1_000_000_000


class FileRefused(ValueError):
    """A bridge file that cannot be applied; `mistakes` have their lines."""

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.name = name
        self.faults = tuple(sorted(set(faults), key=lambda one: (one.spot, one.sentence)))
        super().__init__("\n".join(f"{name}, line {one.spot.line}: {one.sentence}" for one in self.faults))


@dataclass(frozen=True)
class BridgeFile:
    """A file whose form is right. `name` of the file is for messages, `data` is what it says."""

    name: str
    data: Mapping[str, Any]
    marked: Marked = field(repr=False)

    @property
    def models(self) -> list[str]:
        """The common models, each behind those that its records refer to."""
        given = list(self.data["models"])
        ordered: list[str] = []
        for model in given:
            _place(model, given, self.data["models"], ordered, set())
        return ordered

    def refused(self, mistakes: Iterable[tuple[Path, Mistake]]) -> FileRefused:
        """These mistakes, each below a path of the file, with their lines."""
        return FileRefused(self.name, (self._fault(path, one) for path, one in mistakes))

    def _fault(self, path: Path, mistake: Mistake) -> Fault:
        whole = (*path, *_steps(mistake.place))
        return Fault(self.marked.spot(whole), str(mistake), whole)


def parse(text: str, name: str) -> BridgeFile:
    """Read the text of a file that is called so; raises FileRefused with all that is wrong with its form."""
    return _understood(read, text, name)


def of_data(data: Any, name: str) -> BridgeFile:
    """The same of what a file says as plain data, whose faults have a path and no line."""
    return _understood(bounded, data, name)


def _understood(read_as: Callable[[Any], Marked], told: Any, name: str) -> BridgeFile:
    try:
        marked = read_as(told)
    except Unreadable as error:
        raise FileRefused(name, error.faults) from None
    file = BridgeFile(name, marked.data, marked)
    wrong = [*_wrong(marked.data, FILE, ()), *_missing(marked.data)]
    if wrong:
        faults = [Fault(marked.spot(path), _told(path, sentence), path) for path, sentence in wrong]
        besides = file.refused(regardless.mistakes(marked.data)).faults
        raise FileRefused(name, [*faults, *_of_other_places(besides, faults)])
    return file


def _of_other_places(faults: Iterable[Fault], known: Sequence[Fault]) -> Iterator[Fault]:
    """Those of some faults that are about nothing of which it is known already that it has no right form."""
    formless = {other.path for other in known}
    for one in faults:
        if not any(one.path[:length] in formless for length in range(len(one.path) + 1)):
            yield one


def _wrong(value: Any, kind: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """What does not have the form that it should have, and where."""
    if isinstance(kind, Mapping | Each):
        yield from _wrong_mapping({} if value is None and path else value, kind, path)
    elif isinstance(kind, Several):
        if not isinstance(value, list):
            yield path, f"{value!r} is no list"
            return
        for number, item in enumerate(value):
            yield from _wrong(item, kind.kind, (*path, number))
    elif isinstance(kind, tuple):
        if value not in {str(word) for word in kind} if isinstance(value, str) else True:
            yield path, f"{value!r} is none of {', '.join(kind)}"
    elif kind != "any":
        expected, sentence = _PLAIN[kind]
        is_flag = isinstance(value, bool) and kind != "flag"
        if not isinstance(value, expected) or is_flag:
            yield path, f"{value!r} {sentence}"
        elif kind in _COUNTED and isinstance(value, int | float) and not abs(value) <= LARGEST:
            yield path, f"is beyond {LARGEST:,}"


def _wrong_mapping(value: Any, kind: Mapping[str, Any] | Each, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, dict):
        possible = "" if isinstance(kind, Each) else f"; possible keys are {', '.join(kind)}"
        yield path, f"{value!r} is no mapping{possible}"
        return
    for name, inner in value.items():
        if isinstance(kind, Each):
            yield from _wrong(inner, kind.kind, (*path, name))
        elif name in kind:
            yield from _wrong(inner, kind[name], (*path, name))
        else:
            yield (*path, name), f"unknown key; possible are {', '.join(kind)}"


def _missing(data: Any) -> Iterator[tuple[Path, str]]:
    """What has to be said and is not; what has not the form that it should have says nothing here."""
    if not isinstance(data, dict):
        return
    yield from ((path, f"is missing: {meaning}") for path, meaning in _REQUIRED if not data.get(str(path[0])))
    for side in _SIDES:
        account = _mapping(data.get(side))
        if account and "account" not in account and not {"end_user", "integration"} <= set(account):
            yield (side,), "give account (its id), or end_user and integration"
    for model, told in _mapping(data.get("models")).items():
        for path, meaning in _REQUIRED_OF_MODEL if isinstance(told, dict | None) else ():
            if not (told or {}).get(path[0]):
                yield ("models", model, *path), f"is missing: {meaning}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _told(path: Path, sentence: str) -> str:
    place = path[2:] if path[:1] == ("models",) and len(path) > 2 else path  # noqa: PLR2004 - below a model
    return f"{dotted(place)}: {sentence}" if place else sentence


def dotted(path: Path) -> str:
    """A path in one word: `models.ticketing.Ticket.fields.name`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _steps(place: str) -> Iterator[str | int]:
    """The steps of a dotted place: `filter.a.any[0].status`."""
    for part in _CUSTOM_FIELD.sub("\\1\0", place).split(".") if place else ():
        name, numbers = _NUMBERED.fullmatch(part).groups()  # type: ignore[union-attr]  # it matches every text
        yield name.replace("\0", ".")
        yield from (int(number) for number in re.findall(r"[0-9]+", numbers))


def _place(
    model: str, given: Sequence[str], told: Mapping[str, Any], ordered: list[str], above: set[str]
) -> None:
    """Put a model behind those that it refers to; in a circle, the one that the file has first stays first."""
    if model in ordered or model in above:
        return
    for other in _referred(model, told[model]):
        if other in given and other != model:
            _place(other, given, told, ordered, above | {model})
    ordered.append(model)


def _referred(model: str, told: Mapping[str, Any]) -> Iterator[str]:
    if follows := told.get("follows"):
        yield follows
    try:
        fields = relations(common_model(model))
    except (LookupError, ValueError):
        return  # said when it is applied
    by_email = [name for name, how in (told.get("references") or {}).items() if how == Counterparts.EMAIL]
    yield from (fields[name].to for name in told["fields"] if name in fields and name not in by_email)
