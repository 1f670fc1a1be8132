"""The records of a sandbox: what it holds at first, and every change. In the open transaction of its tenant.

Who changes something holds the sandbox's row, so stamps are given in the order of commits: a reader of changes misses
nothing.
"""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import orjson
from django.conf import settings
from django.db import connection
from django.utils import timezone

from integrations.sandbox import custom_fields
from integrations.sandbox.data import generate
from integrations.sandbox.data.records import Record, after
from integrations.sandbox.models import Sandbox, SandboxRecord
from integrations.sandbox.service import announcing, bodies, keeping
from integrations.sandbox.service.bodies import Body
from integrations.sandbox.service.errors import Refused, invalid, unknown
from integrations.sandbox.spelling import CHANGED, CREATED, kind_named, kind_of, kinds, spelled
from tenants import door, secrets
from tenants.scope import current_tenant
from tenants.tokens import Prefix, new_token
from tenants.vault import Randomness, Secret
from unified_api.models.base import CommonModel, common_model, model_id, wire_fields

DOOR: Final = "sandbox key"
_AT_ONCE: Final = 500


class Made(NamedTuple):
    """A new sandbox, and the key that opens it."""

    sandbox: Sandbox
    key: Secret


def make(category: str, seed: str, *, randomness: Randomness = os.urandom) -> Made:
    """A sandbox of the tenant in scope, filled from its seed; raises Refused where there are enough."""
    _refuse_more()
    key = new_token(Prefix.SANDBOX, randomness)
    sandbox = Sandbox.objects.create(category=category, seed=seed, changed_on=timezone.now())
    door.open_door(DOOR, key, reference=sandbox.id)
    keeping.note_use(sandbox, sandbox.changed_on)
    _put(sandbox)
    return Made(sandbox, key)


