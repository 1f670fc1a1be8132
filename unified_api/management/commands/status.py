"""`manage.py status`: whether this installation works, and how it stands with each tenant."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandParser

from tenants.operators import as_operator
from unified_api.management.answering import AnsweringCommand, Document, counted, moment, table, tenant_id
from unified_api.observe import standing
from unified_api.serve import health

#: Streams without trouble are listed for people up to this number.
FEW = 40


class Command(AnsweringCommand):
    """Version, database, broker, heartbeats; per tenant accounts, streams, writes and jobs."""

    help = "Show how this installation stands. Exit status 1 when the database or the broker does not answer."
    called = "status"

    def take(self, parser: CommandParser) -> None:
        """All tenants, or one."""
        parser.add_argument("--tenant", metavar="T", help="name or id of the one to show; by default all")

    def answer(self, **options: Any) -> Document:
        """Ask database and broker, and read across tenants, which is on record."""
        document = health.state()
        if not document["database"]:
            return {
                **document,
                "tenants": [],
                "failed": f"The database does not answer: {document['problem']}",
            }
        wanted = tenant_id(options["tenant"]) if options["tenant"] else None
        document |= _standing(wanted)
        if not document["broker"]:
            document["failed"] = "The broker does not answer; what is due is done later than it could be."
        return document

    def tell(self, document: Document) -> Iterable[str]:
        """A paragraph per tenant; streams without trouble only when they are few."""
        parts = ", ".join(f"{part} {age:g} s ago" for part, age in document["heartbeats"].items())
        yield f"Isthmus {document['version']}"
        yield f"database: {_answers(document['database'])}, broker: {_answers(document['broker'])}"
        yield f"heartbeats: {parts or 'none; no worker is running'}"
        if "jobs" in document:
            yield f"jobs: {counted(document['jobs'])}"
        total = sum(len(tenant["streams"]) for tenant in document["tenants"])
        for tenant in document["tenants"]:
            yield from _tell_tenant(tenant, everything=total <= FEW)


def _standing(wanted: uuid.UUID | None) -> Document:
    with as_operator("manage.py status"):
        return {"jobs": standing.jobs(wanted), "tenants": standing.tenants(wanted)}


def _answers(well: bool) -> str:  # noqa: FBT001 - one flag, one word
    return "answers" if well else "DOES NOT ANSWER"


def _tell_tenant(tenant: Document, *, everything: bool) -> Iterator[str]:
    yield ""
    yield f"{tenant['name']}  {tenant['tenant_id']}"
    yield f"  accounts: {counted(tenant['linked_accounts'])}"
    yield f"  open writes: {counted(tenant['open_writes'])}"
    for one in tenant["uncertain_writes"]:
        yield f"    {one['operation']} of {one['model']} is uncertain: {one['error']} [write {one['write_id']}]"
    yield f"  jobs: {counted(tenant['jobs'])}"
    yield f"  streams: {counted(tenant['streams_by_status'])}"
    shown = [s for s in tenant["streams"] if everything or s["error"] or s["held_removals"]]
    if shown:
        yield from table([HEADER, *(_row(stream) for stream in shown)], indent="    ")
    yield from (f"    {s['error']}" for s in shown if s["error"])


HEADER = ("ACCOUNT", "LINKED_ACCOUNT_ID", "MODEL", "STATUS", "LAST", "ENDED", "DUE")


def _row(stream: Document) -> tuple[Any, ...]:
    ended, due = (moment(stream[name]) for name in ("last_finished", "next_due"))
    held = f" ({stream['held_removals']} removals held)" if stream["held_removals"] else ""
    names = (stream["account"], stream["linked_account_id"], stream["model"], stream["status"] + held)
    return (*names, stream["last_result"], ended, due)
