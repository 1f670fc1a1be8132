"""/api/sync/v1/writes: the journal, and where a write stands."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import newest, parameters, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.records import PROBLEM
from unified_api.api.openapi.schema import FLAG, columns, many, named, record
from unified_api.api.openapi.schema import page as page_of
from unified_api.sync.models import Write
from unified_api.sync.models import WriteState as State

_SHOWN: Final = (
    *(
        "id",
        "linked_account_id",
        "bridge_id",
        "pair_id",
        "model",
        "operation",
        "record_id",
        "remote_id",
        "state",
    ),
    *("source", "attempts", "error", "problems", "journalled_at", "sent_at", "finished_at"),
)
_WRITE: Final = named("Write", record({**columns(Write, *_SHOWN, problems=many(PROBLEM)), "is_final": FLAG}))
_ABOUT: Final = {
    "linked_account_id": parameters.ids("linked_account_id", "To one of these linked accounts."),
    "bridge_id": parameters.ids("bridge_id", "Of one of these bridges."),
    "record_id": parameters.ids("record_id", "Of one of these records."),
}
_STATE: Final = parameters.word("state", State.values, "In this state.")


class Writes(Endpoint):
    """GET writes."""

    needs_account = False
    tag = "writes"
    operations = {"get": Operation({200: page_of(_WRITE)}, query=(*PAGING, *_ABOUT.values(), _STATE))}

    def get(self, _request: Request) -> HttpResponse:
        """A page of the journal of all accounts, the newest first."""
        with transaction.atomic():
            rows = reach.writes(self.key)
            for name, parameter in _ABOUT.items():
                if ids := self.asked(parameter):
                    rows = rows.filter(**{f"{name}__in": ids})
            if state := self.asked(_STATE):
                rows = rows.filter(state=state)
            window = Window.asked(self.params, f"{self.key.tenant_id} writes")
            found, page = newest.page(window, rows, "journalled_at")
        return answer({**page, "results": [_shown(write) for write in found]})


class WriteState(Endpoint):
    """The journal's entry of one write, for any account that the key reaches."""

    needs_account = False
    tag = "writes"
    operations = {"get": answers(_WRITE)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The write as it stands."""
        with transaction.atomic():
            return answer(_shown(reach.one(reach.writes(self.key), id)))


def _shown(write: Write) -> dict[str, Any]:
    return {**{name: getattr(write, name) for name in _SHOWN}, "is_final": write.finished_at is not None}
