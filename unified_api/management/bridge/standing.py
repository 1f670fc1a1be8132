"""`bridge status`: how bridges stand, and what of them waits for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Final

from django.core.management.base import CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.engine.events import Kind
from unified_api.management.answering import Document, counted, many, quoted, table, take_json
from unified_api.management.bridge.verb import Options, Progress, Verb, meant, one_tenant, take_tenant
from unified_api.sync.bridge import showing
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan, PlanItem

#: What a person can say of records that share their key, and of how many pairs.
_CHOICES: Final = (("separate", "PAIR"), ("join", "PAIR PAIR"))
#: Characters of a hash that are enough to say which is meant.
ENOUGH: Final = 12
_OTHER: Final = {"a": "b", "b": "a"}


def _take_status(parser: CommandParser) -> None:
    parser.add_argument(
        "bridge", nargs="?", help="name, NAME/MODEL or id; by default all bridges of the tenant"
    )
    take_tenant(parser)
    take_json(parser)


def _status(options: Options, _progress: Progress) -> Document:
    if options["bridge"]:
        document = meant(options).each(showing.standing)
        return {"name": options["bridge"], **document} if "bridges" in document else document
    with scope(one_tenant(options["tenant"])), transaction.atomic():
        return {
            "bridges": [showing.standing(bridge) for bridge in Bridge.objects.order_by("created_at", "id")]
        }


def _tell_status(document: Document) -> Iterator[str]:
    """One bridge, or several in a line each; of those of a name, each below."""
    if "bridge_id" in document:
        yield from tell(document)
        return
    yield from tell_all(document)
    for one in document["bridges"] if "name" in document else ():
        yield ""
        yield from tell(one)


def tell_all(document: Document) -> Iterable[str]:
    """Several bridges, a line each."""
    rows = [
        (b["name"], b["model"], b["mode"], _state(b), counted(b["pairs"]), _waits(b), b["bridge_id"])
        for b in document["bridges"]
    ]
    return table([("NAME", "MODEL", "MODE", "STATUS", "PAIRS", "WAITS FOR YOU", "BRIDGE"), *rows])


def _state(document: Document) -> str:
    """The status, and what of the bridge a person stopped."""
    closed = [f"to {side} closed" for side in sorted(document["closed"])]
    paused = document["paused_pair_count"]
    return ", ".join([document["status"], *closed, *([f"{many(paused, 'pair')} paused"] if paused else ())])


def _waits(document: Document) -> str:
    """How much of a bridge waits for a person, or may come to."""
    plans = sum(plan["state"] == Plan.State.OPEN for plan in document["plans"])
    counts = {
        "plan": plans,
        "conflict": document["conflicts"],
        "record to review": document["held"].get("review", 0),
        "uncertain write": document["writes"].get("uncertain", 0),
    }
    told = [many(number, noun) for noun, number in counts.items() if number]
    return ", ".join([*told, *([f"{document['gone']} gone"] if document["gone"] else ())]) or "none"


def tell(document: Document) -> Iterator[str]:
    """One bridge in lines."""
    yield f"bridge_id: {document['bridge_id']}"
    yield f"{document['model']}, {', '.join(document['fields'])}: {document['status']} {document['reason']}".rstrip()
    for side, who in document["closed"].items():
        yield f"nothing is written at side {side}: closed by {who}"
    yield from document["disabled"]
    yield f"pairs: {counted(document['pairs'])}; writes: {counted(document['writes'])}"
    if "written" in document:
        yield f"written in this round: {document['written']}"
    yield from document.get("limits", ())
    yield from (_plan(document, one) for one in document["plans"])
    yield from _tell_problems(document)
    yield from _tell_waiting(document)
    for one in document["overruled"]:
        gave_way = f"{one['field']} {quoted(one, 'value')} of side {one['side']} by {quoted(one, 'by')}"
        yield f"overruled ({one['rule']}): {gave_way}"
    yield from _tell_paused(document)
    yield from _tell_review(document)


def _plan(document: Document, plan: Document) -> str:
    what = f"plan {plan['plan_id']} ({plan['purpose']})"
    if plan["state"] == Plan.State.OPEN:
        told = approving({**plan, "bridge_id": document["bridge_id"]})
        return f"{what} waits for you: `bridge plan {document['bridge_id']}` shows it. {told}"
    return f"{what} is carried out: {done_of(plan['items'])}"


def approving(plan: Document) -> str:
    """How a plan is carried out; one that was over as soon as it was made has nothing to write."""
    if plan["state"] == Plan.State.DONE:
        return "Nothing is to be written, and no plan waits for you."
    return f"`bridge approve {plan['bridge_id']} {plan['hash'][:ENOUGH]}` has just this written."


def done_of(items: Document) -> str:
    """How far a plan is carried out, by its items in their states; what was only shown does not count."""
    whole = sum(number for state, number in items.items() if state != PlanItem.State.SHOWN)
    left = sum(items.get(state, 0) for state in (PlanItem.State.WAITING, PlanItem.State.SENT))
    return f"{whole - left} of {many(whole, 'item')} done"


def _tell_problems(document: Document) -> Iterator[str]:
    if not document["problems"]:
        return
    yield f"{many(document['problem_count'], 'problem')} of fields, or whole records, that are not equal:"
    for one in document["problems"]:
        write = f", write {one['write_id']}" if one["write_id"] else ""
        yield f"  {which(one)}: {problem(one)} [pair {one['pair_id']}{write}]"
    yield from _more(document["problem_count"], document["problems"])
    lost = sorted({one["side"] for one in document["problems"] if one["kind"] == Kind.GONE})
    for side in lost:
        made = f"`bridge restore {document['bridge_id']} --to {side} --pair PAIR` plans to make it again"
        yield f"  of what is gone at side {side}: {made}; or delete it at side {_OTHER[side]}, by hand"


def _tell_waiting(document: Document) -> Iterator[str]:
    """Conflicts, and writes of which nobody knows: with the ids by which a person says what is so."""
    if document["conflicts"]:
        how = f"`bridge resolve {document['bridge_id']} a --conflict ID` has side a prevail"
        yield f"{many(document['conflicts'], 'conflict')} for a person to decide; {how}:"
    for one in document["open_conflicts"]:
        both = f"{quoted(one, 'value_a')} at side a and {quoted(one, 'value_b')} at side b"
        yield f"  {which(one)}: {one['field']} is {both} [conflict {one['conflict_id']}]"
    yield from _more(document["conflicts"], document["open_conflicts"])
    if document["uncertain"]:
        number = document["writes"]["uncertain"]
        yield f"{many(number, 'write')} of which nobody knows yet whether it was carried out:"
    for one in document["uncertain"]:
        yield f"  {one['operation']} at side {one['side']}: {one['error']} [write {one['write_id']}]"
    yield from _more(document["writes"].get("uncertain", 0), document["uncertain"])


def _tell_paused(document: Document) -> Iterator[str]:
    if document["paused_pair_count"]:
        typed = f"`bridge resume {document['bridge_id']} --pair PAIR` goes on with one"
        yield f"paused: {many(document['paused_pair_count'], 'pair')}; {typed}:"
    for one in document["paused_pairs"]:
        yield f"  {which(one)}: by {one['paused_by']} [pair {one['pair_id']}]"
    yield from _more(document["paused_pair_count"], document["paused_pairs"])


def _tell_review(document: Document) -> Iterator[str]:
    if not document["review"]:
        return
    yield f"{many(document['held']['review'], 'record')} to review, with a key that others have too:"
    yield from (f"  {which(one)}: pair {one['pair_id']}" for one in document["review"])
    yield from _more(document["held"]["review"], document["review"])
    said = [f"`bridge {verb} {document['bridge_id']} {pairs}`" for verb, pairs in _CHOICES]
    yield f"  one is one of its own: {said[0]}; two belong together: {said[1]}"


def _more(count: int, shown: Sized) -> Iterator[str]:
    """How many a list leaves out."""
    if count > len(shown):
        yield f"  and {count - len(shown)} more"


def which(one: Document) -> str:
    """A pair, as a person knows it: by its key, such as the title, and the ids of its records."""
    records = [f"{side} {one[f'record_{side}']}" for side in "ab" if one[f"record_{side}"]]
    return f"{one['key'] or 'without a key'} ({', '.join(records)})"


def problem(one: Document) -> str:
    """A problem in a few words."""
    reason = f"{': ' if one['reason'] else ''}{one['reason']}"
    if one["kind"] == Kind.GONE:
        return f"gone at side {one['side']}, kept at side {_OTHER[one['side']]}{reason}"
    value = "nothing" if one["value"] is None and not one["is_hidden"] else quoted(one, "value")
    of = f" {one['field']} is {value} at side {one['side']}" if one["field"] else ""
    return f"{one['kind']}{of}{reason}"


STATUS = Verb(
    "status",
    "plans, problems, records to review, edits that gave way",
    _take_status,
    _status,
    _tell_status,
)
