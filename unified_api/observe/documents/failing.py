"""What to do when a bridge fails, with the commands as they are typed."""

from __future__ import annotations

from typing import Final

from unified_api.observe.documents.parts import Section, Table, Text
from unified_api.sync.models_bridge import Bridge

#: What is seen, what to do, and what to type for it.
_ROWS: Final = (
    ("anything unclear", "See state, problems and records to review", "bridge status {bridge}"),
    (
        "waiting",
        "An account is not read yet, or must be linked again; or it follows a bridge that plans: the reason names it",
        "status",
    ),
    ("planned", "A plan waits: look at every item, and at its hash", "bridge plan {bridge}"),
    ("held", "It would do more than its budget: look at the plan first", "bridge plan {bridge}"),
    (
        "a plan was looked at",
        "Have just that written, or nothing of it by `refuse`",
        "bridge approve {bridge} HASH",
    ),
    ("paused", "A person stopped it; the state names who. Go on with it", "bridge resume {bridge}"),
    (
        "it writes what it should not",
        "Stop it; what was written stands in the journal",
        "bridge pause {bridge}",
    ),
    (
        "it wrote what it should not have",
        "Make a plan that puts it back, by --plan, --write, --pair or --run; approve it, and resume",
        "bridge undo {bridge} --plan PLAN",
    ),
    (
        "a side lost records",
        "Make a plan that makes them again out of their counterparts, at a or at b, and approve it",
        "bridge restore {bridge} --to a",
    ),
    (
        "one record of a pair is gone",
        "It is kept at the other side: make it again where it is gone, at a or at b, or delete the other one there",
        "bridge restore {bridge} --to a --pair PAIR",
    ),
    (
        "conflicts wait",
        "Both sides edited a field: see both values in the status, and say who prevails",
        "bridge resolve {bridge} a --conflict CONFLICT",
    ),
    (
        "records to review",
        "Several share a key: the status names them. Rename one, or say which two belong together",
        "bridge join {bridge} PAIR PAIR",
    ),
    (
        "a record to review is one of its own",
        "Say so, and it gets a counterpart",
        "bridge separate {bridge} PAIR",
    ),
    (
        "a write is uncertain",
        "Look at the provider, then say --applied or --not-applied",
        "write WRITE --tenant TENANT",
    ),
    ("both sides differ", "Compare them; each finding says why", "bridge drift {bridge}"),
    ("a side is behind", "Read both sides now, and settle what differs", "bridge run {bridge}"),
    ("a value is not explained", "Ask where it came from", "bridge why RECORD FIELD --tenant TENANT"),
)


def section(bridge: Bridge) -> Section:
    """What is seen, what it means, and what to type."""
    # By its id: a name says nothing where there are several tenants.
    rows = [(seen, do, f"manage.py {typed.format(bridge=bridge.id)}") for seen, do, typed in _ROWS]
    more = (
        f"Issues of this bridge: /api/sync/v1/issues?bridge_id={bridge.id}. Problems of pairs, states of writes and"
        " errors of providers are explained in docs/operations.md; errors in the logs carry a correlation id."
    )
    return Section(
        "When it fails", [Table(("Seen", "What to do", "Command"), rows, frozenset({2})), Text(more)]
    )
