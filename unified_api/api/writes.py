"""Creating and changing records: checked, journalled, carried out while the caller waits.

What must not happen is a second write. So a write is journalled before it leaves, and from then on every answer,
also to an error of our own, is one that no client takes for an invitation to repeat it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.api import bulkhead, drafts, idempotency, outcomes, own_ids, parameters
from unified_api.api.errors import Busy
from unified_api.api.openapi import records as components
from unified_api.api.openapi.operation import Header, Operation
from unified_api.api.openapi.refusals import REFUSAL, REFUSED
from unified_api.api.openapi.schema import any_of
from unified_api.api.outcomes import Outcome, envelope
from unified_api.api.reading import ModelEndpoint, parse_id
from unified_api.models.base import CommonModel, model_id
from unified_api.sync import connect, job, journal, values
from unified_api.sync.models import Write, WriteState
from unified_api.sync.problems import problem
from unified_api.sync.write import perform

log = structlog.get_logger(__name__)
_VERSION = re.compile(r'(?:W/)?"([0-9]{1,17})"')
RUN_ASYNC: Final = parameters.flag("run_async", "Journal only, and answer 202; a worker carries it out.")
IS_DEBUG_MODE: Final = parameters.flag("is_debug_mode", "Add `logs` to the answer.")
IF_MATCH: Final = Header(
    "If-Match",
    "The version that the caller saw; if fields that can be written changed since, nothing is sent.",
)
KEY: Final = Header(
    idempotency.HEADER,
    "A request with the same key within a day is answered again, not carried out again.",
    idempotency.SCHEMA,
)
#: So often requests with one key may overtake each other, each freeing the key for the next.
_ROUNDS = 5
_DONE: Final = (200, 201)


class WritingEndpoint(ModelEndpoint):
    """A URL below which records are written.

    journalled: the write that this request has on its way. is_bare: what is done is answered as the record alone.
    """

    journalled: Write | None = None
    is_bare: bool = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Enter the caller's scope; how a write is to be answered is understood before it is begun."""
        super().initial(request, *args, **kwargs)
        if request.method not in {"GET", "HEAD"}:
            for parameter in (RUN_ASYNC, IS_DEBUG_MODE):
                self.asked(parameter)

    @property
    def _harmless(self) -> bool:
        """What was not journalled was not begun."""
        return self.journalled is None

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override]
        """An error of ours after journalling says nothing about the write, which a worker sees through."""
        if self.journalled is None:
            return super().handle_exception(exc)
        log.error("write.request_failed", write=str(self.journalled.id), exc_info=exc)
        return outcomes.unknown(self.journalled).response()


def update_told(endpoint: ModelEndpoint) -> Operation:
    """What `update` takes and answers."""
    return told(endpoint.model, 200, body="update", headers=(KEY, IF_MATCH))


def told(
    model: type[CommonModel], *done: int, body: str | None, headers: tuple[Header, ...] = ()
) -> Operation:
    """What a write takes and answers: the envelope, whatever became of it. `done`: statuses of what was done."""
    envelope_ = components.envelope(model)
    answers = {**dict.fromkeys((*done, 403, 412), envelope_), 202: components.pending(model)}
    refused = {
        400: any_of(envelope_, REFUSED),
        404: any_of(envelope_, REFUSAL),
        503: any_of(envelope_, REFUSAL),
    }
    sent = components.sent(model, body) if body else None
    return Operation({**answers, **refused}, query=(RUN_ASYNC, IS_DEBUG_MODE), headers=headers, body=sent)


def create(endpoint: WritingEndpoint, request: Request) -> HttpResponse:
    """POST: a new record at the provider."""
    return once(endpoint, request, {}, lambda body: intent_of(endpoint, request, body, "create", None))


def update(endpoint: WritingEndpoint, request: Request, text: str) -> HttpResponse:
    """PATCH: the fields that are sent, changed at the provider."""
    record_id = parse_id(text)
    return once(endpoint, request, {}, lambda body: intent_of(endpoint, request, body, "update", record_id))


class Overtaken(Exception):
    """What a write was intended by is not so any more; nothing was journalled."""


#: An intent, with what its caller is warned about.
Intended = tuple[journal.Intent, list[drafts.Problem]]
#: Raises Overtaken, within the transaction that journals a write with this operation.
Guard = Callable[[str], None]


