"""What a sandbox may take of the installation that serves it: threads, room, time."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from integrations.sandbox.models import Sandbox, SandboxRecord
from integrations.sandbox.service import keeping, pausing
from integrations.sandbox.service.errors import Refused
from tenants.scope import scope
from tests.integrations.sandbox.conftest import MakeRemote
from tests.people import Person
from unified_api.sync import job


def waiting(whose: Callable[[], uuid.UUID]) -> int:
    """How many answers come to wait at once, where each new one comes while all others wait."""
    found = -1

    def another(_seconds: float) -> None:
        nonlocal found
        found += 1
        pausing.pause(whose(), 1.0, another)

    with pytest.raises(Refused) as caught:
        another(0.0)
    assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "1"})
    return found


def test_few_answers_wait_at_once() -> None:
    """Of a tenant, and of all: threads are left for whoever has no sandbox. The places are free again afterwards."""
    tenant = uuid.uuid4()

    assert [waiting(lambda: tenant) for _ in range(2)] == [pausing.PLACES.of_tenant] * 2
    assert waiting(uuid.uuid4) == pausing.PLACES.of_all
    assert pausing.PLACES.taken == 0


def test_nobody_is_kept_waiting_for_long(remote: MakeRemote) -> None:
    """More than five seconds are no latency."""
    told = remote("ticketing").call("PUT", "behaviour", {"latencyMs": 5_001})

    assert (told.status_code, set(told.json()["errors"])) == (422, {"latencyMs"})


def test_a_tenant_has_so_many_sandboxes(alice: Person, charlie: Person, settings: Settings) -> None:
    """One more is refused, by API and command, with what to do; one that is ended makes room; others have theirs."""
    settings.SANDBOXES_PER_TENANT = 1
    tenant = str(alice.tenant_id)

    def made(person: Person) -> int:
        body = '{"category": "ticketing"}'
        answer = Client().post("/sandbox/accounts", body, "application/json", headers=person.headers)
        assert answer.status_code == 201 or "SANDBOXES_PER_TENANT" in answer.json()["message"]
        return answer.status_code

    assert [made(person) for person in (alice, alice, charlie)] == [201, 409, 201]
    with pytest.raises(CommandError, match="sandbox end"):
        call_command("sandbox", "create", "--tenant", tenant, "--category", "crm")
    with alice.at_work():
        mine = str(Sandbox.objects.get().id)
    with pytest.raises(CommandError, match="no sandbox"):
        call_command("sandbox", "end", mine, "--tenant", str(charlie.tenant_id))
    call_command("sandbox", "end", mine, "--tenant", tenant)
    assert made(alice) == 201


def test_a_media_type_that_is_none_is_refused(alice: Person, remote: MakeRemote) -> None:
    """One with a line break would end a header; a file whose type was stored before is sent as bytes."""
    desk = remote("ticketing")
    path = "objects/attachment/attachment-1001"
    for told in ("text/plain\nX-Other: yes", "text/plain\r\n\r\n", "text", "text/é", 7):
        answer = desk.call("PATCH", path, {"contentType": told})
        assert (answer.status_code, set(answer.json()["errors"])) == (422, {"contentType"}), told
    with alice.at_work():
        row = SandboxRecord.objects.get(kind="attachment", name="attachment-1001")
        row.body["contentType"] = "text/plain\nX-Other: yes"
        row.save()

    file = desk.call("GET", f"{path}/content")
    assert (file.status_code, file.headers["Content-Type"]) == (200, "application/octet-stream")


def test_a_sandbox_that_nobody_uses_is_ended(alice: Person, remote: MakeRemote) -> None:
    """Ninety days after the last call; with its records, and its key opens nothing."""
    desk = remote("ticketing")
    for days, there in ((89, True), (90, False)):
        with alice.at_work():
            Sandbox.objects.update(used_on=timezone.now() - timedelta(days=days))
        _look_after(alice)
        with alice.at_work():
            assert Sandbox.objects.exists() is SandboxRecord.objects.exists() is there
    assert desk.call("GET", "account").status_code == 401


def test_what_was_removed_long_ago_is_erased(alice: Person, remote: MakeRemote) -> None:
    """After thirty days; and a call counts as use, once a day."""
    desk = remote("ticketing")
    for name, days in (("ticket-1001", 29), ("ticket-1002", 31)):
        desk.call("DELETE", f"objects/ticket/{name}")
        with alice.at_work():
            gone = SandboxRecord.objects.filter(kind="ticket", name=name)
            gone.update(removed_on=timezone.now() - timedelta(days=days))
            Sandbox.objects.update(used_on=timezone.now() - timedelta(days=days))
    desk.call("GET", "account")
    _look_after(alice)

    with alice.at_work():
        left = SandboxRecord.objects.exclude(removed_on=None).values_list("name", flat=True)
        assert list(left) == ["ticket-1001"]
        assert timezone.now() - Sandbox.objects.get().used_on < timedelta(hours=1)


def _look_after(person: Person) -> None:
    """The daily look at the only sandbox, now."""
    with scope(person.tenant_id):
        with transaction.atomic():
            sandbox = Sandbox.objects.get()
        lease = job.claim(keeping.KIND, sandbox.id)
        assert lease
        keeping.work(lease, 0.0)
