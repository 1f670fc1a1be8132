"""The vocabulary against the official client: it has the same models, fields, relations, words and filters."""

from __future__ import annotations

import enum
import inspect
import typing
from importlib import import_module
from typing import Any

import pytest
from merge.client import Merge

from unified_api.models.base import CommonModel, common_model, common_models, model_id, relations, wire_fields
from unified_api.models.fields import Choice, Refs, Texts
from unified_api.models.shapes import Shapes

CONTRACT = [model for model in common_models() if model.wire.contract]
each_model = pytest.mark.parametrize("model", CONTRACT, ids=model_id)
#: What every record has beside its model's own fields.
ALWAYS = {
    "id",
    "remote_id",
    "created_at",
    "modified_at",
    "remote_was_deleted",
    "field_mappings",
    "remote_data",
    "remote_fields",
}
#: What every list can be asked for.
OF_LISTS = {
    *("created_after", "created_before", "modified_after", "modified_before", "remote_id", "remote_ids"),
    *("cursor", "page_size"),
    *("include_deleted_data", "include_shell_data", "include_remote_data", "include_remote_fields", "expand"),
    *("show_enum_origins", "remote_fields", "request_options"),
}
#: Parameters that no version has yet: sensitive fields are never shown, lists have one order, and nobody tells in which
#: collections a user takes part.
NOT_YET = {"include_sensitive_fields", "order_by", "collections"}
CLIENT = Merge(api_key="", base_url="http://nowhere.test")


def theirs(model: type[CommonModel]) -> dict[str, Any]:
    """The fields of the client's type for this model."""
    found = getattr(import_module(f"merge.resources.{model._meta.app_label}.types"), model.__name__)
    return dict(found.model_fields)


def list_parameters(model: type[CommonModel]) -> set[str]:
    """The parameters of the client's list of this model."""
    called = getattr(getattr(CLIENT, model._meta.app_label), model.wire.path.replace("-", "_")).list
    return set(inspect.signature(called).parameters)


def inside(annotation: Any) -> list[type]:
    """The classes that an annotation names, however deep."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return [annotation]
    return [found for part in typing.get_args(annotation) for found in inside(part)]


@each_model
def test_fields_are_those_of_the_contract(model: type[CommonModel]) -> None:
    """None is missing, and what is ours beside them says so."""
    ours = {name for name, field in wire_fields(model).items() if field.contract}

    assert ours == set(theirs(model)) - ALWAYS
    assert ("remote_fields" in theirs(model)) is model.wire.remote_fields


@each_model
def test_words_are_those_of_the_contract(model: type[CommonModel]) -> None:
    """A field of words has exactly the client's."""
    for name, told in theirs(model).items():
        words = [c for c in inside(told.annotation) if issubclass(c, enum.Enum)]
        field = wire_fields(model).get(name)
        if words and not isinstance(field, Texts):  # several words at once may be any
            assert isinstance(field, Choice), name
            assert set(field.words) == {word.value for word in words[0]}, name


@each_model
def test_nested_objects_are_those_of_the_contract(model: type[CommonModel]) -> None:
    """A list of small objects has the client's keys, but for stamps that nobody knows."""
    for name, field in wire_fields(model).items():
        if isinstance(field, Shapes):
            (nested,) = [c for c in inside(theirs(model)[name].annotation) if hasattr(c, "model_fields")]
            assert set(field.keys) == set(nested.model_fields) - ALWAYS, name


@each_model
def test_every_filter_of_the_contract_is_one(model: type[CommonModel]) -> None:
    """Each parameter of the client's list means something, but for those that no version has yet."""
    fields = wire_fields(model).values()
    known = {parameter for field in fields for parameter in field.filters}
    known |= {f"{name}_{side}" for name in known for side in ("after", "before")}
    known |= {name for field in fields if isinstance(field, Refs) for name in field.through}

    assert list_parameters(model) - OF_LISTS - NOT_YET - known == set()


def test_every_relation_leads_to_a_model() -> None:
    """No field refers to something that there is not."""
    for model in common_models():
        for relation in relations(model).values():
            assert common_model(relation.to)
