"""How far the reading of an account is, model by model; and reading everything again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from tenants import audit
from tenants.events import EventType
from tenants.models import LinkedAccount
from unified_api.api import cursors
from unified_api.api.cursors import Key, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.schema import (
    FLAG,
    INSTANT,
    NULL,
    TEXT,
    columns,
    many,
    maybe,
    named,
    record,
    word,
)
from unified_api.api.openapi.schema import page as page_of
from unified_api.models.base import common_model, public_id
from unified_api.sync import steer
from unified_api.sync.models import Stream
from unified_api.sync.models_account import SyncCondition

_STATUS: Final = named(
    "SyncStatus",
    record(
        {
            "model_name": TEXT,
            "model_id": TEXT,
            "last_sync_start": maybe(INSTANT),
            "next_sync_start": maybe(INSTANT),
            "last_sync_result": maybe(TEXT),
            "last_sync_finished": maybe(INSTANT),
            "data_fresh_as_of": maybe(INSTANT),
            "historical_data_since": NULL,
            **columns(Stream, "status"),
            "sync_status_reason": maybe(TEXT),
            "is_initial_sync": FLAG,
            "selective_sync_configurations_usage": maybe(word("IN_NEXT_SYNC", "IN_LAST_SYNC")),
        }
    ),
)


class SyncStatus(Endpoint):
    """GET sync-status."""

    tag = "accounts"
    operations = {"get": Operation({200: page_of(_STATUS)}, query=cursors.PAGING)}

    def get(self, _request: Request) -> HttpResponse:
        """A page of statuses, in the order of the models' names."""

        def fetch(key: Key | None, backwards: bool, limit: int) -> list[Stream]:  # noqa: FBT001 - cursors.Fetch
            rows = Stream.objects.filter(linked_account_id=self.account.id)
            if key is not None:
                rows = rows.filter(**{"model__lt" if backwards else "model__gt": key[0]})
            return list(rows.order_by("-model" if backwards else "model")[:limit])

        with transaction.atomic():
            window = Window.asked(self.params, f"{self.account.id} sync-status")
            streams, page = cursors.turn(window, fetch, lambda stream: (stream.model,))
            selected = _selected(self.account)
        return answer({**page, "results": [shown(stream, selected) for stream in streams]})


class Resync(Endpoint):
    """POST sync-status/resync."""

    tag = "accounts"
    operations = {"post": answers(many(_STATUS))}

    def post(self, _request: Request) -> HttpResponse:
        """Have every model read again from the start; the statuses as they are now."""
        account = self.account
        with transaction.atomic():
            streams = steer.read_account_again(account.id)
            event_type = EventType.FORCED_LINKED_ACCOUNT_RESYNC
            selected = _selected(account)
            audit.record("account.resync_forced", subject=str(account.id), event_type=event_type)
        return answer([shown(stream, selected) for stream in streams])


def _selected(account: LinkedAccount) -> dict[str, dt.datetime]:
    """Since when which models of an account are synced selectively."""
    rows = SyncCondition.objects.filter(linked_account_id=account.id)
    return dict(rows.order_by("created_at").values_list("model", "created_at"))


def _usage(stream: Stream, since: dt.datetime | None) -> str | None:
    """Whether the last run that ended knew of the conditions."""
    if since is None:
        return None
    began = stream.fresh_as_of
    return "IN_LAST_SYNC" if began is not None and began >= since else "IN_NEXT_SYNC"


def shown(stream: Stream, selected: Mapping[str, dt.datetime] = MappingProxyType({})) -> dict[str, Any]:
    """A stream in the contract's form. selected: since when which models are synced selectively."""
    model = common_model(stream.model)
    return {
        "model_name": model.__name__,
        "model_id": public_id(model),
        "last_sync_start": stream.last_started,
        "next_sync_start": stream.next_due,
        "last_sync_result": stream.last_result,
        "last_sync_finished": stream.last_finished,
        "data_fresh_as_of": stream.fresh_as_of,
        "historical_data_since": None,
        "status": stream.status,
        "sync_status_reason": stream.reason,
        "is_initial_sync": stream.is_initial,
        "selective_sync_configurations_usage": _usage(stream, selected.get(stream.model)),
    }
