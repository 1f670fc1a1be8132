"""Sensitive fields, shown to who asks for them with an API key that may read them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog
from django.db import transaction

from tenants import secrets
from tenants.vault import VaultError
from unified_api.api.render import Record
from unified_api.models.base import CommonModel, model_id, sensitive

log = structlog.get_logger(__name__)


def show(model: type[CommonModel], page: Sequence[Record], *, hidden: Collection[str] = ()) -> None:
    """Put what is sealed into the records of a page. What does not open stays null, and is logged.

    hidden: fields that the account's scopes keep back, whatever the key may read.
    """
    names = [name for name in sensitive(model) if name not in hidden]
    with transaction.atomic():
        rows = {str(row.pk): row for row in model.objects.filter(id__in=[one["id"] for one in page])}
    for record in page:
        row = rows.get(record["id"])
        for name in names:
            record[name] = _opened(row, name) if row is not None and getattr(row, name) else None
    log.info("sensitive.shown", model=model_id(model), records=len(page))


def _opened(row: CommonModel, name: str) -> str | None:
    try:
        return secrets.opened(row, name).reveal()
    except VaultError as error:
        log.error("sensitive.shut", record=str(row.pk), field=name, problem=str(error))  # noqa: TRY400
        return None
