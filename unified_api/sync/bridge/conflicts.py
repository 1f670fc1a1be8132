"""The queue of conflicts: fields that both sides changed, and that the policy leaves to a person.

A look opens a conflict, brings its values up to date, and closes it as void when it is none any more. A person rules
for one side, or that both stay as they are; the ruling goes into the pair's memory, and the next look carries it out
as a journalled write. It is about the values that were seen: who edits one of them meanwhile opens the question anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from tenants import audit
from tenants.audit import current_actor
from tenants.models import LinkedAccount
from unified_api.engine.events import Contest
from unified_api.engine.pair import Ruling
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value
from unified_api.models.base import wire_fields
from unified_api.models.fields import Malformed
from unified_api.sync import clock, connect, fitting, issues, journal, values
from unified_api.sync.bridge import edits, stopping, turns
from unified_api.sync.bridge.held import CLOSED, FREE
from unified_api.sync.bridge.records import Frame, record_of, remember, remembered
from unified_api.sync.bridge.stirring import ask
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Conflict, Pair

BOTH = "both"
#: Conflicts that one transaction rules in.
AT_ONCE: Final = 200
#: The kind of the issue of a bridge of which conflicts wait.
ISSUE: Final = "conflict"


class ConflictClosed(ValueError):
    """The conflict is none any more; the sentence says what became of it."""


class NotWritable(ValueError):
    """The field cannot be written at that side, or not now; the sentence says why."""


def _closed(conflict: Conflict) -> ConflictClosed:
    return ConflictClosed(
        f"This conflict is {conflict.state} since {conflict.closed_at}; nothing is left to say."
    )


def open_ones(pairs: Iterable[Pair]) -> dict[uuid.UUID, list[Conflict]]:
    """The open conflicts of some pairs, by pair."""
    found: dict[uuid.UUID, list[Conflict]] = {}
    ids = [pair.id for pair in pairs]
    for one in Conflict.objects.filter(pair_id__in=ids, state=Conflict.State.OPEN):
        found.setdefault(one.pair_id, []).append(one)
    return found


def note(frame: Frame, pair: Pair, contests: Sequence[Contest], known: Sequence[Conflict]) -> list[str]:
    """Open, bring up to date and close the conflicts of a pair after a look, within the transaction that is open.

    The fields whose conflicts are new: of these its people are to be told, see `tell`.
    """
    contested = {one.field: one for one in contests}
    over = []
    for conflict in known:
        contest = contested.pop(conflict.field, None)
        if contest is None:
            over.append(conflict)
        elif _values(contest) != {name: getattr(conflict, name) for name in _values(contest)}:
            _fill(frame, pair, conflict, contest)
            conflict.save()
    for contest in contested.values():
        conflict = Conflict(
            bridge_id=pair.bridge_id, pair_id=pair.id, field=contest.field, opened_at=clock.now()
        )
        _fill(frame, pair, conflict, contest)
        conflict.save(force_insert=True)
    for conflict in over:
        _void(conflict)
    return sorted(contested)


def resolve(conflict_id: uuid.UUID, resolution: str) -> Conflict:
    """Rule for side a, side b, or that both stay as they are; raises ConflictClosed, Conflict.DoesNotExist.

    Within a transaction that is open. The bridge looks as soon as that is committed.
    """
    turns.take(Conflict.objects.values_list("bridge_id", flat=True).get(id=conflict_id))
    conflict: Conflict = Conflict.objects.select_for_update().get(id=conflict_id)
    if conflict.state != Conflict.State.OPEN:
        raise _closed(conflict)
    _rule(conflict, None if resolution == BOTH else Side(resolution))
    actor = current_actor()
    conflict.state, conflict.closed_at = Conflict.State.RESOLVED, clock.now()
    conflict.resolution, conflict.resolved_by = resolution, f"{actor.kind} {actor.name}"
    conflict.save()
    audit.record("conflict.resolved", subject=str(conflict.id), field=conflict.field, resolution=resolution)
    _end(conflict)
    transaction.on_commit(lambda: ask(conflict.bridge_id))
    return conflict


def give(conflict_id: uuid.UUID, to: Side, value: Any) -> Write:
    """Have a person's own value, as the API takes it, written into the record of one side: then that side can prevail.

    It is an edit like any other, and the conflict shows it once it is there. Nothing is sent if the field is edited at
    that side meanwhile. While the bridge, that side or the pair is stopped none can be given, and one that has not left
    by then ends as not applied.
    A word or a record that the side does not have is Malformed, as in a write through the API.
    Within a transaction that is open; raises ConflictClosed, NotWritable, Malformed.
    """
    conflict = Conflict.objects.get(id=conflict_id)
    if conflict.state != Conflict.State.OPEN:
        raise _closed(conflict)
    frame = Frame.of(Bridge.objects.get(id=conflict.bridge_id))
    account, record = _written(conflict, frame, to)
    told = {conflict.field: wire_fields(frame.model)[conflict.field].parse(value)}
    _refuse_strange(account, frame, told)
    held = conflict.value_a if to is Side.A else conflict.value_b
    actor = current_actor()
    write = journal.enter(
        journal.Intent(
            account,
            frame.model,
            "update",
            told,
            record_id=record,
            expected=values.from_json(frame.model, {conflict.field: held}),
            source="api" if actor.kind == "api_key" else actor.kind,
            actor=actor.name,
            conflict_id=conflict.id,
        )
    )
    audit.record("conflict.value_given", subject=str(conflict.id), side=to.value, write=str(write.id))
    return write


def _refuse_strange(account: LinkedAccount, frame: Frame, told: Mapping[str, Any]) -> None:
    """Raise Malformed for what the account's system does not have."""
    resource = connect.provider_of(account).resource(frame.model)
    fields = wire_fields(frame.model)
    words = (fitting.strange_word(fields[name], value, resource) for name, value in told.items() if resource)
    records = (sentence for _, sentence in fitting.strange_records(told, frame.model, account.id))
    for sentence in (*filter(None, words), *records):
        raise Malformed(sentence.rstrip("."))


