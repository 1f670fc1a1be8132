"""What a JMESPath finds in a record: the lens of custom fields, which no adapter knows beforehand."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from integrations.kit.errors import SHAPELESS, Unmappable
from integrations.kit.lens import Lens
from integrations.kit.paths import MISSING

_FIRST: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)+)"|([A-Za-z_]\w*)\b(?!\s*\())')

#: Counted beside the words that no mapping knows.
UNSEARCHED: Final = "cannot be searched"

#: Parts of a path that may read anything.
_ANYWHERE: Final = frozenset({"current", "value_projection"})


class NoPath(ValueError):
    """What somebody gave is no JMESPath; the sentence says where it goes wrong."""


class Unsearched(Unmappable):
    """A path cannot be searched in a record, such as the length of null. It quotes nothing of the record."""


@dataclass(frozen=True, kw_only=True)
class SearchLens(Lens):
    """path: a JMESPath. An answer that lacks the name it begins with does not speak of the field."""

    def read(self, record: Any) -> Any:
        """What is found; null where there is nothing. Raises Unsearched."""
        first = _FIRST.match(str(self.path))
        if first and isinstance(record, dict) and (first[1] or first[2]) not in record:
            return MISSING
        try:
            return compiled(str(self.path)).search(record)
        except (JMESPathError, *SHAPELESS):
            raise Unsearched(f"{self.path} {UNSEARCHED}") from None

    def touches(self, place: tuple[str, ...]) -> bool:
        """Whether it reads what stands at a place, or may: of what is no plain path, the first name decides."""
        tree = compiled(str(self.path)).parsed
        chain = _chain(tree)
        if chain is not None:
            return all(one == other for one, other in zip(chain, place, strict=False))
        nodes = list(_nodes(tree))
        return not place or any(
            node["type"] in _ANYWHERE or (node["type"], node.get("value")) == ("field", place[0])
            for node in nodes
        )


def _chain(node: dict[str, Any]) -> list[str] | None:
    """The names of a plain path, places in lists left out; None of anything else."""
    if node["type"] == "field":
        return [node["value"]]
    if node["type"] == "index":
        return []
    if node["type"] not in {"subexpression", "index_expression"}:
        return None
    inner = [_chain(child) for child in node["children"]]
    return None if None in inner else [name for names in inner for name in names or ()]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node["children"]:
        yield from _nodes(child)


@functools.lru_cache(maxsize=1024)
def compiled(text: str) -> Any:
    """The path, understood; raises NoPath."""
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise NoPath(f"{text!r} is no JMESPath: {str(error).splitlines()[0]}") from None
