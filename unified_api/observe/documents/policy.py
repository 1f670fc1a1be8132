"""What a bridge was told to do, in words: fields, words of lists, who takes part, deletes, budgets."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping

from unified_api.engine.filter import Filter
from unified_api.engine.policy import DeleteRule, Direction, Field, FirstContact, Shape, Winner
from unified_api.engine.values import Both, Side
from unified_api.engine.weigh import Access
from unified_api.models.base import CommonModel, wire_fields
from unified_api.models.hidden import HIDDEN, hides
from unified_api.observe.documents.parts import Block, Facts, Section, Table, Text
from unified_api.sync.bridge.attachment_choice import Files, shown
from unified_api.sync.bridge.configuration import Budget, Configuration, Leaving, Limit
from unified_api.sync.bridge.scopes import Scopes

Names = Both[str]
_FIRST = {
    FirstContact.FILL: "a blank is filled, else the winner prevails",
    FirstContact.WINNER: "the winner prevails",
    FirstContact.KEEP: "a blank is filled, else both stay as they are",
}
_SHAPES = {
    Shape.SET: "each word is added or removed for itself",
    Shape.LOG: "entries are added, none is taken back",
    Shape.MAP: "each name is settled for itself",
}
_DELETES = {
    DeleteRule.ASK: "it stays, and a person decides",
    DeleteRule.PROPAGATE: "it is deleted too, unless it was edited meanwhile",
    DeleteRule.UNLINK: "it stays, and lives alone",
    DeleteRule.RESTORE: "the deleted one is made again from it",
}


def fields(
    told: Configuration, model: type[CommonModel], access: Both[Access], names: Names, scopes: Scopes
) -> Section:
    """Each field with its way, who prevails, and what cannot be written; of one that is disabled, only that."""
    header = ("Field", "Travels", "When both sides edited it", "When both differ at first", "More")
    rows = [
        (one.name, "not now", "", "", _disabled(one.name, scopes, names))
        if one.name in scopes.apart
        else (
            one.name,
            _way(one.direction, names),
            _winner(one, names),
            _FIRST[one.first],
            _sentences(_more(one, told, model, access, names)),
        )
        for one in told.policy.fields.values()
    ]
    return Section("Fields", [Table(header, rows, frozenset({0}))])


def _disabled(name: str, scopes: Scopes, names: Names) -> str:
    where = " and ".join(names[side] for side in Side if name in scopes.disabled[side])
    return f"may not be read or written at {where}, by its scopes"


def _way(direction: Direction, names: Names) -> str:
    return {
        Direction.BOTH: "both ways",
        Direction.A_TO_B: f"{names.a} → {names.b}",
        Direction.B_TO_A: f"{names.b} → {names.a}",
        Direction.NEVER: "never",
    }[direction]


def _winner(one: Field, names: Names) -> str:
    if one.direction is not Direction.BOTH:
        return "there is one way only"
    if one.winner is Winner.ASK:
        return "a person decides"
    if one.winner is Winner.NEWEST:
        return f"the later edit; {names[one.otherwise]} where that cannot be told"
    return f"{names[Side(one.winner.value)]} prevails"


def _more(
    one: Field, told: Configuration, model: type[CommonModel], access: Both[Access], names: Names
) -> Iterator[str]:
    declared = wire_fields(model).get(one.name)
    if declared is not None and declared.sensitive:
        yield "sensitive"
    if one.name in told.references:
        yield f"a reference; its counterpart is found by {told.references[one.name].value}"
    if one.shape is not Shape.VALUE:
        yield _SHAPES[one.shape]
    if one.normalizer != "exact":
        yield f"compared by {one.normalizer}"
    if not one.blanks:
        yield "an emptied value empties nothing"
    if one.fills:
        yield "travels only to where there is nothing"
    for side in Side:
        if one.direction.reaches(side) and one.name not in access[side].update:
            when = "only when a record is created" if one.name in access[side].create else "not"
            yield f"{when} written at {names[side]}"


def words(told: Configuration, names: Names, secret: Container[str]) -> list[Section]:
    """The value maps, a row a field and side; nothing where no field has one that may be shown."""
    rows = [
        (one.name, names[side], ", ".join(_word(word, written) for word, written in one.words[side].items()))
        for one in told.policy.fields.values()
        if one.words is not None and one.name not in told.references and not hides(one.name, secret)
        for side in Side
    ]
    if not rows:
        return []
    header = ("Field", "Written at", "Words of the other side, and what is written for them")
    more = Text("A word that is not listed for a side is a problem of its pair, and not written there.")
    return [Section("Words", [Table(header, rows, frozenset({0})), more])]


def _word(word: str, written: str) -> str:
    return word if word == written else f"{word} → {written}"


def taking_part(told: Configuration, names: Names, secret: Container[str]) -> Section:
    """Which records: filters, beginning, key, creation, deletion."""
    leaving = {
        Leaving.REST: "its pair rests until it matches again",
        Leaving.STAY: "its pair is kept equal all the same",
    }
    rows = [
        *((f"At {names[side]}", _filter(told.filter[side], secret)) for side in Side),
        ("A record that stops matching", leaving[told.leaving]),
        (
            "Records from before the bridge",
            f"changed since {told.since:%Y-%m-%d %H:%M %Z}" if told.since else "all",
        ),
        (
            "Canary",
            f"{told.canary} pairs are written to at first, then a person says go on" if told.canary else "",
        ),
        ("Records find each other by", ", ".join(told.match)),
        *_files(told),
        (
            "Created at",
            ", ".join(names[side] for side in Side if side in told.policy.creates) or "neither side",
        ),
        *(
            (f"Put into what is created at {names[side]}", _conditions(told.policy.constants[side], secret))
            for side in Side
        ),
        *(
            (
                f"Deleted at {names[side.other]}, the one at {names[side]}",
                _DELETES[told.policy.deletes[side]],
            )
            for side in Side
        ),
    ]
    return Section("Which records take part", [Facts(rows)])


def _files(told: Configuration) -> list[tuple[str, str]]:
    """What becomes of the files that records stand for."""
    if told.content is None:
        return []
    copied = f"copied, up to {shown(told.content.cap)}"
    said = {Files.SKIP: "they stay where they are", Files.LINK: "their addresses travel", Files.COPY: copied}
    return [("Files", said[told.content.files])]


def budgets(told: Configuration) -> Section:
    """How much one run may do."""
    budget: Budget = told.budget
    rows = [("Creates in one run", _limit(budget.creates)), ("Deletes in one run", _limit(budget.deletes))]
    sentence = "A run that would do more stops before it writes, opens an issue, and waits for a person."
    blocks: list[Block] = [Facts(rows), Text(sentence)]
    return Section("Budgets", blocks)


def _limit(limit: Limit) -> str:
    return f"{limit.share:.0%} of the pairs, and {limit.least} in any case"


def _filter(told: Filter, secret: Container[str]) -> str:
    data = told.as_data()
    alternatives = data.pop("any", [])
    either = " or ".join(f"({_conditions(one, secret)})" for one in alternatives)
    return " and ".join(part for part in (_conditions(data, secret), either) if part) or "all records"


def _conditions(data: Mapping[str, object], secret: Container[str]) -> str:
    told = {name: HIDDEN if hides(name, secret) else _value(value) for name, value in data.items()}
    return ", ".join(f"{name} {value}" for name, value in told.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return " and ".join(f"{how} {_value(one)}" for how, one in value.items())
    return json.dumps(value, ensure_ascii=False)


def _sentences(parts: Iterator[str]) -> str:
    return "; ".join(parts)
