"""What is broken where a person asks: records that are parted or brought back, pasts that are gone through again."""

from __future__ import annotations

from typing import Final

from tests.laws.mutation import Mutation

MUTATIONS: Final = (
    Mutation(
        "a parted record is missed",
        "plan.py",
        "state=State.DELETING, sent=Sent(to, ()), parted=True)",
        "state=State.DELETING, sent=Sent(to, ()))",
    ),
    Mutation("a parting expects nothing", "plan.py", "(Delete(to, expected),)", "(Delete(to, {}),)"),
    Mutation(
        "who was brought back is deleted again",
        "plan.py",
        "sent=Sent(to, moves), parted=True)",
        "sent=Sent(to, moves))",
    ),
    Mutation(
        "who was brought back is a new record",
        "plan.py",
        "(Create(to, moves, restores=True),)",
        "(Create(to, moves),)",
    ),
    Mutation(
        "what is asked for leaves beside a write in flight",
        "plan.py",
        "    if pair.sent is not None:\n        raise StateError(",
        "    if False:\n        raise StateError(",
    ),
    Mutation(
        "a parting outlasts the return of both", "plan.py", "buried=False, parted=False)", "buried=False)"
    ),
    Mutation(
        "what does not follow from the record is told",
        "replay.py",
        "unclear = {one.field for one in _differences(real, control)}",
        "unclear: set[str] = set()",
    ),
    Mutation(
        "what came before the span is decided anew", "replay.py", "number == self.since:", "number == 0:"
    ),
    Mutation(
        "what the bridge did is decided anew",
        "replay.py",
        "happening.asked or (leads and not self.would(happening)):",
        "happening.asked:",
    ),
    Mutation(
        "what a person asked for is decided anew",
        "replay.py",
        "happening.asked or (leads and not self.would(happening)):",
        "leads and not self.would(happening):",
    ),
    Mutation(
        "a remote's spelling is forgotten in a replay",
        "replay.py",
        "    if known is None or known.answer is None or known.to is not push.to:\n",
        "    if True:\n",
    ),
    Mutation("a replay looks at writes only", "replay.py", "if self.real.owes() is None:", "if False:"),
    Mutation(
        "times are not heeded in a replay",
        "replay.py",
        "edited={name: one.made for name, one in edits.items()},",
        "edited={},",
    ),
    Mutation(
        "a conflict that waits is told as another one",
        "replay.py",
        "if (one.field, repr(one.now)) not in known)",
        "if known is not None)",
    ),
    Mutation("news is told as drift", "drift.py", "if not moved)", "if True)"),
    Mutation("news counts as strayed", "drift.py", "if moved and tuple(moved) == found.to)", "if moved)"),
)
