"""What an adapter says about a provider's addresses: facts, and plain functions where facts end.

A path and the values of `params` are templates: `{remote_id}`, every setting of the account and, when a
create is settled, every common value by its name. What is filled into a path is percent-encoded, so an id
cannot climb out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from integrations.kit.content import Content
from integrations.kit.lens import Lens
from integrations.kit.paging import Paging, State


class Api(Protocol):
    """What a function of an adapter may do: call the provider like the kit does, with all its rules."""

    settings: Mapping[str, str]

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer of a GET."""

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Any:
        """The decoded answer of a write; raises Uncertain when its outcome is not known.

        body: JSON, or a form with a file. repeatable: a second call does no harm.
        """

    def ask(self, path: str, question: Any) -> Any:
        """The decoded answer of a read that is asked for by POST."""

    def etag(self, path: str) -> str:
        """The ETag that a GET of this path answers with."""

    def key(self, table: str, word: str) -> str | None:
        """The id of a word in one of the provider's tables, None where the account does not have it."""

    def known(self, table: str) -> list[str]:
        """All words of a table."""

    def now(self) -> datetime:
        """The moment, in UTC."""


#: From the items of a page to the records in it: joins, nested resources and reshaping live in one of these.
Then = Callable[[Api, list[Any]], list[Any]]
#: A write that takes more than one call: from the remote body to the remote id of the record.
Steps = Callable[[Api, dict[str, Any]], str]

#: A read by id where no address has it: from the remote id to the record, None where there is none.
Find = Callable[[Api, str], Any]
#: An update that takes more than one call: from remote id, fields to be sent and the record as it was just before.
Amend = Callable[[Api, str, dict[str, Any], Any], None]
#: From the fields to be sent, and the record as it was just before (None on a create), to the whole body.
Body = Callable[[dict[str, Any], Any], Any]

#: Brings a create of several calls to its end, by remote id and remote body; raises Gone where nothing of it is left.
Complete = Callable[[Api, str, dict[str, Any]], None]


#: What a list of changes leaves out, such as records that went, as they are: of what happened since a moment. Given and
#: told anew is the place, in JSON, from which on the next run looks; None where all of it was looked through.
Behind = Callable[[Api, datetime, State | None], tuple[list[Any], State | None]]


@dataclass(frozen=True)
class Upload:
    """A create that sends a file. send: from the remote body and the file to the remote id of the record."""

    send: Callable[[Api, dict[str, Any], Content], str]


@dataclass(frozen=True)
class Download:
    """Where the bytes of a file are: at this path, or at the address that stands there, at a dotted path in the answer.

    What is on another host than the account's gets no credentials.
    """

    path: str
    address: str | None = None


@dataclass(frozen=True)
class Since:
    """How a list is asked for what changed: by a filter, or by an order.

    param, spell: the filter's query parameter, and how an instant is spelled in it. newest_first: query
    parameters that sort by change, newest first; the run then ends with the page that reaches back far
    enough. stamp: when an item of the answer changed; needed for an order, and without it a mapped
    `remote_updated_at` is looked at. offered: the name of a flag among the settings; an account without it has a
    provider that cannot be asked so.
    """

    param: str = ""
    spell: Callable[[datetime], str] = datetime.isoformat
    newest_first: Mapping[str, str] = field(default_factory=dict)
    stamp: Lens | None = None
    offered: str = ""

    def __post_init__(self) -> None:
        if bool(self.param) == bool(self.newest_first):
            raise TypeError("Since: changes are found by param= or by newest_first=; give one of them")
        if self.newest_first and self.stamp is None:
            raise TypeError("Since: an order needs stamp=, to know where to stop")

    def query(self, since: datetime) -> dict[str, str]:
        """The parameters that ask for changes since then."""
        return {self.param: self.spell(since)} if self.param else dict(self.newest_first)


@dataclass(frozen=True)
class GET:
    """A read.

    items: dotted path of the list in the answer ("" is the answer itself). item: the same for one record.
    params: a tuple of values repeats the parameter. first: a read by id answers with a list, which is empty when the
    record is gone. sole: in the place of a list stands the only record that there is. keyed: in its place stands an
    object, with the items by their ids. find: see Find; it takes the place of the request, and path only names it.
    then: see Then. pages: at most so many. body: the read is asked for by POST, with what this function makes of the
    parameters; told: tables of the provider, whose first word it is told beside these by their names. query: by GET,
    with what this one makes of them, as where one parameter takes a whole language. of: a name in the path that paging,
    or the fact of that name, fills in; each item of the answer is told it under this name, so that one list can go
    through several addresses. among: where these are the words of one of the provider's tables, which; the list goes
    through them, each with the paging. if_allowed: of what stands there, what a list of changes passes over where the
    credential may not read it. behind: see Behind; asked once, behind the last page of a list of changes. calls:
    requests that a record or a page takes at the most, with those of `find` or `then`.
    """

    path: str
    items: str | None = None
    item: str | None = None
    first: bool = False
    sole: bool = False
    keyed: bool = False
    total: str = ""
    params: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    paging: Paging | None = None
    since: Since | None = None
    then: Then | None = None
    find: Find | None = None
    pages: int | None = None
    calls: int = 1
    body: Callable[[Mapping[str, Any]], Any] | None = None
    told: tuple[str, ...] = ()
    query: Callable[[Mapping[str, Any]], Mapping[str, str]] | None = None
    of: str = ""
    among: str = ""
    if_allowed: tuple[str, ...] = ()
    behind: Behind | None = None

    def __post_init__(self) -> None:
        if self.items is not None and self.item is not None:
            raise TypeError(
                f"GET({self.path!r}): items= is for lists and item= for one record; give one of them"
            )
        of_list = (
            *(self.paging, self.since, self.first, self.sole),
            *(self.keyed, self.total, self.pages),
        )
        if self.items is None and any(of_list):
            names = "paging=, since=, first=, sole=, keyed=, total= and pages="
            raise TypeError(f"GET({self.path!r}): {names} need items=")
        if self.told and not self.body:
            raise TypeError(f"GET({self.path!r}): told= is for the function that body= names; give that too")
        if self.find and (self.items or self.item or self.then or self.params or self.body or self.query):
            raise TypeError(f"GET({self.path!r}): find= is all that is called; drop what else is given")
        if self.behind and not self.since:
            raise TypeError(f"GET({self.path!r}): behind= is for lists of what changed; give since= too")
        if (self.if_allowed or self.among) and not self.of_several:
            raise TypeError(
                f"GET({self.path!r}): if_allowed= and among= are for what of= fills in; give that too"
            )
        if self.body and self.query:
            raise TypeError(f"GET({self.path!r}): parameters go into body= or into query=; give one of them")

    @property
    def name(self) -> str:
        """Method and path, for errors."""
        return f"{'POST' if self.body else 'GET'} {self.path}"

    @property
    def of_several(self) -> bool:
        """Whether it goes through several addresses."""
        return bool(self.of) and f"{{{self.of}}}" in self.path


