"""A bridge's priority decides what a worker takes first, in every round and for what the bridge writes."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api.sync import job, tasks, write
from unified_api.sync.bridge import setup, stirring
from unified_api.sync.bridge.file import PRIORITIES
from unified_api.sync.models import Job
from unified_api.sync.models_bridge import Bridge


def told(desks: Bridged, word: str) -> None:
    """Give the bridge another priority."""
    with transaction.atomic():
        Bridge.objects.filter(id=desks.bridge_id).update(priority=PRIORITIES[word])


def of_job(kind: str, reference: uuid.UUID | None = None) -> int:
    """The priority of a job."""
    with transaction.atomic():
        rows = Job.objects.filter(kind=kind)
        priority: int = (rows.filter(reference=reference) if reference else rows).get().priority
    return priority


@pytest.mark.parametrize("word", PRIORITIES)
def test_a_bridge_keeps_its_priority_from_round_to_round(bridged: Bridged, word: str) -> None:
    """Between rounds it has the one that it was told; when something changed, it comes one step earlier."""
    told(bridged, word)
    bridged.round()
    resting = of_job(setup.KIND, bridged.bridge_id)
    stirring.ask(bridged.bridge_id)

    assert (resting, of_job(setup.KIND, bridged.bridge_id)) == (PRIORITIES[word], PRIORITIES[word] - 1)


@pytest.mark.parametrize("word", PRIORITIES)
def test_a_round_of_many_slices_keeps_the_priority(bridged: Bridged, word: str) -> None:
    """What takes long goes on among other long work, and as urgent as it was told."""
    told(bridged, word)
    stirring.ask(bridged.bridge_id)
    lease = job.claim(setup.KIND, bridged.bridge_id)
    assert lease is not None
    tasks.do(lease, float("-inf"))

    assert of_job(setup.KIND, bridged.bridge_id) == PRIORITIES[word]


@pytest.mark.parametrize(("word", "due"), [("high", 2), ("normal", 4), ("low", 6)])
def test_what_a_bridge_writes_has_its_priority(bridged: Bridged, word: str, due: int) -> None:
    """Edits carried by a bridge of low priority wait behind those of one of high priority."""
    told(bridged, word)
    bridged.a.edit("1", title="Copier")
    bridged.read()
    bridged.work_once(["bridge"])

    assert of_job(write.KIND) == due


def test_of_two_bridges_that_are_due_the_urgent_one_is_taken_first(bridged: Bridged) -> None:
    """Although the other one has waited for longer."""
    urgent = uuid.uuid4()
    told(bridged, "low")
    bridged.round()
    with transaction.atomic():
        job.ask(setup.KIND, urgent, priority=PRIORITIES["high"])
    stirring.ask(bridged.bridge_id)

    taken = [lease.reference for _ in range(2) if (lease := job.claim_next(job.BACKGROUND))]
    assert taken[0] == urgent
