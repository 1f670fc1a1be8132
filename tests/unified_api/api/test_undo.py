"""/api/sync/v1/undo: a plan, for the bridges that a key reaches."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tenants import apikeys
from tenants.models import ApiKey, Tenant
from tests.people import employ
from tests.unified_api.sync.bridge.conftest import Bridged, bridged, desks
from tests.unified_api.sync.conftest import no_broker, tenant
from tests.unified_api.sync.memory.conftest import edit
from unified_api.sync.models import Write

__all__ = ["bridged", "desks", "no_broker", "tenant"]  # fixtures


def outside(ask: Callable[[], Any]) -> Any:
    """What a request from outside gets: in a thread of its own, as the test itself is in its tenant's scope."""

    def asked() -> Any:
        try:
            return ask()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asked).result()


def send(body: dict[str, Any], headers: dict[str, str]) -> Any:
    """The answer to a request with these headers."""
    return outside(
        lambda: Client().post("/api/sync/v1/undo", body, content_type="application/json", headers=headers)
    )


def post(body: dict[str, Any], kind: str = ApiKey.Kind.PRODUCTION) -> Any:
    """The answer to a request with a key of the bridge's tenant."""
    with transaction.atomic():
        _, key = apikeys.issue("a key", kind=kind)
    return send(body, {"Authorization": f"Bearer {key.reveal()}"})


def get(path: str) -> Any:
    """The answer to a request for what stands below the path, with a key of the bridge's tenant."""
    with transaction.atomic():
        _, key = apikeys.issue("a key", kind=ApiKey.Kind.PRODUCTION)
    headers = {"Authorization": f"Bearer {key.reveal()}"}
    return outside(lambda: Client().get(f"/api/sync/v1/{path}", headers=headers))


@pytest.fixture
def named(bridged: Bridged) -> dict[str, str]:
    """The bridge, and a write that it has carried out."""
    edit(bridged.a, title="Mine")
    bridged.round()
    with transaction.atomic():
        write = Write.objects.get(operation="update")
    return {"bridge_id": str(bridged.bridge_id), "write_id": str(write.id)}


def test_an_undo_is_a_plan_that_waits(bridged: Bridged, named: dict[str, str]) -> None:
    """201 with its hash and what it would do; nothing is written."""
    writes = bridged.writes()
    answer = post(named)
    plan = answer.json()

    assert answer.status_code == 201
    assert (plan["purpose"], plan["state"], plan["counts"]) == ("undo", "open", {"update": 1})
    assert plan["hash"]
    assert bridged.writes() == writes


def test_an_undo_with_nothing_to_write_is_over_at_once(bridged: Bridged, named: dict[str, str]) -> None:
    """201 with a plan that is done and tells what it leaves alone, as somebody has edited it since; its URL answers."""
    edit(bridged.b, title="Yours")
    bridged.round()
    plan = post(named).json()
    shown = get(f"plans/{plan['id']}").json()

    assert (plan["state"], plan["counts"]) == ("done", {"problem": 1})
    assert plan["reason"].endswith(". Nothing is to be written.")
    assert (shown["state"], shown["items"]) == ("done", {"shown": 1})


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"write_id": None}, "write_id"),
        ({"write_id": str(uuid.uuid4())}, "write_id"),
        ({"pair_id": str(uuid.uuid4())}, "write_id"),
        ({"bridge_id": "x"}, "bridge_id"),
    ],
)
def test_what_cannot_be_undone_is_named(named: dict[str, str], change: dict[str, Any], at: str) -> None:
    """400, with the key at fault."""
    answer = post({**named, **change})

    assert (answer.status_code, list(answer.json())) == (400, [at])


def test_a_bridge_that_the_key_does_not_reach_is_not_there(
    named: dict[str, str],
) -> None:
    """404 for a test key, for another tenant, and for an id that nobody has."""
    charlie = outside(lambda: employ("Charlie", Tenant.create("Chocolate Inc").id))
    body = {**named, "bridge_id": str(uuid.uuid4())}

    assert post(named, ApiKey.Kind.TEST).status_code == 404
    assert post(body).status_code == 404
    assert send(named, charlie.headers).status_code == 404
