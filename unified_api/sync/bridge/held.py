"""Why a pair is held back, in words; free pairs are looked at.

new         a lone record that is new or changed: its key is to be noted
keyed       its key is noted, and it is to be matched
search      nobody has its key: its counterpart, or what a pair has lost, is to be searched for before it is made
review      others have its key: a person says who belongs together
waiting     it may be what an unsettled create made
unsettled   a create whose outcome nobody knows: a person has to tell
closed      what it owes goes to a side that is closed for now
merged      a record went into another one that has a counterpart already: what becomes of its own a person says
"""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q

from unified_api.engine.pair import State
from unified_api.engine.values import Side
from unified_api.sync.models_bridge import Pair

NEW, KEYED, SEARCH, FREE = "new", "keyed", "search", ""
REVIEW, WAITING, UNSETTLED, CLOSED, MERGED = "review", "waiting", "unsettled", "closed", "merged"
#: All but free.
HELD: Final = (NEW, KEYED, SEARCH, REVIEW, WAITING, UNSETTLED, CLOSED, MERGED)
#: What the bridge goes on with by itself, at once.
UNDER_WAY: Final = (NEW, KEYED, SEARCH, FREE)
#: In a pair's memory: how many of its writes in a row changed nothing, for a reason that passes; and what kind the
#: last of them was.
DROPPED: Final = "dropped"
DROPPED_AS: Final = "dropped_as"
#: The column of a side's record.
COLUMN: Final = {Side.A: "record_a", Side.B: "record_b"}


def one_sided() -> Q:
    """Pairs that have one record only."""
    return Q(record_a=None) | Q(record_b=None)


def again(pairs: models.QuerySet[Pair]) -> None:
    """Have lone records of these matched anew."""
    pairs.filter(one_sided(), state=State.ALONE).update(held=NEW, dirty=True)