@dataclass(frozen=True)
class Stamp:
    """The moment of a record's last change, by which the provider refuses a write that comes too late.

    seconds: as fine as it is. Of two changes within these the provider cannot tell the second, so a record that changed
    just before it was read is read again when they are over.
    """

    moment: Lens
    seconds: float = 1.0


@dataclass(frozen=True)
class Write:
    """A call that changes something.

    answer: dotted path at which the answer shows the whole record; None when it does not, then it is read by
    id. remote_id: dotted path of the new record's id in the answer to a create. located: of an answer that names it in
    its Location header instead, a pattern whose group is the id. null: what the provider takes
    for null. conditional: the ETag of just before must be sent as If-Match. repeatable: a second call does no harm.
    body: what is sent, where that is not the fields alone. stamp: see Stamp; body sends it. key: a header with an id of
    its own for every call, by which the provider knows one that arrives twice. send: see Amend; it takes the place of
    the request of an update, or of a delete, which has no fields, and path only names it. calls: requests that `send`
    makes at the most, where it changes one reference of each kind.
    """

    method: ClassVar[str] = ""
    idempotent: ClassVar[bool] = False

    path: str
    answer: str | None = None
    remote_id: str = "id"
    located: str = ""
    null: Any = None
    conditional: bool = False
    repeatable: bool | None = None
    body: Body | None = None
    stamp: Stamp | None = None
    key: str = ""
    send: Amend | None = None
    calls: int = 1

    def __post_init__(self) -> None:
        if self.send and (self.answer is not None or self.conditional or self.body):
            raise TypeError(
                f"{self.method}({self.path!r}): send= is all that is called; drop what else is given"
            )
        if self.repeatable and self.conditional:
            raise TypeError(
                f"{self.method}({self.path!r}): a conditional write fails when repeated; drop one of the two"
            )

    @property
    def may_repeat(self) -> bool:
        """Whether the call may leave again when its first outcome is unknown."""
        declared = self.idempotent if self.repeatable is None else self.repeatable
        return declared and not self.conditional


class POST(Write):
    """A create, or an update where the provider has it so."""

    method = "POST"


class PATCH(Write):
    """An update of the fields that are sent."""

    method = "PATCH"


class PUT(Write):
    """An update that may be repeated."""

    method = "PUT"
    idempotent = True


class DELETE(Write):
    """A delete; an answer that the record is gone already is a success when the call had left before."""

    method = "DELETE"
    idempotent = True


@dataclass(frozen=True)
class Marked:
    """A field of the provider's by which a create is known again, at once and by nothing else.

    path: where it stands in the body of a create. get: a list of those that have `{mark}` in it.
    """

    path: str
    get: GET

    def __post_init__(self) -> None:
        if self.get.items is None:
            raise TypeError(f"Marked({self.path!r}): get= needs a GET with items=")

    @staticmethod
    def mark(values: Mapping[str, Any]) -> str:
        """The mark of a create that says these values: the same again for the same, and it tells nothing of them."""
        said = json.dumps(values, sort_keys=True, default=str)
        return f"isthmus-{hashlib.blake2b(said.encode(), digest_size=12).hexdigest()}"


@dataclass(frozen=True)
class Check:
    """How a credential is proved: a read that needs it, and who the provider says we are.

    identity: from the answer and the settings to what names the provider's own account, compared on relinking.
    formerly: from the settings to what named it where it was linked otherwise, or by an earlier version of the adapter:
    an account that is known by that is the same, and is known by its identity from then on. It is also given those of
    the settings that the provider told itself when an end user allowed it: the others may be anybody's word.
    """

    get: GET
    identity: Callable[[Any, Mapping[str, str]], str | None] = lambda _answer, _settings: None
    formerly: Callable[[Mapping[str, str], Mapping[str, str]], str | None] = lambda _settings, _told: None


@dataclass(frozen=True)
class Table:
    """A provider's own list of words, read once in a run.

    What their ids are (statuses, priorities, labels).
    """

    get: GET
    key: str = "id"
    word: str = "name"
