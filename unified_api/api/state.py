"""/api/sync/v1/writes/{id}: where a write stands."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from tenants.models import LinkedAccount
from unified_api.api import auth
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import answers
from unified_api.api.openapi.records import PROBLEM
from unified_api.api.openapi.schema import FLAG, columns, many, named, record
from unified_api.api.reading import parse_id
from unified_api.sync.models import Write

_SHOWN: Final = (
    *("id", "linked_account_id", "model", "operation", "record_id", "remote_id", "state", "source"),
    *("attempts", "error", "problems", "journalled_at", "sent_at", "finished_at"),
)
_WRITE: Final = named("Write", record({**columns(Write, *_SHOWN, problems=many(PROBLEM)), "is_final": FLAG}))


class WriteState(Endpoint):
    """The journal's entry of one write, for any account that the key reaches."""

    needs_account = False
    tag = "writes"
    operations = {"get": answers(_WRITE)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The write as it stands."""
        with transaction.atomic():
            write = Write.objects.filter(id=parse_id(id)).first()
            account = (
                write and LinkedAccount.objects.filter(id=write.linked_account_id, deleted_at=None).first()
            )
        if write is None or account is None or not auth.reaches(self.key, account):
            raise NotFound
        shown = {name: getattr(write, name) for name in _SHOWN}
        return answer({**shown, "is_final": write.finished_at is not None})
