"""What to do when a bridge fails, with the commands as they are typed."""

from __future__ import annotations

from unified_api.observe.documents.parts import Section, Table, Text
from unified_api.sync.models_bridge import Bridge


def section(bridge: Bridge) -> Section:
    """What is seen, what it means, and what to type."""
    command = f"manage.py bridge {{}} {bridge.id}"
    rows = [
        ("anything unclear", "See state, problems and records to review", command.format("status")),
        (
            "waiting",
            "An account is not read yet, or must be linked again: the reason names it",
            "manage.py status",
        ),
        ("planned", "A plan waits: look at it, and approve it or refuse it", command.format("status")),
        ("held", "It would do more than its budget: look at the plan first", command.format("status")),
        ("paused", "A person stopped it; the state names who. Go on with it", command.format("resume")),
        (
            "it writes what it should not",
            "Stop it; what was written stands in the journal",
            command.format("pause"),
        ),
        ("both sides differ", "Compare them; each finding says why", command.format("drift")),
        ("a side is behind", "Read both sides now, and settle what differs", command.format("run")),
        (
            "a value is not explained",
            "Ask where it came from",
            "manage.py bridge why RECORD FIELD --tenant TENANT",
        ),
    ]
    more = (
        f"Issues of this bridge: /api/sync/v1/issues?bridge_id={bridge.id}. Problems of pairs, states of writes and"
        " errors of providers are explained in docs/operations.md; errors in the logs carry a correlation id."
    )
    return Section(
        "When it fails", [Table(("Seen", "What to do", "Command"), rows, frozenset({2})), Text(more)]
    )
