"""Problems that last until a person does something: an issue for each field that has them, however many its pairs.

Told when a bridge comes to rest: what the looks before it found is told at once, and a field that no pair has a
problem with any more has no issue. Only pairs with problems are counted, which an index holds.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db import connection

from tenants.scope import current_tenant
from unified_api.engine.events import Kind
from unified_api.sync import issues
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_watch import Issue

#: The kinds of problems that are also kinds of issues, with what is wrong and what helps.
LASTING: Final = {
    Kind.REFUSED: (
        "the other system refused {what} of {pairs} pairs",
        "Correct it there or here: it is sent again when a value of it changes, or the bridge is told something else.",
    ),
    Kind.UNMAPPED: (
        "{pairs} pairs have a value of {what} that the other side has no word for",
        "Give it one by `words` in the bridge file, or map the custom field at that side.",
    ),
    Kind.FAILED: (
        "{pairs} pairs could not be dealt with, by an error in Isthmus",
        "The worker's log has it whole: please report it. `bridge run` tries them again, and so does an edit.",
    ),
}
_COUNT: Final = """
    SELECT problem ->> 'kind', problem ->> 'field', count(DISTINCT pair.id)
    FROM sync_pair AS pair, jsonb_array_elements(pair.problems) AS problem
    WHERE pair.tenant_id = %s AND pair.bridge_id = %s AND NOT pair.problems = '[]' AND problem ->> 'kind' = ANY(%s)
    GROUP BY 1, 2
"""


def tell(bridge: Bridge) -> None:
    """Open, correct and end the issues, within the transaction that is open."""
    ongoing = Issue.objects.filter(bridge_id=bridge.id, kind__in=LASTING, status=Issue.Status.ONGOING)
    known = {one.subject: one for one in ongoing}
    for kind, field, pairs in _counted(bridge):
        subject = uuid.uuid5(bridge.id, f"{kind} {field}")
        issue = known.pop(subject, None)
        details: dict[str, Any] = {"field": field, "pairs": pairs}
        if issue is None or issue.details != details:
            issues.open_issue(
                kind, subject, _sentence(bridge, kind, field, pairs), bridge_id=bridge.id, details=details
            )
    for issue in known.values():
        issues.close(issue)


def _counted(bridge: Bridge) -> list[tuple[Kind, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [current_tenant(), bridge.id, list(LASTING)])
        return [(Kind(kind), field, pairs) for kind, field, pairs in cursor.fetchall()]


def _sentence(bridge: Bridge, kind: Kind, field: str, pairs: int) -> str:
    wrong, helps = LASTING[kind]
    said = wrong.format(what=field or "a whole record", pairs=pairs)
    where = f"`manage.py bridge status {bridge.id}` names them."
    return f"At the bridge {bridge.name or bridge.model}, {said}. {where} {helps}"
