"""What stands apart although neither side has news: the comparison that no base can mislead.

A look compares each side with its own base, so a base that says what was never agreed hides a difference for ever.
Here both sides are compared with each other, for the fields in which neither moved. Not all that is found is wrong: a
remote that re-spells what it is given stands apart as well, and who has the journal can tell.

What was edited at the far end of a field that travels one way stands apart too: the bridge never takes it, nor writes
over it before the near end has news.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unified_api.engine.pair import Pair
from unified_api.engine.parts import Opened, has_parts, names, part, part_field
from unified_api.engine.policy import UNMAPPED, Direction, Field, FirstContact, Policy
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values


@dataclass(frozen=True, slots=True)
class Apart:
    """A field, or one part of it, in which the sides do not mean the same, and no side moved from its base."""

    field: Field
    held: Both[Value]
    part: str | None = None

    @property
    def to(self) -> tuple[Side, ...]:
        """The sides that lack what the other has, by the ways that the field travels."""
        return tuple(side for side in Side if self.field.direction.reaches(side))

    def is_spelling_of(self, sent: Value, to: Side) -> bool:
        """Whether it is explained by this value having been sent to a side, which then spelt it in its own way."""
        one = part_field(self.field) if self.part is not None else self.field
        was_sent = sent if self.part is None else part(self.field, sent, self.part, to)
        wanted = one.translate(self.held[to.other], to)
        return was_sent is not MISSING and wanted is not UNMAPPED and one.same(was_sent, wanted)


def apart(pair: Pair, now: Both[Values], policy: Policy) -> tuple[Apart, ...]:
    """All such fields of two present records; without those whose differences were left as they are on purpose."""
    left = {one.field for one in pair.rulings if one.winner is None}
    asked = (one for one in policy.fields.values() if _is_kept_equal(one) and one.name not in left)
    return tuple(found for one in asked for found, moved in _differing(one, pair, now) if not moved)


def strayed(pair: Pair, now: Both[Values], policy: Policy) -> tuple[Apart, ...]:
    """All that differs as it was edited where a field only arrives; without fields that only fill what is empty."""
    asked = (one for one in policy.fields.values() if _is_kept_equal(one) and not one.fills)
    differing = (found for one in asked for found in _differing(one, pair, now))
    return tuple(found for found, moved in differing if moved and tuple(moved) == found.to)


def _is_kept_equal(one: Field) -> bool:
    return one.direction is not Direction.NEVER and one.first is not FirstContact.KEEP


def _differing(one: Field, pair: Pair, now: Both[Values]) -> Iterator[tuple[Apart, list[Side]]]:
    """What differs of a field, or of its parts, with the sides that moved from their bases."""
    held = Both[Maybe](now.a.get(one.name, MISSING), now.b.get(one.name, MISSING))
    base = pair.agreed(one.name)
    if _unknown(held) or _unknown(base):
        return
    if not has_parts(one):
        yield from _if_differing(one, held, base)
        return
    opened, known = Opened.both(one, held), Opened.both(one, base)
    for name in names(opened, known):
        yield from _if_differing(one, _part(opened, name), _part(known, name), name)


def _unknown(values: Both[Maybe]) -> bool:
    return values.a is MISSING or values.b is MISSING


def _part(values: Both[Opened], name: str) -> Both[Maybe]:
    return Both[Maybe](values.a.part(name), values.b.part(name))


def _if_differing(
    one: Field, held: Both[Maybe], base: Both[Maybe], name: str | None = None
) -> Iterator[tuple[Apart, list[Side]]]:
    compared = one if name is None else part_field(one)
    there = Both[Value](held.a, held.b)  # type: ignore[arg-type] # neither is missing
    if not compared.agree(there) and not _is_nameless(compared, there):
        moved = [side for side in Side if not compared.same(there[side], base[side])]  # type: ignore[arg-type] # the same
        yield Apart(one, there, name), moved


def _is_nameless(one: Field, there: Both[Value]) -> bool:
    """Whether a side names a record of which nobody can say now what its counterpart is, as that rests or is gone."""
    return one.reference and any(
        isinstance(there[side], str) and one.translate(there[side], side.other) is UNMAPPED for side in Side
    )
