"""Who belongs to whom, when nobody is paired yet. Exact normalized keys only; never by likeness.

    one free record here, one there, nobody paired has the key    a pair
    one free record, none on the other side, nobody has the key   alone: its counterpart may be created
    a create with this key is unsettled                           waits: it may be the record that was created
    a person said that it is one of its own                       alone; its key counts as that of a paired record
    anything else (twins on a side, the key of a paired record)   review: a person says

Twins go to review also when the other side has none: creating one of them would make the other one match a
paired record, and the outcome would depend on the order. A record without a key matches nothing: alone, unless an
unsettled create has no key either.

A field that holds several things (the addresses of a person) makes a key of each: whoever shares one of them is meant.
`alternatives` are the keys of a record, and those who are linked by them, one to the next, count as having one key.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product

from unified_api.engine.entry import known
from unified_api.engine.normal import normal
from unified_api.engine.policy import UNMAPPED, Policy
from unified_api.engine.values import Both, Side, Value, Values


@dataclass(frozen=True, slots=True)
class Review:
    """Records that share a key and are not one to one."""

    key: str
    a: tuple[str, ...]
    b: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """The outcome; ids in their given order sorted, so that it does not depend on it."""

    pairs: tuple[tuple[str, str], ...]
    alone: Both[tuple[str, ...]]
    review: tuple[Review, ...]
    waiting: Both[tuple[str, ...]]


def key_of(values: Values, side: Side, names: Sequence[str], policy: Policy) -> str | None:
    """The key of a record, in the words of side a; None when a part is blank or has no translation."""
    parts = []
    for name in names:
        one = policy.fields[name]
        value = values.get(name) if side is Side.A else one.translate(values.get(name), Side.A)
        part = None if value is UNMAPPED else _part(normal(one.plain(value), one.normalizer))
        if part is None:
            return None
        parts.append(part)
    return json.dumps(parts, ensure_ascii=False) if parts else None


def _part(value: Value) -> Value:
    """Of several things the words by which each is known, in one order; what else is said of them does not matter."""
    if not isinstance(value, list):
        return value
    words = {word for one in value if isinstance(word := known(one), str)}
    return [*sorted(words)] or None


def alternatives(key: str | None) -> tuple[str, ...]:
    """The keys of which each is enough, of a record with this key; none of one without."""
    if key is None:
        return ()
    parts = [part if isinstance(part, list) else [part] for part in json.loads(key)]
    return tuple(json.dumps(one, ensure_ascii=False) for one in product(*parts))


def linked(groups: Iterable[Collection[str]]) -> dict[str, str]:
    """For each key of these groups, each of one pair, the one that stands for all who are linked, one to the next."""
    told = [sorted(group) for group in groups if group]
    root = {one: one for group in told for one in group}

    def top(one: str) -> str:
        while root[one] != one:
            one = root[one]
        return one

    for first, *others in told:
        for other in others:
            low, high = sorted((top(first), top(other)))
            root[high] = low
    return {one: top(one) for one in root}


def match(
    free: Both[Mapping[str, str | None]],
    *,
    paired: AbstractSet[str | None],
    pending: AbstractSet[str | None],
    separate: AbstractSet[str] = frozenset(),
) -> Matching:
    """Match free records (id to key, per side), given the keys of paired records and of unsettled creates.

    separate: those that a person has called one of their own.
    """
    groups = Both(_by_key(free.a), _by_key(free.b))
    own = {key for side in Side for one, key in free[side].items() if one in separate}
    alone: Both[list[str]] = Both([], [])
    waiting: Both[list[str]] = Both([], [])
    keyless = waiting if None in pending else alone
    for side in Side:
        keyless[side].extend(i for i, key in free[side].items() if key is None)
    pairs: list[tuple[str, str]] = []
    review: list[Review] = []
    for key in sorted(groups.a.keys() | groups.b.keys()):
        here, there = sorted(groups.a.get(key, ())), sorted(groups.b.get(key, ()))
        if key in pending:
            waiting.a.extend(here)
            waiting.b.extend(there)
        elif key in own or key in paired or max(len(here), len(there)) > 1:
            alone.a.extend(i for i in here if i in separate)
            alone.b.extend(i for i in there if i in separate)
            others = [tuple(i for i in ids if i not in separate) for ids in (here, there)]
            review += [Review(key, *others)] if any(others) else []
        elif here and there:
            pairs.append((here[0], there[0]))
        else:
            alone.a.extend(here)
            alone.b.extend(there)
    return Matching(tuple(pairs), _sorted(alone), tuple(review), _sorted(waiting))


def _by_key(free: Mapping[str, str | None]) -> dict[str, list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for identifier, key in free.items():
        if key is not None:
            groups[key].append(identifier)
    return groups


def _sorted(found: Both[list[str]]) -> Both[tuple[str, ...]]:
    return Both(_order(found.a), _order(found.b))


def _order(identifiers: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(identifiers))
