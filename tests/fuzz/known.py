"""Ids of things that there are, for the places in paths, parameters and bodies that name them.

By chance alone nothing that is asked for would exist. What is listed at a path stands below it: each list of the
document is read once, with ids of the list above in its own path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fuzz.caller import Caller
from tests.fuzz.stage import Stage
from unified_api.api.openapi.document import Document, looked_up

PLACE: Final = re.compile(r"\{(\w+)\}")
#: What a path says of a record beside where it is listed.
ABOUT: Final = re.compile(r"/(meta/patch|ignore)(?=/)")
#: Where a caller gives records ids of its own, and which: so that what was put is got and deleted.
OWN: Final = re.compile(r"^/api/sync/v1/records/\w+\.\w+/\{id\}$")
OWN_IDS: Final = ("1", "two")
#: Of each list, so many of its ids are known.
MANY: Final = 5
#: How often a place gets a known id.
SHARE: Final = 0.7
#: The list whose ids a parameter, or a key of a body, takes.
NAMED: Final = {
    "bridge_id": "/api/sync/v1/bridges",
    "pair_id": "/api/sync/v1/pairs",
    "record_id": "/api/ticketing/v1/tickets",
    "with": "/api/sync/v1/pairs",
    "linked_account_id": "/api/ticketing/v1/linked-accounts",
}


@dataclass
class Known:
    """Ids by the path of the list that has them, whose places have no names; each list has the first one above it."""

    ids: dict[str, list[str]] = field(default_factory=dict)

    def dictionaries(self) -> dict[str, Any]:
        """The values, as the tool takes them; `first`: the one that lists below it were read of."""
        told = {path: {"values": ids} for path, ids in self.ids.items()}
        firsts = {f"first {path}": {"values": ids[:1]} for path, ids in self.ids.items()}
        return {"own": {"values": list(OWN_IDS)}, **told, **firsts}

    def everywhere(self) -> dict[str, Any]:
        """Which of them parameters and keys take, in whatever operation."""
        return {
            f"{where}.{name}": _bound(path)
            for name, path in NAMED.items()
            for where in ("query", "body")
            if path in self.ids
        }

    def of_path(self, path: str) -> dict[str, Any]:
        """Which of them the places of a path take."""
        if OWN.match(path):
            return {"path.id": _bound("own")}
        path = ABOUT.sub("", path)
        places = [(place[1], _above(path, place)) for place in PLACE.finditer(path)]
        known = [(name, above) for name, above in places if above in self.ids]
        return {
            f"path.{name}": _bound(above if (name, above) == places[-1] else f"first {above}")
            for name, above in known
        }

    def filled(self, path: str, query: list[str]) -> str:
        """A path with the first known ids in its places and parameters; raises LookupError where there are none."""
        with_ids = PLACE.sub(lambda place: self.ids[_above(path, place)][0], path)
        return f"{with_ids}?" + "&".join(f"{name}={self.ids[NAMED[name]][0]}" for name in query)


def known(stage: Stage, document: Document, caller: Caller) -> Known:
    """What all lists of the document have."""
    found = Known()
    for path, query in sorted(_lists(document), key=lambda one: (one[0].count("{"), len(one[1]))):
        try:
            asked = found.filled(path, query)
        except LookupError:  # nothing is listed above
            continue
        rows = stage.call("GET", asked.removeprefix("/api/"), token=caller.token(path) or "")["results"]
        if ids := [row.get("id") or row["bridge_id"] for row in rows[:MANY]]:
            found.ids[_bare(path)] = ids
    return found


def _lists(document: Document) -> Iterator[tuple[str, list[str]]]:
    """Paths that answer with pages of things that have ids, and the parameters that they have to be asked with."""
    for path, item in document["paths"].items():
        told = [looked_up(document, one) for one in item.get("get", {}).get("parameters", ())]
        needed = [one["name"] for one in told if one.get("required")]
        pages = "page_size" in {one["name"] for one in told}
        if pages and {*needed} <= {*NAMED} and {"id", "bridge_id"} & _keys(document, item["get"]):
            yield path, needed


def _keys(document: Document, operation: Document) -> set[str]:
    """The keys of the entries of a page."""
    told = looked_up(document, operation["responses"]["200"])["content"]["application/json"]["schema"]
    results = looked_up(document, told)["properties"]["results"]
    return {*looked_up(document, results["items"]).get("properties", {})}


def _bound(dictionary: str) -> dict[str, Any]:
    return {"dictionary": dictionary, "probability": SHARE}


def _above(path: str, place: re.Match[str]) -> str:
    """The list that has what stands in a place of a path."""
    return _bare(path[: place.start() - 1])


def _bare(path: str) -> str:
    return PLACE.sub("{}", path)