def _unguarded(_operation: str) -> None:
    """Nothing stands against it."""


def once(
    endpoint: WritingEndpoint,
    request: Request,
    told: Mapping[str, Any],
    intend: Callable[[dict[str, Any]], Intended | Outcome],
    guard: Guard | None = None,
) -> HttpResponse:
    """Carry out what a body asks for, unless an earlier request with its key did. told: beside the body, what it is.

    guard: of what is intended by what there is. Then a record that moved is looked at again, and intended anew.
    """
    body, account = endpoint.body(), endpoint.account
    key, digests = idempotency.key_of(request), idempotency.digests_of(request, {**body, **told})
    for _round in range(_ROUNDS):
        first = idempotency.earlier(account.id, key, digests)
        if first is not None:
            return _again(endpoint, first)
        intent = intend(body)
        if isinstance(intent, Outcome):
            return answered(endpoint, intent)
        wanted, warnings = intent
        wanted = replace(wanted, idempotency_key=key, request_digest=digests[0] if key else None)
        try:
            outcome = carry_out(endpoint, wanted, warnings, guard or _unguarded)
        except Overtaken:
            continue
        except IntegrityError:
            if key is None or endpoint.journalled is not None:
                raise
            continue
        if guard is None or not _moved(endpoint):
            return answered(endpoint, outcome)
    raise Busy("Requests with this key overtake each other; nothing was begun.", after=2)


def _moved(endpoint: WritingEndpoint) -> bool:
    """Whether the record had moved, so that nothing was sent; its write then gives the key free."""
    write = endpoint.journalled
    if write is None or write.state != WriteState.MOVED:
        return False
    idempotency.free(write)
    endpoint.journalled = None
    return True


def intent_of(
    endpoint: WritingEndpoint,
    request: Request,
    body: dict[str, Any],
    operation: drafts.Operation,
    record_id: uuid.UUID | None,
    *,
    sent_as: drafts.Operation | None = None,
) -> Intended | Outcome:
    """What is to be written, with warnings; or why it is not. sent_as: see `drafts.check`."""
    account, model = endpoint.account, endpoint.model
    sent = drafts.model_of(body)
    record = None if record_id is None else stored(model, account, record_id)
    resource = resource_for(account, model, operation)
    if (refused := refused_at_once(account, model)) is not None:
        return refused
    draft = drafts.check(sent, operation, resource, account, endpoint.place, sent_as=sent_as)
    if draft.errors:
        return Outcome(400, envelope(None, draft.warnings, draft.errors))
    own_ids.introduce(account.id, draft.named)
    seen = None if record is None else request.headers.get("If-Match")
    if record is not None and seen not in (None, "*") and (moved := moved_since(record, str(seen))):
        return moved
    intent = journal.Intent(
        account,
        model,
        operation,
        draft.values,
        record_id=record_id,
        remote_id=draft.remote_id,
        if_version=values.version(record) if record is not None and seen not in (None, "*") else None,
        actor=endpoint.key.hint,
    )
    return intent, draft.warnings


def refused_at_once(account: LinkedAccount, model: type[CommonModel]) -> Outcome | None:
    """Why nothing of a model can be written at an account, whatever it is; None where it can."""
    if account.status == LinkedAccount.Status.RELINK_NEEDED:
        return relink_needed(account.status_detail)
    if not account.may("write", model_id(model)):
        told = f"{model_id(model)} may not be written at this linked account, by its scopes."
        return Outcome(400, envelope(None, errors=[problem("DISABLED_MODEL_WRITE", "Disabled model", told)]))
    return None


def relink_needed(why: str) -> Outcome:
    """The refusal of an account whose credential opens nothing."""
    told = f"The linked account must be linked again: {why}"
    return Outcome(400, envelope(None, errors=[problem("RELINK_NEEDED", "Relink needed", told)]))


def stored(model: type[CommonModel], account: LinkedAccount, record_id: uuid.UUID) -> CommonModel:
    """The record that is to be changed; raises NotFound, also for one that is blank."""
    with transaction.atomic():
        mine = model.objects.filter(id=record_id, linked_account_id=account.id, remote_was_deleted=False)
        record: CommonModel | None = mine.exclude(remote_id=None).first()
    if record is None:
        raise NotFound
    return record


