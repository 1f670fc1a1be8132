"""What of an account may be read and written, by common model; the wire contract calls it scopes.

It is said for all accounts, or for one, where it says more. What follows for an account stands in its row, so that
whoever has the account knows it without asking. What nobody spoke of is allowed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tenants import audit
from tenants.events import EventType
from tenants.models import LinkedAccount, Permission


@dataclass(frozen=True)
class Say:
    """What was said of one common model. reads, writes: None for nothing. fields: by name, whether it is allowed."""

    reads: bool | None = None
    writes: bool | None = None
    fields: Mapping[str, bool] = field(default_factory=dict)

    def before(self, other: Say) -> Say:
        """Both; what this one says counts more."""
        return Say(
            other.reads if self.reads is None else self.reads,
            other.writes if self.writes is None else self.writes,
            {**other.fields, **self.fields},
        )

    def limits(self) -> dict[str, Any]:
        """What is not allowed, as an account's row has it; empty where everything is."""
        hidden = sorted(name for name, allowed in self.fields.items() if not allowed)
        told: dict[str, Any] = {"read": False} if self.reads is False else {}
        told |= {"write": False} if self.writes is False else {}
        return told | ({"hidden": hidden} if hidden else {})


Says = Mapping[str, Say]


def read(told: Mapping[str, Any]) -> dict[str, Say]:
    """What `spelled` made JSON of."""
    return {model: Say(**said) for model, said in told.items()}


def spelled(says: Says) -> dict[str, Any]:
    """As JSON."""
    return {model: asdict(said) for model, said in says.items()}


def of_all() -> dict[str, Say]:
    """What was said for all accounts of the tenant in scope."""
    return _said(None)


def of_one(account: LinkedAccount) -> dict[str, Say]:
    """What was said for one account."""
    return _said(account.id)


def _said(linked_account_id: uuid.UUID | None) -> dict[str, Say]:
    rows = Permission.objects.filter(linked_account_id=linked_account_id)
    return {row.model: Say(row.reads, row.writes, row.fields) for row in rows}


def together(own: Says, default: Says) -> dict[str, Say]:
    """What holds for an account."""
    return {model: own.get(model, Say()).before(default.get(model, Say())) for model in {*own, *default}}


def limits(says: Says) -> dict[str, Any]:
    """What is not allowed, by model."""
    return {model: told for model, said in sorted(says.items()) if (told := said.limits())}


def set_own(account: LinkedAccount, says: Says) -> dict[str, Any]:
    """Have this hold for an account, beside what holds for all; what it was not allowed before. In one transaction."""
    LinkedAccount.objects.select_for_update().get(pk=account.pk)
    _replace(account.id, says)
    before: dict[str, Any] = account.permissions
    account.permissions = limits(together(says, of_all()))
    account.save(update_fields=["permissions"])
    _recorded(str(account.id), says)
    return before


def set_of_all(says: Says) -> Iterable[tuple[LinkedAccount, dict[str, Any]]]:
    """Have this hold for all accounts; those that it changes, with what each was not allowed before."""
    _replace(None, says)
    _recorded("", says)
    changed = []
    for account in LinkedAccount.objects.filter(deleted_at=None).select_for_update().order_by("id"):
        now = limits(together(of_one(account), says))
        if now != account.permissions:
            changed.append((account, account.permissions))
            account.permissions = now
            account.save(update_fields=["permissions"])
    return changed


def _replace(linked_account_id: uuid.UUID | None, says: Says) -> None:
    Permission.objects.filter(linked_account_id=linked_account_id).delete()
    Permission.objects.bulk_create(
        Permission(linked_account_id=linked_account_id, model=model, **vars(said))
        for model, said in says.items()
    )


def _recorded(subject: str, says: Says) -> None:
    event_type = EventType.CHANGED_SCOPES
    audit.record("permissions.changed", subject=subject, event_type=event_type, said=spelled(says))
