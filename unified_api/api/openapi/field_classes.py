"""Components of the fields of a provider's own."""

from __future__ import annotations

from typing import Final

from unified_api.api.openapi.schema import ANY, FLAG, ID, TEXT, keyed, many, maybe, named, record

#: Keys of a class, in the wire contract's order.
KEYS: Final = (
    "id",
    "display_name",
    "remote_key_name",
    "description",
    "is_custom",
    "is_common_model_field",
    "is_required",
    "field_type",
    "field_format",
    "field_choices",
    "item_schema",
)
_FLAGS: Final = [name for name in KEYS if name.startswith("is_")]
CLASS: Final = named(
    "RemoteFieldClass",
    record(
        {
            **dict.fromkeys(KEYS, maybe(TEXT)),
            **dict.fromkeys(_FLAGS, maybe(FLAG)),
            "id": ID,
            "remote_key_name": TEXT,
            "field_choices": maybe(many(record({"value": ANY, "display_name": maybe(TEXT)}))),
            "item_schema": maybe(keyed(ANY)),
        }
    ),
)
#: A value that a record has in one of them.
VALUE: Final = named("RemoteFieldValue", record({"remote_field_class": CLASS, "value": ANY}))
