"""What an adapter says about a provider's addresses: facts, and plain functions where facts end.

A path and the values of `params` are templates: `{remote_id}`, every setting of the account and, when a
create is settled, every common value by its name. What is filled into a path is percent-encoded, so an id
cannot climb out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from integrations.kit.content import Content
from integrations.kit.lens import Lens
from integrations.kit.paging import Paging


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

    def etag(self, path: str) -> str:
        """The ETag that a GET of this path answers with."""


#: From the items of a page to the records in it: joins, nested resources and reshaping live in one of these.
Then = Callable[[Api, list[Any]], list[Any]]
#: A write that takes more than one call: from the remote body to the remote id of the record.
Steps = Callable[[Api, dict[str, Any]], str]

#: Brings a create of several calls to its end, by remote id and remote body; raises Gone where nothing of it is left.
Complete = Callable[[Api, str, dict[str, Any]], None]


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
    `remote_updated_at` is looked at.
    """

    param: str = ""
    spell: Callable[[datetime], str] = datetime.isoformat
    newest_first: Mapping[str, str] = field(default_factory=dict)
    stamp: Lens | None = None

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
    first: a read by id answers with a list, which is empty when the record is gone. then: see Then. pages: at
    most so many.
    """

    path: str
    items: str | None = None
    item: str | None = None
    first: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
    paging: Paging | None = None
    since: Since | None = None
    then: Then | None = None
    pages: int | None = None

    def __post_init__(self) -> None:
        if self.items is not None and self.item is not None:
            raise TypeError(
                f"GET({self.path!r}): items= is for lists and item= for one record; give one of them"
            )
        if self.items is None and (self.paging or self.since or self.first or self.pages):
            raise TypeError(f"GET({self.path!r}): paging=, since=, first= and pages= need items=")


@dataclass(frozen=True)
class Write:
    """A call that changes something.

    answer: dotted path at which the answer shows the whole record; None when it does not, then it is read by
    id. remote_id: dotted path of the new record's id in the answer to a create. null: what the provider takes
    for null. condition: path whose ETag must be sent as If-Match. repeatable: a second call does no harm.
    """

    method: ClassVar[str] = ""
    idempotent: ClassVar[bool] = False

    path: str
    answer: str | None = None
    remote_id: str = "id"
    null: Any = None
    conditional: bool = False
    repeatable: bool | None = None

    def __post_init__(self) -> None:
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
class Check:
    """How a credential is proved: a read that needs it, and who the provider says we are.

    identity: from the answer and the settings to what names the provider's own account, compared on
    relinking.
    """

    get: GET
    identity: Callable[[Any, Mapping[str, str]], str | None] = lambda _answer, _settings: None


@dataclass(frozen=True)
class Table:
    """A provider's own list of words, read once in a run.

    What their ids are (statuses, priorities, labels).
    """

    get: GET
    key: str = "id"
    word: str = "name"
