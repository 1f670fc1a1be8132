"""Lists and single records of every common model."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.api import cursors, filters, orders, parameters, records
from unified_api.api.concealing import conceal
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.extras import Extras, asked_for
from unified_api.api.openapi import records as components
from unified_api.api.openapi.operation import Header, Operation
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import Schema
from unified_api.api.openapi.schema import page as page_of
from unified_api.api.orders import Order
from unified_api.api.parameters import Parameter
from unified_api.api.render import Record
from unified_api.models.base import CommonModel, common_model, model_id, relations, sensitive
from unified_api.sync import connect, feed, values

#: A record that is known by reference only is shown by its id in any case: whoever asks has the reference.
SHELL: Final = parameters.flag("include_shell_data", "Without effect: a record is shown also as a shell.")


class ModelEndpoint(Endpoint):
    """A URL of one common model. `place`: what a path says of a record, by field: the one that it stands below."""

    model: type[CommonModel] = None  # type: ignore[assignment] # given by the route
    place: Mapping[str, str] = MappingProxyType({})


def list_told(endpoint: ModelEndpoint) -> Operation:
    """What `show_list` takes and answers."""
    model = endpoint.model
    asked: list[Parameter[Any]] = [one.parameter for one in filters.declared(model)]
    order = orders.parameter_of(model)
    ordered: list[Parameter[Any]] = [] if order is None else [order]
    query: tuple[Parameter[Any], ...] = (*cursors.PAGING, *ordered, *asked, *asked_for(model))
    return Operation({200: page_of(components.shown(model)), **_refused(model)}, query=query)


def one_told(endpoint: ModelEndpoint) -> Operation:
    """What `show_one` takes and answers."""
    return Operation(
        {200: components.shown(endpoint.model), 304: None, **_refused(endpoint.model)},
        query=(*asked_for(endpoint.model), SHELL),
        headers=(Header("If-None-Match", "The version that the reader has; 304 where it is still that."),),
    )


def _refused(model: type[CommonModel]) -> dict[int, Schema]:
    """What is answered to who asks for sensitive fields with a key that may not read them."""
    return {403: REFUSAL} if sensitive(model) else {}


def show_list(endpoint: ModelEndpoint, above: filters.Condition | None = None) -> HttpResponse:
    """A page of records. above: what holds for those below the record that the path names."""
    model, account, params = endpoint.model, endpoint.account, endpoint.params
    refuse_unsupported(account, model)
    hidden = account.hidden(model_id(model))
    wanted = [*filters.conditions(model, params, account), *([above] if above else [])]
    if not account.may("read", model_id(model)):
        wanted.append(filters.NOTHING)
    order = orders.asked(model, params, hidden=hidden)
    window = cursors.Window.asked(params, _name_of(account, model, order, above))
    extras = _extras(endpoint)
    # A read begins without a cursor: what is stamped before now is on its pages.
    first = feed.commits_in_flight() if window.key is None else None
    fetch = functools.partial(records.fetch, model, account.id, wanted, order=order, first=first)
    rows, page = cursors.turn(window, fetch, order.key_of)
    conceal(account, model, rows)
    extras.add(model, account, rows)
    return answer({**page, "results": rows})


def _extras(endpoint: ModelEndpoint) -> Extras:
    """What is asked for beyond the plain record; raises PermissionDenied for what the key may not read."""
    return Extras.asked_with(endpoint.key, endpoint.model, endpoint.params)


def _name_of(
    account: LinkedAccount, model: type[CommonModel], order: Order, above: filters.Condition | None
) -> str:
    """What a cursor is bound to: a list of one account, in one order."""
    other = [] if order is orders.BY_AGE else [order.expression, str(order.is_reversed)]
    return " ".join([str(account.id), model_id(model), *map(str, above.values if above else ()), *other])


def show_one(endpoint: ModelEndpoint, request: Request, text: str) -> HttpResponse:
    """One record, with its version as ETag; 304 for a reader who has it."""
    extras, _ = _extras(endpoint), endpoint.asked(SHELL)
    record = read_one(endpoint, text)
    extras.add(endpoint.model, endpoint.account, [record])
    tag = etag(endpoint.model, record)
    if extras == Extras() and tag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers={"ETag": tag})
    return answer(record, headers={"ETag": tag})


def read_one(endpoint: ModelEndpoint, text: str | uuid.UUID) -> Record:
    """The record with the id of a path; raises NotFound."""
    record_id = parse_id(str(text))
    found = records.by_id(endpoint.model, endpoint.account.id, [record_id]).get(str(record_id))
    hidden = endpoint.account.hidden(model_id(endpoint.model))
    elsewhere = found is None or any(
        name in hidden or found[name] != above for name, above in endpoint.place.items()
    )
    if found is None or elsewhere or not endpoint.account.may("read", model_id(endpoint.model)):
        raise NotFound
    conceal(endpoint.account, endpoint.model, [found])
    return found


def stand_below(endpoint: ModelEndpoint, by: str, text: str, above: str = "") -> None:
    """Note as the endpoint's place the record with the id of a path, which others name in a field; raises NotFound."""
    to = common_model(relations(endpoint.model)[by].to)
    endpoint.place = {by: str(read_above(endpoint, to, text, above))}


def read_above(endpoint: ModelEndpoint, model: type[CommonModel], text: str, above: str) -> uuid.UUID:
    """The id of a record that stands before others in a path; raises NotFound where there is none.

    above: the one that stands before it, which it has to name.
    """
    record_id = parse_id(text)
    found = records.by_id(model, endpoint.account.id, [record_id]).get(str(record_id))
    hidden = endpoint.account.hidden(model_id(model))
    shown = [name for name, field in relations(model).items() if field.below and name not in hidden]
    named = [found[name] for name in shown] if found else []
    may = endpoint.account.may("read", model_id(model))
    if found is None or not may or (above and str(parse_id(above)) not in named):
        raise NotFound
    return record_id


def parse_id(text: str) -> uuid.UUID:
    """The id in a path; raises NotFound for what is none."""
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound from error


def etag(model: type[CommonModel], record: Record) -> str:
    """The version of a record that is shown, as ETag."""
    return f'"{values.version(model(modified_at=dt.datetime.fromisoformat(record["modified_at"])))}"'


def refuse_unsupported(account: LinkedAccount, model: type[CommonModel]) -> None:
    """Raise NotFound for a model of which the integration can never show a record."""
    try:
        provider = connect.adapter_of(account)
    except registry.UnknownIntegration:
        return
    if model not in provider.models:
        raise NotFound(f"{provider.name} has no {model.wire.path}.")
