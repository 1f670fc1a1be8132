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
        ("planned", "A plan waits: look at every item, and at its hash", command.format("plan")),
        ("held", "It would do more than its budget: look at the plan first", command.format("plan")),
        (
            "a plan was looked at",
            "Have just that written, or nothing of it by `refuse`",
            f"{command.format('approve')} HASH",
        ),
        ("paused", "A person stopped it; the state names who. Go on with it", command.format("resume")),
        (
            "it writes what it should not",
            "Stop it; what was written stands in the journal",
            command.format("pause"),
        ),
        (
            "it wrote what it should not have",
            "Make a plan that puts it back, by --plan, --write, --pair or --run; approve it, and resume",
            f"{command.format('undo')} --plan PLAN",
        ),
        (
            "a side lost records",
            "Make a plan that makes them again out of their counterparts, at a or at b, and approve it",
            f"{command.format('restore')} --to a",
        ),
        (
            "conflicts wait",
            "Both sides edited a field: see both values in the status, and say who prevails",
            f"{command.format('resolve')} a --conflict CONFLICT",
        ),
        (
            "records to review",
            "Several share a key: the status names them. Rename one, or join two at /api/sync/v1/pairs/PAIR/join",
            command.format("status"),
        ),
        (
            "a write is uncertain",
            "Look at the provider, then say --applied or --not-applied",
            "manage.py write WRITE --tenant TENANT",
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
