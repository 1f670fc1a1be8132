"""Tasks and notes: what is to be done, and what was written down, about contacts, accounts and opportunities.

A task names a person in one field and something else in another; a note has a single parent. Ids tell of which kind a
record is by how they begin.
"""

from __future__ import annotations

from collections.abc import Mapping as Facts
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Rejected
from integrations.kit.lens import Lens
from integrations.kit.lenses import choice, compute, on_day, ref
from integrations.kit.mapping import Mapping
from integrations.providers.salesforce.lenses import owner, when
from integrations.providers.salesforce.records import Kind, is_gone, resource
from integrations.providers.salesforce.soql import STAMP
from unified_api.models.crm import Note, Task

#: Under which a record says what it is about, by the kinds of these.
ABOUT = "about"
_BEGINNINGS = {"001": "account", "003": "contact", "006": "opportunity"}
_WHAT = ("account", "opportunity")
_STATUS = {
    "OPEN": ("Not Started", "In Progress", "Waiting on someone else", "Deferred"),
    "CLOSED": "Completed",
}
#: Tasks of these subtypes tell of what was done already.
TOLD = frozenset({"Call", "Email", "ListEmail"})
_TITLE = 80


def about(record: Facts[str, Any], fields: Facts[str, tuple[str, ...]]) -> dict[str, Any]:
    """A record with what it is about. fields: those that each name one record, and of which kinds that may be."""
    named: dict[str, Any] = {}
    for field, kinds in fields.items():
        if field in record:
            found = _BEGINNINGS.get(str(record[field])[:3])
            named |= {kind: record[field] if kind == found else None for kind in kinds}
    return {**record, ABOUT: named}


def task_of(record: dict[str, Any]) -> dict[str, Any]:
    """A task or event with what it is about; the account of a sale, or of a person, follows from that."""
    shown = about(record, {"WhoId": ("contact",), "WhatId": _WHAT})
    account = {"account": record["AccountId"]} if "AccountId" in record else {}
    return {**shown, ABOUT: {**shown[ABOUT], **account}}


def told_about(told: dict[str, Any], current: Any) -> dict[str, Any]:
    """The fields that name what a task or event is about: a person, and a sale or, without one, an account."""
    wanted, there = told.get(ABOUT, {}), (current or {}).get(ABOUT, {})
    fields = {name: value for name, value in told.items() if name != ABOUT}
    if "contact" in wanted:
        _see_replaced(current, "WhoId", ("contact",), wanted)
        fields["WhoId"] = wanted["contact"]
    if set(_WHAT) & set(wanted):
        _see_replaced(current, "WhatId", _WHAT, wanted)
        named = {name: wanted.get(name, there.get(name)) for name in _WHAT}
        if wanted.get("account") and named["opportunity"] and "opportunity" not in wanted:
            why = {"account": "follows from the opportunity there"}
            raise Rejected("it cannot be written like this", fields=why)
        fields["WhatId"] = named["opportunity"] or named["account"]
    return fields


def _see_replaced(current: Any, field: str, kinds: tuple[str, ...], wanted: Facts[str, Any]) -> None:
    """See that a field names nothing, or one of these kinds: what was never shown is not replaced unseen."""
    there = str((current or {}).get(field) or "")
    if there and _BEGINNINGS.get(there[:3]) not in kinds:
        why = f"would replace {there}, which it is about there and which is no {' or '.join(kinds)}"
        raise Rejected(
            "it cannot be written like this", fields={name: why for name in kinds if name in wanted}
        )


def _only_tasks(record: dict[str, Any]) -> dict[str, Any] | None:
    return None if record.get("TaskSubtype") in TOLD else task_of(record)


def _titled(_api: Api, told: dict[str, Any], current: Any) -> dict[str, Any]:
    """With its parent, and with a title, where there is none: what the note begins with."""
    parents = [one for one in told.get(ABOUT, {}).values() if one]
    fields = {name: value for name, value in told.items() if name != ABOUT}
    if current is not None:
        return fields
    if len(parents) != 1:
        why = "has to be one of contact, account and opportunity there"
        raise Rejected(
            "a note is about one record", fields=dict.fromkeys(told.get(ABOUT) or ("contact",), why)
        )
    title = str(fields.get("Body") or "").strip().split("\n")[0][:_TITLE]
    return {"Title": title or "Note", "ParentId": parents[0], **fields}


def _about(kind: str, **options: Any) -> Lens:
    return ref(f"{ABOUT}.{kind}", **options)


tasks = resource(
    Kind(name="Task", shape=_only_tasks, prepare=lambda _api, told, current: told_about(told, current)),
    Mapping(
        Task,
        remote_id="Id",
        version=STAMP,
        gone=compute(is_gone),
        subject="Subject",
        content="Description",
        status=choice("Status", _STATUS),
        owner=owner(),
        contact=_about("contact"),
        account=_about("account"),
        opportunity=_about("opportunity"),
        due_date=on_day("ActivityDate"),
        completed_date=when("CompletedDateTime", read_only=True),
    ),
    ("Subject", "Description", "Status", "OwnerId", "WhoId", "WhatId", "ActivityDate"),
    recognise=("subject",),
    sought={"Subject": "{subject}"},
)
notes = resource(
    Kind(
        name="Note",
        shape=lambda record: about(record, {"ParentId": tuple(_BEGINNINGS.values())}),
        prepare=_titled,
    ),
    Mapping(
        Note,
        remote_id="Id",
        version=STAMP,
        gone=compute(is_gone),
        content="Body",
        owner=owner(),
        contact=_about("contact", create_only=True),
        account=_about("account", create_only=True),
        opportunity=_about("opportunity", create_only=True),
        remote_created_at=when("CreatedDate", read_only=True),
        remote_updated_at=when(STAMP, read_only=True),
    ),
    ("Body", "OwnerId", "ParentId"),
    recognise=("content",),
)
