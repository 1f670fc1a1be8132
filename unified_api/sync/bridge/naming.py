"""What the records are called that the values of a plan name: a ticket by its title, a person by name and address."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from django.db.models import Q

from unified_api.models.base import common_model
from unified_api.models.hidden import hides
from unified_api.sync import withheld
from unified_api.sync.bridge import references, showing
from unified_api.sync.bridge.configuration import PEOPLE, Counterparts
from unified_api.sync.bridge.scopes import Scopes
from unified_api.sync.models_bridge import Bridge, Pair

#: What people are called by: all of these that their model has.
_NAMES: Final = ("name", "first_name", "last_name")


def called(bridge: Bridge, items: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, str]:
    """What the records are called that these items name, by their ids, within the transaction that is open.

    items: what is said of each field of an item, by its name, as `showing.said` has it. A record is called by the key
    of its pair; a person whom the bridge knows by address, by name and address, as far as they may be shown.
    """
    told = list(items)
    found: dict[str, str] = {}
    for field, how in bridge.configuration.get("references", {}).items():
        ids = {one for fields in told if field in fields for one in _ids(fields[field])}
        if ids and how == Counterparts.EMAIL:
            found |= _people(references.target(common_model(bridge.model), field), ids)
        elif ids:
            found |= _paired(bridge, ids)
    return found


def _ids(said: Mapping[str, Any]) -> Iterator[str]:
    """The ids that a field has, or is to have; one that is hidden has none."""
    for value in (said["was"], said["value"]):
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))


def _paired(bridge: Bridge, ids: Collection[str]) -> dict[str, str]:
    """By the keys of their pairs, which the bridges between the same accounts have."""
    found: dict[str, str] = {}
    for one in references.between(bridge.account_a, bridge.account_b):
        secret = Scopes.of(one).secret
        known = Pair.objects.filter(Q(record_a__in=ids) | Q(record_b__in=ids), bridge_id=one.id)
        for pair in known.exclude(key=None):
            records = (str(record) for record in (pair.record_a, pair.record_b) if record)
            found |= dict.fromkeys(records, str(showing.key(one, pair.key, secret)))
    return found


def _people(model: str, ids: Collection[str]) -> dict[str, str]:
    """By name and address; without what is withheld at their account."""
    rows: dict[uuid.UUID, Any] = common_model(model).objects.in_bulk([uuid.UUID(one) for one in ids])
    accounts = {row.linked_account_id for row in rows.values()}
    secret = {account: withheld.of_account_id(account, model) for account in accounts}
    names = {row.id: _name(row, model, secret[row.linked_account_id]) for row in rows.values()}
    return {str(person): name for person, name in names.items() if name}


def _name(row: Any, model: str, secret: Any) -> str:
    """`Ann Lee <ann@example.com>`, or what of it is known; empty where nothing may be shown."""
    name = " ".join(told for one in _NAMES if not hides(one, secret) and (told := getattr(row, one, None)))
    is_shown = not any(hides(one, secret) for one in PEOPLE[model])
    return f"{name} <{row.email_key}>".strip() if is_shown and row.email_key else name
