"""POST with `match_by`: the record that says the same in these fields is changed; where there is none, one is made.

    look ─▶ one ─▶ update          of what has been read, and of what the provider finds just now, if it can be asked
      ├──▶ several ─▶ refused, with the candidates
      ├──▶ a create that says the same is under way ─▶ wait for it, look again
      └──▶ none ─▶ look once more under a lock, and journal the create before that is let go

Between two that look at once stands the journal: who comes second sees the first one's create, or its record.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from integrations.kit.errors import NeedsReauthorisation
from integrations.kit.provider import Resource
from unified_api.api import bulkhead, calling, drafts, idempotency, match_keys, parameters, writes
from unified_api.api.errors import Busy
from unified_api.api.match_keys import MatchKey
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.schema import word
from unified_api.api.outcomes import Outcome, envelope
from unified_api.api.parameters import Parameter
from unified_api.api.reading import ModelEndpoint
from unified_api.models.base import CommonModel, model_id
from unified_api.sync import connect, journal, store, tables
from unified_api.sync.models import Stream, Write, WriteState
from unified_api.sync.problems import problem

_ABOUT: Final = (
    "Fields of the body, `remote_id` among them: the record that says the same in all of them is changed, and a new one"
    " made only where there is none."
)
#: Pages of a search at the provider: a key that finds more is none.
_PAGES: Final = 5
#: Seconds until somebody asks again whether a model has been read.
_UNREAD: Final = 30.0
#: Candidates that are named.
_NAMED: Final = 10


def create_told(endpoint: ModelEndpoint, body: str = "create") -> Operation:
    """What `create` takes and answers."""
    told = writes.told(endpoint.model, 200, 201, body=body, headers=(writes.KEY,))
    return replace(told, query=(*told.query, _match_by(endpoint.model)))


def _match_by(model: type[CommonModel]) -> Parameter[list[str]]:
    names = word(*match_keys.of_model(model))
    return replace(parameters.texts("match_by", _ABOUT, names), is_ours=True)


def create(endpoint: writes.WritingEndpoint, request: Request) -> HttpResponse:
    """POST: a new record, or with `match_by` the one that there is."""
    account, model = endpoint.account, endpoint.model
    asked = endpoint.asked(_match_by(model))
    if not asked:
        return writes.create(endpoint, request)
    if not account.may("read", model_id(model)):
        return _unreadable(model).response()
    changes = writes.resource_for(account, model, "update")
    makes = writes.resource_for(account, model, "create")
    names = match_keys.check(asked, model, account.hidden(model_id(model)))
    upsert = _Upsert(endpoint, request, names, (makes, changes))
    return writes.once(endpoint, request, {"match_by": names}, upsert.intend, upsert.guard)


def _unreadable(model: type[CommonModel]) -> Outcome:
    """Why nothing can match where the account's scopes let nobody read the model."""
    told = f"{model_id(model)} may not be read at this linked account, so nothing can match."
    refused = problem("MISSING_PERMISSION", "The linked account may not do this", told)
    return Outcome(403, envelope(None, errors=[refused]))