def _written(conflict: Conflict, frame: Frame, to: Side) -> tuple[LinkedAccount, uuid.UUID]:
    """The account and record that a value is given at; raises NotWritable."""
    pair = Pair.objects.get(id=conflict.pair_id)
    account, record = frame.accounts[to], record_of(pair, to)
    is_able = conflict.field in frame.access[to].update and to not in frame.scopes.unwritten
    if account is None or record is None or not is_able:
        raise NotWritable(
            f"{conflict.field} cannot be written at side {to}; give the value at the other one."
        )
    if stopped := stopping.by_whom(frame.bridge, to, pair.paused_by):
        raise NotWritable(f"Nothing is written at side {to} now: {stopped}. Have that go on first.")
    return account, record


def resolve_all(bridge_id: uuid.UUID, field: str | None, resolution: str) -> int:
    """Rule alike in all open conflicts of a bridge, or of one field of it; how many.

    In portions, each in a transaction of its own: the ends of writes, and who waits for these, come between.
    """
    resolved, some = 0, AT_ONCE
    while some == AT_ONCE:
        with transaction.atomic(durable=True):
            some = resolve_some(bridge_id, field, resolution)
        resolved += some
    return resolved


def resolve_some(bridge_id: uuid.UUID, field: str | None, resolution: str) -> int:
    """The same of the oldest ones, at most AT_ONCE, within the transaction that is open."""
    turns.take(bridge_id)  # no round ends one of them meanwhile
    rows = Conflict.objects.filter(bridge_id=bridge_id, state=Conflict.State.OPEN)
    rows = rows.filter(field=field) if field else rows
    found = list(rows.order_by("opened_at", "id").values_list("id", flat=True)[:AT_ONCE])
    for conflict in found:
        resolve(conflict, resolution)
    return len(found)


def _rule(conflict: Conflict, winner: Side | None) -> None:
    pair = Pair.objects.select_for_update().get(id=conflict.pair_id)
    memory = remembered(pair)
    seen = Both[Value](conflict.value_a, conflict.value_b)
    others = tuple(one for one in memory.rulings if one.field != conflict.field)
    remember(pair, replace(memory, rulings=(*others, Ruling(conflict.field, winner, seen))))
    pair.dirty, pair.held = True, FREE if pair.held == CLOSED else pair.held
    pair.save(update_fields=["memory", "dirty", "held"])


def _void(conflict: Conflict) -> None:
    conflict.state, conflict.closed_at = Conflict.State.VOID, clock.now()
    conflict.save(update_fields=["state", "closed_at"])
    _end(conflict)


def tell(bridge: Bridge) -> None:
    """A bridge has new conflicts: one issue, however many, within the transaction that is open."""
    issues.open_issue(
        ISSUE,
        bridge.id,
        f"Both sides of the bridge {bridge.name or bridge.model} edited the same fields, and its policy leaves these to"
        f" a person; all else goes on. `manage.py bridge status {bridge.id}` shows them; say who prevails by"
        f" `manage.py bridge resolve {bridge.id} a --all` (or `b`, `both`; `--conflict ID` of one), in the console, or"
        f" at /api/sync/v1/conflicts?bridge_id={bridge.id}.",
        bridge_id=bridge.id,
    )


def _end(conflict: Conflict) -> None:
    """One conflict less; of the last one the issue ends."""
    waiting = Conflict.objects.filter(bridge_id=conflict.bridge_id, state=Conflict.State.OPEN)
    if not waiting.exists():
        issues.resolve(ISSUE, conflict.bridge_id)


def _values(contest: Contest) -> dict[str, Any]:
    return {
        "value_a": contest.now.a,
        "value_b": contest.now.b,
        "base_a": _or_null(contest.base.a),
        "base_b": _or_null(contest.base.b),
    }


def _fill(frame: Frame, pair: Pair, conflict: Conflict, contest: Contest) -> None:
    for name, value in _values(contest).items():
        setattr(conflict, name, value)
    conflict.edited_a, conflict.edited_b = (_edited(frame, pair, side, contest.field) for side in Side)


def _edited(frame: Frame, pair: Pair, side: Side, field: str) -> Mapping[str, Any]:
    record = record_of(pair, side)
    edit = edits.of(frame, record, side, field) if record else None
    return {} if edit is None else {"at": edit.at.isoformat(), "source": edit.source, "actor": edit.actor}


def _or_null(value: Maybe) -> Value:
    return None if value is MISSING else value


def of_bridge(bridge: Bridge) -> QuerySet[Conflict]:
    """The open conflicts of a bridge, oldest first."""
    return Conflict.objects.filter(bridge_id=bridge.id, state=Conflict.State.OPEN).order_by("opened_at", "id")
