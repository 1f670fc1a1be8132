"""Bridges over REST from their file to their end, without a shell."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import yaml
from django.db import transaction

from tenants import apikeys
from tenants.models import ApiKey, AuditEvent, LinkedAccount
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.files import TICKETS
from tests.unified_api.sync.bridge.test_over_rest import Caller, caller
from unified_api.sync.models_bridge import Bridge

__all__ = ["caller"]  # a fixture


@pytest.fixture
def file() -> dict[str, Any]:
    """The file of the tickets, as JSON has it."""
    told: dict[str, Any] = yaml.safe_load(TICKETS)
    return told


def test_a_file_is_put_and_put_again(desks: Bridged, caller: Caller, file: dict[str, Any]) -> None:
    """Made, left alone, only asked about, told something else; each step on record under the key."""
    made = caller.put("bridges", file)
    same = caller.put("bridges", file)
    file["models"]["ticketing.Ticket"]["fields"]["status"]["winner"] = "ask"
    dry = caller.put("bridges?dry_run=true", file)
    told = caller.put("bridges", file)

    steps = [(one["dry_run"], one["bridges"][0]["what"]) for one in (made, same, dry, told)]
    assert steps == [(False, "created"), (False, "unchanged"), (True, "changed"), (False, "changed")]
    [one] = told["bridges"]
    assert {"place": "fields.status.winner", "was": "newest", "now": "ask"} in one["differences"]
    assert (made["name"], made["left_out"], one["mode"]) == ("tickets", [], "plan")
    assert caller.get(f"bridges/{one['bridge_id']}")["version"] == 2
    assert caller.put("bridges?live=true", file)["bridges"][0]["mode"] == "live"
    with transaction.atomic():
        done = AuditEvent.objects.filter(subject=one["bridge_id"], actor_kind="api_key")
        assert {event.action for event in done} == {"bridge.created", "bridge.changed", "bridge.live"}


def test_all_mistakes_of_a_file_have_their_places(
    desks: Bridged, caller: Caller, file: dict[str, Any]
) -> None:
    """What is wrong with its form, then what cannot be meant of the accounts; nothing is made."""
    ticket = file["models"]["ticketing.Ticket"]
    ticket["fields"]["status"]["winner"] = "c"
    file["colour"] = "red"
    form = caller.put("bridges", file, status=400)
    assert set(form) == {"colour", "models.ticketing.Ticket.fields.status.winner"}

    del file["colour"]
    ticket["fields"]["status"]["winner"] = "a"
    ticket["fields"]["tags"] = None
    ticket["frequency"] = 0.5
    meant = caller.put("bridges", file, status=400)
    assert meant["models.ticketing.Ticket.frequency"] == [
        "frequency: Rounds are 1 to 86400 s apart, not 0.5 s."
    ]
    assert len(meant) == 2
    assert caller.get("bridges")["results"] == []


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"tenant": "Acme"}, "tenant"),
        ({"goal": "x\0"}, "goal"),
        ({"goal": [[]] * 20_001}, "body"),
        ({"name": None}, "name"),
        ({"models": []}, "models"),
    ],
)
def test_what_no_file_says_is_refused(
    desks: Bridged, caller: Caller, file: dict[str, Any], more: dict[str, Any], place: str
) -> None:
    """The key says whose bridges these are; what cannot be stored, or is far too much, is a mistake like any other."""
    assert list(caller.put("bridges", file | more, status=400)) == [place]


def test_data_crosses_no_end_users_over_rest(desks: Bridged, caller: Caller, file: dict[str, Any]) -> None:
    """Only an administrator of the tenant, in a shell, can have that."""
    with transaction.atomic():
        LinkedAccount.objects.filter(id=desks.accounts[1].id).update(end_user_origin_id="customer-2")
    file["b"]["end_user"] = "customer-2"

    [[sentence]] = caller.put("bridges", file, status=400).values()
    assert "one end user" in sentence


def test_a_test_key_bridges_test_accounts_only(desks: Bridged, file: dict[str, Any]) -> None:
    """Other accounts are not there for it."""
    with transaction.atomic():
        key = Caller(apikeys.issue("Tests", kind=ApiKey.Kind.TEST)[1].reveal())
    assert set(key.put("bridges", file, status=400)) == {"a", "b"}

    with transaction.atomic():
        LinkedAccount.objects.update(is_test=True)
    assert key.put("bridges", file)["bridges"][0]["what"] == "created"


def test_sides_the_other_way_round_are_told(desks: Bridged, caller: Caller, file: dict[str, Any]) -> None:
    """Under the same name, and under another one."""
    [made] = caller.put("bridges", file)["bridges"]
    del file["models"]["ticketing.Ticket"]["fields"]["status"]["words"]
    file["a"], file["b"] = file["b"], file["a"]
    for name in ("tickets", "others"):
        [[sentence]] = caller.put("bridges", file | {"name": name}, status=400).values()
        assert "the other way round" in sentence
    assert made["bridge_id"] in sentence


def test_a_bridge_is_deleted(bridged: Bridged, caller: Caller) -> None:
    """The answer is how it stood; then there is none. A stranger's, or no, bridge is 404."""
    stood = caller.delete(f"bridges/{bridged.bridge_id}")

    assert stood["pairs"] == {"paired": 1}
    caller.get(f"bridges/{bridged.bridge_id}", 404)
    caller.delete(f"bridges/{bridged.bridge_id}", 404)
    caller.delete(f"bridges/{uuid.uuid4()}", 404)
    assert caller.get("bridges")["results"] == []


def test_a_bridge_is_not_deleted_under_a_write(bridged: Bridged, caller: Caller) -> None:
    """409, with what to do first; it goes on as it was."""
    bridged.a.edit("1", title="Printer 2")
    bridged.read()
    bridged.work_once(("bridge",))

    assert "Pause the bridge" in caller.delete(f"bridges/{bridged.bridge_id}", 409)["detail"]
    bridged.round()
    assert bridged.both("title") == (["Printer 2"], ["Printer 2"])
    with transaction.atomic():
        assert Bridge.objects.exists()
