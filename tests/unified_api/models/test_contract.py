"""The vocabulary against the official client: the same models, fields, relations, words, filters and parameters.

What is ours beside them says so where it is declared: a field by `contract=False`, a query parameter by `ours`, the
keys of every record that the contract lacks for a model by `beyond`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from tests.unified_api.api.table import route
from tests.unified_api.models import contract
from unified_api.api import filters
from unified_api.api.below import Below
from unified_api.models.base import (
    CommonModel,
    common_model,
    common_models,
    expandable,
    model_id,
    relations,
    wire_fields,
)
from unified_api.models.fields import (
    Choice,
    Choices,
    Custom,
    Day,
    Flag,
    Instant,
    Number,
    Ref,
    Refs,
    Text,
    Texts,
    Whole,
    WireField,
)
from unified_api.models.sealed import Sensitive
from unified_api.models.shapes import Keyed, Nested, Object, Objects, Shapes
from unified_api.sync.models_fields import RemoteFieldClass

CONTRACT = [model for model in common_models() if model.wire.contract]
each_model = pytest.mark.parametrize("model", CONTRACT, ids=model_id)
#: What every record has beside its model's own fields.
ALWAYS = (
    "id",
    "remote_id",
    "created_at",
    "modified_at",
    "remote_was_deleted",
    "field_mappings",
    "remote_data",
)
OPERATIONS = [one for category in contract.CATEGORIES for one in contract.operations(category)]
#: What is in the keys that nested objects are shown with as if they were records.
FILLED = {
    "id": "str",
    "created_at": "datetime",
    "modified_at": "datetime",
    "remote_was_deleted": "bool",
    "field_mappings": "mapping",
    "remote_data": "objects",
}
#: What is listed of a model that is no record of it.
FIELD_CLASSES = {import_module(f"merge.resources.{c}.types").RemoteFieldClass for c in ("crm", "ticketing")}
#: Calls on records of common models that we answer.
SERVED = [one for one in OPERATIONS if getattr(route(one), "model", None) is not None]
each_operation = pytest.mark.parametrize(
    "operation", SERVED, ids=lambda one: f"{one.method} {one.category} {one.path}"
)


def theirs(model: type[CommonModel]) -> dict[str, Any]:
    """The fields of the client's type for this model."""
    return contract.fields(model._meta.app_label, model.__name__)


def test_the_models_are_those_that_the_client_lists() -> None:
    """16, 14 and 12; none is missing, and none is called the contract's that is not."""
    listed = {
        f"{one.category}.{found.__name__}"
        for one in OPERATIONS
        if (found := contract.results(one)) is not None and "created_at" in found.model_fields  # type: ignore[attr-defined]
    }
    ours = {model_id(model) for model in CONTRACT}

    assert ours == listed - {
        f"{c}.{name}" for c in contract.CATEGORIES for name in ("AuditLogEvent", "Issue")
    }
    assert [sum(m._meta.app_label == c for m in CONTRACT) for c in contract.CATEGORIES] == [16, 14, 12]


@each_model
def test_fields_are_those_of_the_contract(model: type[CommonModel]) -> None:
    """None is missing, and what is ours beside them says so."""
    own = {name for name, field in wire_fields(model).items() if field.contract}
    always = set(ALWAYS) - set(model.wire.beyond)
    further = {"remote_fields"} if model.wire.remote_fields else set()

    assert own | always | further == set(theirs(model))


@pytest.mark.parametrize("category", contract.CATEGORIES)
@pytest.mark.parametrize("told", ["RemoteFieldApi", "ExternalTargetFieldApi", "FieldMappingApiInstance"])
def test_what_can_be_mapped_is_that_of_the_contract(category: str, told: str) -> None:
    """The answers about field mappings have a key for each model that has them."""
    ours = {m.__name__ for m in CONTRACT if m.wire.is_mappable and m._meta.app_label == category}

    assert ours == contract.keys(category, f"{told}Response")


@each_model
def test_values_are_of_the_contracts_types(model: type[CommonModel]) -> None:
    """A text is a text there, a relation one, a list of objects one: each field has the class that fits."""
    for name, field in wire_fields(model).items():
        if field.contract:
            assert kind_of(field) in kinds_of(theirs(model)[name]), name


def kind_of(field: WireField) -> str:
    """What a field holds, in one word."""
    for of, kind in (
        (Custom, "Any"),
        ((Instant, Day), "datetime"),
        (Flag, "bool"),
        (Whole, "int"),
        (Number, "float"),
        (Choices, "words"),
        (Choice, "word"),
        (Texts, "texts"),
        (Text, "str"),
        (Sensitive, "str"),
        (Refs, "relations" if getattr(field, "expands", False) else "texts"),
        (Ref, "relation" if getattr(field, "expands", False) else "str"),
        (Shapes, "objects"),
        (Objects, "mappings"),
        (Nested, "object"),
        (Object, "mapping"),
    ):
        if isinstance(field, of):
            return kind
    raise AssertionError(f"{field} is of no known class")


def kinds_of(annotation: Any) -> set[str]:
    """What an annotation of the client allows, in the same words."""
    many = "List[" in str(annotation)
    free = "Dict[" in str(annotation)
    if free:
        return {"mappings"} if many else {"mapping", "object"}
    if contract.words(annotation):
        return {"words"} if many else {"word"}
    if contract.classes(annotation):
        return {"relations", "objects"} if many else {"relation", "object"}
    plain = {found.__name__ for found in contract.inside(annotation)} - {"NoneType"}
    return {"texts"} if many and plain == {"str"} else plain


