"""Records of all kinds: made, read by their ids one by one and many at once, changed, deleted."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.salesforce import acts
from tests.emulators.vendors.salesforce.checking import checked
from tests.emulators.vendors.salesforce.common import API, committed, eighteen, kind_of, refusal
from tests.emulators.vendors.salesforce.fields import visible
from tests.emulators.vendors.salesforce.querying import shown
from tests.emulators.vendors.salesforce.soql import no_field
from tests.emulators.world import Record, World

on: Final = Routes()
#: Ids of one composite request.
MOST: Final = 2_000
_CONVERTED: Final = "CANNOT_UPDATE_CONVERTED_LEAD"


@on("POST", f"{API}/sobjects/{{sobject}}")
def create(world: World, request: Request) -> Answer:
    """A new one."""
    kind = kind_of(world, request)
    told = checked(world, kind, request.body, "c")
    missing = [
        one.name
        for one in visible(world, kind).values()
        if "c" in one.flags and "!" in one.flags and "d" not in one.flags and not told.get(one.name)
    ]
    if missing:
        raise refusal(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", *missing)
    if kind == "Event" and not (told.get("StartDateTime") and told.get("EndDateTime")):
        raise refusal(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [DurationInMinutes]")
    if kind in world.table("duplicate rule") and "allowsave=true" not in _header(
        request, "duplicate-rule-header"
    ):
        _refuse_duplicates(world, kind, told)
    rule = world.table("assignment rule").get(kind)
    if rule and _header(request, "auto-assign") != "false":
        told["OwnerId"] = rule["owner"]
    made = acts.new(world, kind, **told)
    return Answer(201, {"id": made["id"], "success": True, "errors": []})


def _header(request: Request, name: str) -> str:
    return request.headers.get(f"sforce-{name}", "").lower().replace(" ", "")


def _refuse_duplicates(world: World, kind: str, told: Record) -> None:
    same = [
        one["values"]
        for one in world.rows(kind)
        if not one["values"]["IsDeleted"]
        and told.get("Email")
        and one["values"].get("Email") == told["Email"]
    ]
    if not same:
        return
    matches = [{"record": shown(kind, one, ("Id",)), "matchConfidence": 100.0} for one in same]
    found = {
        "allowSave": True,
        "matchResults": [{"entityType": kind, "matchRecords": matches, "success": True}],
    }
    # The vendor's own spelling.
    raise refusal(400, "DUPLICATES_DETECTED", "Use one of these records?", duplicateResut=found)


@on("GET", f"{API}/sobjects/{{sobject}}/{{id}}")
def show(world: World, request: Request) -> Answer:
    """One, with all that the account sees, or some of it."""
    kind = kind_of(world, request)
    found = _there(world, kind, request.params["id"])
    wanted = request.asked("fields")
    names = _named(world, kind, wanted.split(",")) if wanted else visible(world, kind)
    return Answer(200, shown(kind, found["values"], names))


@on("PATCH", f"{API}/sobjects/{{sobject}}/{{id}}")
def update(world: World, request: Request) -> Answer:
    """Change one, unless it has changed since a moment."""
    kind = kind_of(world, request)
    found = _there(world, kind, request.params["id"])
    _check_condition(request, found)
    if found["values"].get("IsConverted"):
        raise refusal(400, _CONVERTED, "cannot reference converted lead")
    told = checked(world, kind, request.body, "u")
    known = visible(world, kind)
    emptied = [name for name, value in told.items() if "!" in known[name].flags and value in (None, "")]
    if emptied:
        raise refusal(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: {emptied}", *emptied)
    rule = world.table("assignment rule").get(kind)
    assigned = {"OwnerId": rule["owner"]} if rule and _header(request, "auto-assign") != "false" else {}
    acts.edit(world, kind, found, **told, **assigned)
    return Answer(204)


def _check_condition(request: Request, found: Record) -> None:
    told = request.headers.get("if-unmodified-since")
    if told is None:
        return
    try:
        until = parsedate_to_datetime(told)
    except ValueError as error:
        raise Refused(400, "If-Unmodified-Since is no date") from error
    if found["values"]["SystemModstamp"] > until:
        raise refusal(412, "PRECONDITION_FAILED", "The precondition of the request has failed.")


@on("DELETE", f"{API}/sobjects/{{sobject}}/{{id}}")
def delete(world: World, request: Request) -> Answer:
    """Put one into the bin."""
    kind = kind_of(world, request)
    acts.delete(world, kind, _there(world, kind, request.params["id"]))
    return Answer(204)


@on("POST", f"{API}/composite/sobjects/{{sobject}}")
def read_many(world: World, request: Request) -> Answer:
    """Those of some ids, in their order; null stands in the place of one that is not there."""
    kind, body = kind_of(world, request), request.body
    names = _named(world, kind, body["fields"])
    if len(body["ids"]) > MOST:
        raise refusal(
            400, "EXCEEDED_ID_LIMIT", f"record limit reached. Cannot submit more than {MOST} records"
        )
    found = [_seen(world, kind, one) for one in body["ids"]]
    gone = [one is None or one["values"].get("IsDeleted") for one in found]
    return Answer(
        200,
        [
            None if is_gone else shown(kind, one["values"], names)
            for one, is_gone in zip(found, gone, strict=True)
        ],
    )


def _named(world: World, kind: str, names: list[str]) -> list[str]:
    known = visible(world, kind)
    for name in names:
        if name not in known:
            raise no_field(name, kind)
    return names


def _seen(world: World, kind: str, remote_id: str) -> Any:
    found = world.table(kind).get(eighteen(remote_id))
    return found and committed(world, found)


def _there(world: World, kind: str, remote_id: str) -> Record:
    found: Record | None = _seen(world, kind, remote_id)
    if found is None:
        raise Refused(404)
    if found["values"].get("IsDeleted"):
        raise refusal(404, "ENTITY_IS_DELETED", "entity is deleted")
    return found
