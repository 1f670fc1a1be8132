"""/api/sync/v1/records/{model}: records of a hosted account, by the ids of the product that pushes them.

Every model and every field, whatever the wire contract lets a caller write. A record that is pushed again changes
nothing and journals nothing; the id is the idempotency key.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from unified_api import registry
from unified_api.api import drafts, own_ids, reading, records, upserts, writes
from unified_api.api.concealing import conceal
from unified_api.api.errors import Busy, malformed
from unified_api.api.openapi.operation import Header, Operation
from unified_api.api.openapi.schema import TEXT
from unified_api.api.outcomes import Outcome, envelope
from unified_api.models.base import CommonModel
from unified_api.sync import connect, journal, values
from unified_api.sync.models import WriteState
from unified_api.sync.problems import problem

#: So often a record may appear or vanish between our look and our write.
_ROUNDS = 3
_OVERTAKEN = {"create": "DUPLICATE_MODEL_EXISTS", "update": "RECORD_GONE"}


class Pushing(writes.WritingEndpoint):
    """A URL of records that their owner pushes; there is none for accounts with a server of their own."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Enter the caller's scope; raises NotFound."""
        super().initial(request, *args, **kwargs)
        try:
            provider = connect.provider_of(self.account)
        except registry.UnknownIntegration as error:
            raise NotFound(str(error)) from error
        if not provider.hosted or provider.resource(self.model) is None:
            raise NotFound(f"Records of {provider.name} cannot be pushed to {self.request.path}.")


def _created(endpoint: Pushing) -> Operation:
    return upserts.create_told(endpoint, "push")


def _put(endpoint: Pushing) -> Operation:
    only_make = Header("If-None-Match", "`*`: only make it; 412 if it is there.")
    return writes.told(endpoint.model, 200, 201, body="push", headers=(writes.IF_MATCH, only_make))


def _deleted(endpoint: Pushing) -> Operation:
    return writes.told(endpoint.model, 200, body=None, headers=(writes.IF_MATCH,))


class PushedCollection(Pushing):
    """records/{model}."""

    operations = {"post": _created}

    def post(self, request: Request) -> HttpResponse:
        """A new record, with the id in `remote_id`; one without is given an id."""
        return upserts.create(self, request)


class PushedMember(Pushing):
    """records/{model}/{remote id}."""

    path_id = TEXT
    operations = {"get": reading.one_told, "put": _put, "delete": _deleted}

    def get(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The record."""
        return reading.show_one(self, request, str(self._ours(id)))

    def put(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The record, made or changed to say what is sent; of what is not sent it goes on saying what it said."""
        record_id, body = self._ours(id), _body_for(self.body(), id)
        for _round in range(_ROUNDS):
            outcome = self._put(request, record_id, body)
            if not _is_overtaken(outcome, self):
                return writes.answered(self, outcome)
            self.journalled = None
        raise Busy("The record appears and vanishes; nothing was changed.", after=2)

    def delete(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The record, as it was when it was deleted."""
        record = self._there(self._ours(id))
        if record is None:
            raise NotFound
        seen = _version(request)
        if seen is not None and (moved := writes.moved_since(record, seen)):
            return writes.answered(self, moved)
        intent = journal.Intent(
            self.account,
            self.model,
            "delete",
            record_id=record.id,
            if_version=None if seen is None else values.version(record),
            actor=self.key.hint,
        )
        return writes.answered(self, writes.carry_out(self, intent, []))

    def _ours(self, remote_id: str) -> uuid.UUID:
        """Our id of the record in the path, whether there is one or not."""
        return own_ids.find(self.model, self.account.id, own_ids.parse(remote_id))

    def _there(self, record_id: uuid.UUID) -> CommonModel | None:
        """The record, if there is one: what is only referred to has not been pushed yet."""
        try:
            record = writes.stored(self.model, self.account, record_id)
        except NotFound:
            return None
        return None if record.is_shell else record

    def _put(self, request: Request, record_id: uuid.UUID, body: dict[str, Any]) -> Outcome:
        """One attempt, by what there is now."""
        record = self._there(record_id)
        if refused := _refused(request, there=record is not None):
            return refused
        if record is None:
            intent = writes.intent_of(self, request, body, "create", None)
        else:
            said = {name: value for name, value in body["model"].items() if name != "remote_id"}
            intent = writes.intent_of(self, request, {**body, "model": said}, "update", record_id)
        if isinstance(intent, Outcome):
            return intent
        wanted, warnings = intent
        if record is not None and _says(record, wanted):
            return self._unchanged(record, warnings)
        return writes.carry_out(self, wanted, warnings)

    def _unchanged(self, record: CommonModel, warnings: list[dict[str, Any]]) -> Outcome:
        """The answer where there is nothing to do."""
        shown = records.by_id(self.model, self.account.id, [record.id])[str(record.id)]
        conceal(self.account, self.model, [shown])
        return Outcome(200, envelope(shown, warnings), {"ETag": reading.etag(self.model, shown)})


def _body_for(body: dict[str, Any], remote_id: str) -> dict[str, Any]:
    """The body with the id of the path; raises DRF's ValidationError where it names another."""
    model = drafts.model_of(body)
    if str(model.get("remote_id", remote_id)) != remote_id:
        raise malformed("remote_id", f"the path names {remote_id!r}; a record keeps its id")
    return {**body, "model": {**model, "remote_id": remote_id}}


def _refused(request: Request, *, there: bool) -> Outcome | None:
    """412 where the caller's condition on there being a record, or none, does not hold."""
    if "If-None-Match" in request.headers and there:
        told = problem(
            "DUPLICATE_MODEL_EXISTS", "There is such a record already", "Send it without a condition."
        )
    elif "If-Match" in request.headers and not there:
        told = problem("RECORD_GONE", "There is no such record", "Send it without a condition.")
    else:
        return None
    return Outcome(412, envelope(None, errors=[told]))


def _version(request: Request) -> str | None:
    """The version that the caller saw; None where any will do."""
    seen = request.headers.get("If-Match")
    return None if seen in (None, "*") else str(seen)


def _says(record: CommonModel, wanted: journal.Intent) -> bool:
    return all(getattr(record, name) == value for name, value in wanted.wanted.items())


def _is_overtaken(outcome: Outcome, endpoint: Pushing) -> bool:
    """Whether the write was refused because the record had appeared, or vanished, since we looked."""
    write = endpoint.journalled
    if write is None or write.state != WriteState.REJECTED:
        return False
    found = {error["problem_type"] for error in outcome.body["errors"]}
    return found == {_OVERTAKEN[write.operation]}
