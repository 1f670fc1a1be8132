"""Field mappings: what a tenant has mapped of the provider's records, and what it could map."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from integrations.kit.provider import Resource
from unified_api import registry
from unified_api.api import bodies, parameters
from unified_api.api.account import remote_fields
from unified_api.api.account.remote_fields import RemoteField
from unified_api.api.account.scopes import model_named, names_of
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.records import PROBLEM
from unified_api.api.openapi.refusals import REFUSED
from unified_api.api.openapi.schema import (
    ANY,
    FLAG,
    ID,
    NULL,
    NUMBER,
    TEXT,
    any_of,
    keyed,
    many,
    maybe,
    named,
    record,
    word,
)
from unified_api.api.outcomes import envelope
from unified_api.api.parameters import Parameter
from unified_api.api.reading import parse_id
from unified_api.models.base import CommonModel, common_model, common_models, model_id
from unified_api.models.fields import Malformed
from unified_api.sync import connect, targets
from unified_api.sync.models import FieldMapping
from unified_api.sync.problems import problem

_STEP: Final = any_of(TEXT, {"type": "integer"})
_ENDPOINT: Final = record({"method": TEXT, "url_path": TEXT, "field_traversal_path": many(_STEP)})
_SCHEMA: Final = {**keyed(ANY), "description": "A JSON schema of the values; empty where none was seen."}
_MAPPING: Final = named(
    "FieldMapping",
    record(
        {
            "id": ID,
            "is_integration_wide": FLAG,
            "target_field": record({"name": TEXT, "description": TEXT, "is_organization_wide": FLAG}),
            "remote_field": record(
                {"remote_key_name": maybe(TEXT), "schema": _SCHEMA, "remote_endpoint_info": _ENDPOINT}
            ),
            "jmes_path": TEXT,
        }
    ),
)
_WRITTEN: Final = named(
    "FieldMapping.Written",
    record(
        {"model": any_of(_MAPPING, NULL), "warnings": many(PROBLEM), "errors": many(PROBLEM)},
    ),
)
_REMOTE_FIELD: Final = named(
    "RemoteField",
    record(
        {
            "schema": _SCHEMA,
            "remote_key_name": TEXT,
            "remote_endpoint_info": _ENDPOINT,
            "example_values": many(ANY),
            "advanced_metadata": NULL,
            "coverage": NUMBER,
        }
    ),
)
_TARGET: Final = named(
    "TargetField", record({"name": TEXT, "description": TEXT, "is_mapped": word("true", "false")})
)
_WITHOUT: Final = parameters.flag(
    "exclude_remote_field_metadata", "Leave `schema` of the remote fields empty."
)
_LOOKED_AT: Final = parameters.whole(
    "remote_data_iteration_count",
    "Records that are looked at for `schema`, and in which the path is tried.",
    default=remote_fields.USUAL,
    most=remote_fields.MOST,
)
_EXAMPLES: Final = parameters.flag("include_example_values", "Show a few values of each field.")
_NAME: Final = bodies.text("target_field_name", "Your name for it: small letters, digits and _.")
_ABOUT: Final = bodies.text("target_field_description", "For people.")
_MODEL: Final = "common_model_name"
_PLACE: Final = "Where it is in the provider's record: names, and places in lists, one inside the other."
_METHOD: Final = "GET."
_GET: Final = word("GET")
_URL: Final = "The endpoint that shows it, as in `remote-fields`."
_JMES: Final = bodies.maybe_text(
    "jmes_path", "A JMESPath from the provider's whole record; it counts more than the traversal path."
)


def _steps(name: str, *, is_required: bool) -> bodies.Key[list[str | int]]:
    def parse(told: Any) -> list[str | int]:
        if told is None and not is_required:
            return []
        if not isinstance(told, list) or not all(type(one) in {str, int} for one in told):
            raise Malformed("a list of names, and of places in lists, is expected")
        return told

    schema = many(_STEP)
    return bodies.Key(name, _PLACE, schema if is_required else maybe(schema), parse, is_required)


_AT: Final = _steps("remote_field_traversal_path", is_required=True)
_ELSEWHERE: Final = _steps("remote_field_traversal_path", is_required=False)
_NEW: Final[tuple[bodies.Key[Any], ...]] = (
    _NAME,
    _ABOUT,
    _AT,
    replace(bodies.text("remote_method", _METHOD), schema=_GET),
    bodies.text("remote_url_path", _URL),
    _JMES,
)
_CHANGED: Final[tuple[bodies.Key[Any], ...]] = (
    _ELSEWHERE,
    replace(bodies.maybe_text("remote_method", _METHOD), schema=maybe(_GET)),
    bodies.maybe_text("remote_url_path", _URL),
    _JMES,
)
_REFUSED: Final = {400: any_of(_WRITTEN, REFUSED)}


def _model_of(models: Iterable[type[CommonModel]]) -> bodies.Key[type[CommonModel]]:
    known = list(models)
    schema = names_of(known)
    return bodies.Key(_MODEL, "Of this common model.", schema, lambda told: model_named(told, known, _MODEL))


def _models_of(models: Iterable[type[CommonModel]]) -> Parameter[list[str]]:
    return parameters.texts("common_models", "Of these common models.", names_of(models))


def _posted(endpoint: Any) -> Operation:
    body = bodies.body(*_NEW, _model_of(endpoint.models()))
    return Operation({201: _WRITTEN, **_REFUSED}, query=(_WITHOUT, _LOOKED_AT), body=body)


class MappingEndpoint(Endpoint):
    """A URL of field mappings of the account."""

    tag = "field mappings"

    def models(self) -> list[type[CommonModel]]:
        """The models of the category that the contract's calls map."""
        return [model for model in common_models(self.category) if model.wire.is_mappable]

    def done(self, act: Callable[[], FieldMapping], status: int = 200, looked_at: int = 0) -> HttpResponse:
        """Do something to a mapping and show it in the envelope; or why it is refused."""
        try:
            made = act()
        except targets.TargetRefused as error:
            told = problem("INVALID_FIELD_CHOICE", "Field mapping refused", str(error))
            return answer(envelope(None, errors=[told]), 400)
        with transaction.atomic():
            [shown] = self.shown([made], looked_at)
            warnings = self._warnings(made, looked_at)
        return answer(envelope(shown, warnings), status)

    def _warnings(self, made: FieldMapping, looked_at: int) -> list[dict[str, Any]]:
        """Where the path of a mapping cannot be searched in some of the records that are looked at, that it is so."""
        if not looked_at or not made.jmes_path:
            return []
        model = common_model(made.model)
        failed, seen = remote_fields.unsearched(self.account, model, made.jmes_path, looked_at)
        if not failed:
            return []
        told = f"{made.jmes_path} cannot be searched in {failed} of the {seen} answers that were looked at; "
        told += (
            "there the target is null. Map a path that can be, such as one with a value in the place of null."
        )
        return [problem("INCORRECT_FIELD_TYPE", "The path cannot be searched everywhere", told)]

    def shown(self, mappings: Iterable[FieldMapping], looked_at: int) -> list[dict[str, Any]]:
        """Mappings of one model in the contract's form, with schemas from so many records."""
        rows = list(mappings)
        model = next((one for one in self.models() for row in rows if model_id(one) == row.model), None)
        fields = remote_fields.of(self.account, model, looked_at) if model and looked_at else []
        known = {field.steps: field for field in fields}
        return [_shown(row, self._resource(row.model), known) for row in rows]

    def _resource(self, model: str) -> Resource | None:
        try:
            return connect.adapter_of(self.account).resource(model)
        except registry.UnknownIntegration:
            return None

    def refuse_other_place(self, model: str, body: Mapping[str, Any]) -> None:
        """Raise TargetRefused where a body names an endpoint that does not show the model."""
        method, url = body.get("remote_method"), body.get("remote_url_path")
        resource = self._resource(model)
        shows = {one.path for one in (resource.list, resource.get) if one} if resource else set()
        if method not in {None, "GET"}:
            raise targets.TargetRefused("Records are read by GET, and by no other remote_method.")
        if url is not None and url not in shows:
            told = ", ".join(sorted(shows)) or "no endpoint"
            raise targets.TargetRefused(f"{model} is read at {told}, not at {url!r}.")


