"""How models are asked for: fields by name, conditions as a domain, pages by offset."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from integrations.kit.endpoints import GET, Api, Since, Then
from integrations.kit.errors import Misconfigured
from integrations.kit.lenses import compute
from integrations.kit.mapping import Mapping
from integrations.kit.paging import State, Turn
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.tryton.tagged import moment, tagged_moment

_STAMPS: Final = ("create_date", "write_date")
#: So many of the newest records are looked at for one whose create was not answered.
_FEW: Final = "20"


def encoded(value: Any) -> str:
    """A domain, an order or a context as Tryton takes it in an address or a header."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


_OLDEST_FIRST: Final = encoded([["id", "ASC"]])
_NEWEST_FIRST: Final = encoded([["id", "DESC"]])


@dataclass(frozen=True)
class ByRow:
    """Pages from a row on, the oldest record first. Each begins with the last record of the one before.

    If it does not, records before it were deleted meanwhile, and all moved forward: then the page before is read again.
    """

    size: int = 100

    def params(self, state: State | None) -> dict[str, str]:
        """The row, and how many: one of them is known already."""
        return {"p": str(state["row"] if state else 0), "s": str(self.size + 1)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """On from the last record; back where the first one is further than the last that was seen.

        Raises Misconfigured where one of these two has no id.
        """
        row, seen = (int(state["row"]), int(state["seen"])) if state else (0, 0)
        items = turn.body if isinstance(turn.body, list) else []
        if row and (not items or _id(items[0]) > seen):
            return {"row": max(0, row - self.size), "seen": seen}
        if len(items) <= self.size:
            return None
        return {"row": row + len(items) - 1, "seen": max(seen, _id(items[-1]))}


def _id(item: Any) -> int:
    found = dig(item, "id")
    if not isinstance(found, int):
        raise Misconfigured("a record has no number as its id, so that the list cannot go on")
    return found


def _stamped(record: Any) -> Iterator[datetime]:
    """When a record, and what was asked for with it, was made and changed."""
    for name, value in record.items() if isinstance(record, dict) else ():
        if name in _STAMPS and value is not None:
            yield moment(value)
        for inner in value if isinstance(value, list) else (value,):
            yield from _stamped(inner)


def last_change(record: Any) -> Any:
    """When a record was last changed, or made: until the first change `write_date` is null."""
    return max(_stamped(record), default=MISSING)


def of_itself(record: Any) -> Any:
    """The same of the record alone."""
    return last_change({name: record[name] for name in _STAMPS if name in record})


def _changed(joined: Iterable[str], since: datetime) -> str:
    """The domain of what changed since then, also in the records that are shown with it."""
    after = tagged_moment(since)
    return encoded(["OR", *([f"{path}{name}", ">", after] for path in ("", *joined) for name in _STAMPS)])


def asked(fields: Iterable[str], joined: Iterable[str]) -> tuple[str, ...]:
    """What is asked for: fields, and when it was made and changed, here and in the records that are shown with it."""
    return (*fields, *(f"{path}{name}" for path in ("", *joined) for name in _STAMPS))


def found(api: Api, model: str, domain: list[Any], *fields: str) -> list[Any]:
    """A few records that meet a domain, oldest first."""
    told = {"d": encoded(domain), "f": list(fields), "o": _OLDEST_FIRST, "s": _FEW}
    records = api.get(f"/{model}", told)
    if not isinstance(records, list):
        raise TypeError(f"a {type(records).__name__} is no list of records")
    return records


def of_model(
    mapping: Mapping,
    model: str,
    fields: Iterable[str],
    joined: tuple[str, ...] = (),
    then: Then | None = None,
    **more: Any,
) -> Resource:
    """What can be done with the records of a model.

    joined: where other records are shown, such as `party.`, whose changes count. Changes are committed after the moment
    that they bear, hence the lookback.
    """
    told: dict[str, str | tuple[str, ...]] = {"f": asked(fields, joined)}
    changes = Since(param="d", spell=lambda since: _changed(joined, since), stamp=compute(last_change))
    listed = GET(
        f"/{model}",
        items="",
        params={**told, "o": _OLDEST_FIRST},
        paging=ByRow(),
        since=changes,
        then=then,
    )
    recent = GET(f"/{model}", items="", params={**told, "o": _NEWEST_FIRST, "s": _FEW}, then=then)
    more = {"recent": recent, "lookback": 600.0, **more}
    return Resource(
        mapping=mapping,
        list=listed,
        get=GET(f"/{model}/{{remote_id}}", params=told, then=then),
        **more,
    )
