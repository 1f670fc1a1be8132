"""An answer to `why` in one sentence for people, and as data."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

from tenants.models import LinkedAccount
from unified_api.engine.merge import Rule
from unified_api.models.base import model_id
from unified_api.models.fields import Refs
from unified_api.sync.memory import shown
from unified_api.sync.memory.cause import by, reason
from unified_api.sync.memory.history import run_document, write_document
from unified_api.sync.memory.shown import Document
from unified_api.sync.memory.subject import Subject
from unified_api.sync.memory.why import Answer, End, Step
from unified_api.sync.models import Write

#: Characters of a value that a sentence quotes.
QUOTED: Final = 80
_ENDS: Final = {
    End.LOG: "; the change log does not go back to where it came from",
    End.NO_COUNTERPART: "; the record that it was carried from is not known any more",
    End.NOT_VISIBLE: "; it was carried from an account that you do not reach",
    End.ORIGIN: "",
}
#: What the rules mean by which a bridge writes.
_RULES: Final = {
    Rule.MOVED: "only the other side had changed it",
    Rule.DIRECTION: "it travels this way only",
    Rule.WINNER: "both sides had changed it, and the other one prevails",
    Rule.NEWEST: "both sides had changed it, the other one later",
    Rule.RULED: "a person said so",
    Rule.FILL: "there was nothing yet",
    Rule.FIRST: "both sides differed when they met",
    Rule.NEW: "the record was made out of the other one",
    Rule.CONSTANT: "new records get it",
    Rule.LOST: "only the other side had changed it, as far as is known: the answer to a write was lost",
    Rule.OTHERWISE: "only the other side had changed it, as far as is known: a write was answered otherwise",
    Rule.UNDO: "a person had it put back",
    Rule.REPLAY: "another policy would have ended with it",
}
Accounts = Mapping[uuid.UUID, LinkedAccount]


def document(answer: Answer) -> Document:
    """The answer as data, the sentence included; within the transaction that is open."""
    first = answer.steps[0]
    subject, field = first.subject, first.subject.field(answer.field)
    return {
        "record_id": str(subject.record_id),
        "model": model_id(subject.model),
        "field": answer.field,
        "value": shown.value(field, first.value),
        "is_hidden": field.sensitive,
        "since": first.change and shown.instant(first.change.at),
        "sentence": sentence(answer),
        "end": answer.end,
        "steps": [_step(answer.field, step) for step in answer.steps],
    }


def _step(name: str, step: Step) -> Document:
    field, change = step.subject.field(name), step.change
    told = reason(step.write, name) if step.write else {}
    return {
        "record_id": str(step.subject.record_id),
        "linked_account_id": str(step.subject.account_id),
        "value": shown.value(field, step.value),
        "position": change and change.position,
        "at": change and shown.instant(change.at),
        "kind": change and change.kind,
        "source": change and change.source,
        "by": change and by(step.write),
        "rule": told.get("rule"),
        "overruled": shown.value(field, step.overruled.value) if step.overruled else None,
        "run": step.run and run_document(step.run),
        "write": step.write and write_document(step.write, step.plan),
    }


def sentence(answer: Answer) -> str:
    """The answer as people say it."""
    accounts = LinkedAccount.objects.in_bulk([step.subject.account_id for step in answer.steps])
    name, first = answer.field, answer.steps[0]
    carried = [
        f", carrying {_quote(name, step.subject, step.value)} of {_name(step.subject, accounts)}{_told(name, step)}"
        for step in answer.steps[1:]
    ]
    is_now = f"{name} is {_quote(name, first.subject, first.value)}"
    ended = f"{_told(name, first)}{''.join(carried)}{_ENDS[answer.end]}."
    return f"{_name(first.subject, accounts)}: {is_now}{ended}"


def _told(name: str, step: Step) -> str:
    """Since when, and what made it so."""
    change = step.change
    if change is None:
        return ""
    made = "created with it"
    if name in change.fields:
        made = f"changed from {_quote(name, step.subject, change.fields[name][0])}"
    return f" since {_time(change.at)}: {made}{_doing(name, step)}{_seen(step)}"


def _doing(name: str, step: Step) -> str:
    """By whom."""
    if step.write is None and step.beside is not None:
        return f" by the system there itself, with what {_writer(step.beside, name)} wrote (write {step.beside.id})"
    if step.write is None:
        return " there by its own people or programs"
    gave_way = step.overruled
    overruling = f", overruling {_quote(name, step.subject, gave_way.value)}" if gave_way else ""
    approved = f", approved by {step.plan.approved_by}" if step.plan and step.plan.approved_by else ""
    return f" by {_writer(step.write, name)} (write {step.write.id}{approved}){overruling}"


def _writer(write: Write, name: str) -> str:
    if write.bridge_id is None:
        return (
            f"API key …{write.actor}" if write.source == "api" else f"{write.source} {write.actor}".rstrip()
        )
    rule = reason(write, name).get("rule")
    return f"bridge {write.bridge_id}" + (f" under rule {rule!r}{_meaning(rule)}" if rule else "")


def _meaning(rule: str) -> str:
    return f" ({_RULES[Rule(rule)]})" if rule in _RULES else ""


def _seen(step: Step) -> str:
    if step.run is None:
        return ""
    return f" (read by run {step.run.id})"


def _name(subject: Subject, accounts: Accounts) -> str:
    account = accounts.get(subject.account_id)
    remote_id = subject.row.remote_id if subject.row else subject.record_id
    gone = ", deleted there" if subject.row and subject.row.remote_was_deleted else ""
    return f"{subject.model.__name__} {remote_id} of {account or 'an account that is not linked'}{gone}"


def _quote(name: str, subject: Subject, value: Any) -> str:
    field = subject.field(name)
    if field.sensitive:
        return "a value that is not shown"
    if value is None:
        return "empty"
    if isinstance(field, Refs):
        return f"{len(value)} {'record' if len(value) == 1 else 'records'}"
    text = repr(shown.value(field, value))
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"


def _time(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
