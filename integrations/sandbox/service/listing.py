"""Lists of a sandbox: which records, in which order, from where on."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import orjson
from django.db.models import F, Func, Q, QuerySet, TextField

from integrations.sandbox.models import Sandbox, SandboxRecord
from integrations.sandbox.service import behaviour
from integrations.sandbox.service.errors import malformed
from integrations.sandbox.service.matching import is_matching, matching
from integrations.sandbox.spelling import kind_of
from unified_api.models.base import CommonModel

_USUAL, _MOST = 50, 100
_KNOWN: Final = ("cursor", "limit", "changedSince", "newest")
_BUCKETS: Final = 10_000


@dataclass(frozen=True)
class Asked:
    """What a request asks for. after: behind which record the page begins, by place in the order and id.

    matching: what the fields of a record have to say, see `matching`.
    """

    limit: int = _USUAL
    since: dt.datetime | None = None
    newest: bool = False
    after: tuple[str, str] | None = None
    matching: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, params: Mapping[str, str]) -> Self:
        """The query parameters, understood; raises Refused."""
        fields = {name: told for name, told in params.items() if is_matching(name)}
        params = {name: told for name, told in params.items() if name not in fields}
        if unknown := sorted(set(params) - set(_KNOWN)):
            raise malformed(f"{unknown[0]} is no parameter of lists; known are {', '.join(_KNOWN)}.")
        try:
            limit = int(params.get("limit", _USUAL))
            since = params.get("changedSince")
            after = _opened(params["cursor"]) if "cursor" in params else None
            moment = _moment(since) if since else None
        except (ValueError, TypeError, binascii.Error, orjson.JSONDecodeError) as error:
            raise malformed(f"A parameter is not understood: {error}") from error
        return cls(min(max(limit, 1), _MOST), moment, params.get("newest") == "true", after, fields)


@dataclass(frozen=True)
class Order:
    """An order of records, by a column and then by id, rising or falling."""

    column: str
    falls: bool = False
    is_of_times: bool = True

    def behind(self, place: str, name: str) -> Q:
        """Behind what a cursor names; raises Refused where that is no place in this order."""
        try:
            return self.beyond(_moment(place) if self.is_of_times else place, name)
        except ValueError as error:
            raise malformed(f"The cursor is of no list like this one: {error}") from error

    def beyond(self, place: Any, name: str) -> Q:
        """Behind this place."""
        side = "lt" if self.falls else "gt"
        return Q(**{f"{self.column}__{side}": place}) | Q(**{self.column: place, f"name__{side}": name})

    def columns(self) -> list[str]:
        """As Django sorts by them."""
        return [f"{'-' if self.falls else ''}{name}" for name in (self.column, "name")]


def page(sandbox: Sandbox, model: type[CommonModel], asked: Asked) -> tuple[list[SandboxRecord], str | None]:
    """The records of a page, and the cursor of the next one; raises Refused."""
    told = behaviour.shown(sandbox)
    rows: QuerySet[Any] = SandboxRecord.objects.filter(
        *matching(model, asked.matching), sandbox_id=sandbox.id, kind=kind_of(model), removed_on=None
    )
    rows = rows.annotate(mixed=Func(F("name"), function="md5", output_field=TextField()))
    order = Order("changed_on")
    if asked.newest:
        order = Order("created_on", falls=True)
    elif told["shuffled"]:
        order = Order("mixed", is_of_times=False)
    if asked.since is not None:
        rows = rows.filter(changed_on__gte=asked.since)
    if asked.after is not None:
        rows = rows.filter(order.behind(*asked.after))
    found = list(rows.order_by(*order.columns())[: asked.limit + 1])
    here = found[: asked.limit]
    more = _sealed(getattr(here[-1], order.column), here[-1].name) if len(found) > asked.limit else None
    return [row for row in here if not vanished(row.name, told["vanishedShare"])], more


def vanished(name: str, share: float) -> bool:
    """Whether a record is among the share that plays to be gone: always the same ones."""
    bucket = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % _BUCKETS
    return bucket < share * _BUCKETS


def _sealed(place: Any, name: str) -> str:
    spelled = place.isoformat() if isinstance(place, dt.datetime) else place
    return base64.urlsafe_b64encode(orjson.dumps([spelled, name])).decode()


def _opened(cursor: str) -> tuple[str, str]:
    place, name = map(str, orjson.loads(base64.urlsafe_b64decode(cursor)))
    if "\0" in place + name:
        raise ValueError("the cursor holds a NUL character")
    return place, name


def _moment(told: str) -> dt.datetime:
    """A point in time; without a zone it is UTC."""
    moment = dt.datetime.fromisoformat(told)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
