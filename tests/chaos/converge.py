"""The end of a history: nobody edits any more, time passes, and rounds go by until one of them writes nothing."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import Counter
from typing import Any, Final, Protocol

from tests.chaos.aging import BRIDGED, read_now, sweep_soon
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage

#: Seconds for each wait, and rounds at the most.
PATIENCE: Final = 300.0
ROUNDS: Final = 6
LOOK: Final = 0.1
_OPEN: Final = (
    "SELECT count(*) FROM sync_write WHERE tenant_id = %s AND state IN ('journalled', 'sent', 'uncertain')"
)
_PERSON: Final = """
    SELECT w.id, w.linked_account_id, w.operation, w.values, w.record_id FROM sync_write w
    WHERE w.tenant_id = %s AND w.state = 'uncertain'
    AND NOT EXISTS (SELECT 1 FROM sync_job j WHERE j.kind = 'write' AND j.reference = w.id)
"""
_UNREAD: Final = """
    SELECT s.model || ' ' || s.status || coalesce(' ' || s.error, '') FROM sync_stream s
    WHERE s.tenant_id = %s AND s.model = 'ticketing.Ticket' AND NOT (
        s.last_started > %s AND s.status IN ('DONE', 'PARTIALLY_SYNCED') AND s.last_finished > s.last_started
    )
"""
#: A run that was under way writes its stream's whole row at its end, and so a `last_sweep` that was not aged yet.
_UNSWEPT: Final = """
    SELECT s.model || ' not swept' FROM sync_stream s
    WHERE s.tenant_id = %s AND s.model = 'ticketing.Ticket' AND (s.last_sweep IS NULL OR NOT EXISTS (
        SELECT 1 FROM sync_run r WHERE r.tenant_id = s.tenant_id AND r.stream_id = s.id
        AND r.mode = 'everything' AND r.started > %s AND r.result IN ('DONE', 'PARTIALLY_SYNCED')
    ))
"""
#: Reads and audits that failed, and have not ended well since; also of models that no bridge is about.
_RETRIED: Final = """
    SELECT j.kind || coalesce(' ' || s.model || ' ' || s.status, '') || coalesce(' ' || s.error, '')
    FROM sync_job j LEFT JOIN sync_stream s ON s.tenant_id = j.tenant_id AND s.id = j.reference
    WHERE j.tenant_id = %s AND j.kind IN ('pull', 'drift') AND j.attempts > 1
"""
_RUNNING: Final = """
    SELECT 1 FROM sync_job WHERE tenant_id = %s AND kind = 'pull'
    AND (leased_until > clock_timestamp() OR due_at < clock_timestamp())
"""
_NOISY: Final = """
    SELECT b.status || ': ' || b.reason FROM sync_bridge b WHERE b.tenant_id = %s AND NOT (
        b.status = 'quiet' AND b.last_round > %s
        AND b.cursor >= (SELECT position FROM sync_feedhead h WHERE h.tenant_id = b.tenant_id)
        AND NOT EXISTS (SELECT 1 FROM sync_pair p WHERE p.bridge_id = b.id
                        AND (p.write_id IS NOT NULL OR (p.dirty AND p.held IN ('new', 'search', ''))))
    )
