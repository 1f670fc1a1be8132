"""Set-aside records: kept until they map, and not piled up."""

from __future__ import annotations

import uuid

from django.db import transaction

from integrations.kit.observation import Bad
from unified_api.sync import clock, set_aside
from unified_api.sync.models import Run, SetAside, Stream


def keep(stream: Stream, *bad: Bad) -> None:
    """Set aside in a run of its own."""
    with transaction.atomic():
        run = Run.objects.create(stream_id=stream.id, mode="everything", started=clock.now())
        set_aside.keep(stream, run, bad)


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
