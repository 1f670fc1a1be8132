"""Components of common models, read from their declarations: the record, what is sent to write one, the answer."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, Final

from integrations.kit.kinds import LONGEST_ID
from unified_api.api.openapi import field_classes
from unified_api.api.openapi.schema import (
    ANY,
    FLAG,
    ID,
    INSTANT,
    NULL,
    TEXT,
    WHOLE,
    Named,
    Schema,
    any_of,
    keyed,
    many,
    maybe,
    modern,
    named,
    record,
)
from unified_api.models.base import CommonModel, common_model, model_id, wire_fields
from unified_api.models.fields import Choice, Choices, Ref, Refs, WireField
from unified_api.models.shapes import Keyed, Shapes

_MAPPINGS: Final = named(
    "FieldMappings",
    record(
        {"organization_defined_targets": keyed(ANY), "linked_account_defined_targets": keyed(ANY)},
    ),
)
_REMOTE_DATA: Final = named("RemoteData", record({"path": TEXT, "data": ANY}))
#: One reason why something of a write is not as it was asked for.
PROBLEM: Final = named(
    "WriteProblem",
    record(
        {
            "source": record({"pointer": TEXT}),
            "title": TEXT,
            "detail": TEXT,
            "problem_type": TEXT,
        },
        optional=["source"],
    ),
)
_LOG: Final = named(
    "WriteLog",
    record(
        {
            "log_id": ID,
            "dashboard_view": TEXT,
            "log_summary": record({"url": TEXT, "method": TEXT, "status_code": WHOLE}),
        }
    ),
)
#: In what is sent for a relation the common model whose records it can name.
RELATED: Final = "x-related-model"
#: A relation to a record by the id that the pushing product has given it.
_OWN_ID: Final = record({"remote_id": {**TEXT, "minLength": 1, "maxLength": LONGEST_ID}})


@functools.cache
def shown(model: type[CommonModel]) -> Named:
    """A record as lists and retrieve show it."""
    return Named(model_id(model), lambda: _record(model))


@functools.cache
def envelope(model: type[CommonModel]) -> Named:
    """The answer to a write of such a record."""
    return _envelope(f"{model_id(model)}.Written", any_of(shown(model), NULL))


@functools.cache
def pending(model: type[CommonModel]) -> Named:
    """The answer to a write whose outcome is not known yet: the model as sent."""
    as_sent = Named(f"{model_id(model)}.Sent", lambda: _record(model, is_stored=False))
    return _envelope(f"{model_id(model)}.Pending", as_sent)


def _envelope(name: str, model: Schema) -> Named:
    keys = {"model": model, "warnings": many(PROBLEM), "errors": many(PROBLEM), "logs": many(_LOG)}
    return named(name, record(keys, optional=["logs"]))


@functools.cache
def sent(model: type[CommonModel], operation: str) -> Named:
    """The body of a create, an update or a push, which may name any field."""
    return Named(f"{model_id(model)}.{operation.capitalize()}", lambda: _body(model, operation))


def _record(model: type[CommonModel], *, is_stored: bool = True) -> Schema:
    """The keys of `unified_api.api.render.form`, in its order. What is not stored yet has no id and no stamps."""
    stamps = {"created_at": INSTANT, "modified_at": INSTANT}
    ours = {
        "id": ID if is_stored else maybe(ID),
        "remote_id": maybe(TEXT),
        **{name: schema if is_stored else maybe(schema) for name, schema in stamps.items()},
        **{name: _value(field) for name, field in wire_fields(model).items()},
        "remote_was_deleted": FLAG,
        "field_mappings": _MAPPINGS,
        "remote_data": maybe(many(_REMOTE_DATA)),
    }
    if model.wire.remote_fields:
        ours["remote_fields"] = maybe(many(field_classes.VALUE))
    words = [name for name, field in wire_fields(model).items() if isinstance(field, Choice | Choices)]
    native = {f"{name}_native": any_of(TEXT, many(TEXT), NULL) for name in words}
    return {**record({**ours, **native}, optional=native), "description": model.__doc__}


def _value(field: WireField) -> Schema:
    """A field's value; a relation is an id, or with `expand` the record itself."""
    if isinstance(field, Ref):
        return any_of(ID, shown(common_model(field.to)), NULL)
    if isinstance(field, Refs):
        return maybe(many(any_of(ID, shown(common_model(field.to)))))
    told = modern(field.wire_schema())
    return (
        {
            **told,
            "description": "Sensitive: null, unless include_sensitive_fields asks for it with a key that may read it.",
        }
        if field.sensitive
        else told
    )


def _body(model: type[CommonModel], operation: str) -> Schema:
    hosted = operation == "push"
    fields = {n: f for n, f in wire_fields(model).items() if hosted or f.write in {"always", operation}}
    properties = {name: _written(field) for name, field in fields.items()}
    if operation != "update":
        about = "Of a hosted account: the record's own id."
        properties["remote_id"] = {**_OWN_ID["properties"]["remote_id"], "description": about}
    about = (
        "Keys that are not known are left out with a warning, and a value of another type that can only mean one thing"
        " is converted with one. What an account's system requires, and can write, is told by `meta`."
    )
    model_schema = {**record(properties, optional=properties), "description": about}
    return record({"model": model_schema})


def _written(field: WireField) -> Schema:
    """What may be sent for a field: a relation by our id, as an expanded record, or by the id of a hosted account."""
    if isinstance(field, Ref):
        return {**any_of(*_named_by(), NULL), RELATED: field.to}
    if isinstance(field, Refs):
        return {**maybe(many(any_of(*_named_by()))), RELATED: field.to}
    told = modern(field.wire_schema())
    if isinstance(field, Keyed):
        one_of_them = told["items"] if isinstance(field, Shapes) else told
        one_of_them["additionalProperties"] = False  # else a misspelt key would empty what was meant
        one_of_them["properties"].update({key: _written(one) for key, one in field.relations.items()})
    return told


def _named_by() -> Iterable[Schema]:
    expanded: Any = record({"id": ID})
    return (ID, expanded, _OWN_ID)
