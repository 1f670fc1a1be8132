"""What a key reaches beside linked accounts: a production key all of its tenant, a test key what test accounts have."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import NotFound

from tenants.models import ApiKey, LinkedAccount
from unified_api.api.reading import parse_id
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Conflict, Pair
from unified_api.sync.models_hooks import Hook
from unified_api.sync.models_plan import Plan
from unified_api.sync.models_watch import Issue

Row = TypeVar("Row", bound=Model)


def one(rows: QuerySet[Row], text: str) -> Row:
    """The row that a path or a body names, out of what the key reaches; raises NotFound."""
    found = rows.filter(id=parse_id(text)).first()
    if found is None:
        raise NotFound
    return found


def bridges(key: ApiKey) -> QuerySet[Bridge]:
    """The bridges of which the key opens both accounts."""
    if key.kind == ApiKey.Kind.PRODUCTION:
        return Bridge.objects.all()
    opened = _accounts().values("id")
    return Bridge.objects.filter(account_a__in=opened, account_b__in=opened)


def plans(key: ApiKey) -> QuerySet[Plan]:
    """The plans of such bridges."""
    return Plan.objects.filter(bridge_id__in=bridges(key).values("id"))


def pairs(key: ApiKey) -> QuerySet[Pair]:
    """The pairs of such bridges."""
    return Pair.objects.filter(bridge_id__in=bridges(key).values("id"))


def conflicts(key: ApiKey) -> QuerySet[Conflict]:
    """Their conflicts."""
    return Conflict.objects.filter(bridge_id__in=bridges(key).values("id"))


def writes(key: ApiKey) -> QuerySet[Write]:
    """The writes to such accounts that are linked."""
    linked = LinkedAccount.objects.filter(deleted_at=None)
    opened = linked if key.kind == ApiKey.Kind.PRODUCTION else linked.filter(is_test=True)
    return Write.objects.filter(linked_account_id__in=opened.values("id"))


def issues(key: ApiKey) -> QuerySet[Issue]:
    """The issues of such bridges and accounts; those of the tenant itself are for production keys."""
    if key.kind == ApiKey.Kind.PRODUCTION:
        return Issue.objects.all()
    of_bridges = Q(bridge_id__in=bridges(key).values("id"))
    return Issue.objects.filter(
        of_bridges | Q(bridge_id=None, linked_account_id__in=_accounts().values("id"))
    )


def hooks(key: ApiKey) -> QuerySet[Hook]:
    """The hooks of the key's kind, and for a production key those of test accounts as well."""
    return Hook.objects.all() if key.kind == ApiKey.Kind.PRODUCTION else Hook.objects.filter(is_test=True)


def _accounts() -> QuerySet[LinkedAccount]:
    return LinkedAccount.objects.filter(is_test=True, deleted_at=None)