@each_model
def test_words_are_those_of_the_contract(model: type[CommonModel]) -> None:
    """A field of words has exactly the client's."""
    compare_words(dict(wire_fields(model)), theirs(model))


def compare_words(fields: dict[str, Any], told: dict[str, Any]) -> None:
    """Each field of words has those of the annotation under its name."""
    for name, field in fields.items():
        if name in told:
            assert set(getattr(field, "words", ())) == set(contract.words(told[name])), name


@each_model
def test_relations_lead_where_the_contract_says(model: type[CommonModel]) -> None:
    """What the client expands to a type of its own is a relation to the model of that name."""
    for name, relation in relations(model).items():
        if relation.expands and relation.contract:
            (found,) = contract.classes(theirs(model)[name])
            assert relation.to == f"{model._meta.app_label}.{found.__name__}", name


@each_model
def test_nested_objects_are_those_of_the_contract(model: type[CommonModel]) -> None:
    """A nested object has the client's keys, and these its types and words, however deep."""
    for name, field in wire_fields(model).items():
        if isinstance(field, Keyed) and contract.classes(theirs(model)[name]):
            compare_keys(field, theirs(model)[name])


def compare_keys(field: Keyed, annotation: Any) -> None:
    """The keys of a nested object, what they hold, and the same of those within it."""
    (found,) = contract.classes(annotation)
    told = {key: one.annotation for key, one in found.model_fields.items()}  # type: ignore[attr-defined]
    assert set(field.shown) == set(told), found
    compare_words(field.keys, told)
    for key, kind in FILLED.items():
        if key in field.fills:
            assert kind in kinds_of(told[key]), (found, key)
    for key, inner in field.keys.items():
        assert kind_of(inner) in kinds_of(told[key]), (found, key)
        if isinstance(inner, Keyed):
            compare_keys(inner, told[key])


@pytest.mark.parametrize("category", ["crm", "ticketing"])
def test_field_classes_are_those_of_the_contract(category: str) -> None:
    """The table of a provider's own fields has a column for each key, and the same words."""
    told = contract.fields(category, "RemoteFieldClass")
    columns = {f.name: f for f in RemoteFieldClass._meta.concrete_fields}

    assert set(told) - set(columns) == set()
    compare_words(columns, told)
    for key, column in columns.items():
        if isinstance(column, Keyed):
            compare_keys(column, told[key])


@each_operation
def test_parameters_are_those_of_the_contract(operation: contract.Operation) -> None:
    """Each of the client's means something, and one that it lacks is declared as ours.

    A list below another record takes all that lists of its model do, of which the client knows some.
    """
    endpoint: Any = route(operation)
    declared = {one.name: one for one in endpoint.operation(operation.method.lower()).query}
    missing = set(operation.query) - set(declared)
    undeclared = {name for name in set(declared) - set(operation.query) if not declared[name].is_ours}
    if isinstance(endpoint, Below):
        undeclared -= {one.parameter.name for one in filters.declared(endpoint.model)}
    called_ours = {name for name in operation.query if name in declared and declared[name].is_ours}

    assert (missing, undeclared, called_ours) == (set(), set(), set())


@each_operation
def test_words_of_parameters_are_those_of_the_contract(operation: contract.Operation) -> None:
    """What `expand`, `order_by`, `show_enum_origins` and filters can be is the same, but for fields of ours."""
    endpoint: Any = route(operation)
    ours = {name for name, field in wire_fields(endpoint.model).items() if not field.contract}
    declared = {one.name: one for one in endpoint.operation(operation.method.lower()).query}
    for name in operation.query:
        told = {word for word in operation.words(name) if word}
        if told:
            assert told == listed(declared[name].schema) - ours, name


@pytest.mark.parametrize(
    "operation", [one for one in SERVED if one.body], ids=lambda one: f"{one.method} {one.path}"
)
def test_what_can_be_written_is_that_of_the_contract(operation: contract.Operation) -> None:
    """A create and an update take the client's fields; what no call of it sends is declared so, or ours."""
    endpoint: Any = route(operation)
    when = {"POST": "create", "PATCH": "update"}[operation.method]
    taken = {n for n, f in wire_fields(endpoint.model).items() if f.contract and f.write in {"always", when}}
    sent = set(operation.body.model_fields)  # type: ignore[union-attr] # the client's type

    assert taken == sent - {"integration_params", "linked_account_params", "remote_fields"}


def listed(schema: Any) -> set[str]:
    """The words that a schema of ours names."""
    if isinstance(schema, dict):
        return set(schema.get("enum", ())) | {w for part in schema.values() for w in listed(part)}
    return {w for part in schema for w in listed(part)} if isinstance(schema, list) else set()


def test_every_list_and_record_of_the_contract_is_served() -> None:
    """For each model: its list, or those below other records, and the record, where the client has a call for it."""
    lists = {one.path for one in SERVED if contract.results(one) not in {None, *FIELD_CLASSES}}
    segments = {model.wire.path for model in CONTRACT}

    assert {path.rsplit("/", 1)[-1] for path in lists} == segments


def test_every_relation_leads_to_a_model() -> None:
    """No field refers to something that there is not."""
    for model in common_models():
        assert set(expandable(model)) <= set(wire_fields(model))
        for relation in relations(model).values():
            assert common_model(relation.to)
