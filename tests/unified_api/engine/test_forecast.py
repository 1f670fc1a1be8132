"""What would be written until a pair comes to rest."""

from __future__ import annotations

from dataclasses import replace

from tests.unified_api.engine.bench import ALL, NAMES, POLICY, agreed
from unified_api.engine.events import Create, Delete, Look, Problem, Push, Record
from unified_api.engine.forecast import Forecast, forecast
from unified_api.engine.pair import Pair, Sent, State
from unified_api.engine.policy import DeleteRule, Field, Policy, Winner
from unified_api.engine.values import Both, Side, Values
from unified_api.engine.weigh import Terms

TERMS = Terms(POLICY, Both(ALL, replace(ALL, deletes=True)))


def foresee(pair: Pair, a: Values | None, b: Values | None, terms: Terms = TERMS) -> Forecast:
    """The forecast of two records; one without values was deleted."""
    return forecast(
        pair, Look(*(None if one is None else Record(one, gone=not one) for one in (a, b))), terms
    )


def written(seen: Forecast) -> list[tuple[str, Side, Values]]:
    """Kind, side and values of each write, in order."""
    return [
        (type(one.write).__name__, one.write.to, one.write.fields if isinstance(one.write, Push) else {})
        for one in seen.writes
    ]


def test_nothing_is_owed() -> None:
    """A pair at rest has an empty forecast."""
    assert foresee(agreed(name=("word", "WORD")), {"name": "word"}, {"name": "WORD"}) == Forecast((), ())


def test_both_sides_are_owed_something() -> None:
    """Each side's update is shown, with the records as they stand after it."""
    pair = agreed(name=("old", "old"), body=("text", "text"))
    seen = foresee(pair, {"name": "new", "body": "text"}, {"name": "old", "body": "edited"})

    assert written(seen) == [("Push", Side.B, {"name": "new"}), ("Push", Side.A, {"body": "edited"})]
    assert seen.writes[0].then.b == Record({"name": "new", "body": "edited"})
    assert seen.writes[1].then.a == Record({"name": "new", "body": "edited"})


def test_a_create_and_what_follows_it() -> None:
    """What a create cannot carry is shown as the update that brings it over; what never can, as a problem."""
    terms = Terms(POLICY, Both(ALL, replace(ALL, create=NAMES - {"body"})))
    seen = foresee(Pair(State.ALONE), {"name": "word", "body": "text", "status": "strange"}, None, terms)

    assert written(seen) == [("Create", Side.B, {"name": "word"}), ("Push", Side.B, {"body": "text"})]
    assert seen.writes[0].then.b == Record({"name": "word", "body": None, "status": None})
    assert [one.kind.value for one in seen.remains if isinstance(one, Problem)] == ["unmapped"]


def test_a_delete_that_follows_a_delete() -> None:
    """A record that follows its counterpart is shown as deleted, and then nothing is owed."""
    policy = replace(POLICY, deletes=Both(DeleteRule.ASK, DeleteRule.PROPAGATE))
    pair = agreed(name=("old", "old"))
    seen = foresee(pair, {}, {"name": "old"}, replace(TERMS, policy=policy))

    assert [one.write for one in seen.writes] == [Delete(Side.B, {"name": "old"})]
    assert seen.writes[0].then.b == Record({"name": "old"}, gone=True)
    assert seen.remains == ()


def test_a_record_that_is_made_again() -> None:
    """A restore is a create, and says so."""
    policy = replace(POLICY, deletes=Both(DeleteRule.ASK, DeleteRule.RESTORE))
    seen = foresee(agreed(name=("old", "old")), {}, {"name": "old"}, replace(TERMS, policy=policy))
    made = seen.writes[0].write

    assert written(seen) == [("Create", Side.A, {"name": "old"})]
    assert isinstance(made, Create)
    assert made.restores


def test_what_remains_is_told() -> None:
    """Contests and closed sides are told, not written."""
    asking = Policy({"name": Field("name", winner=Winner.ASK), "body": Field("body")})
    terms = Terms(asking, Both(ALL, ALL), frozenset({Side.B}))
    pair = agreed(name=("old", "old"), body=("text", "text"))
    seen = foresee(pair, {"name": "one", "body": "edited"}, {"name": "two", "body": "text"}, terms)

    assert seen.writes == ()
    assert {type(one).__name__ for one in seen.remains} == {"Contest", "Withheld"}


def test_a_pair_with_a_write_in_flight_is_not_foretold() -> None:
    """Nobody knows yet what it leads to."""
    pair = replace(agreed(name=("old", "old")), state=State.PUSHING, sent=Sent(Side.B, ()))

    assert foresee(pair, {"name": "new"}, {"name": "old"}) == Forecast((), ())