def _refuse_more() -> None:
    """Who makes one counts first, and alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{current_tenant()} sandboxes"]
        )
    most = settings.SANDBOXES_PER_TENANT
    if Sandbox.objects.count() >= most:
        told = f"There are {most} sandboxes already, as many as one tenant may have (SANDBOXES_PER_TENANT). End one:"
        told += " DELETE /sandbox/v1/account with its key, or `manage.py sandbox end`."
        raise Refused(HTTPStatus.CONFLICT, told)


def fill(sandbox: Sandbox) -> None:
    """Put what the seed gives in the place of all that there is; who listens hears of what had been touched."""
    mine = SandboxRecord.objects.filter(sandbox_id=sandbox.id)
    touched = list(mine.filter(changed_on__gte=sandbox.created_at).values_list("kind", "name"))
    mine.delete()
    _put(sandbox)
    announcing.announce(sandbox, "changed", touched)


def _put(sandbox: Sandbox) -> None:
    told = generate(sandbox.category, sandbox.seed)
    rows = [
        _first(sandbox.id, common_model(name), at, one)
        for name, records in told.items()
        for at, one in enumerate(records)
    ]
    SandboxRecord.objects.bulk_create(rows, batch_size=_AT_ONCE)


def _first(sandbox_id: uuid.UUID, model: type[CommonModel], at: int, record: Record) -> SandboxRecord:
    """A record of the beginning. A file holds its name, so that each has something in it."""
    made: dt.datetime = record.get("remote_created_at") or after(minutes=at)
    changed: dt.datetime = record.get("remote_updated_at") or made
    row = SandboxRecord(
        sandbox_id=sandbox_id,
        kind=kind_of(model),
        name=record["remote_id"],
        created_on=made,
        changed_on=max(made, changed),
        content=f"This is {record['file_name']}.\n".encode() if is_file(model) else None,
    )
    custom = custom_fields.values(model_id(model), at)
    _write_body(row, model, {**bodies.spelled_out(model, record), **custom})
    return row


def is_file(model: type[CommonModel]) -> bool:
    """Whether there are bytes beside the fields."""
    return "file_url" in wire_fields(model)


def shown(row: SandboxRecord, model: type[CommonModel], address: str) -> Body:
    """A record as the system answers with it. address: of the service, for files."""
    own = {"id": row.name, CREATED: spelled(row.created_on), CHANGED: spelled(row.changed_on)}
    body = {**own, **_body_of(row)}
    if is_file(model):
        body[bodies.path_of(model, "file_url")] = f"{address}/objects/{row.kind}/{row.name}/content"
        body[bodies.path_of(model, "size")] = len(row.content or b"")
    return body


def version(row: SandboxRecord) -> str:
    """Its ETag."""
    return f'"{round(row.changed_on.timestamp() * 1_000_000)}"'


def one(sandbox: Sandbox, kind: str, name: str, *, lock: bool = False) -> SandboxRecord:
    """The record of an id; raises Refused."""
    rows = SandboxRecord.objects.filter(sandbox_id=sandbox.id, kind=kind, name=name, removed_on=None)
    rows = rows.select_for_update() if lock else rows
    found: SandboxRecord | None = None if "\0" in name else rows.first()
    if found is None:
        raise unknown(kind, name)
    return found


def create(
    sandbox_id: uuid.UUID, model: type[CommonModel], body: Body, content: bytes | None = None
) -> SandboxRecord:
    """A new record; raises Refused."""
    sandbox = _held(sandbox_id)
    _check(sandbox, model, body)
    sandbox.serial += 1
    stamp, kind = _stamped(sandbox), kind_of(model)
    row = SandboxRecord(
        sandbox_id=sandbox.id,
        kind=kind,
        name=f"{kind}-{sandbox.serial}",
        created_on=stamp,
        changed_on=stamp,
        content=content if content is not None or not is_file(model) else b"",
    )
    fields = (bodies.path_of(model, name) for name in wire_fields(model))
    absent = dict.fromkeys([*fields, *custom_fields.of(model_id(model))])
    own = {CREATED, CHANGED, *(bodies.path_of(model, n) for n in ("file_url", "size") if is_file(model))}
    _write_body(row, model, {**{path: None for path in absent if path not in own}, **body})
    row.save(force_insert=True)
    announcing.announce(sandbox, "created", [(kind, row.name)])
    return row


def change(
    sandbox_id: uuid.UUID, model: type[CommonModel], name: str, body: Body, seen: str | None
) -> SandboxRecord:
    """Other values in some fields. seen: the version that the writer saw. Raises Refused."""
    sandbox = _held(sandbox_id)
    row = one(sandbox, kind_of(model), name)
    _refuse_moved(row, seen)
    before = _body_of(row)
    _check(sandbox, model, body, {**before, **body})
    if {**before, **body} != before:
        row.changed_on = _stamped(sandbox)
        _write_body(row, model, {**before, **body})
        row.save()
        announcing.announce(sandbox, "changed", [(row.kind, row.name)])
    return row


def remove(sandbox_id: uuid.UUID, kind: str, name: str, seen: str | None) -> None:
    """Have a record gone; raises Refused."""
    sandbox = _held(sandbox_id)
    row = one(sandbox, kind, name)
    _refuse_moved(row, seen)
    row.removed_on = row.changed_on = _stamped(sandbox)
    row.save(update_fields=["removed_on", "changed_on"])
    announcing.announce(sandbox, "removed", [(kind, name)])


def matching(sandbox_id: uuid.UUID, kind: str, wanted: Mapping[str, Any]) -> Sequence[SandboxRecord]:
    """Records with these values in their fields, two at the most; who asks goes on to write, and holds the sandbox."""
    rows = SandboxRecord.objects.filter(sandbox_id=_held(sandbox_id).id, kind=kind, removed_on=None)
    return list(rows.filter(body__contains=dict(wanted)).order_by("created_on", "name")[:2])


def _held(sandbox_id: uuid.UUID) -> Sandbox:
    """The sandbox, for who changes something in it."""
    found: Sandbox = Sandbox.objects.select_for_update().get(id=sandbox_id)
    return found


def _stamped(sandbox: Sandbox) -> dt.datetime:
    """The moment of a change, later than every one before."""
    sandbox.changed_on = max(timezone.now(), sandbox.changed_on + dt.timedelta(microseconds=1))
    sandbox.save(update_fields=["changed_on", "serial"])
    return sandbox.changed_on


def _refuse_moved(row: SandboxRecord, seen: str | None) -> None:
    if seen not in {None, "*", version(row)}:
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "The record has changed since that version.")


def _check(sandbox: Sandbox, model: type[CommonModel], body: Body, whole: Body | None = None) -> None:
    """Refuse what cannot be stored: unknown fields and words, other shapes, and records that are not there."""
    found = bodies.faults(model, body)
    found = found or {path: why for path, why in _strangers(sandbox, model, whole or body) if path in body}
    if found:
        raise invalid(found)


def _strangers(sandbox: Sandbox, model: type[CommonModel], body: Body) -> Iterator[tuple[str, str]]:
    for path, to, name in bodies.references(model, body):
        kind = kind_named(to, sandbox.category)
        rows = SandboxRecord.objects.filter(sandbox_id=sandbox.id, kind=kind, name=name, removed_on=None)
        if kind is None or not rows.exists():
            yield path, f"there is no {kind or to} {name}"


def _body_of(row: SandboxRecord) -> Body:
    sealed = orjson.loads(secrets.opened(row, "sealed_body").reveal()) if row.sealed_body else {}
    return {**row.body, **sealed}


def _write_body(row: SandboxRecord, model: type[CommonModel], body: Body) -> None:
    """Keep what is sensitive apart, sealed."""
    apart = bodies.hidden(model)
    row.body = {path: value for path, value in body.items() if path not in apart}
    if sensitive := {path: body[path] for path in apart if path in body}:
        secrets.put(Secret(orjson.dumps(sensitive).decode()), row, "sealed_body")


def model_of(sandbox: Sandbox, kind: str) -> type[CommonModel]:
    """The common model of a kind; raises Refused."""
    try:
        return kinds(sandbox.category)[kind]
    except KeyError:
        known = ", ".join(kinds(sandbox.category))
        raise Refused(HTTPStatus.NOT_FOUND, f"There are no objects {kind!r}; known are {known}.") from None
