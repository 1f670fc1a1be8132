"""Questions: a page of records that are there, or also of those in the bin; the next page by its address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.salesforce import soql
from tests.emulators.vendors.salesforce.common import (
    API,
    ORGANIZATION,
    PREFIXES,
    committed,
    kind_of,
    refusal,
    spelled,
)
from tests.emulators.vendors.salesforce.fields import Field, fields_of, visible
from tests.emulators.world import Record, World

on: Final = Routes()
#: Records of a page; a test may make it fewer, as Salesforce itself does.
PAGE: Final = 2_000
_BIN_LASTS: Final = timedelta(days=15)
_ORGANIZATION: Final = {"Id": Field("Id", "id", 18, "!"), "Name": Field("Name", "string", 80, "!")}


@on("GET", f"{API}/query")
def query(world: World, request: Request) -> Answer:
    """What is there."""
    return _asked(world, request, with_bin=False)


@on("GET", f"{API}/queryAll")
def query_all(world: World, request: Request) -> Answer:
    """What is there, or in the bin, or archived."""
    return _asked(world, request, with_bin=True)


@on("GET", f"{API}/query/{{cursor}}")
def query_more(world: World, request: Request) -> Answer:
    """The next page."""
    cursor, _, place = request.params["cursor"].rpartition("-")
    found = world.table("cursor").get(cursor)
    if found is None:
        raise refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(found, int(place))


def _asked(world: World, request: Request, *, with_bin: bool) -> Answer:
    def seen(kind: str) -> dict[str, Field]:
        if kind == "Organization":
            return _ORGANIZATION
        if kind not in PREFIXES or kind in world.table("hidden"):
            raise refusal(400, "INVALID_TYPE", f"sObject type '{kind}' is not supported.")
        return visible(world, kind)

    asked = soql.parse(request.asked("q") or "", seen)
    found = asked.of(rows(world, asked.kind, with_bin=with_bin))
    records = [shown(asked.kind, one, asked.names) for one in found]
    cursor = world.add("cursor", {"id": f"01g5g{world.next_id('cursor'):0>10}", "records": records})
    return _page(cursor, 0)


def _page(cursor: Record, place: int) -> Answer:
    all_, some = cursor["records"], cursor["records"][place : place + PAGE]
    behind = place + len(some)
    if behind >= len(all_):
        return Answer(200, {"totalSize": len(all_), "done": True, "records": some})
    more = {"nextRecordsUrl": f"{API}/query/{cursor['id']}-{behind}"}
    return Answer(200, {"totalSize": len(all_), "done": False, **more, "records": some})


def rows(world: World, kind: str, *, with_bin: bool) -> list[dict[str, Any]]:
    """The values of the records of a kind that others can see."""
    if kind == "Organization":
        return [{"Id": ORGANIZATION, "Name": "Acme"}]
    there = [one for record in world.rows(kind) if (one := committed(world, record)) is not None]
    until = world.clock.now() - _BIN_LASTS
    return [
        one["values"]
        for one in there
        if not one["values"].get("IsDeleted") or (with_bin and one["values"]["SystemModstamp"] > until)
    ]


def shown(kind: str, values: dict[str, Any], names: Any) -> Record:
    """A record with some of its fields."""
    known = {} if kind == "Organization" else fields_of(kind)
    told = {name: spelled(values.get(name)) for name in names}
    flags = {name: bool(told[name]) for name in told if name in known and known[name].type == "boolean"}
    return {"attributes": {"type": kind, "url": f"{API}/sobjects/{kind}/{values['Id']}"}, **told, **flags}


@on("GET", f"{API}/sobjects/{{sobject}}/deleted")
def deleted(world: World, request: Request) -> Answer:
    """What was deleted in a span of time, which begins no more than 15 days ago."""
    kind = kind_of(world, request)
    start, end = (_moment(request, name) for name in ("start", "end"))
    if start < world.clock.now() - _BIN_LASTS:
        raise refusal(400, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
    found = [
        {"id": one["Id"], "deletedDate": spelled(one["SystemModstamp"])}
        for one in rows(world, kind, with_bin=True)
        if one.get("IsDeleted") and start <= one["SystemModstamp"] <= end
    ]
    return Answer(200, {"deletedRecords": found, "earliestDateAvailable": spelled(start), **_until(end)})


@on("GET", f"{API}/sobjects/{{sobject}}/updated")
def updated(world: World, request: Request) -> Answer:
    """The ids of what changed in a span of time."""
    kind = kind_of(world, request)
    start, end = (_moment(request, name) for name in ("start", "end"))
    found = [one["Id"] for one in rows(world, kind, with_bin=False) if start <= one["SystemModstamp"] <= end]
    return Answer(200, {"ids": found, **_until(end)})


def _until(end: datetime) -> dict[str, str]:
    return {"latestDateCovered": spelled(end)}


def _moment(request: Request, name: str) -> datetime:
    try:
        return datetime.fromisoformat(request.asked(name) or "")
    except ValueError as error:
        raise Refused(400, f"{name} is no moment") from error
