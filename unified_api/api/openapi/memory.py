"""Components of what the change log tells: entries, what was behind them, a record at a time, why a value is."""

from __future__ import annotations

from typing import Final

from unified_api.api.openapi.schema import (
    ANY,
    FLAG,
    ID,
    INSTANT,
    TEXT,
    WHOLE,
    Schema,
    columns,
    keyed,
    many,
    maybe,
    named,
    record,
    word,
)
from unified_api.sync.memory.walk import Presence
from unified_api.sync.memory.why import End
from unified_api.sync.models import Run, Write

_KIND: Final = word("created", "updated", "deleted", "restored")
_OLD_NEW: Final[dict[str, Schema]] = {"old": ANY, "new": ANY, "is_hidden": FLAG}
_RUN: Final = named("ChangeRun", record({**columns(Run, "id", "mode", "started")}))
_WRITE: Final = named(
    "ChangeWrite",
    record(
        {
            **columns(Write, "id", "operation", "source", "actor", "state", "settled_by"),
            **columns(Write, "bridge_id", "pair_id", "journalled_at"),
            "plan_id": maybe(ID),
            "approved_by": maybe(TEXT),
        }
    ),
)
#: An entry of the feed.
CHANGE: Final = named(
    "Change",
    record(
        {
            "position": WHOLE,
            "at": INSTANT,
            "linked_account_id": ID,
            "model": TEXT,
            "record_id": ID,
            "kind": _KIND,
            "fields": keyed(named("FieldChange", record(_OLD_NEW))),
            "source": TEXT,
            "run_id": maybe(ID),
            "write_id": maybe(ID),
        }
    ),
)
_FIELD: Final = named(
    "HistoryField",
    record({**_OLD_NEW, "by": TEXT, "rule": maybe(TEXT), "overruled": ANY, "is_overruling": FLAG}),
)
#: An entry of a record's history.
HISTORY: Final = named(
    "HistoryEntry",
    record(
        {
            "position": WHOLE,
            "at": INSTANT,
            "kind": _KIND,
            "source": TEXT,
            "by": TEXT,
            "fields": keyed(_FIELD),
            "run": maybe(_RUN),
            "write": maybe(_WRITE),
        }
    ),
)
#: A record as it was at a time.
SIGHT: Final = named(
    "RecordAsOf",
    record(
        {
            "id": ID,
            "model": TEXT,
            "linked_account_id": ID,
            "remote_id": maybe(TEXT),
            "presence": word(*Presence),
            "as_of": INSTANT,
            "modified_at": maybe(INSTANT),
            "known_from": maybe(INSTANT),
            "values": keyed(ANY),
        }
    ),
)
_STEP: Final = named(
    "WhyStep",
    record(
        {
            "record_id": ID,
            "linked_account_id": ID,
            "value": ANY,
            "position": maybe(WHOLE),
            "at": maybe(INSTANT),
            "kind": maybe(_KIND),
            "source": maybe(TEXT),
            "by": maybe(TEXT),
            "rule": maybe(TEXT),
            "overruled": ANY,
            "run": maybe(_RUN),
            "write": maybe(_WRITE),
        }
    ),
)
#: Why a field has the value that it has.
WHY: Final = named(
    "Why",
    record(
        {
            "record_id": ID,
            "model": TEXT,
            "field": TEXT,
            "value": ANY,
            "is_hidden": FLAG,
            "since": maybe(INSTANT),
            "sentence": TEXT,
            "end": word(*End),
            "steps": many(_STEP),
        }
    ),
)
