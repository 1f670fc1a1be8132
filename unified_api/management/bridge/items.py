"""A plan in lines: first what it is and what it costs, then its items, each short enough to be looked through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from unified_api.management.answering import Document, many, quoted
from unified_api.management.bridge import standing
from unified_api.sync.bridge import plans
from unified_api.sync.bridge.attachment_choice import shown
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan, PlanItem

#: Characters of a value that are shown; `--all` and JSON have it whole.
WIDTH: Final = 40
#: Fields of a new record whose values are shown; of the others their names. `--all` shows all.
FIRST: Final = 4
Names = Mapping[str, str]


def tell(document: Document) -> Iterator[str]:
    """One plan, or why a bridge has none."""
    if document["plan_id"] is None:
        why = "it writes by itself" if document["mode"] == Bridge.Mode.LIVE else "there is no plan"
        yield f"{document['model']}: {why}. {document['reason']}".rstrip()
        return
    made = f"plan {document['plan_id']} ({document['purpose']}), made {document['created_at'][:19]} UTC"
    yield f"{document['model']}, {made}: {document['state']} {document['made_because']}".rstrip()
    if document["state"] == Plan.State.MAKING:
        yield f"  {document['reason']}".rstrip()
    yield from _in_short(document)
    names = document["names"]
    for item in document["items"]:
        yield f"  {item['action']}{_where(item)}: {_what(item, names, document['is_whole'])}{_became(item)}"
    if document["left_out"]:
        more = document["left_out"] + len(document["items"])
        yield f"  … and {document['left_out']} more: --items {more} shows them, --all shows them with all values."


def _in_short(document: Document) -> Iterator[str]:
    """How much it is, how far it is, what it costs, and how it is approved."""
    yield f"  {_counted(document['counts'])}"
    if document["state"] == Plan.State.APPROVED:
        yield f"  {standing.done_of(document['progress'])}"
    yield from (f"  {_cost(side, cost)}" for side, cost in document["cost"].items())
    if document["state"] == Plan.State.OPEN:
        if not any(document["counts"].get(action) for action in plans.WRITES):
            yield "  Nothing is to be written now; once it is approved, the bridge goes on by itself."
        yield f"  hash: {document['hash']}"
        yield f"  {standing.approving(document)}"


def _counted(counts: Mapping[str, int]) -> str:
    """`30 creates, 1 conflict`."""
    told = (
        f"{number} {action}" if action == plans.HELD else many(number, action)
        for action, number in sorted(counts.items())
        if number
    )
    return ", ".join(told) or "nothing"


def _where(item: Document) -> str:
    return f" at side {item['side']}" if item["side"] else ""


def _what(item: Document, names: Names, is_whole: bool) -> str:  # noqa: FBT001 - as the document says
    key, told = _key(item["key"], names), item["fields"]
    say = _wholly if is_whole else changes
    if item["action"] in plans.WRITES:
        return f"{key}: {say(item['action'], told['fields'], names)}{_content(told.get('content'))}"
    if item["action"] == plans.HELD:
        return f"{key}: {told['held']} of {say(told['held'], told['fields'], names)}. {told['reason']}"
    if item["action"] == "conflict":
        a, b = (_short(told, side, names) for side in "ab")
        return f"{key}: {told['field']} is {a} at side a and {b} at side b"
    return f"{key}: {told['kind']} {told['field']} {told['reason']}".rstrip()


def _key(key: str | None, names: Names) -> str:
    """The key of a pair, with the names of the records that are named in it."""
    for record, name in names.items() if key else ():
        key = str(key).replace(f'"{record}"', name)
    return key or "without a key"


def changes(action: str, fields: Document, names: Names) -> str:
    """What a write changes: of an update old and new values, each with its rule; else what is made, or goes."""
    if action == "update":
        return ", ".join(
            f"{name}: {_short(one, 'was', names)} -> {_short(one, 'value', names)} ({one['rule']})"
            for name, one in fields.items()
        )
    quotes = "value" if action == "create" else "was"
    told = list(fields.items())
    first = ", ".join(f"{name}: {_short(one, quotes, names)}" for name, one in told[:FIRST])
    return f"{first}, and {', '.join(name for name, _ in told[FIRST:])}" if told[FIRST:] else first


def _wholly(action: str, fields: Document, names: Names) -> str:
    """The same with each field in a line of its own, and its values as long as they are."""
    if action == "update":
        told = (
            f"{name}: {named(one, 'was', names)} -> {named(one, 'value', names)} ({one['rule']})"
            for name, one in fields.items()
        )
    else:
        quotes = "value" if action == "create" else "was"
        told = (f"{name}: {named(one, quotes, names)}" for name, one in fields.items())
    return "".join(f"\n      {one}" for one in told)


def named(told: Mapping[str, Any], name: str, names: Names) -> str:
    """A value that a document quotes; of records that it names, what they are called."""
    value = told[name]
    if (
        not told["is_hidden"]
        and isinstance(value, list)
        and value
        and any(one in names for one in map(str, value))
    ):
        return ", ".join(names.get(str(one), str(one)) for one in value)
    if not told["is_hidden"] and isinstance(value, str) and value in names:
        return names[value]
    return quoted(told, name)


def _short(told: Mapping[str, Any], name: str, names: Names) -> str:
    """The same, shortened, but for what records are called."""
    whole = named(told, name, names)
    return whole if len(whole) <= WIDTH or whole != quoted(told, name) else f"{whole[: WIDTH - 1]}…"


def _content(content: Document | None) -> str:
    if content is None:
        return ""
    cap = f", up to {shown(content['cap'])}" if "cap" in content else ""
    return f"; its file: {content['files']}{cap}"


def _became(item: Document) -> str:
    if item["state"] in {PlanItem.State.WAITING, PlanItem.State.SHOWN}:
        return ""
    return f" [{item['state']}{': ' if item['reason'] else ''}{item['reason']}]"


def _cost(side: str, cost: Document) -> str:
    told = {name: value for name, value in cost.items() if name != "calls" and value is not None}
    quota = "; ".join(f"{name} {value}" for name, value in told.items())
    return f"side {side}: {many(cost['calls'], 'call')}{f' ({quota})' if quota else ''}"
