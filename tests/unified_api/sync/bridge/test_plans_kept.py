"""What an approved plan showed is what is done, item by item, whatever both sides hold and whoever edits meanwhile."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from tenants.models import Tenant
from tenants.scope import scope
from tests import stub
from tests.unified_api.sync.bridge import conftest
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_following import COMMENT, TICKET, URGENT, Followed, following
from tests.unified_api.sync.bridge.test_plans import configure, tell
from unified_api import registry
from unified_api.models.ticketing import Ticket
from unified_api.sync.bridge import plans, steering
from unified_api.sync.models_bridge import Pair
from unified_api.sync.models_plan import PlanItem

REMOTE = {"name": "title", "description": "text", "status": "state", "priority": "priority"}
WORDS = {
    "status": {"OPEN": "open", "IN_PROGRESS": "busy", "CLOSED": "done"},
    "priority": {"URGENT": "p1", "NORMAL": "p2", "LOW": "p3"},
}
STATES = {"a": ("open", "busy", "done"), "b": ("open", "done")}

Cells = dict[str, Any]
Tables = dict[str, dict[str, Cells]]
Edits = list[tuple[str, int, str, str]]
Removals = list[tuple[str, int]]


def ticket(side: str, title: str) -> st.SearchStrategy[Cells]:
    """What a desk may hold under a title."""
    return st.fixed_dictionaries(
        {
            "title": st.just(title),
            "text": st.sampled_from(["wet", "dry", " wet ", None]),
            "state": st.sampled_from(STATES[side]),
            "priority": st.sampled_from(["p1", "p2", "p3", None]),
        }
    )


def desk(side: str) -> st.SearchStrategy[list[Cells]]:
    """Some of the titles that either desk may have, each once."""
    titles = st.lists(st.sampled_from(["Printer", "Router", "Screen", "Chair"]), unique=True)
    return titles.flatmap(lambda found: st.tuples(*(ticket(side, title) for title in found)).map(list))


#: Who edits what while the plan waits: side, place among the tickets there, field, value.
edits = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from("ab"), st.integers(0, 3), st.just("text"), st.sampled_from(["hot", "cold"])
        ),
        st.tuples(
            st.sampled_from("ab"), st.integers(0, 3), st.just("priority"), st.sampled_from(["p1", "p3"])
        ),
    ),
    max_size=2,
)

#: Whose ticket is removed: side, place among the tickets there.
removals = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), max_size=2)


@contextmanager
def _planning(held: Mapping[str, list[Cells]], winner: str) -> Iterator[Bridged]:
    """Two desks of a tenant of their own that hold this, and a bridge that has made its plan."""
    tenant = Tenant.create(f"tenant {uuid.uuid4()}").id
    with scope(tenant), stub.running() as a, stub.running() as b:
        for cells, one in (*((cells, a) for cells in held["a"]), *((cells, b) for cells in held["b"])):
            one.add(**cells)
        linked = (conftest.link(stub.PROVIDER, a), conftest.link(conftest.PLAIN, b))
        bridged = Bridged(tenant, a, b, linked)
        bridged.join(mode="plan", winner=winner)
        bridged.round()
        yield bridged


@contextmanager
def _changing(held: list[Cells], winner: str, meant: Callable[[Bridged], None]) -> Iterator[Bridged]:
    """Two desks that were equal until people did what is meant, and a bridge that plans what comes of it."""
    with _planning({"a": held, "b": held}, winner) as bridged:
        tell(bridged, deletes={"a": "propagate", "b": "propagate"})
        configure(bridged, mode="live")
        bridged.round()
        meant(bridged)
        with transaction.atomic():
            steering.plan_anew(bridged.bridge_id)
        bridged.round()
        yield bridged


@pytest.fixture
def providers(
    database: psycopg.Connection, no_broker: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both desks' adapters are there."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    for provider in (stub.PROVIDER, conftest.PLAIN):
        monkeypatch.setitem(registry._providers, provider.slug, provider)


EXAMPLES = settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # it would take long to look for a smaller example
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@EXAMPLES
@given(a=desk("a"), b=desk("b"), winner=st.sampled_from("ab"), meanwhile=edits)
def test_an_approved_first_plan_does_what_it_showed_item_by_item(
    providers: None, a: list[Cells], b: list[Cells], winner: str, meanwhile: Edits
) -> None:
    """Creates and updates: each item is done once, in just these values, or left alone; nothing else is written."""
    with _planning({"a": a, "b": b}, winner) as desks:
        assert desks.writes() == 0
        _check(desks, meanwhile)


@EXAMPLES
@given(held=desk("b"), winner=st.sampled_from("ab"), before=edits, removed=removals, meanwhile=edits)
def test_an_approved_later_plan_does_what_it_showed_item_by_item(
    providers: None, held: list[Cells], winner: str, before: Edits, removed: Removals, meanwhile: Edits
) -> None:
    """The same of edits and removals that a plan was made of: a delete is of just the record that was shown."""

    def people(desks: Bridged) -> None:
        _edit(desks, before)
        for side, place in removed:
            rows = _table(desks, side)
            if place < len(rows):
                del rows[sorted(rows)[place]]

    with _changing(held, winner, people) as desks:
        _check(desks, meanwhile)


@settings(EXAMPLES, max_examples=2)
@example(urgent=(True, False), said=[0, 1], before=set(), meanwhile={1})
@given(
    urgent=st.tuples(st.booleans(), st.booleans()),
    said=st.lists(st.integers(0, 1), min_size=2, max_size=3),
    before=st.sets(st.integers(0, 1)),
    meanwhile=st.sets(st.integers(0, 1), min_size=1),
)
def test_what_a_follower_writes_was_shown_by_an_approved_plan(
    providers: None,
    monkeypatch: pytest.MonkeyPatch,
    urgent: tuple[bool, bool],
    said: list[int],
    before: set[int],
    meanwhile: set[int],
) -> None:
    """Tickets come to take part, or cease to, while either plan waits: no comment goes over that none has shown.

    In the end all are over whose tickets take part.
    """
    with _following(monkeypatch, urgent, said) as (followed, tickets):
        followed.round()
        _turn(followed, [tickets[one] for one in before])
        for _ in range(2):
            if followed.standing(TICKET)["status"] == "planned":
                followed.approve(TICKET)
                followed.round(TICKET)
        followed.round(COMMENT)
        _turn(followed, [tickets[one] for one in meanwhile])
        followed.round(TICKET)
        for _ in range(2):
            assert set(followed.bodies()) <= set(followed.shown())
            if followed.standing()["status"] == "planned":
                followed.approve(COMMENT)
            followed.round(COMMENT)

        rows = followed.desks.a.tables
        due = {
            one["body"]
            for one in rows["comments"].values()
            if rows["tickets"][one["ticket"]]["priority"] == "p1"
        }
        assert followed.standing()["mode"] == "live"
        assert due <= set(followed.bodies()) <= set(followed.shown())


@contextmanager
def _following(
    monkeypatch: pytest.MonkeyPatch, urgent: tuple[bool, bool], said: list[int]
) -> Iterator[tuple[Followed, list[str]]]:
    """Two tickets with comments at one desk, of which the urgent take part, and bridges that plan."""
    tenant = Tenant.create(f"tenant {uuid.uuid4()}").id
    with scope(tenant), stub.running() as a, stub.running() as b:
        linked = (conftest.link(stub.PROVIDER, a), conftest.link(conftest.PLAIN, b))
        followed = following(Bridged(tenant, a, b, linked), monkeypatch)
        found = [
            followed.ticket(title=title, priority="p1" if is_urgent else "p3")
            for title, is_urgent in zip(("Printer", "Router"), urgent, strict=True)
        ]
        for number, place in enumerate(said):
            followed.comment(found[place], f"c{number}")
        followed.apply(URGENT, live=False)
        yield followed, found


def _turn(followed: Followed, tickets: list[str]) -> None:
    """What is urgent is not any more, and the other way round."""
    for ticket in tickets:
        was = followed.desks.a.tables["tickets"][ticket]["priority"]
        followed.desks.a.edit(ticket, priority="p3" if was == "p1" else "p1")


def _check(desks: Bridged, meanwhile: Edits) -> None:
    """Approve the plan, let people edit what it is about, have it executed, and compare."""
    sent = _written(desks)
    plan = _approved(desks)
    _edit(desks, meanwhile, plan)
    before = _tables(desks)
    desks.round()

    with transaction.atomic():
        items = list(PlanItem.objects.filter(plan_id=plan).order_by("ordinal"))
        pairs = {pair.id: pair for pair in Pair.objects.filter(bridge_id=desks.bridge_id)}
        names = {row.id: str(row.remote_id) for row in Ticket.objects.all()}
    due = [one for one in items if one.action in plans.WRITES]
    done = [one for one in due if one.state == "done"]
    assert {one.state for one in due} <= ({"done", "moved"} if meanwhile else {"done"})
    assert _written(desks) - sent == Counter((one.side, one.action) for one in done)
    after = _tables(desks)
    for one in done:
        pair = pairs[one.pair_id]
        found = names[pair.record_a if one.side == "a" else pair.record_b]
        old = before[str(one.side)].pop(found, {})
        if one.action == "delete":
            assert found not in after[str(one.side)]
        else:
            assert _bridged(after[str(one.side)].pop(found)) == {**_bridged(old), **_shown(one)}
    assert after == before


def _approved(desks: Bridged) -> uuid.UUID:
    """Approve the plan that there is; its id. Where nothing is owed, there is none, and the example shows nothing."""
    with transaction.atomic():
        plan = plans.current(desks.bridge_id)
        assume(plan is not None)
        assert plan is not None
        plans.approve(plan.id, plan.hash)
        found: uuid.UUID = plan.id
        return found


def _edit(desks: Bridged, meant: Edits, plan: uuid.UUID | None = None) -> None:
    """People edit; with a plan, only what it is about: other edits travel after it, as the bridge is live then."""
    with transaction.atomic():
        planned = set(PlanItem.objects.filter(plan_id=plan).values_list("key", flat=True))
    for side, place, name, value in meant:
        rows = _table(desks, side)
        meant_rows = [
            row for row in sorted(rows) if plan is None or json.dumps([rows[row]["title"]]) in planned
        ]
        if place < len(meant_rows):
            (desks.a if side == "a" else desks.b).edit(meant_rows[place], **{name: value})


def _table(desks: Bridged, side: str) -> dict[str, Cells]:
    return (desks.a if side == "a" else desks.b).tables["tickets"]


def _tables(desks: Bridged) -> Tables:
    return {
        side: {number: dict(row) for number, row in one.tables["tickets"].items()}
        for side, one in (("a", desks.a), ("b", desks.b))
    }


def _written(desks: Bridged) -> Counter[tuple[str, str]]:
    actions = {"POST": "create", "PATCH": "update", "DELETE": "delete"}
    return Counter(
        (side, actions[method])
        for side, one in (("a", desks.a), ("b", desks.b))
        for method, _path in one.writes()
    )


def _shown(item: PlanItem) -> Cells:
    """The remote fields and values that an item promised."""
    told = {name: one["value"] for name, one in item.fields["fields"].items()}
    return {REMOTE[name]: WORDS.get(name, {}).get(str(value), value) for name, value in told.items()}


def _bridged(row: Cells) -> Cells:
    return {name: row[name] for name in REMOTE.values() if name in row}
