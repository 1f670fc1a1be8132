"""A pair on the bench: a policy, two accounts that can write everything, and the engine's answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from unified_api.engine.events import Answered, Contest, Effect, Event, Look, Problem, Push, Record
from unified_api.engine.pair import Pair, State
from unified_api.engine.plan import plan
from unified_api.engine.policy import Field, Policy
from unified_api.engine.values import Both, Side, Value, Values
from unified_api.engine.weigh import Access

NAMES = frozenset({"name", "body", "status"})
POLICY = Policy(
    {
        "name": Field("name"),
        "body": Field("body"),
        "status": Field(
            "status",
            words=Both(
                {"open": "OPEN", "closed": "CLOSED"},
                {"OPEN": "open", "WORKING": "open", "HELD": "open", "CLOSED": "closed"},
            ),
        ),
    }
)
ALL = Access(NAMES, NAMES, creates=True)


def agreed(**values: tuple[Value, Value]) -> Pair:
    """A pair at rest: each field with its value on either side."""
    a = {name: both[0] for name, both in values.items()}
    b = {name: both[1] for name, both in values.items()}
    return Pair(State.PAIRED, Both[Values](a, b))


@dataclass
class Bench:
    """Feeds events to one pair and keeps what came of the last."""

    pair: Pair
    policy: Policy = POLICY
    access: Both[Access] = field(default_factory=lambda: Both(ALL, ALL))
    effects: tuple[Effect, ...] = ()
    closed: frozenset[Side] = frozenset()

    def tell(self, event: Event) -> tuple[Effect, ...]:
        """One event."""
        self.pair, self.effects = plan(
            self.pair, event, policy=self.policy, access=self.access, closed=self.closed
        )
        return self.effects

    def answer(self) -> tuple[Effect, ...]:
        """The write in flight is done just as it was sent."""
        assert self.push is not None
        return self.tell(Answered(self.push[1]))

    def look(self, a: Values | Record | None, b: Values | Record | None) -> tuple[Effect, ...]:
        """Both records as they are now."""
        return self.tell(Look(_record(a), _record(b)))

    @property
    def push(self) -> tuple[Side, dict[str, Value]] | None:
        """Where the last look sent what."""
        return next(((one.to, one.fields) for one in self.effects if isinstance(one, Push)), None)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Kind and field of each problem of the last look."""
        return [(one.kind.value, one.field) for one in self.effects if isinstance(one, Problem)]

    @property
    def contests(self) -> list[str]:
        """The fields that wait for a person after the last look."""
        return [one.field for one in self.effects if isinstance(one, Contest)]

    def base(self, name: str) -> tuple[object, object]:
        """The bases of one field."""
        both = self.pair.agreed(name)
        return both.a, both.b


def _record(given: Values | Record | None) -> Record | None:
    return given if given is None or isinstance(given, Record) else Record(given)
