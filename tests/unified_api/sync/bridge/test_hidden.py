"""Sensitive fields: what a bridge has of them from before they were so, none of its documents shows.

Today no bridge may carry one; here a field becomes sensitive under a bridge that does.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from integrations.kit.mapping import Mapping
from tests import stub
from tests.unified_api.sync.bridge.conftest import Bridged, link
from tests.unified_api.sync.bridge.test_over_rest import Caller, caller
from tests.unified_api.sync.bridge.test_plans import configure, field
from unified_api import registry
from unified_api.management.bridge import items, planning, standing
from unified_api.models import hidden
from unified_api.models.hris import Employee
from unified_api.sync.bridge import setup, showing
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan

__all__ = ["caller"]  # fixture

#: Numbers of one person, as they are one after the other.
FIRST, AT_A, AT_B = "123-45-6789", "123-45-0001", "123-45-0002"
SECRET = "123-45"


@pytest.fixture
def people(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> Bridged:
    """Two systems of people with a bridge that plans; one person, at side a; the second field is sensitive by now."""
    monkeypatch.setattr(hidden, "sensitive", lambda: frozenset({"preferred_name"}))
    mapping = Mapping(Employee, remote_id="id", work_email="title", preferred_name="text")
    resource = replace(stub.TICKETS, mapping=mapping, recognise=("work_email",), required=("work_email",))
    a, b = (
        replace(stub.PROVIDER, slug=slug, name=slug, category="hris", resources=(resource,))
        for slug in ("staff", "wages")
    )
    for provider in (a, b):
        monkeypatch.setitem(registry._providers, provider.slug, provider)
    desks.accounts = (link(a, desks.a), link(b, desks.b))
    desks.a.add(title="ann@acme.example", text=FIRST)
    wish = setup.Wish(
        *desks.accounts, "hris.Employee", winner="a", fields=("work_email", "preferred_name"), mode="plan"
    )
    with transaction.atomic():
        desks.bridge_id = setup.create(wish).id
    return desks


def approve(people: Bridged, caller: Caller) -> dict[str, Any]:
    """The one item of the first plan, as it is shown; it is executed then."""
    people.round()
    plan = caller.get(f"plans/{caller.get(f'bridges/{people.bridge_id}')['plan_id']}")
    [item] = caller.get(f"plans/{plan['id']}/items")["results"]
    caller.post(f"plans/{plan['id']}/approve", {"hash": plan["hash"]})
    people.round()
    return dict(item)


def test_a_plan_shows_that_a_sensitive_field_travels_and_not_what(people: Bridged, caller: Caller) -> None:
    """Over REST and in lines: hidden, and written all the same, as the hash is of what is stored."""
    people.round()
    with transaction.atomic():
        bridge, plan = Bridge.objects.get(id=people.bridge_id), Plan.objects.get()
        told = planning._document(bridge, plan, planning.Shown(None, is_whole=False))
    [line] = [line for line in items.tell(told) if "create" in line and "ann@" in line]
    item = approve(people, caller)

    assert "preferred_name: (hidden)" in line
    assert item["fields"]["preferred_name"] == {
        "was": None,
        "value": None,
        "rule": "new record",
        "overrules": False,
        "is_hidden": True,
    }
    assert SECRET not in line + json.dumps([item, told])
    assert people.both("text")[1] == [FIRST]


def test_nothing_of_a_pair_or_a_conflict_shows_it(people: Bridged, caller: Caller) -> None:
    """Both values, what was agreed, what is kept from being equal and what gave way are null, and say so."""
    approve(people, caller)
    field(people, "preferred_name", winner="ask")
    people.a.edit("1", text=AT_A)
    people.b.edit("1", text=AT_B)
    people.round()
    [conflict] = caller.get("conflicts")["results"]
    [pair] = caller.get("pairs", bridge_id=str(people.bridge_id))["results"]
    base = caller.get(f"pairs/{pair['id']}")["base_b"]
    assert (conflict["field"], conflict["value_a"], conflict["is_hidden"]) == ("preferred_name", None, True)
    assert base == {"work_email": "ann@acme.example", "preferred_name": None}
    assert SECRET not in json.dumps([conflict, pair, base])

    caller.post(f"conflicts/{conflict['id']}/resolve", {"resolution": "a"})
    status = people.round()
    lines = list(standing.tell(status))
    assert people.both("text") == ([AT_A], [AT_A])
    assert [(one["field"], one["value"], one["by"]) for one in status["overruled"]] == [
        ("preferred_name", None, None)
    ]
    assert any("preferred_name (hidden) of side b by (hidden)" in line for line in lines)
    assert SECRET not in json.dumps([status, caller.get(f"bridges/{people.bridge_id}")]) + "".join(lines)


def test_a_key_of_a_sensitive_field_is_hidden(people: Bridged, caller: Caller) -> None:
    """Whoever is matched by it is shown without it, in plans, pairs and the preview of a round."""
    configure(people, match=["preferred_name"])
    item = approve(people, caller)
    [pair] = caller.get("pairs", bridge_id=str(people.bridge_id))["results"]
    people.a.edit("1", title="anna@acme.example")
    people.read()
    preview = showing.preview(people.bridge_id)

    assert (pair["key"], item["key"]) == (hidden.HIDDEN, hidden.HIDDEN)
    assert [one["key"] for one in preview["plan"]] == [hidden.HIDDEN]
    assert SECRET not in json.dumps([pair, item, preview])
    assert FIRST in str(people.pairs()[0].key)


def test_what_is_said_of_one_field() -> None:
    """The log's way: values null and `is_hidden`; of other fields all is shown."""
    told = {"kind": "refused", "side": "a", "field": "ssn", "value": FIRST, "reason": "no"}
    assert hidden.about("ssn", told) == {**told, "value": None, "is_hidden": True}
    assert hidden.about("name", told) == {**told, "is_hidden": False}
