"""One record of a pair is gone: what the rule of the other's side says of the one that is left.

    rule         the survivor is as it was agreed   it was edited since
    ASK          Problem GONE                       Problem GONE
    UNLINK       it lives alone                     it lives alone
    PROPAGATE    it is deleted too                  Problem EDITED: it is kept, and a person says
    RESTORE      the lost one is made again         the same, with the edit

Both records gone is peace, and the deletion of either is old news from then on: who comes back is not deleted for it
again. PROPAGATE then goes the other way, and has the counterpart made again. A person may have parted the two: then
the one that is left lives alone, whatever the rule. Nothing is decided about a record that stands outside of the
bridge's filter. For what may be there again nothing is made beside it and nothing deleted: a person says who belongs
together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from unified_api.engine.birth import beget
from unified_api.engine.events import Delete, Effect, Kind, Look, Problem, Record, Settled, Withheld
from unified_api.engine.pair import Pair, Sent, State
from unified_api.engine.policy import DeleteRule, Policy
from unified_api.engine.values import Side
from unified_api.engine.weigh import Terms

Step = tuple[Pair, tuple[Effect, ...]]
#: Why what was lost is not made again, nor its counterpart deleted.
AGAIN: Final = (
    "a record that belongs to nobody has its key there: join the two, or say that it is one of its own"
)


def absent(pair: Pair, look: Look, terms: Terms) -> Step:
    """Decide about a pair of which at most one record is left."""
    gone = replace(pair, state=State.GONE)
    left = next((side for side in Side if _is_there(look.of(side))), None)
    survivor = None if left is None else look.of(left)
    if left is None or survivor is None:
        return replace(gone, buried=True), (Settled(),)
    if survivor.outside or pair.parted:
        return gone, (Settled(),)
    match terms.policy.deletes[left]:
        case DeleteRule.UNLINK:
            return gone, (Settled(),)
        case DeleteRule.PROPAGATE if not (pair.buried or look.again):
            return _propagate(gone, left, survivor, terms)
        case DeleteRule.RESTORE | DeleteRule.PROPAGATE if not look.again:
            return beget(gone, left, survivor.values, terms, restores=True)
        case _:
            reason = AGAIN if look.again else ""
            return gone, (Problem(Kind.GONE, left.other, reason=reason), Settled())


def _propagate(pair: Pair, left: Side, survivor: Record, terms: Terms) -> Step:
    if any(one.to is left and not one.moves for one in pair.refused):
        reason = next(one.reason for one in pair.refused if one.to is left and not one.moves)
        return pair, (Problem(Kind.REFUSED, left.other, reason=reason), Settled())
    if was_edited(pair, left, survivor, terms.policy):
        return pair, (Problem(Kind.EDITED, left), Settled())
    if not terms.access[left].deletes:
        return pair, (Problem(Kind.NO_DELETE, left.other), Settled())
    if left in terms.closed:
        return pair, (Withheld(left),)
    expected = {name: survivor.values[name] for name in terms.policy.fields if name in survivor.values}
    return replace(pair, state=State.DELETING, sent=Sent(left, ())), (Delete(left, expected),)


def was_edited(pair: Pair, side: Side, record: Record, policy: Policy) -> bool:
    """Whether a bridged field of a record is not as it was last agreed; one never agreed counts as edited."""
    return any(
        name in record.values
        and (name not in pair.base[side] or not one.same(record.values[name], pair.base[side][name]))
        for name, one in policy.fields.items()
    )


def _is_there(record: Record | None) -> bool:
    return record is not None and not record.gone
