"""How a list goes on. A paging is frozen facts; where it stands is a small JSON state that can be stored.

    first page:   params(None)         -> query of the request
    next pages:   next(state, answer)  -> state, or None at the end
    any page:     params(state)        -> query, and the address where the provider names one

Every paging refuses to go in circles. Counted pages stop on an empty one; where the provider names the next page, an
empty one is followed, since some providers filter after they have cut the pages, but not for ever. A cursor that is
none is an error: taken for the end, it would make everything behind it look deleted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from integrations.kit.errors import Misconfigured
from integrations.kit.paths import MISSING, dig
from integrations.kit.strict import REPLACEMENT, unfit

State = dict[str, Any]
#: Empty pages in a row, each of which names a next one.
MOST_EMPTY = 100
#: Characters of a cursor or address: longer than what servers take in a request.
_LONGEST = 8_000
_NOTHING = (None, MISSING, "", False, 0)


@dataclass(frozen=True)
class Turn:
    """One answer as a paging sees it.

    count: items in it. size: number of items that a full page would have.
    """

    body: Any
    headers: Mapping[str, str]
    count: int


class Paging(Protocol):
    """How a list goes on."""

    def params(self, state: State | None) -> dict[str, str]:
        """The query parameters of the page that the state stands for; None is the first."""

    def next(self, state: State | None, turn: Turn) -> State | None:
        """The state of the page after this answer, None when this was the last."""


@dataclass(frozen=True)
class Whole:
    """No pages: everything comes in one answer."""

    def params(self, state: State | None) -> dict[str, str]:  # noqa: ARG002 - see Paging
        """Nothing."""
        return {}

    def next(self, state: State | None, turn: Turn) -> State | None:  # noqa: ARG002 - see Paging
        """The end."""
        return None


@dataclass(frozen=True)
class ByPage:
    """Numbered pages.

    total: dotted path, or header, of the number of all items; when it shrinks between two pages, later items
    moved forward, so the page before is read again.
    """

    page: str = "page"
    size_param: str | None = "page_size"
    size: int = 100
    first: int = 1
    total: str | None = None
    more: str | None = None

    def params(self, state: State | None) -> dict[str, str]:
        """Number and size."""
        number = state["page"] if state else self.first
        size = {self.size_param: str(self.size)} if self.size_param else {}
        return {self.page: str(number), **size}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """One page on; one back when the total shrank; the end when nothing says that there is more."""
        number = int(state["page"]) if state else self.first
        total = _number(dig(turn.body, self.total)) if self.total else None
        before = state.get("total") if state else None
        if total is not None and before is not None and total < before and number > self.first:
            return {"page": number - 1, "total": total}
        if turn.count == 0 or (self.more and not dig(turn.body, self.more)):
            return None
        if self.more is None and turn.count < self.size:
            return None
        return {"page": number + 1, "total": total}


@dataclass(frozen=True)
class ByOffset:
    """An offset in items. first: that of the first item.

    total: dotted path of the number of all items; when it shrinks between two pages, later items moved forward, so as
    many are read again.
    """

    offset: str = "offset"
    limit: str | None = "limit"
    size: int = 100
    total: str | None = None
    first: int = 0

    def params(self, state: State | None) -> dict[str, str]:
        """Offset and limit."""
        limit = {self.limit: str(self.size)} if self.limit else {}
        return {self.offset: str(self.first + (int(state["offset"]) if state else 0)), **limit}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """Further by what came, since a provider may cut the limit silently."""
        start = int(state["offset"]) if state else 0
        total = _number(dig(turn.body, self.total)) if self.total else None
        before = state.get("total") if state else None
        if total is not None and before is not None and total < before and start:
            return {"offset": max(0, start - (before - total)), "total": total}
        offset = start + turn.count
        done = turn.count == 0 or (offset >= total if total is not None else turn.count < self.size)
        return None if done else {"offset": offset, "total": total}


@dataclass(frozen=True)
class ByCursor:
    """A cursor, or page token, in the answer's body (dotted path) or in a header of it.

    more: dotted path of what says that there is more, for providers that name a cursor at the end, too; end: of what
    says that there is not.
    """

    param: str
    path: str | None = None
    header: str | None = None
    more: str | None = None
    end: str | None = None
    size_param: str | None = None
    size: int = 100

    def __post_init__(self) -> None:
        if (self.path is None) == (self.header is None):
            raise TypeError(
                "ByCursor: the next cursor stands either at path= or in header=; give one of them"
            )

    def params(self, state: State | None) -> dict[str, str]:
        """Cursor and size."""
        size = {self.size_param: str(self.size)} if self.size_param else {}
        return {**size, **({self.param: str(state["cursor"])} if state else {})}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """The cursor that the answer names; raises Misconfigured for one that is none, or was used before."""
        found = turn.headers.get(self.header) if self.header else dig(turn.body, self.path or "")
        if found in _NOTHING or (self.more and not dig(turn.body, self.more)) or _ends(self.end, turn):
            return None
        return _fresh("cursor", found, state, turn)


@dataclass(frozen=True)
class ByLink:
    """The whole address of the next page: in a Link header, or in the body at a dotted path.

    Only its query is used, and the path stays ours: a provider behind a proxy names hosts that we must not
    call. begin: further query of the first request alone, such as the page to begin at: what the provider leaves
    out of an address of its own must not be asked for again. end: dotted path of what says that there is no more, for
    providers that name an address at the end, too.
    """

    path: str | None = None
    rel: str = "next"
    size_param: str | None = None
    size: int = 100
    begin: Mapping[str, str] = field(default_factory=dict)
    end: str | None = None

    def params(self, state: State | None) -> dict[str, str]:
        """The query of the address."""
        if state:
            return dict(parse_qsl(state["query"], keep_blank_values=True))
        return {**({self.size_param: str(self.size)} if self.size_param else {}), **self.begin}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """The query of the next address; raises Misconfigured for one that is none, or was used before."""
        found = dig(turn.body, self.path) if self.path else _linked(turn.headers.get("Link", ""), self.rel)
        if found in _NOTHING or _ends(self.end, turn):
            return None
        return _fresh("query", _query(found), state, turn)


@dataclass(frozen=True)
class Among:
    """The lists of several addresses one after the other, each with the same paging.

    name: under which an address is told. places: what stands there, in the order of texts. What is added or goes
    between two pages moves nothing: a state says where it is by name.
    """

    name: str
    places: Sequence[str]
    paging: Paging

    def params(self, state: State | None) -> dict[str, str]:
        """The address, and the place in its list; nothing where there is no address."""
        place, inside = self._at(state)
        return {} if place is None else {self.name: place, **self.paging.params(inside)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """Further at the address, or the beginning of the next one."""
        place, inside = self._at(state)
        if place is None:
            return None
        if (following := self.paging.next(inside, turn)) is not None:
            return {"place": place, "inside": following}
        after = next((one for one in self.places if one > place), None)
        return None if after is None else {"place": after, "inside": None}

    def _at(self, state: State | None) -> tuple[str | None, State | None]:
        return (state["place"], state["inside"]) if state else (next(iter(self.places), None), None)


def _ends(path: str | None, turn: Turn) -> bool:
    """Whether an answer says, at this path, that it is the last."""
    return path is not None and dig(turn.body, path) is True


def _fresh(key: str, value: Any, before: State | None, turn: Turn) -> State:
    """The state of the next page; raises Misconfigured when the provider names none that can be asked for.

    The state remembers one earlier value, and a later one at each power of two (Brent): a circle of any
    length meets the mark in the end, and the state stays small.
    """
    if fault := _fault(value):
        raise Misconfigured(f"the provider names a next page that cannot be asked for: {fault}")
    number = int(before["turn"]) + 1 if before else 1
    mark = before["mark"] if before else None
    if before and value in (before[key], mark):
        raise Misconfigured("the provider names a page that it had named before; its list would never end")
    empty = 0 if turn.count else int(before.get("empty", 0) if before else 0) + 1
    if empty > MOST_EMPTY:
        raise Misconfigured(f"{empty} pages in a row are empty, and each names a next one")
    state = {key: value, "turn": number, "mark": value if number & (number - 1) == 0 else mark}
    return {**state, "empty": empty} if empty else state


def _fault(value: Any) -> str | None:
    """Why a cursor or query is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return f"a {type(value).__name__} stands where its name should"
    if len(str(value)) > _LONGEST:
        return f"its name has {len(str(value))} characters"
    if isinstance(value, str) and (REPLACEMENT in value or unfit(value)):
        return "its name holds characters that cannot be stored"
    return None


def _query(address: Any) -> str:
    """The query of an address; raises Misconfigured where it has none, as nothing else of it is used."""
    try:
        query = urlsplit(address).query if isinstance(address, str) else ""
    except ValueError:
        query = ""
    if not query:
        raise Misconfigured(
            "the provider names a next page that cannot be asked for: its address has no query"
        )
    return query


def _linked(header: str, rel: str) -> str | None:
    """The address of a relation in a Link header, RFC 8288."""
    for target, attributes in re.findall(r"<([^>]*)>((?:\s*;\s*[^,;=]+=(?:\"[^\"]*\"|[^,;\"]*))*)", header):
        if re.search(rf';\s*rel="?(?:[^";]*\s)?{re.escape(rel)}(?:\s[^";]*)?"?\s*(?:;|$)', attributes):
            return str(target)
    return None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
