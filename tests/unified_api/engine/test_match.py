"""Who belongs to whom, when nobody is paired yet."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unified_api.engine.bench import POLICY
from unified_api.engine.match import Matching, Review, alternatives, key_of, linked, match
from unified_api.engine.policy import Field, Policy
from unified_api.engine.values import Both, Side, Values

keys = st.sampled_from(["one", "two", "three", None])
sides = st.builds(
    lambda a, b: Both[Mapping[str, str | None]](
        {f"a{n}": key for n, key in enumerate(a)}, {f"b{n}": key for n, key in enumerate(b)}
    ),
    st.lists(keys, max_size=5),
    st.lists(keys, max_size=5),
)


def found(
    a: Mapping[str, str | None], b: Mapping[str, str | None], paired: str = "", pending: str = ""
) -> Matching:
    """Match, with the given keys among paired records and unsettled creates."""
    return match(Both(a, b), paired={paired}, pending={pending})


def test_one_to_one() -> None:
    """One record here and one there with the same key are a pair; the rest is alone."""
    outcome = found({"a1": "k", "a2": "x"}, {"b1": "k", "b2": "y"})

    assert outcome == Matching((("a1", "b1"),), Both(("a2",), ("b2",)), (), Both((), ()))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"a1": "k", "a2": "k"}, {"b1": "k"}),
        ({"a1": "k"}, {"b1": "k", "b2": "k"}),
        ({"a1": "k", "a2": "k"}, {}),
    ],
)
def test_twins_go_to_review(a: dict[str, str | None], b: dict[str, str | None]) -> None:
    """A key that is not one to one is a person's to decide; nothing is paired or created for it."""
    outcome = found(a, b)

    assert outcome == Matching((), Both((), ()), (Review("k", tuple(a), tuple(b)),), Both((), ()))


def test_the_key_of_a_paired_record_goes_to_review() -> None:
    """A newcomer that looks like a record that is paired already is not created a second time."""
    assert found({"a1": "k"}, {}, paired="k").review == (Review("k", ("a1",), ()),)


def test_what_is_one_of_its_own_is_alone_whoever_has_its_key() -> None:
    """A person said so; for all others its key counts as that of a paired record, and unsettled creates come first."""
    free: Both[Mapping[str, str | None]] = Both({"a1": "k", "a2": "k"}, {"b1": "k"})
    rest = Review("k", ("a2",), ("b1",))
    separate = frozenset({"a1"})

    for paired in (set[str | None](), {"k"}):
        outcome = match(free, paired=paired, pending=set(), separate=separate)
        assert outcome == Matching((), Both(("a1",), ()), (rest,), Both((), ()))
    only = match(Both({"a1": "k"}, {}), paired={"k"}, pending=set(), separate=separate)
    assert (only.alone.a, only.review) == (("a1",), ())
    waits = match(free, paired=set(), pending={"k"}, separate=separate)
    assert (waits.waiting, waits.alone) == (Both(("a1", "a2"), ("b1",)), Both((), ()))


def test_a_newcomer_waits_for_an_unsettled_create() -> None:
    """It may be the very record that was created."""
    outcome = found({}, {"b1": "k"}, pending="k")

    assert outcome.waiting == Both((), ("b1",))
    assert outcome.review == ()


def test_no_key_matches_nothing() -> None:
    """Records without a key are alone, however many there are."""
    outcome = found({"a1": None, "a2": None}, {"b1": None})

    assert outcome.alone == Both(("a1", "a2"), ("b1",))


def test_the_key_speaks_the_words_of_side_a() -> None:
    """Keys are normalized and translated; a blank or unmapped part makes no key."""
    policy = Policy({**POLICY.fields, "name": Field("name", normalizer="case")})

    def key(side: Side, name: str | None, status: str) -> str | None:
        return key_of({"name": name, "status": status}, side, ["name", "status"], policy)

    assert key(Side.A, "Word ", "OPEN") == key(Side.B, "word", "open") is not None
    assert key(Side.B, "word", "strange") is None
    assert key(Side.A, " ", "OPEN") is None
    assert key_of({"name": "word"}, Side.A, [], policy) is None


@given(sides, st.sets(keys.filter(bool)), st.sets(keys.filter(bool)))
def test_every_record_has_one_place_whatever_the_order(
    free: Both[Mapping[str, str | None]], paired: set[str], pending: set[str]
) -> None:
    """Each record is paired, alone, waiting or in review, exactly once, in whichever order they came."""
    outcome = match(free, paired=paired, pending=pending)
    reviewed = [i for one in outcome.review for i in (*one.a, *one.b)]
    placed = [i for pair in outcome.pairs for i in pair] + reviewed
    for side in Side:
        placed += [*outcome.alone[side], *outcome.waiting[side]]
    turned = Both[Mapping[str, str | None]](
        dict(reversed(list(free.a.items()))), dict(reversed(list(free.b.items())))
    )

    assert sorted(placed) == sorted([*free.a, *free.b])
    assert match(turned, paired=paired, pending=pending) == outcome


MAILS = Policy({"mails": Field("mails", normalizer="email")})


def test_the_key_of_several_addresses_has_neither_order_nor_types() -> None:
    """Each address is enough by itself; one that is none makes no key."""
    one: Values = {"mails": [{"email_address": "B@x", "type": "WORK"}, {"email_address": "a@x"}]}
    other: Values = {"mails": [{"email_address": "a@x", "type": "HOME"}, {"email_address": "b@X"}, {}]}
    key = key_of(one, Side.A, ["mails"], MAILS)

    assert key == key_of(other, Side.B, ["mails"], MAILS) == '[["a@x", "b@x"]]'
    assert alternatives(key) == ('["a@x"]', '["b@x"]')
    assert alternatives('["name", "x"]') == ('["name", "x"]',)
    assert key_of({"mails": [{"type": "WORK"}]}, Side.A, ["mails"], MAILS) is None
    assert alternatives(None) == ()


def test_who_is_linked_by_shared_keys_has_one() -> None:
    """One to the next, whatever the order in which they are asked about."""
    groups = [{"a", "b"}, {"c", "b"}, {"c"}, {"d"}, set[str]()]
    told = linked(groups)

    assert told == {"a": "a", "b": "a", "c": "a", "d": "d"}
    assert told == linked(reversed(groups))
