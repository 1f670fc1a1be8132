"""What all kinds of records have in common there: how they are listed, read with the fields that may be seen, written.

A list shows ids and stamps; records are read by these, in one composite request for a page. It names the fields that
`describe` shows to the account: one that field-level security hides has the whole question refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from integrations.kit.endpoints import DELETE, GET, PATCH, Api, Since, Stamp, Table
from integrations.kit.errors import Gone
from integrations.kit.lenses import instant
from integrations.kit.mapping import Mapping as FieldMapping
from integrations.kit.provider import Resource
from integrations.providers.salesforce.describe import described, field_classes, spelled, told_apart
from integrations.providers.salesforce.soql import (
    API,
    QUERY,
    QUERY_ALL,
    STAMP,
    ById,
    ByStamp,
    asks,
    moment,
)

#: With 15 signs or with 18, of which the last three are a checksum.
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
#: Of what is looked at for a create whose answer was lost.
FEW = 50
#: Seconds: a record shows when its transaction is over, under the stamp of when it was saved in it.
LOOKBACK = 900.0
#: Nobody but who is told gets the record: no assignment rule is run.
_AS_TOLD = {"Sforce-Auto-Assign": "FALSE"}
#: From the fields to be sent, and the record as it was just before, to all that go with them.
Prepare = Callable[[Api, dict[str, Any], Any], dict[str, Any]]
#: From a record to how it is shown; None where it is of another model.
Shape = Callable[[dict[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of records, by its name there.

    bin: what is deleted stays listed for a while. merges: two can be made one. fields: only these are read.
    shape, prepare: see Shape and Prepare.
    """

    name: str
    bin: bool = True
    merges: bool = False
    fields: frozenset[str] = frozenset()
    shape: Shape = lambda record: record
    prepare: Prepare = lambda _api, told, _current: told

    @property
    def path(self) -> str:
        """Where they are."""
        return f"{API}/sobjects/{self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """What lists show."""
        return (
            "Id",
            STAMP,
            *(("IsDeleted",) if self.bin else ()),
            *(("MasterRecordId",) if self.merges else ()),
        )

    def whole(self, api: Api, items: list[Any]) -> list[Any]:
        """The items that are deleted as they are, the others with all that the account may see of them."""
        gone = [item for item in items if item.get("IsDeleted") is True]
        ids = [item["Id"] for item in items if item.get("IsDeleted") is not True]
        asked = {"ids": ids, "fields": self._visible(api)} if ids else None
        found = api.ask(f"{API}/composite/sobjects/{self.name}", asked) if asked else []
        shown = (self._shown(api, one) for one in found if one is not None)
        return [*gone, *(one for one in shown if one is not None)]

    def find(self, api: Api, remote_id: str) -> Any:
        """A record by its id; of one that was merged, with the id of the one that is left."""
        if not _ID.fullmatch(remote_id):
            return None
        params = {"fields": ",".join(self._visible(api))} if self.fields else {}
        try:
            return self._shown(api, api.get(f"{self.path}/{remote_id}", params))
        except Gone:
            return self._merged(api, remote_id)

    def make(self, api: Api, body: dict[str, Any]) -> str:
        """A create. Assignment rules say whose it is, unless that is told."""
        told = {name: value for name, value in self.prepare(api, body, None).items() if value is not None}
        headers = _AS_TOLD if "OwnerId" in told else {}
        return str(api.send("POST", self.path, spelled(told), headers=headers)["id"])

    def change(self, api: Api, remote_id: str, patch: dict[str, Any], current: Any) -> None:
        """An update, refused if somebody has changed the record since it was read; none where that says it all."""
        seen = format_datetime(datetime.fromisoformat(current[STAMP]).astimezone(UTC), usegmt=True)
        told = spelled(self.prepare(api, patch, current))
        if not told:
            return
        api.send("PATCH", f"{self.path}/{remote_id}", told, headers={**_AS_TOLD, "If-Unmodified-Since": seen})

    def _merged(self, api: Api, remote_id: str) -> Any:
        if not self.merges:
            return None
        question = asks(self.name, *self.columns)({"Id": remote_id, "size": "1"})
        found = api.get(QUERY_ALL, question)["records"]
        return next((one for one in found if one["MasterRecordId"]), None)

    def _visible(self, api: Api) -> list[str]:
        """The fields that may be seen, of those that are read."""
        return sorted(name for name in api.known(self.name) if not self.fields or name in self.fields)

    def _shown(self, api: Api, record: dict[str, Any]) -> dict[str, Any] | None:
        return self.shape(told_apart(api, self.name, record))


def is_gone(record: dict[str, Any]) -> bool:
    """Whether a record is deleted, and not merged into another one."""
    return record.get("IsDeleted") is True and not record.get("MasterRecordId")


def resource(kind: Kind, mapping: FieldMapping, mapped: Iterable[str], **more: Any) -> Resource:
    """What can be done with a kind of records that can be written. mapped: the fields that common fields show."""
    there = ("IsDeleted = false",) if kind.bin else ()
    newest = {"newest": "yes", "size": str(FEW)}
    return Resource(
        mapping=mapping,
        # Archived activities are listed there alone.
        list=GET(
            QUERY_ALL,
            items="records",
            query=asks(kind.name, *kind.columns, where=there),
            paging=ById(),
            then=kind.whole,
            calls=2,
        ),
        changes=changed(kind),
        get=GET(f"{kind.path}/{{remote_id}}", find=kind.find),
        create=kind.make,
        update=PATCH(f"{kind.path}/{{remote_id}}", send=kind.change, stamp=Stamp(instant(STAMP))),
        delete=DELETE(f"{kind.path}/{{remote_id}}"),
        recent=GET(
            QUERY,
            items="records",
            params={**newest, **more.pop("sought", {})},
            query=asks(kind.name, *kind.columns),
            then=kind.whole,
            calls=2,
        ),
        tables=(kind.name,),
        lookback=LOOKBACK,
        custom=("",),
        field_classes=field_classes(kind.name, frozenset(mapped)),
        **more,
    )


def changed(kind: Kind) -> GET:
    """What changed since a moment, and what was deleted."""
    return GET(
        QUERY_ALL,
        items="records",
        query=asks(kind.name, *kind.columns),
        paging=ByStamp(),
        since=Since(param="from", spell=moment, stamp=instant(STAMP)),
        then=kind.whole,
        calls=2,
    )


def table(kind: str) -> Table:
    """The fields of a kind that the account may see, and the type of each."""
    return Table(described(kind), "type", "name")
