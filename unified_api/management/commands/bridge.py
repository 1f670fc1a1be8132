"""`manage.py bridge`: keep records of two linked accounts equal; run a round, see what it would do, how it stands."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants import accounts
from tenants.models import LinkedAccount
from tenants.scope import scope
from unified_api.engine.policy import PolicyError
from unified_api.engine.values import Both, Side
from unified_api.management import drift, undo, why
from unified_api.management.answering import AnsweringCommand, Document, counted, table, take_json, tenant_id
from unified_api.sync.bridge import setup, showing, steering
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models_bridge import Bridge

#: Verbs about one bridge that have a file of their own.
_OF_ONE: dict[str, Callable[[uuid.UUID, uuid.UUID, dict[str, Any]], Document]] = {
    "undo": undo.answer,
    "drift": drift.answer,
}
FIELDS = "name,description,status,priority"


class Command(AnsweringCommand):
    """Bridges between two accounts of one end user."""

    help = "Keep records of two linked accounts equal in both directions."
    called = "bridge"

    def take(self, parser: CommandParser) -> None:
        """Sub-commands."""
        verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="create|run|status|why|drift|pause|resume"
        )
        self._take_create(
            verbs.add_parser("create", help="join two accounts; it begins at once unless --paused")
        )
        run = verbs.add_parser("run", help="read both accounts now, and settle what differs")
        run.add_argument("bridge", help="id")
        run.add_argument("--dry-run", action="store_true", help="only show what a round would do now")
        status = verbs.add_parser("status", help="pairs, problems, records to review, edits that gave way")
        status.add_argument("bridge", nargs="?", help="id; by default all bridges of --tenant")
        status.add_argument("--tenant", metavar="T", help="name or id")
        why.take(verbs.add_parser("why", help="why a record's fields have their values"))
        drift.take(verbs.add_parser("drift", help="compare both sides now, without writing"))
        undo.take(verbs.add_parser("undo", help="a plan that puts back what it did"))
        pause = verbs.add_parser("pause", help="write nothing until --resume")
        pause.add_argument("bridge", help="id")
        resume = verbs.add_parser("resume", help="go on")
        resume.add_argument("bridge", help="id")
        for sub in (run, status, pause, resume):
            take_json(sub)

    def _take_create(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="T", help="name or id")
        parser.add_argument(
            "--a", required=True, metavar="ACCOUNT", help="id or token of the account of side a"
        )
        parser.add_argument("--b", required=True, metavar="ACCOUNT", help="the same for side b")
        parser.add_argument("--model", default="ticketing.Ticket", metavar="M")
        parser.add_argument(
            "--winner", required=True, choices=list("ab"), help="whose edit prevails over the other's"
        )
        parser.add_argument("--fields", default=FIELDS, metavar="NAMES", help=f"by default {FIELDS}")
        parser.add_argument(
            "--match", default="name", metavar="NAMES", help="fields by which records find each other"
        )
        parser.add_argument(
            "--first",
            default="fill",
            choices=["fill", "winner", "keep"],
            help="what happens where both differ at first",
        )
        repeated: dict[str, Any] = {"action": "append", "default": []}
        parser.add_argument(
            "--one-way", **repeated, metavar="FIELD=SIDE", help="a field that travels to SIDE only"
        )
        parser.add_argument(
            "--word",
            **repeated,
            metavar="FIELD:SIDE:THEIRS=OURS",
            help="at SIDE, the other side's word THEIRS is written as OURS",
        )
        parser.add_argument("--frequency", type=float, default=60.0, metavar="SECONDS")
        parser.add_argument(
            "--paused", action="store_true", help="do not begin yet; `run --dry-run` shows what it would"
        )
        take_json(parser)

    def answer(self, **options: Any) -> Document:
        """What the sub-command asks for."""
        if options["verb"] == "create":
            return _create(options)
        if options["verb"] == "why":
            return why.answer(options)
        if options["verb"] == "status" and not options["bridge"]:
            return _all(options["tenant"])
        tenant, bridge_id = _located(options["bridge"])
        if answer := _OF_ONE.get(options["verb"]):
            return answer(tenant, bridge_id, options)
        if options["verb"] == "run":
            return _preview(tenant, bridge_id) if options["dry_run"] else self._run(tenant, bridge_id)
        with scope(tenant), transaction.atomic():
            if options["verb"] in {"pause", "resume"}:
                (steering.pause if options["verb"] == "pause" else steering.resume)(bridge_id)
            return showing.standing(Bridge.objects.get(id=bridge_id))

    def _run(self, tenant: uuid.UUID, bridge_id: uuid.UUID) -> Document:
        turn = Round(tenant, bridge_id)
        before = _standing(tenant, bridge_id)
        if before["paused_by"]:
            raise CommandError(
                f"The bridge is paused by {before['paused_by']}; `bridge resume` goes on with it."
            )
        outcomes = turn.read(
            lambda: self.progress("No worker is running; this process does the work itself.")
        )
        self.progress("Both sides are read.")
        over = turn.settle()
        after = _standing(tenant, bridge_id)
        unread = [o.stream.model for o in outcomes if o.run is None or o.run.result == "FAILED"]
        after["written"] = sum(after["writes"].values()) - sum(before["writes"].values())
        after["failed"] = _failure(after, unread, over=over)
        return after

    def tell(self, document: Document) -> Iterable[str]:
        """The bridge in lines."""
        if "answers" in document:
            return why.tell(document)
        if "drift" in document:
            return drift.tell(document)
        if "undo" in document:
            return undo.tell(document)
        if "bridges" in document:
            rows = [
                (b["bridge_id"], b["status"], b["model"], counted(b["pairs"])) for b in document["bridges"]
            ]
            return table([("BRIDGE", "STATUS", "MODEL", "PAIRS"), *rows])
        return _tell_plan(document) if "plan" in document else _tell(document)


def _create(options: dict[str, Any]) -> Document:
    tenant = tenant_id(options["tenant"])
    try:
        with scope(tenant), transaction.atomic():
            wish = _wish(tenant, options)
            bridge = setup.create(wish)
            limits = list(setup.limits(bridge, Both(wish.account_a, wish.account_b)))
            return {**showing.standing(bridge), "limits": limits}
    except (setup.BridgeRefused, PolicyError) as error:
        raise CommandError(str(error)) from error


def _wish(tenant: uuid.UUID, options: dict[str, Any]) -> setup.Wish:
    return setup.Wish(
        account_a=_account(tenant, options["a"]),
        account_b=_account(tenant, options["b"]),
        model=options["model"],
        winner=options["winner"],
        fields=_names(options["fields"]),
        match=_names(options["match"]),
        options=dict(_one_way(text) for text in options["one_way"]),
        words=[_word(text) for text in options["word"]],
        first=options["first"],
        frequency=options["frequency"],
        paused=options["paused"],
    )


def _account(tenant: uuid.UUID, given: str) -> LinkedAccount:
    located = accounts.locate(given)
    found = LinkedAccount.objects.filter(id=located[1], deleted_at=None) if located else None
    account: LinkedAccount | None = found.first() if found and located and located[0] == tenant else None
    if account is None:
        raise CommandError("The tenant has no such linked account; `manage.py status` shows those there are.")
    return account


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _one_way(text: str) -> tuple[str, dict[str, str]]:
    name, _, side = text.partition("=")
    if side not in {"a", "b"}:
        raise CommandError(f"--one-way takes FIELD=a or FIELD=b, not {text!r}.")
    return name, {"direction": "a_to_b" if side == "b" else "b_to_a"}


def _word(text: str) -> tuple[str, Side, str, str]:
    place, sign, ours = text.partition("=")
    parts = place.split(":", 2)
    if not sign or len(parts) != 3 or parts[1] not in {"a", "b"}:  # noqa: PLR2004 - field, side, word
        raise CommandError(
            f"--word takes FIELD:SIDE:THEIRS=OURS, such as status:b:IN_PROGRESS=OPEN, not {text!r}."
        )
    return parts[0], Side(parts[1]), parts[2], ours


def _located(bridge: str) -> tuple[uuid.UUID, uuid.UUID]:
    found = setup.locate(bridge)
    if found is None:
        raise CommandError(
            f"There is no bridge {bridge!r}; `manage.py bridge status --tenant T` shows those there are."
        )
    return found


def _all(tenant: str | None) -> Document:
    if not tenant:
        raise CommandError("Give the id of a bridge, or --tenant for all bridges of a tenant.")
    with scope(tenant_id(tenant)), transaction.atomic():
        return {"bridges": [showing.standing(bridge) for bridge in Bridge.objects.order_by("created_at")]}


def _standing(tenant: uuid.UUID, bridge_id: uuid.UUID) -> Document:
    with scope(tenant), transaction.atomic():
        return showing.standing(Bridge.objects.get(id=bridge_id))


def _preview(tenant: uuid.UUID, bridge_id: uuid.UUID) -> Document:
    with scope(tenant):
        return showing.preview(bridge_id)


def _failure(after: Document, unread: list[str], *, over: bool) -> str | None:
    if unread:
        return f"{len(unread)} of 2 sides could not be read; see `manage.py status`."
    if after["status"] == Bridge.Status.WAITING:
        return f"The bridge waits: {after['reason']}"
    return None if over else f"{after['in_flight']} writes are still under way; they go on by themselves."


def _tell(document: Document) -> Iterator[str]:
    yield f"bridge_id: {document['bridge_id']}"
    yield f"{document['model']}, {', '.join(document['fields'])}: {document['status']} {document['reason']}".rstrip()
    yield f"pairs: {counted(document['pairs'])}; writes: {counted(document['writes'])}"
    if "written" in document:
        yield f"written in this round: {document['written']}"
    yield from document.get("limits", ())
    if document["problems"]:
        yield f"{len(document['problems'])} problems keep fields, or whole records, from being equal:"
    for one in document["problems"]:
        yield f"  {_which(one)}: {_problem(one)}"
    for one in document["overruled"]:
        yield f"overruled ({one['rule']}): {one['field']} {one['value']!r} of side {one['side']} by {one['by']!r}"
    if document["review"]:
        yield f"{len(document['review'])} records share their key with others, and wait for a person:"
    yield from (f"  {_which(one)}" for one in document["review"])


def _which(one: Document) -> str:
    """A pair, as a person knows it: by its key, such as the title, and the ids of its records."""
    records = [f"{side} {one[f'record_{side}']}" for side in "ab" if one[f"record_{side}"]]
    return f"{one['key'] or 'without a key'} ({', '.join(records)})"


def _problem(one: Document) -> str:
    value = "nothing" if one["value"] is None else repr(one["value"])
    of = f" {one['field']} is {value} at side {one['side']}" if one["field"] else ""
    return f"{one['kind']}{of}{': ' if one['reason'] else ''}{one['reason']}"


def _tell_plan(document: Document) -> Iterator[str]:
    if document["obstacle"]:
        yield f"It could not run now: {document['obstacle']}"
    for item in document["plan"]:
        if item["action"] == "problem":
            yield f"problem: {_which(item)}: {_problem(item)}"
            continue
        changes = ", ".join(
            f"{n}: {c['was']!r} -> {c['value']!r} ({c['rule']})" for n, c in item["fields"].items()
        )
        yield f"{item['action']} at side {item['side']}: {changes}"
    yield f"{sum(item['action'] != 'problem' for item in document['plan'])} writes, nothing was sent."
