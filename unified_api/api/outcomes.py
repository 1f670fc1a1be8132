"""From the state of a journalled write to the answer that its caller gets.

Once a call may have left, the answer is never one that invites a retry: 202, and where to learn the outcome.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse

from integrations.kit.provider import FILE_ADDRESS
from tenants.models import LinkedAccount
from unified_api.api import records
from unified_api.api.concealing import conceal
from unified_api.api.errors import answer
from unified_api.api.extras import Extras
from unified_api.api.reading import etag
from unified_api.api.render import NO_MAPPINGS, Record, as_sent
from unified_api.models.base import OWN, CommonModel, common_model, wire_fields
from unified_api.sync.models import Write, WriteState
from unified_api.sync.problems import problem
from unified_api.sync.values import to_json

HEADER = "X-Isthmus-Write"
_RETRY_AFTER = 5.0
_REFUSED = {"RECORD_GONE": 404, "MISSING_PERMISSION": 403}


@dataclass
class Outcome:
    """An answer as it can be stored and given again."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def response(self, more: Mapping[str, str] | None = None) -> HttpResponse:
        """The answer, with further headers."""
        return answer(self.body, self.status, {**self.headers, **(more or {})})


def envelope(
    model: Record | None,
    warnings: list[dict[str, Any]] | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The wire contract's form of every answer to a write."""
    return {"model": model, "warnings": warnings or [], "errors": errors or []}


def of(write: Write, warnings: list[dict[str, Any]]) -> Outcome:
    """The outcome of a write as it stands."""
    headers = {HEADER: str(write.id)}
    if write.state == WriteState.DONE:
        return _done(write, warnings, headers)
    if write.state == WriteState.NOT_APPLIED:
        after = max(1, round(write.retry_after or _RETRY_AFTER))
        return Outcome(
            503, envelope(None, warnings, _problems(write)), {**headers, "Retry-After": str(after)}
        )
    if write.state == WriteState.MOVED:
        return Outcome(412 if write.if_version else 400, envelope(None, warnings, _problems(write)), headers)
    if write.state == WriteState.REJECTED:
        found = _problems(write)
        return Outcome(_REFUSED.get(found[0]["problem_type"], 400), envelope(None, warnings, found), headers)
    return unknown(write, warnings)


def unknown(write: Write, warnings: list[dict[str, Any]] | None = None) -> Outcome:
    """202 with the warning that nobody knows the outcome yet. Needs no database."""
    told = f"It is not known yet whether this was carried out. Do not repeat it; its state is at {url_of(write.id)}."
    found = problem("UNCERTAIN_OUTCOME", "The outcome is not known yet", told)
    return pending(write, [*(warnings or []), found])


def pending(write: Write, warnings: list[dict[str, Any]]) -> Outcome:
    """202 with the model as sent: it is not known yet what became of the write, or it waits for its turn."""
    known = {name: told for name, told in write.values.items() if not name.startswith(OWN)}
    known["id"] = None if write.record_id is None else str(write.record_id)
    shown = as_sent(common_model(write.model), known)
    return Outcome(202, envelope(shown, warnings), {HEADER: str(write.id), "Location": url_of(write.id)})


def url_of(write_id: uuid.UUID | str) -> str:
    """Where the state of a write is told."""
    return reverse("api-write", args=[write_id])


def _done(write: Write, warnings: list[dict[str, Any]], headers: dict[str, str]) -> Outcome:
    model: type[CommonModel] = common_model(write.model)
    record_id: uuid.UUID = write.record_id  # type: ignore[assignment] # what is done has a record
    with transaction.atomic():
        account = LinkedAccount.objects.get(id=write.linked_account_id)
        record = records.by_id(model, account.id, [record_id])[str(record_id)]
    warnings = [*warnings, *_not_taken(write, record)]
    status = 201 if write.operation == "create" else 200
    shown = _readable(write, account, record)
    return Outcome(status, envelope(shown, warnings), {**headers, "ETag": etag(model, record)})


def again(write: Write, account: LinkedAccount, kept: Outcome) -> Outcome:
    """A stored answer as it may be given now: the account's scopes may have become narrower since."""
    record = kept.body.get("model")
    if write.state != WriteState.DONE or record is None or not account.permissions:
        return kept
    return replace(kept, body={**kept.body, "model": _readable(write, account, record)})


def _readable(write: Write, account: LinkedAccount, record: Record) -> Record:
    """What may be read of a written record; where its model may not be read at all, only what the caller sent."""
    model: type[CommonModel] = common_model(write.model)
    conceal(account, model, [record])
    if not account.may("read", write.model):
        unsent = dict.fromkeys(wire_fields(model).keys() - write.values.keys())
        return {**record, **unsent, "field_mappings": NO_MAPPINGS}
    if model.wire.remote_fields and any(name.startswith(OWN) for name in write.values):
        Extras(remote_fields=True).add(model, account, [record])
    return record


def _not_taken(write: Write, shown: Record) -> Iterator[dict[str, Any]]:
    """Warnings about values that were sent, and answered with what stood there before: some are dropped in silence.

    A file's address is sent as what is in the file, and shown where the provider has that.
    """
    before = write.pre_image or {}
    for name, value in (write.sent or {}).items():
        if name not in shown or name == FILE_ADDRESS:  # others are no common fields
            continue
        there = to_json({name: shown[name]})[name] or None
        if there == (before.get(name) or None) and there != (value or None):
            told = "The provider took the write, and shows what stood there before; the account may not set this field."
            yield problem("NOT_TAKEN", "The provider did not take this value", told, name)


def _problems(write: Write) -> list[dict[str, Any]]:
    return write.problems or [problem("PROVIDER_ERROR", "The write was not carried out", write.error or "")]
