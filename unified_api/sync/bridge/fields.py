"""What a bridge wants of one field: by wish, else by what the field holds and what both adapters say of it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from integrations.kit.lens import InstantLens
from unified_api.engine.filter import USUAL
from unified_api.engine.normal import normal
from unified_api.engine.policy import Policy, Shape, Winner, parse_field
from unified_api.engine.values import Side
from unified_api.models.base import CUSTOM, CommonModel, wire_fields
from unified_api.models.fields import Choice, Choices, Instant, Ref, Refs, Text, Texts, WireArray, WireField
from unified_api.models.fields import Shape as Nested
from unified_api.sync import connect
from unified_api.sync.bridge import listed
from unified_api.sync.bridge.wish import BridgeRefused, Mistake, Wish

#: The winner of a field whose parts are merged one by one; contested parts go by `otherwise`.
MERGE: Final = "merge"
WINNERS: Final = (*(winner.value for winner in Winner), MERGE)
#: How single values are compared, by what holds them; the rest exactly.
_NORMALIZERS: Final[tuple[tuple[type[WireField], str], ...]] = (
    (Choice, "exact"),
    (Text, "trim"),
    (Instant, "instant"),
    (Texts, "trim"),
    (Nested, "trim"),
)
#: How texts are compared whose name says what they are.
_NAMED: Final = (("email", "email"), ("phone_number", "phone"))


def settings(wish: Wish, name: str, before: Policy | None = None) -> dict[str, Any]:
    """The stored policy of one field; raises BridgeRefused or PolicyError. before: what was told until now."""
    declared = offered(wish, name, f"fields.{name}")
    options = dict(wish.options.get(name, {}))
    shape = _shape(declared, options, f"fields.{name}.shape")
    told = {
        "normalizer": _normalizer(wish, name, declared),
        "words": _words(wish, name, declared, before),
        "first": wish.first,
        **_winners(wish, options, shape, f"fields.{name}.winner"),
        "shape": shape,
        "reference": isinstance(declared, Ref | Refs),
    }
    parse_field(name, told | options)
    return told | options


def offered(wish: Wish, name: str, place: str, sides: Sequence[Side] = tuple(Side)) -> WireField:
    """The declaration of a field that these sides have; raises BridgeRefused."""
    known = known_field(wish.model, wish.common, name, place)
    for side in sides:
        if not has(wish, side, name) and name.startswith(CUSTOM):
            target = name.removeprefix(CUSTOM)
            told = f"{wish.accounts[side].integration} maps no {target} of {wish.model}; see `manage.py mapping add`"
            raise BridgeRefused(Mistake(place, told))
        if not has(wish, side, name):
            raise BridgeRefused(Mistake(place, f"{wish.accounts[side].integration} has no {name}."))
    return known


def known_field(model: str, common: type[CommonModel], name: str, place: str) -> WireField:
    """The declaration of a field, whoever has it; raises BridgeRefused where no bridge can carry it."""
    known = wire_fields(common)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise BridgeRefused(Mistake(place, f"{model} has no field {name}; {meant}it has {', '.join(known)}."))
    if known[name].sensitive:
        told = f"{name} is sensitive: no bridge carries it, matches or filters by it; leave it out."
        raise BridgeRefused(Mistake(place, told))
    return known[name]


def refuse_unmatched(names: Iterable[str], carried: Iterable[str]) -> None:
    """Refuse to match records by fields that a bridge does not carry; raises BridgeRefused."""
    if unmatched := set(names) - set(carried):
        told = f"Records are matched by {', '.join(sorted(unmatched))}, which the bridge does not carry."
        raise BridgeRefused(Mistake("match", told))


def has(wish: Wish, side: Side, name: str) -> bool:
    """Whether a side's adapter knows the field, whatever the account's scopes say of it for now."""
    resource = connect.whole_of(wish.accounts[side]).resource(wish.model)
    return resource is not None and name in resource.mapping.lenses


def shape_of(declared: WireField) -> Shape:
    """What a field holds by its declaration."""
    if isinstance(declared, WireArray):
        return Shape.SET
    if isinstance(declared, Nested):
        return Shape.MAP if declared.schema.get("type") == "object" else Shape.SET
    return Shape.VALUE


def _shape(declared: WireField, options: dict[str, Any], place: str) -> str:
    natural = shape_of(declared)
    fitting = {
        Shape.VALUE: [Shape.VALUE],
        Shape.SET: [Shape.SET, Shape.LOG, Shape.VALUE],
        Shape.MAP: [Shape.MAP, Shape.VALUE],
    }[natural]
    given = options.pop("shape", natural)
    if given not in fitting:
        raise BridgeRefused(
            Mistake(place, f"{given!r} does not go with it; possible are {', '.join(fitting)}")
        )
    return str(given)


def _winners(wish: Wish, options: dict[str, Any], shape: str, place: str) -> dict[str, str]:
    """Who prevails; a field with parts asks nobody by default, as each of its parts is merged for itself."""
    parted = shape != Shape.VALUE
    given = options.pop("winner", None)
    if given is not None and given not in WINNERS:
        raise BridgeRefused(Mistake(place, f"{given!r} is none of {', '.join(WINNERS)}"))
    if given == MERGE and not parted:
        raise BridgeRefused(
            Mistake(place, "'merge' goes with lists and maps; this field holds a single value")
        )
    winner = wish.winner if given in {None, MERGE} else given
    decides = winner in {Winner.A, Winner.B}
    otherwise = options.pop("otherwise", None) or wish.otherwise or (winner if decides else Side.A.value)
    if winner == Winner.ASK and parted and given != Winner.ASK:
        winner = otherwise
    return {"winner": str(winner), "otherwise": str(otherwise)}


def _normalizer(wish: Wish, name: str, declared: WireField) -> str:
    """Addresses and numbers of people by the field's name; texts that a side marks up by what a reader sees.

    Moments of which a side keeps the day alone by their days.
    """
    usual = next((how for kind, how in _NORMALIZERS if isinstance(declared, kind)), "exact")
    if usual == "instant" and any(_keeps_days(wish, side, name) for side in Side):
        return "day"
    if usual != "trim":
        return usual
    if any(name in _marked_up(wish, side) for side in Side):
        return "rich"
    return next((how for part, how in _NAMED if part in name), usual)


def _keeps_days(wish: Wish, side: Side, name: str) -> bool:
    resource = connect.whole_of(wish.accounts[side]).resource(wish.model)
    lens = resource.mapping.lenses.get(name) if resource else None
    return isinstance(lens, InstantLens) and lens.keeps_days


def _marked_up(wish: Wish, side: Side) -> Sequence[str]:
    resource = connect.whole_of(wish.accounts[side]).resource(wish.model)
    return resource.markup if resource else ()


def _words(
    wish: Wish, name: str, declared: WireField, before: Policy | None
) -> dict[str, dict[str, str]] | None:
    """Words that both sides know mean the same; what a side cannot store has no word there unless it is given.

    Of a text or a list of texts, which have no words of their own, those that are given are all there are.
    """
    given = [one for one in wish.words if one[0] == name]
    if not isinstance(declared, Choice):
        if given and not isinstance(declared, Text | Texts):
            raise BridgeRefused(Mistake(f"fields.{name}.words", f"{name} holds no words"))
        if given:
            listed.check(wish, name, given, before)
        return _added({side.value: {} for side in Side}, given) if given else None
    told = before.fields[name].words if before and name in before.fields else None
    mistakes = [
        Mistake(f"fields.{name}.words.{to}.{theirs}", wrong)
        for _, to, theirs, here in given
        for wrong in _wrong_word(wish, name, to, theirs, here, told[to] if told else ())
    ]
    if mistakes:
        raise BridgeRefused(*mistakes)
    return _added(usual_words(wish, name, declared), given)


def _wrong_word(
    wish: Wish, name: str, to: Side, theirs: str, here: str | None, told: Container[str]
) -> Iterator[str]:
    """What is wrong with one word that is given. told: the other side's words that were taken before."""
    able = storable(wish, to, name)
    if here is not None and able and here not in able:
        yield f"{wish.accounts[to].integration} stores no {here}; it stores {', '.join(able)}"
    if theirs not in told:
        how = wish.options.get(name, {}).get("normalizer", "exact")
        yield from strange(wish, to.other, name, theirs, how)


