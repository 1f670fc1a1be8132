"""Bridges over REST: seen, stopped, planned, approved, decided about."""

from __future__ import annotations

import json
import uuid
from contextvars import Context
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tenants import apikeys
from tests import documented
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_drift import forget_mark
from tests.unified_api.sync.bridge.test_plans import configure, field, lose
from unified_api.sync import clock
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge

PREFIX = "/api/sync/v1"


class Caller:
    """Somebody with a key of the tenant, who is not in its scope, as no request is."""

    def __init__(self, key: str) -> None:
        self.headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, status: int = 200, **query: str) -> Any:
        """The answer's body."""
        answer = Context().run(Client().get, f"{PREFIX}/{path}", query, headers=self.headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    def post(self, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:
        """The same of a POST."""
        return self._send("post", path, body, status)

    def put(self, path: str, body: dict[str, Any], status: int = 200) -> Any:
        """The same of a PUT."""
        return self._send("put", path, body, status)

    def delete(self, path: str, status: int = 200) -> Any:
        """The same of a DELETE."""
        return self._send("delete", path, None, status)

    def _send(self, method: str, path: str, body: dict[str, Any] | None, status: int) -> Any:
        told, send = json.dumps(body or {}), getattr(Client(), method)
        answer = Context().run(
            send, f"{PREFIX}/{path}", told, content_type="application/json", headers=self.headers
        )
        assert answer.status_code == status, answer.content
        return answer.json()


@pytest.fixture
def caller(tenant: uuid.UUID) -> Caller:
    """A key of the tenant whose desks are bridged."""
    with transaction.atomic():
        _, key = apikeys.issue("A product")
    return Caller(key.reveal())


def test_a_plan_is_read_approved_and_executed(desks: Bridged, caller: Caller) -> None:
    """From the bridge to its plan, to its items, to the record at the other side."""
    desks.a.add(title="Printer", text="It is on fire", state="open", priority="p2")
    desks.join()
    configure(desks, mode=Bridge.Mode.PLAN)
    desks.round()
    plan = caller.get(f"plans/{caller.get(f'bridges/{desks.bridge_id}')['plan_id']}")
    [item] = caller.get(f"plans/{plan['id']}/items")["results"]

    assert (plan["state"], plan["counts"], plan["items"]) == ("open", {"create": 1}, {"waiting": 1})
    assert (item["action"], item["side"]) == ("create", "b")
    assert item["fields"]["name"] == {
        "was": None,
        "value": "Printer",
        "rule": "new record",
        "overrules": False,
        "is_hidden": False,
    }
    refused = caller.post(f"plans/{plan['id']}/approve", {"hash": "guessed"}, status=409)
    assert plan["hash"] in refused["detail"]

    caller.post(f"plans/{plan['id']}/approve", {"hash": plan["hash"]})
    desks.round()
    assert desks.both("title")[1] == ["Printer"]
    assert caller.get(f"plans/{plan['id']}")["items"] == {"done": 1}
    assert caller.get(f"bridges/{desks.bridge_id}")["mode"] == "live"
    [listed] = caller.get("bridges")["results"]
    assert listed["status"] == "quiet"


@pytest.mark.parametrize("path", ["bridges", "plans", "pairs", "conflicts", "issues", "changes", "drift"])
def test_a_list_reads_the_parameters_that_are_documented(bridged: Bridged, caller: Caller, path: str) -> None:
    """What the code looks at is what the document names, no more and no less."""
    told = documented._document()["paths"][f"{PREFIX}/{path}"]["get"]
    named = {documented._looked_up(one)["name"] for one in told["parameters"]}
    query = {"bridge_id": str(bridged.bridge_id)}
    answer: Any = Context().run(Client().get, f"{PREFIX}/{path}", query, headers=caller.headers)

    assert answer.wsgi_request.GET.read == named


def test_a_conflict_is_decided(bridged: Bridged, caller: Caller) -> None:
    """It is listed with both values; the decision is carried out by the bridge, and cannot be made twice."""
    field(bridged, "name", winner="ask")
    bridged.a.tables["tickets"]["1"]["title"] = "Printer A"
    bridged.b.tables["tickets"]["1"]["title"] = "Printer B"
    bridged.round()
    [one] = caller.get("conflicts", bridge_id=str(bridged.bridge_id))["results"]
    assert (one["field"], one["value_a"], one["value_b"], one["base_a"]) == (
        "name",
        "Printer A",
        "Printer B",
        "Printer",
    )

    caller.post(f"conflicts/{one['id']}/resolve", {"resolution": "nobody"}, status=400)
    caller.post(f"conflicts/{one['id']}/resolve", {"resolution": "a"})
    caller.post(f"conflicts/{one['id']}/resolve", {"resolution": "b"}, status=409)
    bridged.round()
    assert bridged.both("title") == (["Printer A"], ["Printer A"])
    assert caller.get("conflicts")["results"] == []


def test_a_third_value_is_given(bridged: Bridged, caller: Caller) -> None:
    """Written at one side as the API's doing; what the field cannot hold, or what comes too late, is refused."""
    field(bridged, "name", winner="ask")
    bridged.a.tables["tickets"]["1"]["title"] = "Printer A"
    bridged.b.tables["tickets"]["1"]["title"] = "Printer B"
    bridged.round()
    [one] = caller.get("conflicts", bridge_id=str(bridged.bridge_id))["results"]
    [pair] = bridged.pairs()
    assert (one["key"], one["record_a"], one["record_b"]) == (
        '["Printer A"]',
        str(pair.record_a),
        str(pair.record_b),
    )
    assert {one["opened_at"][-1], one["edited_a"]["at"][-1], one["edited_b"]["at"][-1]} == {"Z"}
    assert caller.get(f"bridges/{bridged.bridge_id}")["a"]["end_user"] == "customer-1"
    path = f"conflicts/{one['id']}/give"
    assert list(caller.post(path, {"side": "a", "value": 3}, status=400)) == ["value"]
    write = caller.post(path, {"side": "a", "value": "Printer C"}, status=202)["write_id"]
    bridged.work_once(["write"])
    bridged.round()

    assert (caller.get(f"writes/{write}")["state"], caller.get(f"writes/{write}")["source"]) == (
        "done",
        "api",
    )
    shown = caller.get(f"conflicts/{one['id']}")
    with transaction.atomic():
        actor = Write.objects.get(id=write).actor
    assert (shown["value_a"], shown["edited_a"]["source"]) == ("Printer C", "api")
    assert (shown["edited_a"]["actor"], shown["edited_b"]["actor"]) == (actor, None)
    assert actor
    caller.post(f"conflicts/{one['id']}/resolve", {"resolution": "a"})
    bridged.round()
    assert bridged.both("title") == (["Printer C"], ["Printer C"])
    caller.post(path, {"side": "a", "value": "Printer D"}, status=409)


def test_a_given_value_is_checked_as_one_of_a_write_is(bridged: Bridged, caller: Caller) -> None:
    """A word that the side does not have is refused at once, and nothing is journalled."""
    field(bridged, "priority", winner="ask")
    bridged.a.edit("1", priority="p1")
    bridged.b.edit("1", priority="p3")
    bridged.round()
    [one] = caller.get("conflicts", bridge_id=str(bridged.bridge_id))["results"]
    refused = caller.post(f"conflicts/{one['id']}/give", {"side": "b", "value": "WRONG"}, status=400)

    assert "possible are URGENT, NORMAL, LOW" in str(refused["value"])
    with transaction.atomic():
        assert not Write.objects.filter(bridge_id=None).exists()


def test_stopping_at_three_grains(bridged: Bridged, caller: Caller) -> None:
    """The bridge, the way to a side, and one pair, each on record and taken back."""
    path = f"bridges/{bridged.bridge_id}"
    assert "api_key" in caller.post(f"{path}/pause")["paused_by"]
    assert caller.post(f"{path}/resume")["paused_by"] is None
    assert list(caller.post(f"{path}/close", {"side": "b"})["closed"]) == ["b"]
    assert caller.post(f"{path}/reopen", {"side": "b"})["closed"] == {}
    caller.post(f"{path}/close", {"side": "c"}, status=400)
    [pair] = caller.get("pairs", bridge_id=str(bridged.bridge_id))["results"]
    assert "api_key" in caller.post(f"pairs/{pair['id']}/pause")["paused_by"]
    assert caller.post(f"pairs/{pair['id']}/resume")["paused_by"] is None


def test_a_person_says_who_belongs_together(desks: Bridged, caller: Caller) -> None:
    """Two tickets of one title at side a, one at side b: nothing is guessed, and what is said is kept equal."""
    desks.a.add(title="Printer", text="On fire", state="open", priority="p2")
    desks.a.add(title="Printer", text="Out of paper", state="open", priority="p2")
    desks.b.add(title="Printer", text="On fire", state="open", priority="p3")
    desks.join()
    desks.round()
    review = caller.get("pairs", bridge_id=str(desks.bridge_id), held="review")["results"]
    assert len(review) == 3
    a = [one["id"] for one in review if one["record_a"]]
    [b] = [one["id"] for one in review if one["record_b"]]

    caller.post(f"pairs/{a[0]}/join", {"with": a[1]}, status=409)
    joined = caller.post(f"pairs/{a[0]}/join", {"with": b})
    assert joined["record_a"]
    assert joined["record_b"]
    desks.round()
    assert caller.get(f"pairs/{joined['id']}")["state"] == "paired"


def test_a_person_says_that_a_record_is_one_of_its_own(bridged: Bridged, caller: Caller) -> None:
    """The newcomer has the title of a pair; it gets a counterpart, and of a pair that cannot be said."""
    bridged.b.add(title="Printer", state="open")
    bridged.round()
    [one] = caller.get("pairs", bridge_id=str(bridged.bridge_id), held="review")["results"]

    assert caller.post(f"pairs/{one['id']}/separate")["held"] == "new"
    bridged.round()
    assert caller.get(f"pairs/{one['id']}")["state"] == "paired"
    assert "waits for review" in caller.post(f"pairs/{one['id']}/separate", status=409)["detail"]


def test_what_a_side_lost_is_made_again_by_a_plan(bridged: Bridged, caller: Caller) -> None:
    """The plan shows the create; once approved, the same pair has both records again, and nothing more is written."""
    del bridged.b.tables["tickets"]["1"]
    lose(bridged)
    bridged.round()
    [before] = bridged.pairs()
    plan = caller.post(f"bridges/{bridged.bridge_id}/restore", {"side": "b"}, status=201)
    assert plan["counts"] == {"create": 1}
    assert bridged.both("title")[1] == []

    caller.post(f"plans/{plan['id']}/approve", {"hash": plan["hash"]})
    bridged.round()
    [after] = bridged.pairs()
    assert bridged.both("title") == (["Printer"], ["Printer"])
    assert (after.record_b, after.state) == (before.record_b, "paired")
    writes = bridged.writes()
    bridged.round()
    assert bridged.writes() == writes


def test_one_record_that_was_lost_is_made_again_and_the_others_are_left(
    bridged: Bridged, caller: Caller
) -> None:
    """By the id of its pair; a pair that lost nothing is refused with a sentence."""
    bridged.a.add(title="Chair", text="It is broken", state="open", priority="p2")
    bridged.round()
    chair = next(pair.id for pair in bridged.pairs() if pair.key == '["Chair"]')
    path = f"bridges/{bridged.bridge_id}/restore"
    told = caller.post(path, {"side": "b", "pair_id": str(chair)}, status=400)
    assert "lost its record at side b" in told["pair_id"][0]

    bridged.b.tables["tickets"].clear()
    lose(bridged)
    bridged.round()
    plan = caller.post(path, {"side": "b", "pair_id": str(chair)}, status=201)
    assert plan["counts"] == {"create": 1}
    caller.post(f"plans/{plan['id']}/approve", {"hash": plan["hash"]})
    bridged.round()
    assert bridged.both("title") == (["Chair", "Printer"], ["Chair"])


def test_what_an_audit_finds_is_mended(bridged: Bridged, caller: Caller) -> None:
    """A change whose mark was lost is found, looked at and written; an audit that is under way names nothing yet."""
    bridged.b.edit("1", title="Plotter")
    forget_mark(bridged)
    path = f"bridges/{bridged.bridge_id}"
    begun = caller.post(f"{path}/audit", {"depth": 0}, status=202)
    for unknown in (begun["id"], str(uuid.uuid4()), None):
        refused = caller.post(f"{path}/mend", {"audit_id": unknown}, status=400)
        assert list(refused) == ["audit_id"]
    bridged.work_once(["drift"])
    [found] = caller.get("drift", bridge_id=str(bridged.bridge_id))["results"]
    caller.post(f"{path}/mend", {"audit_id": found["id"]}, status=202)
    bridged.round()

    assert (found["id"], found["to_a"], found["sampled"]) == (begun["id"], 1, 0)
    assert bridged.both("title") == (["Plotter"], ["Plotter"])


def test_a_span_is_replayed_under_another_policy(bridged: Bridged, caller: Caller) -> None:
    """201 with a plan that waits, by bridge, span and policy; nothing is written."""
    since = clock.now().isoformat()
    bridged.a.edit("1", title="From a")
    bridged.b.edit("1", title="From b")
    bridged.round()
    writes = bridged.writes()
    body = {"from": since, "policy": {"fields": {"name": {"winner": "b"}}}}
    plan = caller.post(f"bridges/{bridged.bridge_id}/replay", body, status=201)
    found = caller.get(f"plans/{plan['id']}/items")["results"]

    assert (plan["purpose"], plan["state"], plan["counts"]) == ("replay", "open", {"update": 2})
    assert {(one["side"], one["fields"]["name"]["value"]) for one in found} == {
        ("a", "From b"),
        ("b", "From b"),
    }
    assert bridged.writes() == writes


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"from": "yesterday", "policy": {"winner": "b"}}, "from"),
        ({"from": "2026-01-01T00:00:00Z", "to": "now", "policy": {"winner": "b"}}, "to"),
        ({"from": "2026-01-01T00:00:00Z"}, "policy"),
        ({"from": "2026-01-01T00:00:00Z", "policy": {"winner": "c"}}, "policy"),
        ({"from": "2026-01-01T00:00:00Z", "policy": {"winner": ["b"]}}, "policy"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z", "policy": {"winner": "b"}}, "from"),
    ],
)
def test_a_replay_that_cannot_be_meant_is_refused(
    bridged: Bridged, caller: Caller, body: dict[str, Any], at: str
) -> None:
    """400, with the key at fault."""
    assert list(caller.post(f"bridges/{bridged.bridge_id}/replay", body, status=400)) == [at]
