"""What nobody is shown of stored values, by the scopes of their account: decided in one place, whoever quotes them.

Withheld is a field that is disabled, or a custom field that may read such a one; of a model that may not be read every
field; of a bridge what either of its accounts withholds. What is sensitive is hidden beside that, wherever it stands:
see `unified_api.models.hidden`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from tenants.models import LinkedAccount
from unified_api.models import hidden
from unified_api.models.base import CommonModel, model_id
from unified_api.sync import targets
from unified_api.sync.bridge.scopes import Scopes
from unified_api.sync.models import Stream
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan


def of_account(account: LinkedAccount | None, model: str) -> Container[str]:
    """The fields of a model that are withheld at an account; none once that is gone."""
    if account is None:
        return frozenset()
    return targets.hidden(account, model) if account.may("read", model) else hidden.EVERYTHING


def of_account_id(account_id: uuid.UUID, model: str) -> Container[str]:
    """The same by the account's id, within the transaction that is open."""
    return of_account(LinkedAccount.objects.filter(id=account_id).first(), model)


def of_bridge(bridge: Bridge) -> Container[str]:
    """The fields that are withheld where values of both sides are quoted, within the transaction that is open."""
    return Scopes.of(bridge).secret


class Lookup:
    """The same for rows of any table, within one transaction: each account and bridge is asked for once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Any] = {}

    def of(self, row: Any) -> Container[str]:
        """The fields that are withheld of what a row says: of its record, its account's model, its bridge."""
        (account_id, model), bridge = self._place(row), self._bridge(row)
        found = []
        if account_id and model:
            found.append(self._once(of_account_id, account_id, model))
        if bridge is not None:
            found.append(self._once(of_bridge, bridge))
        return found[0] if len(found) == 1 else _Either(tuple(found))

    def hides_raw(self, row: Any) -> bool:
        """Whether an answer of a row's account may hold what is withheld: nobody knows where."""
        account_id, _ = self._place(row)
        account: LinkedAccount | None = self._once(_first, LinkedAccount, account_id) if account_id else None
        return account is not None and account.withholds

    def hides_key(self, row: Any) -> bool:
        """Whether the key of a pair is made of what is withheld or sensitive."""
        bridge = self._bridge(row)
        return bridge is not None and self._hides_any(bridge, bridge.configuration["match"])

    def hides_memory(self, row: Any) -> bool:
        """Whether what a pair remembers may quote what is withheld or sensitive: it does so in words of its own."""
        bridge = self._bridge(row)
        return bridge is not None and self._hides_any(bridge, bridge.configuration["policy"]["fields"])

    def _hides_any(self, bridge: Bridge, names: Iterable[str]) -> bool:
        secret = self._once(of_bridge, bridge)
        return any(hidden.hides(name, secret) for name in names)

    def _place(self, row: Any) -> tuple[uuid.UUID | None, str | None]:
        """The account and the model of which a row tells."""
        if isinstance(row, CommonModel):
            return row.linked_account_id, model_id(type(row))
        told = self._once(_first, Stream, row.stream_id) if getattr(row, "stream_id", None) else row
        return getattr(told, "linked_account_id", None), getattr(told, "model", None)

    def _bridge(self, row: Any) -> Bridge | None:
        told = self._once(_first, Plan, row.plan_id) if getattr(row, "plan_id", None) else row
        bridge_id = getattr(told, "bridge_id", None)
        found: Bridge | None = self._once(_first, Bridge, bridge_id) if bridge_id else None
        return found

    def _once(self, ask: Callable[..., Any], *about: Any) -> Any:
        if (ask, *about) not in self._known:
            self._known[ask, *about] = ask(*about)
        return self._known[ask, *about]


@dataclass(frozen=True)
class _Either(Container[str]):
    """What is in one of these."""

    parts: tuple[Container[str], ...]

    def __contains__(self, name: object) -> bool:
        return any(name in part for part in self.parts)


def _first(model: type[Model], key: uuid.UUID) -> Model | None:
    return model._default_manager.filter(pk=key).first()  # noqa: SLF001 - documented
