"""How a provider's own field is described: the keys that the wire contract has for one, wherever it shows it."""

from __future__ import annotations

from typing import Final

from unified_api.models.fields import Choice, Custom, Flag, Text, Texts, WireField
from unified_api.models.shapes import Nested, Shapes

#: Kinds of values, as the wire contract calls them.
KINDS: Final = ("string", "number", "date", "datetime", "bool", "list")
#: One of the values that a field can have.
FIELD_CHOICE: Final[dict[str, WireField]] = {"value": Custom(), "display_name": Text()}
#: What the items of a list are.
ITEM_SCHEMA: Final[dict[str, WireField]] = {
    "item_type": Choice(*KINDS),
    "item_format": Choice(*KINDS),
    "item_choices": Texts(),
}
#: The same of a field of a custom object class, where the wire contract names no words.
_BARE_ITEM_SCHEMA: Final[dict[str, WireField]] = {
    "item_type": Text(),
    "item_format": Text(),
    "item_choices": Texts(),
}
#: A field of a custom object class.
FIELD_CLASS: Final[dict[str, WireField]] = {
    "display_name": Text(),
    "remote_key_name": Text(),
    "description": Text(),
    "is_required": Flag(),
    "field_type": Choice(*KINDS),
    "field_format": Choice(*KINDS),
    "field_choices": Shapes(FIELD_CHOICE),
    "item_schema": Nested(_BARE_ITEM_SCHEMA),
}
