"""Lists and single records of every common model."""

from __future__ import annotations

import datetime as dt
import functools
import uuid

from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.api import cursors, filters, records
from unified_api.api.concealing import conceal
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.extras import Extras, asked_for
from unified_api.api.openapi import records as components
from unified_api.api.openapi.operation import Header, Operation
from unified_api.api.openapi.schema import page as page_of
from unified_api.api.render import Record
from unified_api.models.base import CommonModel, model_id
from unified_api.sync import connect, feed, values


class ModelEndpoint(Endpoint):
    """A URL of one common model."""

    model: type[CommonModel] = None  # type: ignore[assignment] # given by the route


def list_told(endpoint: ModelEndpoint) -> Operation:
    """What `show_list` takes and answers."""
    model = endpoint.model
    asked = [one.parameter for one in filters.declared(model)]
    return Operation(
        {200: page_of(components.shown(model))}, query=(*cursors.PAGING, *asked, *asked_for(model))
    )


def one_told(endpoint: ModelEndpoint) -> Operation:
    """What `show_one` takes and answers."""
    return Operation(
        {200: components.shown(endpoint.model), 304: None},
        query=asked_for(endpoint.model),
        headers=(Header("If-None-Match", "The version that the reader has; 304 where it is still that."),),
    )


def show_list(endpoint: ModelEndpoint) -> HttpResponse:
    """A page of records."""
    model, account, params = endpoint.model, endpoint.account, endpoint.params
    refuse_unsupported(account, model)
    wanted = filters.conditions(model, params, hidden=account.hidden(model_id(model)))
    if not account.may("read", model_id(model)):
        wanted.append(filters.NOTHING)
    window = cursors.Window.asked(params, f"{account.id} {model_id(model)}")
    extras = Extras.asked(model, params)
    if params.instant("modified_after") is not None:
        feed.wait_for_commits_in_flight()
    fetch = functools.partial(records.fetch, model, account.id, wanted)
    rows, page = cursors.turn(window, fetch, lambda record: (record["created_at"], record["id"]))
    conceal(account, model, rows)
    extras.add(model, account, rows)
    return answer({**page, "results": rows})


def show_one(endpoint: ModelEndpoint, request: Request, text: str) -> HttpResponse:
    """One record, with its version as ETag; 304 for a reader who has it."""
    extras = Extras.asked(endpoint.model, endpoint.params)
    record = read_one(endpoint, text)
    extras.add(endpoint.model, endpoint.account, [record])
    tag = etag(endpoint.model, record)
    plain = not (extras.expand or extras.remote_data or extras.origins)
    if plain and tag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers={"ETag": tag})
    return answer(record, headers={"ETag": tag})


def read_one(endpoint: ModelEndpoint, text: str | uuid.UUID) -> Record:
    """The record with the id of a path; raises NotFound."""
    record_id = parse_id(str(text))
    found = records.by_id(endpoint.model, endpoint.account.id, [record_id]).get(str(record_id))
    if found is None or not endpoint.account.may("read", model_id(endpoint.model)):
        raise NotFound
    conceal(endpoint.account, endpoint.model, [found])
    return found


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
