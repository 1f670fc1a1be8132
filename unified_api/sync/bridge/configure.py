"""From a wish to a configuration: defaults filled in, and all that cannot be meant refused at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from integrations.kit.provider import Operation
from unified_api.engine.policy import DeleteRule
from unified_api.engine.values import Side
from unified_api.models.base import relations, wire_fields
from unified_api.models.fields import Choice, Choices, Malformed, Text, Texts, WireField
from unified_api.sync import clock, connect, values
from unified_api.sync.bridge import attachment_check, listed, references, takers
from unified_api.sync.bridge.attachment_choice import Files
from unified_api.sync.bridge.configuration import (
    EVERYTHING,
    PEOPLE,
    TODAY,
    Configuration,
    Counterparts,
    Leaving,
    budget,
    hours,
)
from unified_api.sync.bridge.fields import offered, refuse_unmatched, settings
from unified_api.sync.bridge.wish import BridgeRefused, Mistake, Mistakes, Wish

#: The fields by which records of a model are known, where that is not their name.
KNOWN_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "crm.Contact": ("email_addresses",),
    "crm.Lead": ("email_addresses",),
    "crm.User": ("email",),
    "hris.Employee": ("work_email",),
    "ticketing.Attachment": ("ticket", "file_name", "size"),
    "ticketing.Comment": ("ticket", "body"),
    "ticketing.Contact": ("email_address",),
    "ticketing.User": ("email_address",),
    "training.TrainingCompletion": ("employee", "course"),
}
#: Of these, what few systems tell: records are known by it where the bridge carries it.
IF_CARRIED: Final = frozenset({"size"})
W = TypeVar("W", bound=StrEnum)


def configure(wish: Wish, before: Configuration | None = None) -> Configuration:
    """What a bridge is told. before: what it was told until now, so that `today` goes on to mean that day.

    And a filter or a word that stays as it is stays right, whatever words are seen by now.
    Raises BridgeRefused with all that is wrong.
    """
    mistakes = Mistakes()
    told: dict[str, Any] = {"fields": {}}
    for name in wish.fields:
        with mistakes.noting():
            told["fields"][name] = settings(wish, name, before.policy if before else None)
    parts: Mapping[str, Callable[[Wish], Any]] = {
        "match": match,
        "filter": lambda wish: takers.filters(wish, before),
        "leaving": lambda wish: _word(Leaving, wish.leaving, "leaving"),
        "references": _references,
        "start": lambda wish: _start(wish, before),
        "content": attachment_check.content,
        "creates": _creates,
        "constants": _constants,
        "deletes": _deletes,
        "budget": lambda wish: budget(wish.budget),
        "audit": lambda wish: hours(wish.audit),
        "": _refuse_idle,
    }
    for name, part in parts.items():
        with mistakes.noting():
            told[name] = part(wish)
    mistakes.refuse()
    found = _configuration(wish, told)
    # The same moment said in the other way is no other start.
    return replace(found, today=before.today) if before and before.since == found.since else found


def _configuration(wish: Wish, told: Mapping[str, Any]) -> Configuration:
    mistakes = Mistakes()
    configuration: list[Configuration] = []
    with mistakes.noting():
        whole = {
            "policy": {name: told[name] for name in ("fields", "creates", "constants", "deletes")},
            "filter": {side.value: told["filter"][side].as_data() for side in Side},
            "budget": wish.budget,
            "audit": wish.audit,
            "content": told["content"],
            **{name: told[name] for name in ("match", "leaving", "references", "start")},
        }
        configuration.append(Configuration.parse(whole))
    mistakes.refuse()
    return configuration[0]


def match(wish: Wish) -> list[str]:
    """The fields by which records find each other."""
    known = KNOWN_BY.get(wish.model, ("name",) if "name" in wire_fields(wish.common) else ())
    usual = [name for name in known if name in wish.fields or name not in IF_CARRIED]
    names = list(usual if wish.match is None else wish.match)
    if not names:
        raise BridgeRefused(
            Mistake(
                "match", "Without a field to match by, records that exist on both sides would be doubled."
            )
        )
    refuse_unmatched(names, wish.fields)
    return names


def _references(wish: Wish) -> dict[str, str]:
    referring = {name: one.to for name, one in relations(wish.common).items() if name in wish.fields}
    for name in wish.references:
        if name not in referring:
            raise BridgeRefused(
                Mistake(f"references.{name}", "the bridge carries no field of this name that names records")
            )
    joined = {one.model for one in references.between(wish.account_a.id, wish.account_b.id)}
    known = joined | {*wish.beside, wish.model}
    return {name: _counterparts(wish, name, to, by_pairs=to in known) for name, to in referring.items()}


def _counterparts(wish: Wish, name: str, to: str, *, by_pairs: bool) -> str:
    usual = Counterparts.PAIRS if by_pairs or to not in PEOPLE else Counterparts.EMAIL
    how = _word(Counterparts, wish.references.get(name, usual), f"references.{name}")
    place = f"references.{name}" if name in wish.references else f"fields.{name}"
    if how is Counterparts.EMAIL and to not in PEOPLE:
        raise BridgeRefused(
            Mistake(place, f"a {to} has no e-mail address; bridge {to} between these accounts, and say pairs")
        )
    if how is Counterparts.PAIRS and not by_pairs:
        raise BridgeRefused(
            Mistake(place, f"it names a {to}; bridge {to} between these accounts too, or leave {name} out")
        )
    if how is Counterparts.EMAIL:
        _refuse_strangers(wish, name, to, place)
    return how.value


def _refuse_strangers(wish: Wish, name: str, to: str, place: str) -> None:
    for side in Side:
        account = wish.accounts[side]
        people = connect.whole_of(account).resource(to)
        if people is None or not set(PEOPLE[to]) & set(people.mapping.lenses):
            raise BridgeRefused(
                Mistake(
                    place,
                    f"{account.integration} tells no e-mail address of a {to}, so nobody can say who is who;"
                    f" leave {name} out",
                )
            )


def _start(wish: Wish, before: Configuration | None) -> dict[str, Any]:
    for name in wish.start:
        if name not in {"from", "canary"}:
            raise BridgeRefused(Mistake("start", f"unknown option {name!r}; possible are from, canary"))
    start = {"from": EVERYTHING, "canary": None, **wish.start}
    start["today"] = start["from"] == TODAY
    if start["today"]:
        said = before.since if before and before.today is not False else None
        start["from"] = (said or _midnight(clock.now())).isoformat()
    return start


def _midnight(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _creates(wish: Wish) -> list[str]:
    sides = sorted({_word(Side, side, "creates").value for side in wish.creates})
    return [] if wish.content == Files.SKIP else sides


def _constants(wish: Wish) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = {}
    for given, constants in wish.constants.items():
        side = _word(Side, given, "constants")
        told[side.value] = {name: _constant(wish, side, name, value) for name, value in constants.items()}
    return told


def _constant(wish: Wish, side: Side, name: str, value: Any) -> Any:
    place = f"constants.{side}.{name}"
    declared = offered(wish, name, place, [side])
    account = wish.accounts[side]
    resource = connect.whole_of(account).resource(wish.model)
    if resource is None or name not in resource.writable("create"):
        raise BridgeRefused(Mistake(place, f"{account.integration} does not take it when a record is made"))
    held = _held(declared, value, place)
    if isinstance(declared, Text | Texts) and not isinstance(declared, Choice | Choices):
        listed.check_constant(wish, side, name, held)
    return held


def _held(declared: WireField, value: Any, place: str) -> Any:
    try:
        return values.to_json({"value": declared.parse(value)})["value"]
    except Malformed as error:
        raise BridgeRefused(Mistake(place, f"{value!r} cannot stand in {declared.name}: {error}")) from None


def _deletes(wish: Wish) -> dict[str, str]:
    told: dict[str, str] = {}
    for given, named in wish.deletes.items():
        side = _word(Side, given, "deletes")
        rule = _word(DeleteRule, named, f"deletes.{side}")
        if rule is DeleteRule.PROPAGATE:
            _require(wish, side, side, "delete")
        if rule is DeleteRule.RESTORE:
            _require(wish, side, side.other, "create")
        told[side.value] = rule.value
    return told


def _require(wish: Wish, ruled: Side, side: Side, operation: Operation) -> None:
    account = wish.accounts[side]
    resource = connect.provider_of(account).resource(wish.model)
    if resource is None or not resource.can(operation):
        sentence = f"{account.integration} {operation}s no {wish.model}; possible are ask, unlink"
        raise BridgeRefused(Mistake(f"deletes.{ruled}", sentence))


def _refuse_idle(wish: Wish) -> None:
    """Refuse an option that would do nothing: who misspelt a field would find it written both ways."""
    for name in (*wish.options, *(given for given, *_ in wish.words)):
        if name not in wish.fields:
            raise BridgeRefused(
                Mistake("fields", f"An option is given for {name}, which the bridge does not carry.")
            )


def _word(kind: type[W], given: Any, place: str) -> W:
    try:
        return kind(given)
    except ValueError:
        raise BridgeRefused(Mistake(place, f"{given!r} is none of {', '.join(kind)}")) from None
