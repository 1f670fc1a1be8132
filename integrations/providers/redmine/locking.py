"""Changes of an issue that overwrite nobody's edit, though no answer tells the issue's `lock_version`.

A new issue has version 1, and every change makes it one more. Most changes leave an entry in the journal, so that
counting these gives a version that the issue has, or has passed. A change that names one that is passed is refused and
harms nobody: the next one is tried, as long as the issue is still as it was read. So the version that is taken is that
of what was read. Where changes that left no entry are too many for that, the issue was just read again, and it is
changed without a version.
"""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Moved
from integrations.providers.redmine.issues import WHOLE

#: So many versions are tried.
TRIES = 5
#: Requests of a change at the most.
CALLS = 2 * TRIES + 1
#: What the journal tells of an issue that was not changed itself: of a relation, and of a new subtask.
_OF_OTHERS = {("relation", None), ("attr", "child_id")}


def put(api: Api, remote_id: str, fields: dict[str, Any], seen: Any) -> None:
    """Change an issue that is as it was seen, with its journal; raises Moved. fields: in Redmine's form."""
    path = f"/issues/{remote_id}.json"
    first = 1 + _changes(seen["journals"])
    for version in range(first, first + TRIES):
        try:
            api.send("PUT", path, {"issue": {**fields, "lock_version": version}}, repeatable=True)
        except Moved:
            if {**seen, **api.get(path, WHOLE)["issue"]} != seen:
                raise
        else:
            return
    api.send("PUT", path, {"issue": fields}, repeatable=True)


def _changes(journal: list[Any]) -> int:
    """How many changes there were at the least: the parts of one that has a private note are of the same second."""
    own = (entry for entry in journal if _is_own(entry))
    return len({(entry["created_on"], (entry.get("user") or {}).get("id")) for entry in own})


def _is_own(entry: Any) -> bool:
    return bool(entry.get("notes")) or any(not _is_of_others(detail) for detail in entry["details"])


def _is_of_others(detail: Any) -> bool:
    """Whether it left the issue's version as it is; the removal of a file does, too."""
    kind = detail["property"]
    removed = kind == "attachment" and detail.get("new_value") is None
    return removed or (kind, None) in _OF_OTHERS or (kind, detail["name"]) in _OF_OTHERS
