"""A stretch of the past under another policy: what both records would say."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unified_api.engine.events import Answered, Look, Push, Record, Rejected, Span
from unified_api.engine.pair import Pair
from unified_api.engine.plan import plan
from unified_api.engine.policy import Direction, Field, FirstContact, Policy, Shape, Winner
from unified_api.engine.replay import Edit, Happening, Replayed, Rules, Wrote, replay
from unified_api.engine.values import Both, Side, Value, Values
from unified_api.engine.weigh import Access, Terms

NAMES: Final = ("name", "body", "tags")
ALL: Final = Access(update=frozenset(NAMES))
START: Final = Both[Values](
    {"name": "v", "body": "v", "tags": ["x"]}, {"name": "V", "body": "v", "tags": ["x"]}
)
AGREED: Final = Pair(base=START)
dices = st.builds(Random, st.integers(0, 2**32 - 1))


def rules(policy: Policy) -> Rules:
    """A policy, and accounts that can write everything."""
    return Rules(Terms(policy, Both(ALL, ALL)))


def policy(dice: Random, winners: tuple[Winner, ...] = tuple(Winner)) -> Policy:
    """Any direction and winner for each field."""
    made = {}
    for name in NAMES:
        winner = dice.choice(winners)
        shape = Shape.SET if name == "tags" else Shape.VALUE
        fixed = Winner.B if winner is Winner.ASK and shape is Shape.SET else winner
        direction = dice.choice([Direction.BOTH, Direction.BOTH, Direction.BOTH, *Direction])
        made[name] = Field(name, direction, fixed, dice.choice(list(FirstContact)), "case", shape=shape)
    return Policy(made)


def fixed(winner: Winner) -> Policy:
    """Two ways for all fields, and one winner."""
    told = {name: Field(name, winner=winner, normalizer="case") for name in ("name", "body")}
    return Policy(told | {"tags": Field("tags", winner=winner, normalizer="case", shape=Shape.SET)})


@dataclass
class Bridge:
    """A bridge at work on two records, and what log and journal keep of it."""

    policy: Policy
    pair: Pair = AGREED
    now: Both[Values] = START
    past: list[Happening] = field(default_factory=list)
    edits: Both[dict[str, Span]] = field(default_factory=lambda: Both({}, {}))

    def edit(self, side: Side, name: str, value: Value) -> None:
        """People of a side edit a field."""
        if self.now[side][name] == value:
            return
        self._put(side, {name: value})
        self.edits[side][name] = Span.around(len(self.past))
        self.past.append(Edit(side, {name: value}, self.edits[side][name]))

    def round(self) -> None:
        """Look until nothing is owed."""
        while self.look():
            pass

    def look(self) -> bool:
        """Look once, and write to one side: side b shouts names, and refuses the body `no`."""
        records = (Record(self.now[side], edited=self.edits[side]) for side in Side)
        self.pair, effects = plan(self.pair, Look(*records), policy=self.policy, access=Both(ALL, ALL))
        push = next((one for one in effects if isinstance(one, Push)), None)
        if push is None:
            return False
        source = {move.field: move.source for move in push.moves}
        if push.to is Side.B and str(push.fields.get("body")).startswith("no"):
            self.past.append(Wrote(push.to, push.fields, source, None))
            self.pair, _ = self._told(Rejected("no"))
            return True
        spelt = {n: str(v).upper() if (push.to, n) == (Side.B, "name") else v for n, v in push.fields.items()}
        self.past.append(Wrote(push.to, push.fields, source, spelt))
        self._put(push.to, spelt)
        self.pair, _ = self._told(Answered(self.now[push.to]))
        return True

    def live(self, dice: Random, *, alike: bool, steps: int = 12) -> None:
        """Edits, looks that come late or stop halfway, and rounds; a last one, mostly. alike: people type the same."""
        for number in range(steps):
            does = dice.choice(["edit", "edit", "edit", "look", "round"])
            if does == "edit":
                side, name, own = dice.choice(list(Side)), dice.choice(NAMES), "" if alike else str(number)
                words = [word for word in self.now[side]["tags"] if dice.random() < 0.7]  # type: ignore[union-attr] # a list
                fresh = f"{dice.choice('xyz')}{own}"
                tags: Value = [*sorted({*map(str, words), fresh})]
                self.edit(side, name, tags if name == "tags" else f"{dice.choice(['p', 'no'])}{own}")
            else:
                self.round() if does == "round" else self.look()
        if dice.random() < 0.8:
            self.round()

    def under(self, other: Policy, since: int = 0) -> Replayed:
        """What would be different under another policy."""
        return replay(AGREED, START, self.past, since, (rules(self.policy), rules(other)))

    def _told(self, event: Answered | Rejected) -> tuple[Pair, object]:
        return plan(self.pair, event, policy=self.policy, access=Both(ALL, ALL))

    def _put(self, side: Side, values: Values) -> None:
        self.now = self.now.having(side, {**self.now[side], **values})


@settings(max_examples=100)
@given(dices)
def test_the_same_policy_changes_nothing(dice: Random) -> None:
    """Law: whatever happened, and from wherever in it, a replay under the policy that was in force is empty."""
    bridge = Bridge(policy(dice))
    bridge.live(dice, alike=False)
    seen = bridge.under(bridge.policy, dice.randint(0, len(bridge.past)))

    assert (seen.differences, seen.contests, seen.unclear) == ((), (), ())
    assert seen.real == bridge.now


@settings(max_examples=100)
@given(dices)
def test_what_does_not_follow_from_the_record_is_said(dice: Random) -> None:
    """Where people of both sides type the same, looks leave no trace: the same policy still changes nothing."""
    bridge = Bridge(policy(dice))
    bridge.live(dice, alike=True)
    seen = bridge.under(bridge.policy, dice.randint(0, len(bridge.past)))

    assert (seen.differences, seen.contests) == ((), ())


@settings(max_examples=100)
@given(dices)
def test_another_winner_ends_as_its_bridge_would_have_ended(dice: Random) -> None:
    """The same edits between the same rounds, under either policy: the replay of one ends as the other did."""
    plots = [
        [
            (side, name, f"{number}{side}")  # nobody types what somebody else has typed already
            for side in Side
            for name in ("name", "body")
            if dice.random() < 0.6
        ]
        for number in range(4)
    ]
    ended = {}
    for winner in (Winner.A, Winner.B):
        bridge = ended[winner] = Bridge(fixed(winner))
        for edits in plots:
            for edit in edits:
                bridge.edit(*edit)
            bridge.round()
    one, other = ended[Winner.A], ended[Winner.B]
    seen = one.under(other.policy)

    now = Both(dict(one.now.a), dict(one.now.b))
    for difference in seen.differences:
        now[difference.side][difference.field] = difference.value
    for side in Side:
        for name in NAMES:
            assert other.policy.fields[name].same(now[side][name], other.now[side][name])


def test_a_contested_edit_is_decided_otherwise() -> None:
    """Both sides edited one field: the other side's edit would stand on both, and by which rule is said."""
    bridge = Bridge(fixed(Winner.A))
    bridge.edit(Side.A, "body", "from a")
    bridge.edit(Side.B, "body", "from b")
    bridge.round()
    seen = bridge.under(fixed(Winner.B))

    assert {(one.side, one.was, one.value) for one in seen.differences} == {
        (Side.A, "from a", "from b"),
        (Side.B, "from a", "from b"),
    }
    assert {one.rule and one.rule.value for one in seen.differences} == {"winner", None}


