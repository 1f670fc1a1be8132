"""Whether ids that were brought along are answered: how many of them belong to records that were read since."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from tenants.models import LinkedAccount
from tenants.scope import current_tenant
from unified_api.management.importing import parts
from unified_api.models.base import CommonModel, model_id
from unified_api.sync.models_account import ImportedPart

Document = dict[str, Any]

_COUNTED = """
    SELECT count(*), count(r.id) FILTER (WHERE NOT r.is_shell)
    FROM sync_identity i LEFT JOIN {table} r ON r.tenant_id = i.tenant_id AND r.id = i.record_id
    WHERE i.tenant_id = %(tenant)s AND i.linked_account_id = %(account)s AND i.model = %(model)s
"""


def check() -> Document:
    """The document of the command, in the scope of the tenant: of each imported account, by model."""
    with transaction.atomic():
        imported = ImportedPart.objects.values("linked_account_id")
        accounts = list(
            LinkedAccount.objects.filter(id__in=imported, deleted_at=None).order_by("created_at", "id")
        )
    return {"accounts": [_checked(account) for account in accounts]}


def tell(document: Document) -> Iterator[str]:
    """The document in lines for people."""
    for one in document["accounts"]:
        yield f"{one['linked_account_id']}  {one['end_user_origin_id']} at {one['integration']}: {one['status']}"
        for model, counts in one["models"].items():
            yield f"  {model}: {counts['read']} of {counts['brought']} ids belong to a record"
    if not document["accounts"]:
        yield "No linked account was imported."


def _checked(account: LinkedAccount) -> Document:
    with transaction.atomic():
        counts = dict(_counts(account.id, parts.models_of(account.category)))
    return {
        "linked_account_id": str(account.id),
        "end_user_origin_id": account.end_user_origin_id,
        "integration": account.integration,
        "status": account.status,
        "models": counts,
    }


def _counts(
    account_id: uuid.UUID, models: Iterable[type[CommonModel]]
) -> Iterator[tuple[str, dict[str, int]]]:
    """Of each model that ids were brought of, how many, and how many of them are records'."""
    for model in models:
        statement = sql.SQL(_COUNTED).format(table=sql.Identifier(model._meta.db_table))
        values: dict[str, Any] = {"tenant": current_tenant(), "account": account_id, "model": model_id(model)}
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            brought, read = cursor.fetchone()
        if brought:
            yield model_id(model), {"brought": brought, "read": read}
