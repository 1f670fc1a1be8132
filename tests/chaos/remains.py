"""What must not be left in the product's own tables when all rests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.chaos.scene import Scene
from tests.chaos.stage import Stage

_OPEN_RUNS: Final = """
    SELECT count(*) FROM sync_run r WHERE r.tenant_id = %s AND r.finished IS NULL
    AND NOT EXISTS (SELECT 1 FROM sync_stream s WHERE s.tenant_id = r.tenant_id AND s.run_id = r.id)
"""
_FEED: Final = """
    SELECT h.position, count(c.position), min(c.position), max(c.position) FROM sync_feedhead h
    LEFT JOIN sync_change c ON c.tenant_id = h.tenant_id WHERE h.tenant_id = %s GROUP BY h.position
"""
_JOBS: Final = """
    SELECT kind || coalesce(' leased until ' || leased_until::text, '') || ' attempts ' || attempts FROM sync_job
    WHERE tenant_id = %s AND (kind NOT IN ('pull', 'bridge', 'drift') OR attempts > 1)
"""


def remains(stage: Stage, scene: Scene) -> Iterator[str]:
    """Work of who had lost its job, jobs and runs that nobody ends, gaps in the feed."""
    for what, app in stage.sql("SELECT what, app FROM chaos.breach WHERE tenant = %s", scene.tenant):
        yield f"fence: {what} ({app})"
    yield from (f"a job is left: {told}" for (told,) in stage.sql(_JOBS, scene.tenant))
    if count := stage.sql(_OPEN_RUNS, scene.tenant)[0][0]:
        yield f"{count} runs were never ended"
    for position, count, first, last in stage.sql(_FEED, scene.tenant):
        if count and (first, last, count) != (1, position, position):
            yield f"the feed has {count} entries from {first} to {last}, its head is {position}"