def strange(wish: Wish, side: Side, name: str, word: str, normalizer: str = USUAL) -> Iterator[str]:
    """The sentence about a word of a field with words that is nobody's: who misspelt it would wait for ever.

    Lists of words are open. So a provider's own word, which passes through, is known once a record there says it.
    normalizer: how the word will be compared.
    """
    declared = wire_fields(wish.common)[name]
    if not isinstance(declared, Choice | Choices):
        return
    known = list(dict.fromkeys([*(storable(wish, side, name) or ()), *declared.words]))
    is_known = normal(word, normalizer) in {normal(one, normalizer) for one in known}
    if is_known or _is_said(wish, side, name, word, normalizer):
        return
    integration = wish.accounts[side].integration
    yield f"{integration} knows no {word}, and no record there says it; known are {', '.join(known)}"


def _is_said(wish: Wish, side: Side, name: str, word: str, normalizer: str) -> bool:
    is_list = isinstance(wire_fields(wish.common)[name], WireArray)
    same = f"{name}__iexact" if normalizer == USUAL else name
    asked = {f"{name}__contains": [word]} if is_list else {same: word}
    records = wish.common.objects.filter(linked_account_id=wish.accounts[side].id, **asked)
    return bool(records.exists())


def usual_words(wish: Wish, name: str, declared: Choice) -> dict[str, dict[str, str]]:
    """What the words of a field mean on either side, as far as nobody has to say."""
    able = {side: storable(wish, side, name) or declared.words for side in Side}
    return {side.value: {word: word for word in able[side]} for side in Side}


def _added(
    words: Mapping[str, dict[str, str]], given: Sequence[tuple[str, Side, str, str | None]]
) -> dict[str, dict[str, str]]:
    told = {side: dict(known) for side, known in words.items()}
    for _, to, theirs, here in given:
        if here is None:
            told[to.value].pop(theirs, None)
        else:
            told[to.value][theirs] = here
    return told


def storable(wish: Wish, side: Side, name: str) -> Sequence[str] | None:
    """The common words that a side can store in a field; None where it is not a matter of words."""
    resource = connect.whole_of(wish.accounts[side]).resource(wish.model)
    return resource.words(name) if resource else None