def resource_for(account: LinkedAccount, model: type[CommonModel], operation: drafts.Operation) -> Resource:
    """What the adapter says of the model; raises NotFound when the operation is not offered there."""
    try:
        provider = connect.provider_of(account)
    except registry.UnknownIntegration as error:
        raise NotFound(str(error)) from error
    resource = provider.resource(model)
    if resource is None or not resource.can(operation):
        raise NotFound(f"{provider.name} offers no {operation} of {model.wire.path}.")
    return resource


def moved_since(record: CommonModel, if_match: str) -> Outcome | None:
    """412 with the fields that changed since the version that the caller names; None if none did."""
    current = values.version(record)
    named = _VERSION.findall(if_match)
    if current in named:
        return None
    fields = values.changed_since(record, min(named, default=""))
    if named and not fields:
        return None
    told = "The record changed since it was read"
    found = [problem("RECORD_MOVED", told, f"{n} has another value now; read it again.", n) for n in fields]
    found = found or [problem("RECORD_MOVED", told, "Read it again; no common field differs.")]
    return Outcome(412, envelope(None, errors=found), {"ETag": f'"{current}"'})


def carry_out(
    endpoint: WritingEndpoint,
    intent: journal.Intent,
    warnings: list[drafts.Problem],
    guard: Guard = _unguarded,
) -> Outcome:
    """Journal, call, answer; or only journal, where the caller does not want to wait. Raises what the guard does."""
    if endpoint.asked(RUN_ASYNC):
        with _surely_or_not(endpoint, intent), transaction.atomic():
            guard(intent.operation)
            write = journal.enter(intent, queue=job.INTERACTIVE)
        return outcomes.pending(write, warnings)
    with bulkhead.slot():
        with _surely_or_not(endpoint, intent):
            endpoint.journalled, lease = journal.enter_and_claim(
                intent, first=partial(guard, intent.operation)
            )
        write = endpoint.journalled
        try:
            perform(write, lease, intent.account, patient=False)
        except job.Overtaken:
            with transaction.atomic():
                write.refresh_from_db()
    outcome = outcomes.of(write, warnings)
    idempotency.keep(write, outcome)
    return outcome


@contextmanager
def _surely_or_not(endpoint: WritingEndpoint, intent: journal.Intent) -> Iterator[None]:
    """A commit whose answer was lost may have journalled the write: then a worker carries it out."""
    try:
        yield
    except (OperationalError, InterfaceError):
        endpoint.journalled = journal.draft(intent)
        raise


def _again(endpoint: WritingEndpoint, first: Write) -> HttpResponse:
    """The answer of an earlier request with the same key; a first one that is under way is waited for."""
    patience = 0.0 if endpoint.asked(RUN_ASYNC) else idempotency.PATIENCE
    settled = idempotency.wait_for(first, patience)
    outcome = idempotency.kept(settled)
    if outcome is None:
        outcome = outcomes.of(settled, [])
        idempotency.keep(settled, outcome)
    else:
        outcome = outcomes.again(settled, endpoint.account, outcome)
    return answered(endpoint, outcome, replayed=settled.state in journal.FINAL)


def answered(endpoint: WritingEndpoint, outcome: Outcome, *, replayed: bool = False) -> HttpResponse:
    """The answer, with logs where the caller debugs."""
    if endpoint.is_bare and outcome.status in _DONE:
        outcome = Outcome(200, outcome.body["model"], outcome.headers)
    elif endpoint.asked(IS_DEBUG_MODE):
        outcome.body = {**outcome.body, "logs": _logs(endpoint, outcome)}
    more = {"Idempotent-Replayed": "true"} if replayed else {}
    return outcome.response(more)


def _logs(endpoint: WritingEndpoint, outcome: Outcome) -> list[dict[str, Any]]:
    """The write as the contract's log entry; its journal is the page to look at."""
    write = outcome.headers.get(outcomes.HEADER)
    summary = {"url": endpoint.request.path, "method": endpoint.request.method, "status_code": outcome.status}
    where = outcomes.url_of(write) if write else ""
    return [{"log_id": write, "dashboard_view": where, "log_summary": summary}] if write else []