def test_a_decision_would_be_left_to_a_person() -> None:
    """The side that gave way has its edit back, and the conflict is named."""
    bridge = Bridge(fixed(Winner.A))
    bridge.edit(Side.A, "body", "from a")
    bridge.edit(Side.B, "body", "from b")
    bridge.round()
    asking = Policy({"body": Field("body", winner=Winner.ASK)})
    seen = bridge.under(asking)

    assert [(one.side, one.value) for one in seen.differences] == [(Side.B, "from b")]
    assert [(one.field, one.now.a, one.now.b) for one in seen.contests] == [("body", "from a", "from b")]


@pytest.mark.parametrize(("since", "differs"), [(0, True), (3, False)])
def test_what_came_before_the_span_stays(since: int, *, differs: bool) -> None:
    """Only what happened since is decided anew."""
    bridge = Bridge(fixed(Winner.A))
    bridge.edit(Side.A, "body", "from a")
    bridge.edit(Side.B, "body", "from b")
    bridge.round()

    assert bool(bridge.under(fixed(Winner.B), since).differences) is differs


def test_a_look_that_the_next_write_rules_out_was_none() -> None:
    """Both sides added a word and one took it back, all before the bridge looked: its write says that it had not."""
    bridge = Bridge(fixed(Winner.A))
    bridge.edit(Side.A, "tags", ["x", "y"])
    bridge.edit(Side.B, "tags", ["x", "y"])
    bridge.edit(Side.A, "tags", ["x"])
    bridge.round()
    seen = bridge.under(bridge.policy)

    assert bridge.now.a["tags"] == ["x", "y"]
    assert (seen.differences, seen.unclear) == ((), ())


def test_what_a_person_asked_for_is_not_decided_anew() -> None:
    """An undo put back what no comparison would have: it stands, whoever wins."""
    bridge = Bridge(fixed(Winner.A))
    bridge.edit(Side.A, "body", "from a")
    bridge.round()
    bridge.past.append(Wrote(Side.B, {"body": "v"}, {"body": "from a"}, {"body": "v"}, asked=True))
    seen = bridge.under(fixed(Winner.B))

    assert (seen.differences, seen.unclear) == ((), ())
    assert (seen.real.a["body"], seen.real.b["body"]) == ("from a", "v")


def test_a_write_that_follows_from_nothing_is_said() -> None:
    """Nobody edited the field, and it was written all the same: nothing is told of it under any policy."""
    past = [Wrote(Side.B, {"body": "from nowhere"}, {"body": "v"}, {"body": "from nowhere"})]
    seen = replay(AGREED, START, past, 0, (rules(fixed(Winner.A)), rules(fixed(Winner.B))))

    assert (seen.differences, seen.unclear) == ((), ("body",))


def test_a_conflict_that_waits_is_not_told_again() -> None:
    """It is there already, whatever the replay."""
    asking = Policy({"body": Field("body", winner=Winner.ASK)})
    bridge = Bridge(asking)
    bridge.edit(Side.A, "body", "from a")
    bridge.edit(Side.B, "body", "from b")
    bridge.round()

    assert bridge.under(asking).contests == ()
