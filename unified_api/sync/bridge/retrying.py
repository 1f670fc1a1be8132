"""What a side refused is sent once more when somebody edits its record: what it lacked may be there by now.

A system may take a state only once somebody is named for it; whoever names one edits another field than the one that
was refused, and perhaps none that is bridged. So the change log is asked. What the bridge wrote itself, and times that
moved alone, are nobody's edit: a record that is left alone is asked nothing twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from django.db.models import Q

from unified_api.engine.answer import edited
from unified_api.engine.values import Side
from unified_api.sync.bridge.beginning import TIMES
from unified_api.sync.bridge.held import COLUMN
from unified_api.sync.bridge.records import Frame, record_of, remembered
from unified_api.sync.models import Change, Write
from unified_api.sync.models_bridge import Pair


def follow(frame: Frame, side: Side, records: Collection[uuid.UUID]) -> None:
    """Of these records of a side, which the log names behind the cursor, have those asked anew that were edited."""
    refusing = Pair.objects.filter(
        Q(**{f"{COLUMN[side]}__in": records}), bridge_id=frame.bridge.id, memory__refused__0__isnull=False
    )
    pairs = {record_of(pair, side): pair for pair in refusing}
    found = [pairs[record] for record in _edited(frame, pairs.keys())] if pairs else []
    for pair in found:
        pair.memory |= {"refused": edited(remembered(pair), side).as_data()["refused"]}
    Pair.objects.bulk_update(found, ["memory"])


def _edited(frame: Frame, records: Iterable[uuid.UUID | None]) -> set[uuid.UUID]:
    """Those of which anything but a time was changed, by anybody but this bridge."""
    log = Change.objects.filter(record_id__in=list(records), position__gt=frame.bridge.cursor)
    changes = [one for one in log if one.fields.keys() - set(TIMES)]
    behind = [one.write_id for one in changes if one.write_id and one.source != "read"]
    ours = set(Write.objects.filter(id__in=behind, bridge_id=frame.bridge.id).values_list("id", flat=True))
    return {one.record_id for one in changes if one.source == "read" or one.write_id not in ours}
