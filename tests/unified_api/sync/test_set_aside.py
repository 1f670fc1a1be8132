"""Set-aside records: kept until they map, and not piled up."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from integrations.kit.observation import Bad
from tenants.models import LinkedAccount
from unified_api.sync import clock, set_aside
from unified_api.sync.models import Run, SetAside, Stream


def keep(stream: Stream, *bad: Bad, **permissions: Any) -> None:
    """Set aside in a run of its own."""
    account = LinkedAccount(permissions={"ticketing.Ticket": permissions} if permissions else {})
    with transaction.atomic():
        run = Run.objects.create(stream_id=stream.id, mode="everything", started=clock.now())
        set_aside.keep(stream, run, account, bad)


def kept() -> list[tuple[str | None, str]]:
    """What is set aside."""
    with transaction.atomic():
        return list(SetAside.objects.order_by("remote_id", "reason").values_list("remote_id", "reason"))


def test_records_that_nobody_can_name_are_those_of_the_latest_run(tenant: uuid.UUID) -> None:
    """A list that shows a nameless record in every run leaves one of it, not one of each run."""
    stream = Stream(linked_account_id=uuid.uuid4(), model="ticketing.Ticket")
    for _ in range(3):
        keep(stream, Bad(None, "nameless", {}), Bad(None, "nameless too", {}), Bad("1", "bad", {}))
    keep(stream, Bad("2", "bad", {}))

    assert kept() == [("1", "bad"), ("2", "bad"), (None, "nameless"), (None, "nameless too")]


def test_what_may_hold_a_disabled_field_is_not_kept(tenant: uuid.UUID) -> None:
    """Where it stands in a record that does not map, nobody can tell."""
    stream = Stream(linked_account_id=uuid.uuid4(), model="ticketing.Ticket")
    keep(stream, Bad("1", "bad", {"text": "secret words"}), hidden=["description"])
    keep(stream, Bad("2", "bad", {"text": "known words"}), write=False)
    with transaction.atomic():
        first, second = SetAside.objects.order_by("remote_id").values_list("raw", flat=True)

    assert "secret words" not in first
    assert "known words" in second
