"""What hooks are told: the body of each event, as things are when it is sent, and as the API would show them then.

Nothing is told of what is not there any more, of an account that is gone, and of what its scopes keep back.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from tenants.models import LinkedAccount
from tenants.vault import VaultError
from unified_api import registry
from unified_api.api import records
from unified_api.api.account import accounts, catalogue, issues, sync_status
from unified_api.api.concealing import conceal
from unified_api.events import outbox
from unified_api.models.base import common_model, public_id
from unified_api.sync import async_passthrough, connect
from unified_api.sync.models import Stream
from unified_api.sync.models_hooks import Notice
from unified_api.sync.models_watch import Issue

Document = dict[str, Any]
#: What an event says of its account, if it has one, and beside that.
Message = tuple[Document | None, Document]


@dataclass(frozen=True)
class Next:
    """What is to be told next: an entry of the log, or a notice; or a stretch of the log of which nothing is wanted.

    position: up to where all of the log is told with it. message: what it says now; None where that is nothing.
    """

    event: str
    position: int
    delivery: uuid.UUID
    message: Callable[[], Message | None]
    notice: Notice | None = None


def of_record(account_id: uuid.UUID, model_name: str, record_id: uuid.UUID) -> Message | None:
    """The record as it is now; None where nobody would be shown it. Outside of transactions."""
    model = common_model(model_name)
    with transaction.atomic():
        account = LinkedAccount.objects.filter(id=account_id, deleted_at=None).first()
    if account is None or not account.may("read", model_name):
        return None
    found = records.by_id(model, account.id, [record_id]).get(str(record_id))
    if found is None:
        return None
    conceal(account, model, [found])
    return _account(account), found


def of_notice(notice: Notice) -> Message | None:
    """What a notice says now; None where that is nothing any more. Outside of transactions."""
    is_over = notice.event == outbox.DELETED
    account_id = notice.subject if is_over else notice.linked_account_id
    with transaction.atomic():
        known = LinkedAccount.objects.filter(id=account_id) if account_id else LinkedAccount.objects.none()
        account = (known if is_over else known.filter(deleted_at=None)).first()
        if account_id and account is None:
            return None
    data = _DATA.get(notice.event, _synced)(notice, account)
    return None if data is None else (account and _account(account), data)


def _account(account: LinkedAccount) -> Document:
    with transaction.atomic():
        return accounts.named(account)


def _linked(notice: Notice, account: Any) -> Document:
    token = (
        account.token().reveal() if account.sealed_token else None
    )  # it was given up with a lost master key
    return {"account_token": token, "is_relink": notice.details["is_relink"]}


def _nothing(_notice: Notice, _account: Any) -> Document:
    return {}


def _issue(notice: Notice, _account: Any) -> Document | None:
    with transaction.atomic():
        shown = issues.shown(Issue.objects.filter(id=notice.subject))
    return shown[0] if shown else None


def _answered(notice: Notice, account: Any) -> Document | None:
    with transaction.atomic():
        try:
            found = async_passthrough.answer_of(account, notice.subject)
        except (LookupError, VaultError):  # it was kept long enough, or given up with a lost master key
            return None
    return {"async_passthrough_receipt_id": str(notice.subject), **(found or {})}


def _completed(notice: Notice, account: Any) -> Document:
    keys = ("last_sync_finished", "last_sync_result", "data_fresh_as_of", "sync_status_reason")
    with transaction.atomic():
        streams = Stream.objects.filter(linked_account_id=account.id).order_by("model")
        shown = {public_id(common_model(one.model)): sync_status.shown(one) for one in streams}
    return {
        "is_initial_sync": notice.details["is_first"],
        **_integration(account),
        "sync_status": {model: {key: one[key] for key in keys} for model, one in shown.items()},
    }


def _synced(notice: Notice, account: Any) -> Document | None:
    with transaction.atomic():
        stream = Stream.objects.filter(id=notice.subject).first()
        if stream is None:
            return None
        fields, status = _fields(account, stream.model), sync_status.shown(stream)
    return {**_integration(account), "synced_fields": fields, "sync_status": status}


def _integration(account: LinkedAccount) -> Document:
    return {"integration_name": catalogue.name_of(account), "integration_id": account.integration}


def _fields(account: LinkedAccount, model: str) -> list[str]:
    """The fields of a model that are read at an account."""
    try:
        resource = connect.provider_of(account).resource(model)
    except registry.UnknownIntegration:
        return []
    return sorted(resource.mapping.lenses) if resource else []


_DATA: Final[Mapping[str, Callable[[Notice, Any], Document | None]]] = {
    outbox.LINKED: _linked,
    outbox.SYNCED: _completed,
    outbox.DELETED: _nothing,
    outbox.ISSUE_NEW: _issue,
    outbox.ISSUE_REOPENED: _issue,
    outbox.ISSUE_MUTED: _issue,
    outbox.ISSUE_RESOLVED: _issue,
    outbox.PASSTHROUGH: _answered,
}
