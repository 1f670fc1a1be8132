"""Questions in SOQL. Every value that goes into one is spelled here, so that none of them can end its literal."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.kit.errors import SHAPELESS, Misconfigured
from integrations.kit.paging import State, Turn
from integrations.kit.paths import dig

API = "/services/data/v62.0"
QUERY, QUERY_ALL = f"{API}/query", f"{API}/queryAll"
#: What every account may be asked.
ORGANIZATION = {"q": "SELECT Id FROM Organization"}
#: Records of a page, and of one composite request, which takes 2,000.
MOST = 500
STAMP = "SystemModstamp"
_ESCAPED = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)
#: Fields that are true or false, and are asked for without quotes.
_FLAGS = ("IsClosed", "IsWon")
#: Behind the name of a field in a parameter: it has to say one of several texts.
_ANY = "[]"
#: What is asked for, by the parameters that paging, filters and searches name.
Question = Callable[[Mapping[str, Any]], Mapping[str, str]]


def text(value: str) -> str:
    """A literal that is this text."""
    return f"'{value.translate(_ESCAPED)}'"


def moment(when: datetime) -> str:
    """A literal that is this moment, to the millisecond."""
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def any_of(name: str, values: Collection[str]) -> dict[str, str]:
    """The parameter by which a field has to say one of these texts, as `asks` understands it."""
    return {f"{name}{_ANY}": json.dumps(list(values))}


def asks(kind: str, *columns: str, where: tuple[str, ...] = ()) -> Question:
    """What is asked of a kind of records. Parameters in capitals are fields that have to say just that."""

    def question(params: Mapping[str, Any]) -> Mapping[str, str]:
        conditions = " AND ".join([*where, *_conditions(params)])
        asked = f"SELECT {', '.join(columns)} FROM {kind}"  # noqa: S608 - every value in it is spelled here
        asked += f" WHERE {conditions}" if conditions else ""
        return {"q": f"{asked} ORDER BY {_order(params)} LIMIT {int(params['size'])}"}

    return question


def _conditions(params: Mapping[str, Any]) -> Iterator[str]:
    if "at" in params:
        behind = f"({STAMP} = {params['at']} AND Id > {text(params['id'])})"
        yield f"({STAMP} > {params['at']} OR {behind})"
    elif "from" in params:
        yield f"{STAMP} >= {params['from']}"
    if "beyond" in params:
        yield f"Id > {text(params['beyond'])}"
    yield from (_says(name, value) for name, value in params.items() if name[0].isupper())


def _says(name: str, value: str) -> str:
    if name in _FLAGS:
        return f"{name} = {'true' if value == 'true' else 'false'}"
    if name.endswith(_ANY):
        return f"{name.removesuffix(_ANY)} IN ({', '.join(text(one) for one in json.loads(value))})"
    return f"{name} = {text(value)}"


def _order(params: Mapping[str, Any]) -> str:
    if "newest" in params:
        return "CreatedDate DESC, Id DESC"
    return f"{STAMP}, Id" if {"at", "from"} & set(params) else "Id"


@dataclass(frozen=True)
class ById:
    """All records by their ids, each page from the last one on: cursors of SOQL expire, and offsets end at 2,000."""

    size: int = MOST

    def params(self, state: State | None) -> dict[str, str]:
        """The size, and beyond which id."""
        return {"size": str(self.size), **({"beyond": state["beyond"]} if state else {})}

    def next(self, state: State | None, turn: Turn) -> State | None:  # noqa: ARG002 - see Paging
        """Beyond the last one; at the end of a page that is not full, and is not cut either, nothing follows."""
        return {"beyond": _last(turn, "Id")} if _goes_on(turn, self.size) else None


@dataclass(frozen=True)
class ByStamp:
    """What changed, by when it did and by id, each page from the last one on; what changes meanwhile is met later."""

    size: int = MOST

    def params(self, state: State | None) -> dict[str, str]:
        """The size, and behind which record."""
        return {"size": str(self.size), **({"at": state["at"], "id": state["id"]} if state else {})}

    def next(self, state: State | None, turn: Turn) -> State | None:  # noqa: ARG002 - see Paging
        """Behind the last one."""
        if not _goes_on(turn, self.size):
            return None
        try:
            at = moment(datetime.fromisoformat(_last(turn, STAMP)))
        except SHAPELESS as error:
            raise Misconfigured(
                "a record does not say when it changed, so that the list cannot go on"
            ) from error
        return {"at": at, "id": _last(turn, "Id")}


def _goes_on(turn: Turn, size: int) -> bool:
    """Whether more may follow: the page is full, or the provider has cut it."""
    return turn.count > 0 and (turn.count >= size or dig(turn.body, "done") is False)


def _last(turn: Turn, name: str) -> str:
    found = dig(turn.body, ("records", str(turn.count - 1), name))
    if not isinstance(found, str):
        raise Misconfigured(f"a record has no {name}, so that the list cannot go on")
    return found
