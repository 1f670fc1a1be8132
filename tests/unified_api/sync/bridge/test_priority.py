"""A bridge's priority decides what a worker takes first, in every round and for what the bridge writes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest
from django.db import transaction

from tests import stub
from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged, link
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


@pytest.fixture
def beside(bridged: Bridged) -> Iterator[Bridged]:
    """Another customer's desks, bridged, at rest."""
    with stub.running() as a, stub.running() as b:
        accounts = (link(stub.PROVIDER, a, "customer-2"), link(PLAIN, b, "customer-2"))
        other = Bridged(bridged.tenant, a, b, accounts)
        a.add(title="Printer", text="It is on fire", state="open", priority="p2")
        other.join()
        other.round()
        yield other


@pytest.mark.parametrize("urgent", [0, 1])
def test_of_two_bridges_the_urgent_one_looks_and_writes_first(
    bridged: Bridged, beside: Bridged, urgent: int
) -> None:
    """Whichever it is, and although the other one was edited before it; a worker takes what is due, one by one."""
    both = [bridged, beside]
    for one, word in zip(both, ("high", "low") if urgent == 0 else ("low", "high"), strict=True):
        told(one, word)
        one.round()
    wrote = [one.writes() for one in both]
    for one in (both[1 - urgent], both[urgent]):
        one.a.edit("1", title="Copier")
        one.read()
    looked, written = list[int](), list[int]()
    while lease := job.claim_next(job.BACKGROUND):
        looked += [number for number, one in enumerate(both) if one.bridge_id == lease.reference]
        tasks.do(lease, time.monotonic() + 20)
        done = [number for number, one in enumerate(both) if one.writes() > wrote[number]]
        written += [number for number in done if number not in written]

    assert list(dict.fromkeys(looked)) == [urgent, 1 - urgent]
    assert written == [urgent, 1 - urgent]
