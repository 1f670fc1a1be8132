"""Gates in Postgres: triggers of the harness hold a process at a chosen moment of a transaction.

Each gate is a trigger that asks for an advisory lock in shared mode, which costs nothing until the harness takes
that lock for itself. Then whoever comes by waits, the harness sees who, and kills it or lets it go. An immediate gate
stands before its statement takes effect; one `at_commit` stands inside COMMIT: its transaction is complete, and
becomes true even if the process that asked for it is dead by then.

Other triggers keep the books: who claimed which job under which fence; and whatever is committed about a stream, a run
or a write without holding its job.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.chaos.launch import NAME

#: First half of the advisory locks; the second is the gate's number.
LOCK = 7700
LOOK = 0.01


@dataclass(frozen=True)
class Gate:
    """Where a process is held: an event on a table, under a condition."""

    name: str
    table: str
    event: str
    when: str = "true"
    at_commit: bool = False


_SENT = "OLD.state <> 'sent' AND NEW.state = 'sent'"
_DONE = "OLD.state <> 'done' AND NEW.state = 'done'"
_MOVED = "OLD.cursor IS DISTINCT FROM NEW.cursor AND NEW.model = 'ticketing.Ticket'"
_RESERVED = "OLD.state <> 'creating' AND NEW.state = 'creating'"
GATES = (
    Gate("journal", "sync_write", "INSERT"),
    Gate("journal commit", "sync_write", "INSERT", at_commit=True),
    Gate("sending", "sync_write", "UPDATE", _SENT),
    Gate("sending commit", "sync_write", "UPDATE", _SENT, at_commit=True),
    Gate("done", "sync_write", "UPDATE", _DONE),
    Gate("done commit", "sync_write", "UPDATE", _DONE, at_commit=True),
    Gate("page", "sync_stream", "UPDATE", _MOVED),
    Gate("page commit", "sync_stream", "UPDATE", _MOVED, at_commit=True),
    Gate("sweep", "sync_sighting", "INSERT"),
    Gate("sweep end", "sync_sighting", "DELETE"),
    Gate("reserve", "sync_pair", "UPDATE", _RESERVED),
    Gate("reserve commit", "sync_pair", "UPDATE", _RESERVED, at_commit=True),
    Gate("claim", "sync_job", "UPDATE", "OLD.fence <> NEW.fence AND NEW.kind <> 'write'", at_commit=True),
)
NUMBERS = {gate.name: number for number, gate in enumerate(GATES)}

_BOOKS = f"""
CREATE SCHEMA chaos;
GRANT USAGE ON SCHEMA chaos TO isthmus_app;
CREATE TABLE chaos.claim (job uuid, fence bigint, app text, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE chaos.breach (tenant uuid, app text, what text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION chaos.gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('application_name') LIKE '{NAME}%' THEN
        PERFORM pg_advisory_xact_lock_shared({LOCK}, TG_ARGV[0]::int);
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION chaos.claimed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO chaos.claim (job, fence, app) VALUES (NEW.id, NEW.fence, current_setting('application_name'));
    RETURN NULL;
END $$;
CREATE FUNCTION chaos.renewed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE me text := current_setting('application_name'); holder text; BEGIN
    SELECT app INTO holder FROM chaos.claim WHERE job = OLD.id AND fence = OLD.fence;
    IF me LIKE '{NAME}%' AND holder IS NOT NULL AND holder <> me THEN
        INSERT INTO chaos.breach VALUES (OLD.tenant_id, me, OLD.kind || ' job of ' || holder || ' by ' || TG_OP);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION chaos.held() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE me text := current_setting('application_name'); mine boolean; about uuid; BEGIN
    about := CASE WHEN TG_TABLE_NAME = 'sync_run' THEN (to_jsonb(NEW) ->> 'stream_id')::uuid ELSE NEW.id END;
    SELECT xmin = pg_current_xact_id()::xid INTO mine FROM sync_job
    WHERE tenant_id = NEW.tenant_id AND kind = TG_ARGV[0] AND reference = about;
    IF me LIKE '{NAME}%' AND mine IS NOT TRUE THEN
        INSERT INTO chaos.breach VALUES (NEW.tenant_id, me, TG_TABLE_NAME || ' without its job');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_claimed AFTER UPDATE ON sync_job FOR EACH ROW
    WHEN (OLD.fence <> NEW.fence) EXECUTE FUNCTION chaos.claimed();
CREATE TRIGGER chaos_renewed AFTER UPDATE ON sync_job FOR EACH ROW
    WHEN (OLD.fence = NEW.fence AND OLD.leased_until IS DISTINCT FROM NEW.leased_until)
    EXECUTE FUNCTION chaos.renewed();
CREATE TRIGGER chaos_finished AFTER DELETE ON sync_job FOR EACH ROW EXECUTE FUNCTION chaos.renewed();
CREATE TRIGGER chaos_held AFTER UPDATE ON sync_write FOR EACH ROW
    WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION chaos.held('write');
CREATE TRIGGER chaos_held AFTER UPDATE ON sync_stream FOR EACH ROW
    WHEN (OLD.cursor IS DISTINCT FROM NEW.cursor OR OLD.run_id IS DISTINCT FROM NEW.run_id)
    EXECUTE FUNCTION chaos.held('pull');
CREATE TRIGGER chaos_held AFTER INSERT OR UPDATE ON sync_run FOR EACH ROW EXECUTE FUNCTION chaos.held('pull');
CREATE TRIGGER chaos_held AFTER UPDATE ON sync_bridge FOR EACH ROW
    WHEN (OLD.cursor IS DISTINCT FROM NEW.cursor) EXECUTE FUNCTION chaos.held('bridge');
"""  # noqa: S608 - constant text


def install(superuser: psycopg.Connection[Any]) -> None:
    """Make the books and the gates, once in a database."""
    superuser.execute(_BOOKS)
    for gate in GATES:
        kind, when = ("CONSTRAINT TRIGGER", "AFTER") if gate.at_commit else ("TRIGGER", "BEFORE")
        deferred = "DEFERRABLE INITIALLY DEFERRED" if gate.at_commit else ""
        name = f"chaos_{gate.name.replace(' ', '_')}"
        superuser.execute(
            f"CREATE {kind} {name} {when} {gate.event} ON {gate.table} {deferred} FOR EACH ROW"
            f" WHEN ({gate.when}) EXECUTE FUNCTION chaos.gate({NUMBERS[gate.name]})"
        )


_WAITING = """
    SELECT a.pid, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objid = %s AND NOT l.granted
    ORDER BY a.query_start LIMIT 1
"""


class Shut:
    """A gate that is shut; `backend` and `process` are those of the first that waits before it."""

    def __init__(self, conninfo: str, name: str) -> None:
        self.backend = self.process = 0
        self._number = NUMBERS[name]
        self._connection = psycopg.connect(conninfo, autocommit=True)
        self._connection.execute("SET lock_timeout = '5s'")
        self._connection.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK, self._number])

    def reached(self, seconds: float) -> bool:
        """Wait until somebody stands before it; False when nobody came."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            row = self._connection.execute(_WAITING, [LOCK, self._number]).fetchone()
            if row is not None:
                self.backend, self.process = int(row[0]), int(row[1].removeprefix(NAME))
                return True
            time.sleep(LOOK)
        return False

    def open(self) -> None:
        """Let everybody through; a connection that the server lost has let go already."""
        self._connection.close()