class FieldMappings(MappingEndpoint):
    """GET and POST field-mappings."""

    operations = {
        "get": Operation({200: keyed(many(_MAPPING))}, query=(_WITHOUT,)),
        "post": _posted,
    }

    def get(self, _request: Request) -> HttpResponse:
        """What is mapped for the account, by common model: its own mappings and those of its integration."""
        looked_at = 0 if self.asked(_WITHOUT) else remote_fields.USUAL
        with transaction.atomic():
            rows = targets.of(self.account)
            found = {
                model.__name__: self.shown([one for one in rows if one.model == model_id(model)], looked_at)
                for model in self.models()
            }
        return answer(found)

    def post(self, _request: Request) -> HttpResponse:
        """Map a target for the account; its model is read again from the start."""
        body = self.body()
        name, about, steps, _, _, jmes = (key.of(body) for key in _NEW)
        model = model_id(_model_of(self.models()).of(body))
        looked_at = 0 if self.asked(_WITHOUT) else self.asked(_LOOKED_AT)

        def add() -> FieldMapping:
            self.refuse_other_place(model, body)
            with transaction.atomic():
                return targets.add(
                    self.account, model, name, jmes_path=jmes or "", steps=steps, description=about
                )

        return self.done(add, 201, looked_at)


class OneFieldMapping(MappingEndpoint):
    """PATCH and DELETE field-mappings/{id}."""

    operations = {
        "patch": Operation({200: _WRITTEN, **_REFUSED}, query=(_LOOKED_AT,), body=bodies.body(*_CHANGED)),
        "delete": Operation({200: _WRITTEN, **_REFUSED}),
    }

    def patch(self, _request: Request, field_mapping_id: str) -> HttpResponse:
        """Read the target somewhere else; its model is read again from the start."""
        body = self.body()
        steps, _, _, jmes = (key.of(body) for key in _CHANGED)
        looked_at = self.asked(_LOOKED_AT)

        def change() -> FieldMapping:
            with transaction.atomic():
                mapping = self._mine(field_mapping_id)
                self.refuse_other_place(mapping.model, body)
                if steps or jmes:
                    targets.change(mapping, jmes_path=jmes or "", steps=steps)
                return mapping

        return self.done(change, 200, looked_at)

    def delete(self, _request: Request, field_mapping_id: str) -> HttpResponse:
        """Take the mapping away, and its target out of the records; the mapping as it was."""

        def remove() -> FieldMapping:
            with transaction.atomic():
                mapping = self._mine(field_mapping_id)
            targets.remove(mapping.id)
            return mapping

        return self.done(remove)

    def _mine(self, text: str) -> FieldMapping:
        """The mapping of a path; raises NotFound, and TargetRefused for one of all accounts at the integration."""
        reached = Q(linked_account_id=self.account.id) | Q(
            linked_account_id=None, integration=self.account.integration
        )
        found: FieldMapping | None = FieldMapping.objects.filter(reached, id=parse_id(text)).first()
        if found is None:
            raise NotFound
        if found.linked_account_id is None:
            raise targets.TargetRefused(
                "This mapping is of all accounts at the integration; an operator changes it: manage.py mapping."
            )
        return found


