"""Properties and pipelines: what records can say, and what of that is refused."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.hubspot.common import KINDS, VESSELS, fault, kind_of, may_see, refusal, stamp
from tests.emulators.world import Record, World

on: Final = Routes()
LIFECYCLE: Final = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
)
_TEXT, _CHOICE, _NUMBER = ("string", "text"), ("enumeration", "select"), ("number", "number")
_MOMENT, _FLAG, _SEVERAL = ("datetime", "date"), ("bool", "booleancheckbox"), ("enumeration", "checkbox")
#: By kind and name: type and form, what can be chosen, and whether it is only read.
_TEXTS: Final = {
    "contacts": (
        *("firstname", "lastname", "email", "phone", "mobilephone", "company"),
        *("address", "city", "state", "zip", "country"),
    ),
    "companies": (
        *("name", "description", "industry", "website", "domain", "phone"),
        *("address", "address2", "city", "state", "zip", "country"),
    ),
    "deals": ("dealname", "description", "closed_lost_reason"),
    "notes": ("hs_note_body",),
    "tasks": ("hs_task_subject", "hs_task_body"),
    "leads": ("hs_lead_name", "hs_pipeline", "hs_pipeline_stage"),
    "calls": ("hs_call_title", "hs_call_body"),
    "meetings": ("hs_meeting_title", "hs_meeting_body"),
    VESSELS: (),
}
_NUMBERS: Final = {
    "companies": ("numberofemployees",),
    "deals": ("amount",),
    "contacts": ("score",),
    "calls": ("hs_call_duration",),
}
_MOMENTS: Final = {
    "deals": ("closedate",),
    **dict.fromkeys(("notes", "tasks", "calls"), ("hs_timestamp",)),
    "meetings": ("hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time"),
}
_READ_ONLY: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "contacts": {"notes_last_updated": _MOMENT},
    "companies": {"notes_last_updated": _MOMENT},
    "deals": {"notes_last_updated": _MOMENT, "hs_is_closed": _FLAG, "hs_is_closed_won": _FLAG},
    "tasks": {"hs_task_completion_date": _MOMENT},
}
_CHOICES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "contacts": {"lifecyclestage": LIFECYCLE},
    "companies": {"lifecyclestage": LIFECYCLE},
    "calls": {"hs_call_direction": ("INBOUND", "OUTBOUND")},
    "tasks": {"hs_task_status": ("NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED")},
}
_STAGES: Final = (
    ("appointmentscheduled", "Appointment scheduled", "0.2"),
    ("closedwon", "Closed won", "1.0"),
    ("closedlost", "Closed lost", "0.0"),
)


def add_property(
    world: World,
    kind: str,
    name: str,
    told: tuple[str, str] = _TEXT,
    options: tuple[str, ...] = (),
    *,
    fixed: bool = False,
    custom: bool = False,
) -> Record:
    """A property that records of a kind have."""
    listed = [
        {"label": one.title(), "value": one, "displayOrder": place, "hidden": False}
        for place, one in enumerate(options)
    ]
    facts = {
        "name": name,
        "label": name.replace("_", " ").capitalize(),
        "description": "",
        "type": told[0],
        "fieldType": told[1],
        "groupName": f"{KINDS[kind].singular}information",
        "options": listed,
        "hidden": False,
        "hubspotDefined": not custom,
        "calculated": False,
        "modificationMetadata": {
            "archivable": custom,
            "readOnlyDefinition": not custom,
            "readOnlyValue": fixed,
        },
    }
    return world.add("property", {"id": f"{kind}.{name}", "kind": kind, **facts})


def seed(world: World) -> None:
    """What every account has, with a number, a flag and a choice of the customer's own on contacts."""
    for kind, facts in KINDS.items():
        fixed = {"hs_object_id": _NUMBER, "hs_merged_object_ids": _TEXT, **_READ_ONLY.get(kind, {})}
        for name, form in {facts.created: _MOMENT, facts.changed: _MOMENT, **fixed}.items():
            add_property(world, kind, name, form, fixed=True)
        forms: dict[str, tuple[str, str]] = {
            "hubspot_owner_id": _CHOICE,
            **dict.fromkeys(_TEXTS[kind], _TEXT),
            **dict.fromkeys(_NUMBERS.get(kind, ()), _NUMBER),
            **dict.fromkeys(_MOMENTS.get(kind, ()), _MOMENT),
        }
        for name, form in forms.items():
            add_property(world, kind, name, form)
        for name, options in _CHOICES.get(kind, {}).items():
            add_property(world, kind, name, _CHOICE, options)
    add_property(world, "contacts", "vip", _FLAG, ("true", "false"), custom=True)
    add_property(world, "contacts", "hs_additional_emails", _SEVERAL)
    add_property(world, "contacts", "interests", _SEVERAL, ("printers", "scanners", "copiers"), custom=True)
    _seed_vessels(world)
    for name in ("pipeline", "dealstage"):
        add_property(world, "deals", name, _CHOICE)
    now = stamp(world.clock.now())
    for pipeline, label, prefix in (("default", "Sales pipeline", ""), ("4711", "Renewals", "4711_")):
        add_pipeline(world, pipeline, label, prefix, now)


