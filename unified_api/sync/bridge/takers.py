"""Which records take part in a bridge, as somebody wishes: conditions, checked against the fields they ask about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from unified_api.engine.filter import ANY, NORMALIZER, Filter, Operator
from unified_api.engine.policy import Direction
from unified_api.engine.values import Both, Side
from unified_api.models.base import wire_fields
from unified_api.models.fields import Day, Instant, Malformed, WireArray, WireField
from unified_api.models.fields import Shape as Nested
from unified_api.sync import connect, values
from unified_api.sync.bridge.configuration import PRIVATE, Configuration
from unified_api.sync.bridge.fields import has, offered, strange
from unified_api.sync.bridge.wish import BridgeRefused, Mistake, Wish

PUBLIC: Final = {Operator.NOT.value: True}
_WRITES: Final[tuple[Literal["create", "update"], ...]] = ("create", "update")
_LISTS: Final = frozenset({Operator.HAS, Operator.LACKS})
_MOMENTS: Final = frozenset({Operator.BEFORE, Operator.AFTER})


def filters(wish: Wish, before: Configuration | None = None) -> Both[Filter]:
    """The filter of either side; raises BridgeRefused or PolicyError. before: what the bridge was told until now."""
    for side in wish.filter:
        if side not in {one.value for one in Side}:
            raise BridgeRefused(Mistake("filter", f"unknown side {side!r}; possible are a, b"))
    if PRIVATE in wish.fields:
        _refuse_disclosure(wish)
    return Both(*(_filter(wish, side, before) for side in Side))


def _filter(wish: Wish, side: Side, before: Configuration | None) -> Filter:
    place = f"filter.{side}"
    told = wish.filter.get(side.value, {})
    Filter.parse(told, place)  # its form, before what it says
    checked = _checked(wish, side, told, place)
    found = Filter.parse(_without_private(wish, side, checked), place)
    if before is None or before.filter[side] != found:
        _refuse_strange_words(wish, side, checked, place)
    return found


def _refuse_strange_words(wish: Wish, side: Side, told: Mapping[str, Any], place: str) -> None:
    for name, operator, word, where in _words_asked(told, place):
        for sentence in strange(wish, side, name, word):
            raise BridgeRefused(Mistake(f"{where}.{operator}", sentence))


def _words_asked(told: Mapping[str, Any], place: str) -> Iterator[tuple[str, str, str, str]]:
    """Each text that a field is compared with: field, operator, text, and where it stands."""
    for name, asked in told.items():
        if name == ANY:
            for number, one in enumerate(asked):
                yield from _words_asked(one, f"{place}.{ANY}[{number}]")
            continue
        for operator, value in asked.items():
            values_ = value if operator == Operator.IN else [value]
            texts = (one for one in values_ if isinstance(one, str) and operator != NORMALIZER)
            yield from ((name, operator, text, f"{place}.{name}") for text in texts)


def _without_private(wish: Wish, side: Side, told: dict[str, Any]) -> dict[str, Any]:
    """Keep private records out, as the other side would show them to everybody."""
    if PRIVATE not in wire_fields(wish.common) or PRIVATE in wish.fields or not has(wish, side, PRIVATE):
        return told
    if told.get(PRIVATE, PUBLIC) != PUBLIC or PRIVATE in Filter.parse({ANY: told.get(ANY) or [{}]}).reads():
        raise BridgeRefused(
            Mistake(
                f"filter.{side}.{PRIVATE}",
                f"private ones stay where they are; they travel only if the bridge carries {PRIVATE} too",
            )
        )
    return {**told, PRIVATE: PUBLIC}


def _refuse_disclosure(wish: Wish) -> None:
    """A side that makes records must take the flag with them, and every later change of it."""
    for side in Side:
        account = wish.accounts[side]
        resource = connect.provider_of(account).resource(wish.model)
        able = resource is not None and all(
            PRIVATE in resource.writable(operation) for operation in _WRITES if resource.can(operation)
        )
        direction = Direction(wish.options.get(PRIVATE, {}).get("direction", Direction.BOTH))
        if side in wish.creates and not (able and direction.reaches(side)):
            sentence = f"{account.integration} would show private ones to everybody; leave {PRIVATE} out, and they stay"
            raise BridgeRefused(Mistake(f"fields.{PRIVATE}", sentence))


def _checked(wish: Wish, side: Side, told: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The same, its values in the form in which records hold them."""
    checked: dict[str, Any] = {}
    for name, asked in told.items():
        if name == ANY:
            alternatives = enumerate(asked)
            checked[ANY] = [_checked(wish, side, one, f"{place}.{ANY}[{n}]") for n, one in alternatives]
            continue
        declared = offered(wish, name, f"{place}.{name}", [side])
        checked[name] = {
            operator: value
            if operator == NORMALIZER
            else _value(declared, Operator(operator), value, f"{place}.{name}.{operator}")
            for operator, value in asked.items()
        }
    return checked


def _value(declared: WireField, operator: Operator, value: Any, place: str) -> Any:
    if operator is Operator.BLANK:
        return value
    is_list = isinstance(declared, WireArray | Nested)
    if (operator in _LISTS) is not is_list:
        fitting = "has, lacks, blank" if is_list else "is, not, in, before, after, blank"
        raise BridgeRefused(
            Mistake(place, f"{declared.name} holds {'a list' if is_list else 'one value'}; ask by {fitting}")
        )
    if operator in _MOMENTS:
        if not isinstance(declared, Instant | Day):
            raise BridgeRefused(Mistake(place, f"{declared.name} holds no moment or day"))
        return value
    if operator is Operator.IN:
        if not value:
            raise BridgeRefused(Mistake(place, "it is one of none, so no record would ever take part"))
        return [stored(declared, one, place) for one in value]
    return stored(declared, value, place)


def stored(declared: WireField, value: Any, place: str) -> Any:
    """A value, or one item of a list, as records hold it in JSON; raises BridgeRefused for what it cannot hold."""
    if value is None or isinstance(declared, Nested):
        return value
    try:
        parsed = declared.parse_item(value) if isinstance(declared, WireArray) else declared.parse(value)
    except Malformed as error:
        raise BridgeRefused(Mistake(place, f"{value!r} cannot stand in {declared.name}: {error}")) from None
    return values.to_json({"value": parsed})["value"]