"""


class NotSettled(Exception):
    """Something did not come to rest."""


class AtWork(Protocol):
    """Those who edit."""

    @property
    def told(self) -> set[str]:
        """Writes whose end a person had to tell."""

    def busy(self) -> bool:
        """Whether somebody is still at it."""

    def removed(self) -> bool:
        """Whether something was deleted, which complete reads have to find."""


class Rest:
    """Brings a scene to rest. waited: seconds by what was waited for."""

    def __init__(self, stage: Stage, scene: Scene, crowd: AtWork, patience: float = PATIENCE) -> None:
        self.stage, self.scene, self.crowd, self.patience = stage, scene, crowd, patience
        self.rounds = 0
        self.waited: Counter[str] = Counter()

    def come(self) -> None:
        """Return after a round without any write; raises NotSettled."""
        self._until("somebody is still at it", self.crowd.busy)
        for self.rounds in range(1, ROUNDS + 1):
            if not self.round():
                self._until("a read is tried again", self._retried)
                return
        raise NotSettled(f"{ROUNDS} rounds went by, and the last one still wrote")

    def round(self) -> int:
        """Everything read, everything written; how many writes reached a server."""
        before = self.writes()
        began = self.stage.sql("SELECT clock_timestamp()")[0][0]
        self._ask()
        self._until("writes are open", lambda: self.stage.sql(_OPEN, self.scene.tenant)[0][0])
        self._until("not read", lambda: self._unread(began))
        read = self.stage.sql("SELECT clock_timestamp()")[0][0]
        self._until("the bridge is not at rest", lambda: self.stage.sql(_NOISY, self.scene.tenant, read))
        self._until("writes are open", lambda: self.stage.sql(_OPEN, self.scene.tenant)[0][0])
        return self.writes() - before

    def writes(self) -> int:
        """Requests that change something, by the servers' own access logs."""
        return sum(remote.server.writes() for remote in self.stage.remotes.values())

    def _ask(self) -> None:
        """Have tickets read, and looked for deletions where there are any."""
        if self.crowd.removed():
            sweep_soon(self.stage, self.scene)
        read_now(self.stage, self.scene, BRIDGED)

    def _unread(self, since: dt.datetime) -> list[tuple[Any, ...]]:
        """Streams of which no run has begun since, complete where something was deleted.

        Asked for again: an older run may have answered the first time.
        """
        unread = self.stage.sql(_UNREAD, self.scene.tenant, since)
        if self.crowd.removed():
            unread += self.stage.sql(_UNSWEPT, self.scene.tenant, since)
        if unread and not self._runs():
            self._ask()
        return unread

    def _retried(self) -> list[tuple[Any, ...]]:
        """What waits for another try; time passes for reads."""
        retried = self.stage.sql(_RETRIED, self.scene.tenant)
        if retried and not self._runs():
            read_now(self.stage, self.scene)
        return retried

    def _runs(self) -> bool:
        return bool(self.stage.sql(_RUNNING, self.scene.tenant))

    def _until(self, what: str, busy: Any) -> None:
        began = time.monotonic()
        ends = began + self.patience
        while found := busy():
            if time.monotonic() > ends:
                raise NotSettled(f"{what}: {found}")
            self.tell_all()
            time.sleep(LOOK)
        self.waited[what] += time.monotonic() - began  # type: ignore[assignment] # seconds

    def tell_all(self) -> None:
        """Do what a person does about writes of which only a person can tell the end."""
        for row in self.stage.sql(_PERSON, self.scene.tenant):
            self._tell(*row)

    def _tell(
        self,
        write: uuid.UUID,
        account: uuid.UUID,
        operation: str,
        values: dict[str, Any],
        record: uuid.UUID | None,
    ) -> None:
        """A person looks at the server, and tells what became of a write."""
        from django.db import DatabaseError, connections

        from tenants.scope import scope
        from unified_api.sync import word

        side = next(side for side, one in self.scene.accounts.items() if one.id == account)
        shown = {ticket.remote_id: ticket.shown() for ticket in self.stage.remotes[side].tickets()}
        if operation == "create":
            found = [i for i, told in shown.items() if told["description"] == values["description"].strip()]
        else:
            remote = self.stage.sql("SELECT remote_id FROM ticketing_ticket WHERE id = %s", record)[0][0]
            told = shown.get(remote, {})
            found = [remote] if all(told.get(n) == v for n, v in values.items()) else []
        connections.close_all()
        try:
            with scope(self.scene.tenant):
                if found:
                    word.applied(write, found[0])
                else:
                    word.not_applied(write)
            self.crowd.told.add(str(write))
        except (word.CannotSettle, DatabaseError):
            pass
        finally:
            connections.close_all()
