"""Scopes: which common models and fields of linked accounts may be read and written, for all accounts and for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from tenants import permissions
from tenants.models import ApiKey
from tenants.permissions import Say, Says
from unified_api.api import bodies
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, malformed
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import FLAG, TEXT, Schema, many, maybe, named, record, word
from unified_api.models.base import CommonModel, common_models, model_id, public_id, wire_fields
from unified_api.sync.permissions import set_of_all, set_own

_ACTIONS: Final = ("READ", "WRITE")
_ACTION: Final = record({"is_enabled": FLAG})
_FIELDS: Final = {"enabled_fields": many(TEXT), "disabled_fields": many(TEXT)}
_SCOPES: Final = named(
    "Scopes",
    record(
        {
            "common_models": many(
                record(
                    {
                        "model_name": TEXT,
                        "model_permissions": record(dict.fromkeys(_ACTIONS, _ACTION)),
                        "field_permissions": record(_FIELDS),
                    }
                )
            )
        }
    ),
)
_PARTS: Final = ("field_permissions", "model_permissions")


def _said(models: Iterable[type[CommonModel]]) -> bodies.Key[list[dict[str, Any]]]:
    """What a body says of which of these models."""
    actions = record(dict.fromkeys(_ACTIONS, maybe(_ACTION)), optional=_ACTIONS)
    fields = record({name: maybe(schema) for name, schema in _FIELDS.items()}, optional=_FIELDS)
    properties = {
        "model_name": names_of(models),
        **dict(zip(_PARTS, map(maybe, (fields, actions)), strict=True)),
    }
    about = "What is said of which models; of the others nothing is said."
    return bodies.objects("common_models", about, record(properties, optional=_PARTS))


class DefaultScopes(Endpoint):
    """GET default-scopes: those of all accounts of which nothing else is said."""

    needs_account = False
    tag = "accounts"
    operations = {"get": answers(_SCOPES)}

    def get(self, _request: Request) -> HttpResponse:
        """What holds for accounts of which nothing else is said."""
        with transaction.atomic():
            said = permissions.of_all()
        return answer(_shown(common_models(self.category or None), said))


class OurDefaultScopes(DefaultScopes):
    """GET and POST /api/sync/v1/default-scopes: the contract has no way to set them."""

    operations = {
        "get": answers(_SCOPES),
        "post": lambda _: Operation({200: _SCOPES, 403: REFUSAL}, body=bodies.body(_said(common_models()))),
    }

    def post(self, _request: Request) -> HttpResponse:
        """Say it anew for all accounts; what is not named is allowed."""
        if self.key.kind != ApiKey.Kind.PRODUCTION:
            raise PermissionDenied("Default scopes hold for all accounts; set them with a production key.")
        said = said_of(_said(common_models()).of(self.body()), common_models())
        with transaction.atomic():
            set_of_all(said)
        return answer(_shown(common_models(), said))


class LinkedAccountScopes(Endpoint):
    """GET and POST linked-account-scopes."""

    tag = "accounts"
    operations = {
        "get": answers(_SCOPES),
        "post": lambda endpoint: Operation(
            {200: _SCOPES}, body=bodies.body(_said(common_models(endpoint.category)))
        ),
    }

    def get(self, _request: Request) -> HttpResponse:
        """What holds for the account."""
        with transaction.atomic():
            said = permissions.together(permissions.of_one(self.account), permissions.of_all())
        return answer(_shown(common_models(self.category), said))

    def post(self, _request: Request) -> HttpResponse:
        """Say it anew for the account; of what is not named, the default scopes hold."""
        models = list(common_models(self.category))
        said = said_of(_said(models).of(self.body()), models)
        with transaction.atomic():
            set_own(self.account, said)
            holds = permissions.together(said, permissions.of_all())
        return answer(_shown(common_models(self.category), holds))


def _shown(models: Iterable[type[CommonModel]], says: Says) -> dict[str, Any]:
    """What holds, model by model."""
    return {"common_models": [_model(model, says.get(model_id(model), Say())) for model in models]}


def _model(model: type[CommonModel], said: Say) -> dict[str, Any]:
    off = {name for name, allowed in said.fields.items() if not allowed}
    return {
        "model_name": model.__name__,
        "model_permissions": {
            "READ": {"is_enabled": said.reads is not False},
            "WRITE": {"is_enabled": said.writes is not False},
        },
        "field_permissions": {
            "enabled_fields": [name for name in wire_fields(model) if name not in off],
            "disabled_fields": [name for name in wire_fields(model) if name in off],
        },
    }


def said_of(told: Iterable[Mapping[str, Any]], models: Iterable[type[CommonModel]]) -> dict[str, Say]:
    """What a body says of which models; raises DRF's ValidationError."""
    known = list(models)
    said = {}
    for one in told:
        model = model_named(one.get("model_name"), known, "common_models")
        fields, actions = ({} if (part := one.get(k)) is None else part for k in _PARTS)
        if not isinstance(fields, dict) or not isinstance(actions, dict):
            raise malformed("common_models", f"{model.__name__}: objects are expected")
        said[model_id(model)] = Say(
            _action(model, actions, "READ"), _action(model, actions, "WRITE"), _fields(model, fields)
        )
    return said


def names_of(models: Iterable[type[CommonModel]]) -> Schema:
    """The schema of a name by which a body may mean one of these models."""
    return word(*dict.fromkeys(name for model in models for name in _names(model)))


def _names(model: type[CommonModel]) -> tuple[str, ...]:
    short = (model.__name__, model.wire.public or model.__name__)
    return (*short, model_id(model), public_id(model))


def model_named(name: Any, models: Iterable[type[CommonModel]], key: str) -> type[CommonModel]:
    """The model that a body means, by its name with or without category; raises DRF's ValidationError."""
    for model in models:
        if name in _names(model):
            return model
    raise malformed(key, f"{name!r} is no common model here")


def _action(model: type[CommonModel], told: Mapping[str, Any], action: str) -> bool | None:
    said = told.get(action)
    if said is None:
        return None
    if not isinstance(said, dict) or not isinstance(said.get("is_enabled"), bool):
        raise malformed("common_models", f'{model.__name__}: {action} is expected to be {{"is_enabled": …}}')
    return bool(said["is_enabled"])


def _fields(model: type[CommonModel], told: Mapping[str, Any]) -> dict[str, bool]:
    said: dict[str, bool] = {}
    for key, allowed in (("enabled_fields", True), ("disabled_fields", False)):
        for name in fields_named(model, told.get(key)):
            if said.setdefault(name, allowed) is not allowed:
                raise malformed("common_models", f"{model.__name__}.{name} is both enabled and disabled")
    return said


def fields_named(model: type[CommonModel], names: Any) -> list[str]:
    """These fields of a model, none for null; raises DRF's ValidationError for what is none."""
    if names is None:
        return []
    fields = set(wire_fields(model))
    if not isinstance(names, list):
        raise malformed("common_models", f"{model.__name__}: a list of names of fields is expected")
    for name in names:
        if not isinstance(name, str) or name not in fields:
            raise malformed("common_models", f"{model.__name__} has no field {name!r}")
    return names