def _seed_vessels(world: World) -> None:
    add_property(world, VESSELS, "call_sign", custom=True)
    add_property(world, VESSELS, "berths", _NUMBER, custom=True)
    add_property(world, VESSELS, "insured", _FLAG, ("true", "false"), custom=True)
    add_property(world, VESSELS, "flags", _SEVERAL, ("dk", "gb"), custom=True)


def add_pipeline(world: World, pipeline: str, label: str, prefix: str, now: str) -> Record:
    """A pipeline of deals with three stages."""
    both = {"createdAt": now, "updatedAt": now, "archived": False}
    stages = [
        {
            "id": f"{prefix}{name}",
            "label": told,
            "displayOrder": place,
            "metadata": {"isClosed": str(chance in {"1.0", "0.0"}).lower(), "probability": chance},
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            **both,
        }
        for place, (name, told, chance) in enumerate(_STAGES)
    ]
    return world.add(
        "pipeline", {"id": pipeline, "label": label, "displayOrder": 0, "stages": stages, **both}
    )


@on("GET", "/crm/v3/properties/{objectType}")
def list_properties(world: World, request: Request) -> Answer:
    """All of a kind."""
    kind = kind_of(world, request)
    may_see(world, kind)
    return Answer(200, {"results": of_kind(world, kind)})


def of_kind(world: World, kind: str) -> list[Record]:
    """The properties of a kind, as they are shown."""
    rows = [one for one in world.rows("property") if one["kind"] == kind]
    return [{k: v for k, v in one.items() if k not in {"id", "kind"}} for one in rows]


@on("GET", "/crm/v3/pipelines/{objectType}")
def list_pipelines(world: World, request: Request) -> Answer:
    """Those of deals."""
    rows = world.rows("pipeline") if kind_of(world, request) == "deals" else []
    return Answer(200, {"results": rows})


def stage_of(world: World, pipeline: Any, stage: Any) -> Record | None:
    """A stage of a pipeline."""
    found = world.table("pipeline").get(str(pipeline))
    return next((one for one in found["stages"] if one["id"] == stage), None) if found else None


def checked(world: World, kind: str, told: Record) -> dict[str, str]:
    """The properties of a body; raises Refused with all that is wrong with them."""
    faults = [one for name, value in told.items() if (one := _fault(world, kind, name, value))]
    if faults:
        raise refusal(400, "VALIDATION_ERROR", "Property values were not valid", *faults)
    return dict(told)


def _fault(world: World, kind: str, name: str, value: Any) -> Record | None:
    known = world.table("property").get(f"{kind}.{name}")
    if known is None:
        return fault(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if known["modificationMetadata"]["readOnlyValue"]:
        return fault(name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set')
    options = {one["value"] for one in known["options"]}
    words = value.split(";") if known["fieldType"] == "checkbox" else [value]
    if value and options and not set(words) <= options:
        return fault(name, "INVALID_OPTION", f"{value} was not one of the allowed options: {sorted(options)}")
    if value and known["type"] == "number" and not _is_number(value):
        return fault(name, "INVALID_INTEGER", f"{value} was not a valid number")
    if name == "email" and value and "@" not in value:
        return fault(name, "INVALID_EMAIL", f"Email address {value} is invalid")
    return None


def _is_number(told: str) -> bool:
    try:
        float(told)
    except ValueError:
        return False
    return True
