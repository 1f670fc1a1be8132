"""GET {model}/live-search: what the provider finds just now, and not what was read of it before.

What is found is stored as any reading is, and shown as the records that it became. Adapters say by `selects` what
their lists can be asked for; anything else that is asked is refused, and so is a search where there is no list.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from integrations.kit.errors import Rejected
from integrations.kit.observation import Observation
from integrations.kit.paths import MISSING
from integrations.kit.provider import Provider, Resource
from tenants.models import LinkedAccount
from unified_api.api import bulkhead, calling, cursors, filters, parameters, records
from unified_api.api.concealing import conceal
from unified_api.api.errors import answer, malformed
from unified_api.api.extras import Extras, asked_for
from unified_api.api.openapi import records as components
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import page as page_of
from unified_api.api.parameters import Parameter
from unified_api.api.reading import ModelEndpoint
from unified_api.api.render import Record
from unified_api.models.base import CommonModel, common_model, model_id, wire_fields
from unified_api.models.fields import Refs, Text, WireField
from unified_api.sync import connect, store, values
from unified_api.sync.selecting import Selection

_CURSOR: Final = parameters.text("remote_cursor", "`next` of another page of the same search.")
_DELETED: Final = parameters.flag("include_deleted_data", "Without effect: what is deleted is not found.")
_SHELL: Final = parameters.flag("include_shell_data", "Without effect: what is found is known.")
#: What the contract lets a search ask for beyond the plain record.
_EXTRAS: Final = ("include_remote_fields", "remote_fields", "show_enum_origins")
#: Field, operator, and what it has to say, as an adapter has it.
Wanted = tuple[str, str, Any]
#: By operator, whether a field says what was asked for, as filters of lists take it.
_SAYS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "EQUALS": lambda known, told: bool(known == told),
    "CONTAINS": lambda known, told: told in known,
    "IS_ONE_OF": lambda known, told: not set(told).isdisjoint(known),
}


@dataclass(frozen=True)
class _Asked:
    """One thing to search by: a parameter, its field, and from what is given to what the field has to say."""

    parameter: Parameter[Any]
    field: WireField
    understand: Callable[[LinkedAccount, Any], Any]

    @property
    def operator(self) -> str:
        """How the field is compared, in the words of selective sync."""
        if isinstance(self.field, Refs):
            return "IS_ONE_OF"
        return "CONTAINS" if isinstance(self.field, Text) and self.field.contains else "EQUALS"


def _told(endpoint: ModelEndpoint) -> Operation:
    model = endpoint.model
    extras = [replace(one, is_ours=one.name not in _EXTRAS) for one in asked_for(model)]
    asked = [one.parameter for one in _searched(model)]
    return Operation(
        {200: page_of(components.shown(model)), 403: REFUSAL, 409: REFUSAL, 503: REFUSAL},
        query=(*asked, _CURSOR, _DELETED, _SHELL, *extras),
    )


def _searched(model: type[CommonModel]) -> Iterator[_Asked]:
    """What a search of a model can ask for; records that it names by their ids, and by their names."""
    for name in model.wire.searched:
        field = wire_fields(model)[name]
        [by] = field.filters
        if isinstance(field, Refs):
            to = common_model(field.to)
            ids = parameters.ids(by, f"With one of these among `{name}`: ids of {field.to}.")
            names = parameters.texts(name, f"With one of these among `{name}`: their names.")
            yield _Asked(ids, field, lambda _account, told: told)
            yield _Asked(names, field, lambda account, told, to=to: _named(account, to, told))  # type: ignore[misc]
        else:
            how = "in it" if isinstance(field, Text) and field.contains else "exactly"
            yield _Asked(
                parameters.text(by, f"With this `{name}`, {how}."), field, lambda _account, told: told
            )


def _named(account: LinkedAccount, model: type[CommonModel], names: list[str]) -> list[uuid.UUID]:
    """The records of an account with one of these names; none where names may not be read there."""
    if not filters.shows(account, model_id(model), "name"):
        return []
    with transaction.atomic():
        mine = model.objects.filter(linked_account_id=account.id, remote_was_deleted=False)
        return list(mine.filter(name__in=names).values_list("id", flat=True))


class LiveSearch(ModelEndpoint):
    """GET {model}/live-search."""

    operations = {"get": _told}

    def get(self, _request: Request) -> HttpResponse:
        """What the provider finds just now. Several parameters have all to hold."""
        extras = Extras.asked_with(self.key, self.model, self.params)
        asked = [(one, told) for one in _searched(self.model) if (told := self.asked(one.parameter))]
        of = f"{self.account.id} {model_id(self.model)} search {sorted((a.parameter.name, str(t)) for a, t in asked)}"
        cursor = self.asked(_CURSOR)
        state = None if cursor is None else orjson.loads(cursors.opened(cursor, of)[1][0])
        with calling.answers_of(self.account):
            provider = connect.provider_of(self.account)
            wanted = self._wanted(asked)
            resource = _able(provider, self.model, asked)
            if wanted is None or not self.account.may("read", model_id(self.model)):
                return answer({"next": None, "previous": None, "results": []})
            ids, following = self._find(resource, wanted, state)
        rows = self._shown(ids, extras)
        sealed = None if following is None else cursors.seal(of, (orjson.dumps(following).decode(),))
        return answer({"next": sealed, "previous": None, "results": rows})

    def _wanted(self, asked: list[tuple[_Asked, Any]]) -> list[Wanted] | None:
        """What the provider is asked for, in its own ids; None where nothing can be found."""
        hidden = self.account.hidden(model_id(self.model))
        wanted: list[Wanted] = []
        for one, told in asked:
            understood, name = one.understand(self.account, told), one.field.name
            if not understood or name in hidden:
                return None
            try:
                remote = values.for_adapter(self.model, {name: understood}, self.account.id)
            except Rejected:  # a record that the account does not have
                return None
            wanted.append((name, one.operator, remote[name]))
        return wanted

    def _find(
        self, resource: Resource, wanted: list[Wanted], state: dict[str, Any] | None
    ) -> tuple[list[uuid.UUID], dict[str, Any] | None]:
        """Ask the provider, and take in what it shows of it; the records, and where the next page is."""
        with bulkhead.slot(), connect.line(self.account) as line:
            seen, following = line.client.search(resource.selected(wanted), state)
            found = [one for one in seen if _is_wanted(one, wanted)]
            taken = Selection.of(self.account).of_page(self.account, found)
            with store.entry(self.account.id, began=line.moments.time_of) as entry:
                tally = entry.land(taken, store.Cause("read"), mapping_version=resource.version)
        return [tally.ids[self.model, one.remote_id] for one in taken], following

    def _shown(self, ids: list[uuid.UUID], extras: Extras) -> list[Record]:
        """The records in the provider's order; what is ignored is not among them."""
        known = records.by_id(self.model, self.account.id, ids)
        there = [known[str(one)] for one in dict.fromkeys(ids) if str(one) in known]
        rows = [one for one in there if one["remote_id"] is not None]
        conceal(self.account, self.model, rows)
        extras.add(self.model, self.account, rows)
        return rows


def _is_wanted(seen: Observation, wanted: list[Wanted]) -> bool:
    """Whether a record says what was asked for: many a search finds more. Where it does not speak of it, it may."""
    said = [(seen.said(name), operator, told) for name, operator, told in wanted]
    return all(
        known is MISSING or (known is not None and _SAYS[operator](known, told))
        for known, operator, told in said
    )


def _able(provider: Provider, model: type[CommonModel], asked: list[tuple[_Asked, Any]]) -> Resource:
    """The resource that can be asked for all this; raises NotFound, and DRF's ValidationError for what it cannot."""
    resource = provider.resource(model)
    if resource is None or resource.list is None:
        raise NotFound(f"{provider.name} offers no live search of {model.wire.path}.")
    able = [one for one in _searched(model) if (one.field.name, one.operator) in resource.selects]
    for one, _told in asked:
        if (one.field.name, one.operator) not in resource.selects:
            can = ", ".join(a.parameter.name for a in able) or "nothing"
            raise malformed(
                one.parameter.name, f"{provider.name} cannot be searched by this; it can by {can}."
            )
    return resource
