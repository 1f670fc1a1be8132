"""What a linked account can really write: JSON schemas of the bodies of create and patch."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from tenants.models import LinkedAccount
from unified_api.api import field_drafts, field_params, parameters
from unified_api.api.drafts import Operation
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation as Told
from unified_api.api.openapi.operation import answers
from unified_api.api.openapi.schema import ANY, FLAG, TEXT, keyed, named, record
from unified_api.api.reading import ModelEndpoint, read_one
from unified_api.api.writes import resource_for
from unified_api.models.base import model_id, wire_fields

_META = named(
    "Meta",
    record(
        {
            "request_schema": {**keyed(ANY), "description": "A JSON schema of the body."},
            "remote_field_classes": keyed(ANY),
            "status": record({"linked_account_status": TEXT, "can_make_request": FLAG}),
            "has_conditional_params": FLAG,
            "has_required_linked_account_params": FLAG,
        }
    ),
)


def _told_of_create(endpoint: ModelEndpoint) -> Told:
    """What meta/post takes and answers."""
    about = "Without effect: what can be written depends on no value."
    return Told({200: _META}, query=tuple(parameters.text(n, about) for n in endpoint.model.wire.meta))


class MetaPost(ModelEndpoint):
    """GET {model}/meta/post."""

    operations = {"get": _told_of_create}

    def get(self, _request: Request) -> HttpResponse:
        """The schema of a create."""
        return answered(self)


class MetaPatch(ModelEndpoint):
    """GET {model}/meta/patch/{id}."""

    operations = {"get": answers(_META)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The schema of a change of this record."""
        with transaction.atomic():
            read_one(self, id)
        return answer(schema_of(self, "update"))


def answered(endpoint: ModelEndpoint) -> HttpResponse:
    """The answer of meta/post."""
    return answer(schema_of(endpoint, "create"))


def schema_of(endpoint: ModelEndpoint, operation: Operation) -> dict[str, Any]:
    """The wire contract's MetaResponse; raises NotFound when the operation is not offered."""
    account = endpoint.account
    resource = resource_for(account, endpoint.model, operation)
    writable = resource.writable(operation)
    properties = {
        name: _schema(field.wire_schema(), resource.words(name))
        for name, field in wire_fields(endpoint.model).items()
        if name in writable and (resource.hosted or field.write in {"always", operation})
    }
    own = field_drafts.writable(account, resource)
    properties |= field_drafts.schema(own, resource)
    told = endpoint.place
    properties = {name: schema for name, schema in properties.items() if name not in told}
    required = sorted(resource.requires(operation) - set(told))
    model = {"type": "object", "properties": properties, "required": required}
    return {
        "request_schema": {"type": "object", "properties": {"model": model}, "required": ["model"]},
        "remote_field_classes": field_drafts.by_id(own),
        "status": {
            "linked_account_status": account.status,
            "can_make_request": account.status != LinkedAccount.Status.RELINK_NEEDED
            and account.may("write", model_id(endpoint.model)),
        },
        "has_conditional_params": False,
        "has_required_linked_account_params": operation == "create" and field_params.is_required(own),
    }


def _schema(declared: dict[str, Any], words: tuple[str, ...] | None) -> dict[str, Any]:
    """A field's schema, with the words that this provider can store."""
    return declared if words is None else {**declared, "enum": list(words)}
