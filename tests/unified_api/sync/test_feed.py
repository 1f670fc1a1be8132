"""The feed: positions in commit order, stamps that never go back."""

from __future__ import annotations

import threading
import uuid

from django.db import connection, transaction

from tenants.scope import scope
from tests.unified_api.sync.conftest import Mirror
from unified_api.sync import feed
from unified_api.sync.models import Change


def _write(tenant: uuid.UUID, writer: int, rounds: int) -> None:
    with scope(tenant):
        mirror = Mirror()
        for number in range(rounds):
            mirror.land(*(mirror.seen(f"{writer}-{number}-{i}", name="x") for i in range(3)))
    connection.close()


def test_a_reader_by_position_misses_nothing_while_eight_writers_write(tenant: uuid.UUID) -> None:
    """Every entry is met once and in order by a reader that asks for what is behind its last position."""
    writers = [threading.Thread(target=_write, args=(tenant, n, 20)) for n in range(8)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    while True:
        alive = any(w.is_alive() for w in writers)
        with transaction.atomic():
            behind = Change.objects.filter(position__gt=seen[-1] if seen else 0).order_by("position")
            seen += list(behind.values_list("position", flat=True))
        if not alive:
            break

    assert seen == list(range(1, 8 * 20 * 3 + 1))


def test_a_reader_by_stamp_misses_nothing_while_writers_write(tenant: uuid.UUID) -> None:
    """Who waits for commits in flight and reads what came since the last stamp meets every entry."""
    writers = [threading.Thread(target=_write, args=(tenant, n, 20)) for n in range(4)]
    for writer in writers:
        writer.start()
    seen: set[int] = set()
    last = None
    while True:
        alive = any(w.is_alive() for w in writers)
        feed.wait_for_commits_in_flight()
        with transaction.atomic():
            since = Change.objects.filter(at__gt=last) if last else Change.objects.all()
            rows = list(since.values_list("position", "at"))
        seen |= {position for position, _ in rows}
        last = max([at for _, at in rows], default=last)
        if not alive:
            break

    assert seen == set(range(1, 4 * 20 * 3 + 1))


def test_a_watermark_lies_between_what_was_and_what_comes(tenant: uuid.UUID) -> None:
    """It is a whole millisecond, above every stamp before it and below every one after."""
    with transaction.atomic():
        before = feed.advance(1).stamp
    with transaction.atomic():
        mark = feed.watermark()
    with transaction.atomic():
        after = feed.advance(1).stamp

    assert before < mark < after
    assert mark.microsecond % 1000 == 0
