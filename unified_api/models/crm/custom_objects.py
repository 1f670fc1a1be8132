"""Kinds of records that a company has made for itself in its CRM, and how these hang together.

A kind is a `CustomObjectClass`, a record of it a `CustomObject`, whose values stand in `fields`. An `AssociationType`
says that records of one class can be associated with records of others, an `Association` that two are. Common models
take part as well: to an adapter, the provider's contacts are a class like its own kinds, by the provider's id for them.
"""

from __future__ import annotations

from typing import Final

from unified_api.models.base import Wire
from unified_api.models.crm.category import CrmModel
from unified_api.models.field_classes import FIELD_CLASS
from unified_api.models.fields import Choice, Flag, Ref, Text, WireField
from unified_api.models.shapes import STAMPS, Nested, Object, Objects, Shapes

#: What the wire contract does not show of these.
_BEYOND: Final = ("remote_was_deleted", "field_mappings", "remote_data")
#: A class that takes part in associations; `origin_type`: CUSTOM_OBJECT, COMMON_MODEL or REMOTE_ONLY_MODEL.
OBJECT_CLASS: Final[dict[str, WireField]] = {
    "id": Ref("crm.CustomObjectClass", expands=False),
    "origin_type": Text(),
}


class CustomObjectClass(CrmModel):
    """A kind of records that the company has made for itself. `labels`: its name in singular and plural."""

    wire = Wire("custom-object-classes", beyond=_BEYOND)

    name = Text()
    description = Text()
    labels = Object(Text())
    fields = Shapes(FIELD_CLASS, fills=STAMPS, expands=True)
    association_types = Objects()


class AssociationType(CrmModel):
    """How records of one class can be associated with records of others. `source_class` is ours: the class's id."""

    wire = Wire("association-types", writes=("create",), alone=False, beyond=_BEYOND)

    source_class = Ref("crm.CustomObjectClass", below=True, expands=False, contract=False, write="never")
    source_object_class = Nested(OBJECT_CLASS)
    target_object_classes = Shapes(OBJECT_CLASS, fills=STAMPS, expands=True)
    remote_key_name = Text()
    display_name = Text()
    cardinality = Choice("ONE_TO_ONE", "MANY_TO_ONE", "MANY_TO_MANY", "ONE_TO_MANY")
    is_required = Flag()


class CustomObject(CrmModel):
    """A record of such a kind. `fields`: its values by the names that the provider has for its fields."""

    wire = Wire("custom-objects", writes=("create",), alone=False, remote_fields=True, beyond=_BEYOND)

    object_class = Ref("crm.CustomObjectClass", below=True, expands=False, write="never")
    fields = Object(pii=True)


class Association(CrmModel):
    """That two records are associated. `target_model` is ours: the common model of the target, where it has one."""

    wire = Wire("associations", alone=False, beyond=("id", "remote_id", *_BEYOND))

    source_object = Ref("crm.CustomObject", below=True, expands=False)
    target_object = Ref("crm.CustomObject", by="target_model", expands=False)
    target_model = Text(contract=False)
    association_type = Ref("crm.AssociationType", filter="association_type_id")
