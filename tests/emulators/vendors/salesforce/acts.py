"""What people do there: make, change, delete, merge, convert; and long transactions, which show later."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any, Final

from tests.emulators.vendors.salesforce.common import PREFIXES, new_id, now
from tests.emulators.vendors.salesforce.fields import fields_of
from tests.emulators.world import Record, World

_USUAL: Final[tuple[tuple[str, str, Any], ...]] = (
    ("Lead", "Status", "Open - Not Contacted"),
    ("Task", "Status", "Not Started"),
    ("Task", "Priority", "Normal"),
    ("Task", "TaskSubtype", "Task"),
    ("User", "IsActive", True),
    ("User", "UserType", "Standard"),
)
#: Of which kinds a field may name a record.
_NAMES: Final = {"OwnerId": ("User", "Group"), "AccountId": ("Account",), "WhoId": ("Contact", "Lead")}
_NAMED: Final = frozenset({"Lead", "Contact", "User"})


def new(world: World, kind: str, **told: Any) -> Record:
    """A record; whose it is if nobody says so, is the first user's."""
    moment = now(world)
    owned: Record = {"OwnerId": next(iter(world.table("User")), None)} if "OwnerId" in fields_of(kind) else {}
    values: Record = dict.fromkeys(fields_of(kind))
    flags: Record = {name: False for name, one in fields_of(kind).items() if one.type == "boolean"}
    usual: Record = {name: value for of, name, value in _USUAL if of == kind}
    values |= flags | owned | usual | {"CreatedDate": moment, "Id": new_id(world, kind)}
    record = world.add(kind, {"id": values["Id"], "values": values, "commits": None, "before": None})
    _keep(world, kind, record, told)
    return record


def edit(world: World, kind: str, record: Record, **told: Any) -> Record:
    """Have somebody change one."""
    _keep(world, kind, record, told)
    return record


def touch(world: World, kind: str, record: Record) -> None:
    """Have the system itself change one: no person has."""
    _keep(world, kind, record, {})


def long(world: World, kind: str, seconds: float, record: Record | None = None, **told: Any) -> Record:
    """Have a transaction make or change one that takes long: it shows at the end, with the stamp of its beginning."""
    before = copy.deepcopy(record)
    done = edit(world, kind, record, **told) if record else new(world, kind, **told)
    done.update(before=before, commits=world.clock.now() + timedelta(seconds=seconds))
    return done


def delete(world: World, kind: str, record: Record) -> None:
    """Put one into the bin."""
    _keep(world, kind, record, {"IsDeleted": True})


def merge(world: World, kind: str, master: Record, other: Record) -> None:
    """Have somebody merge two: the other one goes into the bin."""
    told = {
        name: value for name, value in other["values"].items() if value and not master["values"].get(name)
    }
    kept = {name: value for name, value in told.items() if "u" in fields_of(kind)[name].flags}
    _keep(world, kind, other, {"IsDeleted": True, "MasterRecordId": master["id"]})
    _keep(world, kind, master, kept)


def convert(world: World, lead: Record, sale: str = "") -> dict[str, Record]:
    """Have somebody make a contact and an account of a lead, and with a name also a sale."""
    said = lead["values"]
    account = new(world, "Account", Name=said["Company"])
    person = {name: said[name] for name in ("FirstName", "LastName", "Email", "LeadSource")}
    made = {"Account": account, "Contact": new(world, "Contact", AccountId=account["id"], **person)}
    if sale:
        day = (now(world) + timedelta(days=30)).date()
        stage = {"StageName": "Prospecting", "CloseDate": day}
        made["Opportunity"] = new(world, "Opportunity", Name=sale, AccountId=account["id"], **stage)
    ids = {f"Converted{kind}Id": one["id"] for kind, one in made.items()}
    day = now(world).date()
    _keep(
        world,
        "Lead",
        lead,
        {"IsConverted": True, "Status": "Closed - Converted", "ConvertedDate": day, **ids},
    )
    return made


def is_there(world: World, name: str, remote_id: str) -> bool:
    """Whether a field that names records may name this one."""
    kinds = _NAMES.get(name, tuple(PREFIXES))
    return any(remote_id in world.table(kind) for kind in kinds)


def _keep(world: World, kind: str, record: Record, told: Record) -> None:
    """Note what changes, and what follows from it."""
    values, moment = record["values"], now(world)
    values.update(told)
    record.update(before=None, commits=None)
    if kind in _NAMED:
        values["Name"] = " ".join(values[part] for part in ("FirstName", "LastName") if values.get(part))
    if kind == "Opportunity":
        stage = next(one["values"] for one in world.rows("OpportunityStage") if _is(one, values["StageName"]))
        values |= {name: stage[name] for name in ("IsClosed", "IsWon")}
    if kind in {"Task", "Event"}:
        values["AccountId"] = _account(world, values)
    if kind == "Task":
        values["IsClosed"] = values["Status"] == "Completed"
        values["CompletedDateTime"] = (values["CompletedDateTime"] or moment) if values["IsClosed"] else None
    world.obey(kind, record)
    values["SystemModstamp"] = moment
    if told:
        values["LastModifiedDate"] = moment
    world.happened("change", kind, {"id": record["id"]})


def _account(world: World, values: Record) -> Any:
    """The account that a task or event is about: it itself, or that of its sale, else that of its person."""
    if str(values["WhatId"]).startswith(PREFIXES["Account"]):
        return values["WhatId"]
    found = world.table("Opportunity").get(values["WhatId"]) or world.table("Contact").get(values["WhoId"])
    return found and found["values"]["AccountId"]


def _is(stage: Record, name: str | None) -> bool:
    """Whether a stage is of this name; one that nobody has made counts as the first."""
    return name is None or bool(stage["values"]["ApiName"] == name)
