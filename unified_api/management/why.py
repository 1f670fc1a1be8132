"""`manage.py bridge why`: why the fields of a record have the values that they have."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management.answering import Document, take_json
from unified_api.management.bridge.verb import one_tenant, take_tenant
from unified_api.models.base import common_model, wire_fields
from unified_api.sync.memory import telling
from unified_api.sync.memory.subject import Subject
from unified_api.sync.memory.walk import Image
from unified_api.sync.memory.why import why
from unified_api.sync.models_bridge import Bridge

#: So many fields that came with the record are told of together.
FEW: Final = 3


def take(parser: CommandParser) -> None:
    """The record and its field."""
    take_record(parser)
    take_json(parser)


def take_record(parser: CommandParser) -> None:
    """A record of a tenant, and one of its fields, or none for all."""
    parser.add_argument("record", help="id, as the API shows it, or that of its provider (a ticket's number)")
    parser.add_argument("field", nargs="?", help="such as status; by default all fields")
    take_tenant(parser)


def answer(options: dict[str, Any]) -> Document:
    """One answer for each field that was asked for; without one, for each that has a value.

    What bridges changed comes first, then what others wrote through us, then what people and programs did there,
    and last what came with the record.
    """
    with scope(one_tenant(options["tenant"])), transaction.atomic():
        subject = asked(options["record"], options["field"])
        known = [name for name, value in Image.of(subject.row).values.items() if value is not None]
        names = [options["field"]] if options["field"] else known
        answers = [telling.document(why(subject, name)) for name in names]
        return {"answers": sorted(answers, key=_rank)}


def tell(document: Document) -> Iterable[str]:
    """A sentence a field; of what came with the record, one for all."""
    answers = document["answers"]
    plain = [one for one in answers if _came_with_it(one)]
    if len(plain) < FEW:
        plain = []
    told = [one["sentence"] for one in answers if one not in plain]
    if plain:
        names = ", ".join(one["field"] for one in plain)
        told.append(f"As {_how(plain[0])}, and never changed since: {names}. Name one to be told of it.")
    return told or ["No field of this record has a value."]


def _rank(answer: Document) -> tuple[bool, bool, bool]:
    write = answer["steps"][0]["write"]
    return _came_with_it(answer), write is None, not (write and write["bridge_id"])


def _how(answer: Document) -> str:
    """How what came with a record came there."""
    write = answer["steps"][0]["write"]
    if write is None:
        return "they came with the record"
    return f"{'a bridge' if write['bridge_id'] else 'a write'} made the record with them"


def _came_with_it(answer: Document) -> bool:
    return bool(answer["steps"][0]["kind"] == "created")


def _bridged(remote_id: str) -> uuid.UUID:
    """The record that a provider knows by this id, among those of bridged accounts; raises CommandError."""
    found: dict[uuid.UUID, str] = {}
    for bridge in Bridge.objects.order_by("created_at", "id"):
        rows = common_model(bridge.model).objects.filter(
            linked_account_id__in=(bridge.account_a, bridge.account_b), remote_id=remote_id
        )
        sides = {bridge.account_a: "a", bridge.account_b: "b"}
        for one, account in rows.values_list("id", "linked_account_id"):
            found.setdefault(one, f"{bridge.model}, side {sides[account]} of {bridge.name or bridge.id}")
    if not found:
        raise CommandError(
            f"{remote_id!r} is no id of a record, neither ours (a UUID, as the API and `bridge status NAME` show it)"
            " nor that of its provider where a bridge reads it."
        )
    if len(found) > 1:
        told = "\n".join(f"  {record}: {place}" for record, place in found.items())
        raise CommandError(f"Several records have the id {remote_id!r}; say which by our own:\n{told}")
    return next(iter(found))


def asked(record: str, field: str | None) -> Subject:
    """The record that is asked about, within the tenant's scope; raises CommandError."""
    try:
        subject = Subject.find(uuid.UUID(record))
    except ValueError:
        subject = Subject.find(_bridged(record))
    if subject is None:
        raise CommandError(
            "This tenant has no record with this id; it may have been erased with its account."
        )
    names = wire_fields(subject.model)
    if field is not None and field not in names:
        raise CommandError(f"{subject.model.__name__} has no field {field!r}, but {', '.join(names)}.")
    return subject
