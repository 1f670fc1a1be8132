"""Time that passes faster than the clock: rows are aged, and only as time itself would have aged them.

A lease runs out when its holder is dead or asleep, or has said nothing for seconds while it called nobody. Whoever
lives may be slow only: a job that was taken from the living is left to the next one for twice as long, or on a busy
machine it would be taken from all of them, for ever. A write looks old only when no request is on its way any more.
What waits for its time is due.
"""

from __future__ import annotations

import threading
import uuid
from typing import Final

from tests.chaos.launch import NAME
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage

#: Seconds of silence after which a living holder counts as stuck.
SILENCE: Final = 8.0
TICK: Final = 0.3
#: What is bridged; other models are read when a history has it so.
BRIDGED: Final = "ticketing.Ticket"
_LEASED: Final = """
    SELECT j.id, j.fence, c.app, extract(epoch FROM clock_timestamp() - (j.leased_until - interval '90 s'))::float
    FROM sync_job j JOIN chaos.claim c ON c.job = j.id AND c.fence = j.fence
    WHERE j.tenant_id = %s AND j.leased_until > clock_timestamp()
"""
_EXPIRE: Final = "UPDATE sync_job SET leased_until = clock_timestamp() WHERE id = %s AND fence = %s"
#: What has a schedule of hours is not hurried: it would never be at rest.
_DUE: Final = """
    UPDATE sync_job SET due_at = clock_timestamp()
    WHERE tenant_id = %s AND kind NOT IN ('pull', 'drift') AND due_at > clock_timestamp()
"""
_AGE: Final = """
    UPDATE sync_write w SET sent_at = w.sent_at - interval '10 min'
    WHERE w.tenant_id = %s AND w.state IN ('sent', 'uncertain') AND w.sent_at > clock_timestamp() - interval '5 min'
    AND NOT EXISTS (SELECT 1 FROM sync_job j WHERE j.kind = 'write' AND j.reference = w.id
                    AND j.leased_until > clock_timestamp())
"""


class Patience:
    """Seconds of silence after which the living holder of a job counts as stuck, by job."""

    def __init__(self) -> None:
        self._by_job: dict[uuid.UUID, float] = {}

    def is_over(self, job: uuid.UUID, silent: float) -> bool:
        """Whether that was too long; then there is twice as much for the next holder."""
        patience = self._by_job.get(job, SILENCE)
        if silent <= patience:
            return False
        self._by_job[job] = 2 * patience
        return True


def pass_time(stage: Stage, scene: Scene, patience: Patience) -> None:
    """Let some minutes go by."""
    calling = any(remote.proxy.under_way() for remote in stage.remotes.values())
    for job, fence, app, silent in stage.sql(_LEASED, scene.tenant):
        if not app.startswith(NAME):
            continue  # a person, who tells the end of a write
        if stage.processes.is_silent(int(app.removeprefix(NAME))) or (
            not calling and patience.is_over(job, silent)
        ):
            stage.sql(_EXPIRE, job, fence)
    stage.sql(_DUE, scene.tenant)
    if not calling:
        stage.sql(_AGE, scene.tenant)


class Clock(threading.Thread):
    """Lets time pass all the while, beside a history that goes on."""

    def __init__(self, stage: Stage, scene: Scene) -> None:
        super().__init__(daemon=True)
        self._stage, self._scene = stage.beside(), scene
        self._end, self._patience = threading.Event(), Patience()
        self.error = ""

    def run(self) -> None:
        """Until `close`; an error of the harness itself belongs to the history."""
        try:
            while not self._end.wait(TICK):
                pass_time(self._stage, self._scene, self._patience)
                self._stage.wake_workers()
        except Exception as error:  # noqa: BLE001 - told by the history, which would wait for ever otherwise
            self.error = f"the clock stopped: {type(error).__name__} {error}"

    def close(self) -> None:
        """Stop."""
        self._end.set()
        self.join()


def read_now(stage: Stage, scene: Scene, model: str = "") -> None:
    """Have all streams read, or those of one model, as `sync ACCOUNT` asks for it."""
    stage.sql(
        "UPDATE sync_job j SET due_at = least(j.due_at, clock_timestamp()), asked = j.asked + 1 FROM sync_stream s"
        " WHERE j.tenant_id = %s AND j.kind = 'pull' AND s.id = j.reference AND %s IN ('', s.model)",
        scene.tenant,
        model,
    )


def sweep_soon(stage: Stage, scene: Scene) -> None:
    """A day goes by since everything was read, so that deletions are looked for."""
    stage.sql(
        "UPDATE sync_stream SET last_sweep = last_sweep - interval '1 day' WHERE tenant_id = %s", scene.tenant
    )