class RemoteFields(MappingEndpoint):
    """GET remote-fields."""

    operations = {
        "get": lambda endpoint: Operation(
            {200: keyed(many(_REMOTE_FIELD))}, query=(_models_of(endpoint.models()), _EXAMPLES)
        )
    }

    def get(self, _request: Request) -> HttpResponse:
        """What there is in the provider's records of the account, by common model."""
        asked, examples = _models_of(self.models()), self.asked(_EXAMPLES)
        wanted = [model_named(name, self.models(), asked.name) for name in self.asked(asked)]
        models = wanted or self.models()
        with transaction.atomic():
            found = {
                model.__name__: [
                    _remote(one, examples=examples) for one in remote_fields.of(self.account, model)
                ]
                for model in models
            }
        return answer(found)


class TargetFields(MappingEndpoint):
    """GET target-fields."""

    operations = {"get": answers(keyed(many(_TARGET)))}

    def get(self, _request: Request) -> HttpResponse:
        """The tenant's targets by common model, and whether each is mapped for the account."""
        with transaction.atomic():
            mapped = {(one.model, one.target) for one in targets.of(self.account)}
            known = FieldMapping.objects.filter(
                Q(linked_account_id=None) | Q(linked_account_id=self.account.id)
            )
            rows = {(one.model, one.target): one for one in known.order_by("-created_at")}
        return answer(
            {
                model.__name__: [
                    {
                        "name": target,
                        "description": one.description,
                        "is_mapped": "true" if (of, target) in mapped else "false",
                    }
                    for (of, target), one in sorted(rows.items())
                    if of == model_id(model)
                ]
                for model in self.models()
            }
        )


def _remote(one: RemoteField, *, examples: bool) -> dict[str, Any]:
    return {
        "schema": one.schema,
        "remote_key_name": one.steps[-1],
        "remote_endpoint_info": {
            "method": "GET",
            "url_path": one.path,
            "field_traversal_path": list(one.steps),
        },
        "example_values": one.examples if examples else [],
        "advanced_metadata": None,
        "coverage": one.filled / one.records,
    }


def _shown(
    one: FieldMapping, resource: Resource | None, known: Mapping[tuple[str, ...], RemoteField]
) -> dict[str, Any]:
    """A mapping in the contract's form. One without a traversal path was said by its JMESPath alone."""
    seen = known.get(tuple(one.steps))
    is_shared = one.linked_account_id is None
    return {
        "id": str(one.id),
        "is_integration_wide": is_shared,
        "target_field": {
            "name": one.target,
            "description": one.description,
            "is_organization_wide": is_shared,
        },
        "remote_field": {
            "remote_key_name": str(one.steps[-1]) if one.steps else one.jmes_path,
            "schema": seen.schema if seen else {},
            "remote_endpoint_info": {
                "method": "GET",
                "url_path": resource.list.path if resource and resource.list else "",
                "field_traversal_path": one.steps,
            },
        },
        "jmes_path": one.jmes_path,
    }
