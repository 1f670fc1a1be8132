"""YAML as plain data, with the place in the text of everything in it.

A small part of YAML: mappings, lists, text, numbers, true, false and null. What looks like a date stays text, and so do
the words that older YAML takes for flags (on, no …). A key that is given twice is a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import yaml

#: Characters, values and levels of a file, at the most; aliases can make few characters many values.
LONGEST: Final = 1_000_000
MOST: Final = 20_000
DEEPEST: Final = 30
_TOO_MUCH: Final = "there is too much in it"
#: What the parser says of an indentation, and what that is to whoever wrote the file.
_OTHERWISE: Final = "this line is indented otherwise than the lines around it"
_PLAINLY: Final = (
    ("expected <block end>", _OTHERWISE),
    ("expected '<document start>', but found '<block", _OTHERWISE),
    (
        "mapping values are not allowed here",
        f"{_OTHERWISE}, or has a colon too many (a text with one is quoted)",
    ),
    (r"found character '\t'", "a tab begins this line; indent it by spaces"),
)
Path = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Spot:
    """A line and a column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Fault:
    """What is wrong at a spot of a file, and of what data, where that is known."""

    spot: Spot
    sentence: str
    path: Path = ()


class Unreadable(ValueError):
    """A text that is no YAML as it is meant here."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(f"line {one.spot.line}: {one.sentence}" for one in faults))


@dataclass
class Marked:
    """Plain data, and where each part of it begins: a value of a mapping at its key."""

    data: Any
    spots: dict[Path, Spot] = field(default_factory=dict)
    plain: dict[Path, Spot] = field(default_factory=dict)

    def spot(self, path: Sequence[str | int]) -> Spot:
        """Where this is, or where the nearest is that has it: a plain value itself, anything else by its key."""
        for length in range(len(path), -1, -1):
            whole = tuple(path[:length])
            if whole in self.spots:
                is_it = length == len(path) and whole in self.plain
                return self.plain[whole] if is_it else self.spots[whole]
        return Spot(1, 1)


class _Loader(yaml.SafeLoader):
    """Safe, and of the plain words only those of JSON mean anything but text."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc] # so it is there, too
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """No deeper than files are; the composer calls itself for each level."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=_TOO_MUCH, problem_mark=self.get_mark())
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


for _tag, _words, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)([eE][-+][0-9]+)?", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_words})$"), list(_first))


def read(text: str) -> Marked:
    """Read a file; raises Unreadable."""
    if len(text) > LONGEST:
        raise Unreadable(Fault(Spot(1, 1), f"the file is longer than {LONGEST:,} characters"))
    try:
        return _read(_Loader(text))
    except yaml.YAMLError as error:
        raise Unreadable(_fault(error)) from None


def bounded(data: Any) -> Marked:
    """Data that never was a text, within the same limits; raises Unreadable."""
    inner, seen, depth = [data], 0, 0
    while inner:
        seen, depth = seen + len(inner), depth + 1
        if seen > MOST or depth > DEEPEST:
            raise Unreadable(Fault(Spot(1, 1), _TOO_MUCH))
        if any("\0" in one for one in inner if isinstance(one, str)):
            raise Unreadable(Fault(Spot(1, 1), "text without NUL characters is expected"))
        inner = [part for one in inner for part in _parts(one)]
    return Marked(data)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _read(loader: _Loader) -> Marked:
    node = loader.get_single_node()
    reader = _Reader(loader)
    data = None if node is None else reader.plain(node, ())
    if reader.faults:
        raise Unreadable(*reader.faults)
    return Marked(data, reader.spots, reader.scalars)


class _Reader:
    """From nodes to data, noting spots and faults on the way."""

    def __init__(self, loader: _Loader) -> None:
        self.spots: dict[Path, Spot] = {}
        self.scalars: dict[Path, Spot] = {}
        self.faults: list[Fault] = []
        self._loader = loader
        self._seen = 0

    def plain(self, node: yaml.Node, path: Path) -> Any:
        self.spots.setdefault(path, _spot(node))
        self._seen += 1
        if self._seen > MOST or len(path) > DEEPEST:
            raise yaml.MarkedYAMLError(problem=_TOO_MUCH, problem_mark=node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, number)) for number, item in enumerate(node.value)]
        self.scalars[path] = _spot(node)
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(Fault(_spot(key), "a key is one word"))
                continue
            if key.value in found:
                self.faults.append(Fault(_spot(key), f"{key.value!r} is given twice"))
            inner = (*path, key.value)
            self.spots[inner] = _spot(key)
            found[key.value] = self.plain(value, inner)
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node)  # text, numbers, flags, null; other tags are refused
        except ValueError:
            self.faults.append(Fault(_spot(node), f"{node.value!r} is no {node.tag.rpartition(':')[2]}"))
            return None


def _spot(node: yaml.Node) -> Spot:
    return Spot(node.start_mark.line + 1, node.start_mark.column + 1)


def _fault(error: yaml.YAMLError) -> Fault:
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        told = next((told for sign, told in _PLAINLY if sign in (error.problem or "")), None)
        about = told or ", ".join(part for part in (error.context, error.problem) if part)
        return Fault(Spot(mark.line + 1, mark.column + 1), f"this is no YAML: {about}")
    return Fault(Spot(1, 1), f"this is no YAML: {str(error).splitlines()[0]}")
