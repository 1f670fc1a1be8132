"""/api/sync/v1/records, history, why and changes: what the change log remembers.

None needs an account token: a record is named by its id, and has to be of an account that the key reaches.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from tenants.models import LinkedAccount
from unified_api.api import auth, cursors, parameters
from unified_api.api.cursors import Key, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, malformed
from unified_api.api.openapi import memory as told_as
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import FLAG, TEXT, many, record, word
from unified_api.api.openapi.schema import page as page_of
from unified_api.api.reading import parse_id
from unified_api.models.base import common_model, common_models, model_id, wire_fields
from unified_api.sync import clock, feed
from unified_api.sync.memory import changes, history, place, shown, telling
from unified_api.sync.memory.as_of import as_of
from unified_api.sync.memory.subject import Subject
from unified_api.sync.memory.why import why
from unified_api.sync.models import Change

_RECORD: Final = parameters.one_id("record_id", "record")
_FIELD: Final = parameters.text("field", "A field of the record, alone.", {**TEXT, "minLength": 1})
_AS_OF: Final = parameters.instant("as_of", "As it was at this time; as it is now where none is given.")
_BEGIN: Final = parameters.word(
    "begin",
    ("oldest", "now"),
    "Where to begin without a cursor: with the oldest entry, or behind the newest.",
)
_ACCOUNT: Final = parameters.maybe_id("linked_account_id", "linked account", "Of this linked account alone.")
_MODEL: Final = parameters.text(
    "model", "Of this common model alone, as in `ticketing.Ticket`.", word(*map(model_id, common_models()))
)


class Asking(Endpoint):
    """A question about the past, for any account that the key reaches."""

    needs_account = False
    tag = "memory"

    def subject(self, record_id: uuid.UUID) -> Subject:
        """The record that is asked about, within the transaction that is open; raises NotFound."""
        found = Subject.find(record_id)
        if found is None:
            raise NotFound
        if not self.may_see(found):
            raise NotFound
        return found

    def may_see(self, subject: Subject) -> bool:
        """Whether a record may be told of: of an account that the key opens, and of a model that may be read there."""
        owner = self.visible({subject.account_id}).get(subject.account_id)
        return owner is not None and owner.may("read", model_id(subject.model))

    def visible(self, account_ids: set[uuid.UUID]) -> dict[uuid.UUID, LinkedAccount]:
        """Those of these accounts that are still linked, and that the key opens, by id."""
        linked = LinkedAccount.objects.filter(id__in=account_ids, deleted_at=None)
        return {account.id: account for account in linked if auth.reaches(self.key, account)}

    def asked_field(self, subject: Subject) -> str | None:
        """The parameter `field`, which is one of the record's model; raises ValidationError."""
        name = self.asked(_FIELD)
        if name is not None and name not in wire_fields(subject.model):
            raise malformed("field", f"{model_id(subject.model)} has no such field")
        return name


class Record(Asking):
    """GET records/{id}."""

    operations = {"get": Operation({200: told_as.SIGHT}, query=(_AS_OF,))}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The record as it is stored now, or as it was `as_of` a time."""
        moment, record_id = self.asked(_AS_OF), parse_id(id)
        feed.wait_for_commits_in_flight()
        with transaction.atomic():
            subject = self.subject(record_id)
            at = moment or clock.now()
            sight = as_of(subject, at)
            shown_values = shown.image(subject.model, sight.image.values, subject.hidden)
        instants = {"as_of": at, "modified_at": sight.modified_at, "known_from": sight.known_from}
        return answer(
            {
                "id": str(record_id),
                "model": model_id(subject.model),
                "linked_account_id": str(subject.account_id),
                "remote_id": subject.row and subject.row.remote_id,
                "presence": sight.image.presence,
                **{name: known and shown.instant(known) for name, known in instants.items()},
                "values": shown_values,
            }
        )


class History(Asking):
    """GET history."""

    operations = {
        "get": Operation(
            {200: page_of(told_as.HISTORY), 404: REFUSAL}, query=(*cursors.PAGING, _RECORD, _FIELD)
        )
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of what happened to a record, or to one field of it, newest first."""
        record_id = self.asked(_RECORD)

        def fetch(key: Key | None, backwards: bool, limit: int) -> list[Change]:  # noqa: FBT001 - cursors.Fetch
            beyond = None if key is None else int(key[0])
            return history.entries(subject, field, beyond=beyond, backwards=backwards, limit=limit)

        with transaction.atomic():
            subject = self.subject(record_id)
            field = self.asked_field(subject)
            window = Window.asked(self.params, f"{record_id} history {field or ''}")
            found, page = cursors.turn(window, fetch, lambda change: (str(change.position),))
            results = history.told(subject, found, field)
        return answer({**page, "results": results})


class Why(Asking):
    """GET why."""

    operations = {
        "get": Operation({200: told_as.WHY, 404: REFUSAL}, query=(_RECORD, replace(_FIELD, is_required=True)))
    }

    def get(self, _request: Request) -> HttpResponse:
        """Why a field of a record has the value that it has now."""
        record_id = self.asked(_RECORD)
        with transaction.atomic():
            subject = self.subject(record_id)
            field = self.asked_field(subject)
            if field is None:
                raise malformed("field", "the name of a field is expected")
            told = why(subject, field, may_see=self.may_see)
            return answer(telling.document(told))


class Changes(Asking):
    """GET changes."""

    operations = {
        "get": Operation(
            {200: record({"next": TEXT, "has_more": FLAG, "results": many(told_as.CHANGE)}), 404: REFUSAL},
            query=(*cursors.PAGING, _ACCOUNT, _MODEL, _BEGIN),
        )
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of the tenant's change log behind a cursor, oldest first; `next` is always there to go on from."""
        window = Window.asked(self.params, f"{self.key.tenant_id} changes")
        account_id, model = self.asked(_ACCOUNT), self._asked_model()
        with transaction.atomic():
            if account_id is not None and not self.visible({account_id}):
                raise NotFound
            begins = self._begins(window)
            page = changes.page(begins, window.size, account_id=account_id, model=model, visible=self.visible)
        return answer(
            {
                "next": cursors.seal(window.of, (str(page.position),)),
                "has_more": page.has_more,
                "results": [
                    changes.document(change, page.owners[change.linked_account_id]) for change in page.changes
                ],
            }
        )

    def _begins(self, window: Window) -> int:
        if window.key is not None:
            return int(window.key[0])
        return place.end() if self.asked(_BEGIN) == "now" else 0

    def _asked_model(self) -> str | None:
        name = self.asked(_MODEL)
        if name is None:
            return None
        try:
            return model_id(common_model(name))
        except (LookupError, ValueError) as error:
            raise malformed("model", "a common model is expected, such as ticketing.Ticket") from error