class _Upsert:
    """One request. key: by which its record is known, once the body has been understood."""

    key: MatchKey

    def __init__(
        self,
        endpoint: writes.WritingEndpoint,
        request: Request,
        names: tuple[str, ...],
        able: tuple[Resource, Resource],
    ) -> None:
        self.endpoint, self.request, self.names = endpoint, request, names
        self.makes, self.changes = able

    def intend(self, body: dict[str, Any]) -> writes.Intended | Outcome:
        """What is to be written, by what there is now; or why it is not."""
        refused = writes.refused_at_once(self.endpoint.account, self.endpoint.model)
        found = refused or self._understand(body) or self._check(body) or self._look()
        if isinstance(found, Outcome):
            return found
        if found:
            told = {**body, "model": self.key.without(drafts.model_of(body))}
            return writes.intent_of(self.endpoint, self.request, told, "update", found[0], sent_as="create")
        return writes.intent_of(self.endpoint, self.request, body, "create", None)

    def _understand(self, body: dict[str, Any]) -> Outcome | None:
        """Read the key out of the body; why it is none."""
        account, place = self.endpoint.account, self.endpoint.place
        key = match_keys.of(drafts.model_of(body), self.names, self.makes, account, place)
        if not isinstance(key, MatchKey):
            return Outcome(400, envelope(None, errors=key))
        self.key = key
        return None

    def _check(self, body: dict[str, Any]) -> Outcome | None:
        """What stands against it whether there is such a record or not; so nobody is asked in vain."""
        sent, account, place = drafts.model_of(body), self.endpoint.account, self.endpoint.place
        made = drafts.check(sent, "create", self.makes, account, place)
        beside = self.key.without(sent)
        changed = drafts.check(beside, "update", self.changes, account, place, sent_as="create")
        anyway = {_kind_of(one) for one in changed.errors}
        errors = [e for e in made.errors if _kind_of(e) in anyway or _kind_of(e)[1] in self._pointers]
        return Outcome(400, envelope(None, made.warnings, errors)) if errors else None

    @property
    def _pointers(self) -> set[str]:
        return {f"model/{name}" for name in self.names}

    def _look(self) -> list[uuid.UUID] | Outcome:
        """The one record that there is, or none; why nobody can tell. Raises Busy."""
        self._let_others_end()
        found = self._found()
        if not found and (refused := self._ask()) is not None:
            return refused
        found = found or self._found()
        if len(found) > 1:
            return _ambiguous(self.names, found)
        if not found and self.key.remote_id is not None and not self.makes.hosted:
            return _no_such_record(self.key.remote_id)
        return found

    def guard(self, operation: str) -> None:
        """Within the transaction that journals a create: raise Overtaken where there is such a record by now."""
        if operation == "create":
            self.key.lock()
            # In this order: a create ends in one transaction with its record, so it is seen as one or as the other.
            if self.key.open_creates() or self.key.records():
                raise writes.Overtaken

    def _found(self) -> list[uuid.UUID]:
        with transaction.atomic():
            return self.key.records()

    def _let_others_end(self) -> None:
        """Wait while a create that says the same is under way; raises Busy."""
        with transaction.atomic():
            under_way = self.key.open_creates()
        for write in under_way:
            if write.state == WriteState.UNCERTAIN:  # it may take minutes, or a person
                raise Busy(_uncertain(write), after=60)
            if idempotency.wait_for(write, idempotency.PATIENCE).state not in journal.FINAL:
                told = f"A record with this {' and '.join(self.names)} is being made by write {write.id}"
                raise Busy(f"{told}; nothing was begun.", after=5)

    def _ask(self) -> Outcome | None:
        """Take in what the provider finds; raises Busy where it cannot be asked and not everything has been read."""
        wanted = [] if self.makes.hosted else self.key.asks(self.makes)
        if not wanted:
            self._refuse_unread()
            return None
        account = self.endpoint.account
        with calling.answers_of(account), bulkhead.slot():
            try:
                is_ignored = self._search(self.makes.selected(wanted))
            except NeedsReauthorisation as error:
                connect.pause(account, str(error))
                return writes.relink_needed(str(error))
        return _ignored(self.names) if is_ignored else None

    def _search(self, resource: Resource) -> bool:
        """Take in what says the same; whether one of these is ignored, so that nothing is taken in of it."""
        account, state, said = self.endpoint.account, None, self.key.said(resource)
        with connect.line(account) as line:
            for _page in range(_PAGES):
                seen, state = line.client.search(resource, state)
                same = [one for one in seen if said(one)]
                with store.entry(account.id, began=line.moments.time_of) as entry:
                    tally = entry.land(same, store.Cause("read"), mapping_version=resource.version)
                    found = [tally.ids[resource.model, one.remote_id] for one in same]
                    if resource.model.wire.ignores and tables.ignored(found):
                        return True
                if state is None:
                    return False
        raise Busy(
            "The provider finds more than can be looked through by this key; nothing was begun.", after=60
        )

    def _refuse_unread(self) -> None:
        """Who has not read everything, and cannot ask, does not know that there is none."""
        account, model = self.endpoint.account, self.endpoint.model
        with transaction.atomic():
            mine = Stream.objects.filter(linked_account_id=account.id, model=model_id(model))
            known = self.makes.hosted or mine.filter(is_initial=False).exists()
        if not known:
            told = f"Not all {model.wire.path} have been read yet, and the provider cannot be asked by"
            raise Busy(f"{told} {' and '.join(self.names)}; nothing was begun.", after=_UNREAD)


def _kind_of(found: drafts.Problem) -> tuple[str, str]:
    return found["problem_type"], found.get("source", {}).get("pointer", "")


def _uncertain(write: Write) -> str:
    """What to do about a create of which nobody knows yet whether it has happened."""
    return (
        f"Nobody knows yet whether write {write.id} has made a record that says this; nothing was begun. It is looked"
        f" for: /api/sync/v1/writes/{write.id} says what came of it, or that a person has to tell"
        f" (manage.py write {write.id})."
    )


def _ambiguous(names: tuple[str, ...], found: list[uuid.UUID]) -> Outcome:
    ids = ", ".join([*map(str, found[:_NAMED]), *(["…"] if len(found) > _NAMED else [])])
    told = f"Several records say this: {ids}. Change the one that is meant by its id."
    errors = [problem("AMBIGUOUS_MATCH", "Several records match", told, name) for name in names]
    return Outcome(400, envelope(None, errors=errors))


def _ignored(names: tuple[str, ...]) -> Outcome:
    told = "The record that says this is ignored; nothing is read of it or written to it, and no other one is made."
    errors = [problem("IGNORED_RECORD", "The record is ignored", told, name) for name in names]
    return Outcome(400, envelope(None, errors=errors))


def _no_such_record(remote_id: str) -> Outcome:
    told = f"The provider has no record with the id {remote_id!r}, and gives ids itself; leave it out to make one."
    found = problem("RECORD_GONE", "There is no such record", told, "remote_id")
    return Outcome(404, envelope(None, errors=[found]))
