"""Kinds of records that the company has made for itself in its CRM, and how they hang together with contacts."""

from __future__ import annotations

from typing import Any, Final

from integrations.sandbox.data.records import Record, Records, key, keyed

#: Name, plural, and its fields: key, display name, kind of values.
_CLASSES: Final = (
    ("Vessel", "Vessels", (("callSign", "Call sign", "string"), ("berths", "Berths", "number"))),
    ("Warranty", "Warranties", (("months", "Months", "number"), ("isExtended", "Extended", "bool"))),
)
_OBJECTS: Final = 6
#: The system's own class of contacts takes part in associations like those that the company has made.
_CONTACTS: Final = len(_CLASSES)


def own_objects() -> Records:
    """Classes, objects, and associations of the first class: with objects of the second one, and with contacts."""
    return {
        "crm.CustomObjectClass": keyed("custom-object-class", [*map(_class, _CLASSES), _contacts()]),
        "crm.CustomObject": keyed("custom-object", [_object(n) for n in range(2 * _OBJECTS)]),
        "crm.AssociationType": keyed(
            "association-type",
            [_type("vessel_warranty", "Covered by", 1), _type("vessel_contact", "Captain", _CONTACTS)],
        ),
        "crm.Association": keyed(
            "association",
            [
                *(
                    _association(n, key("custom-object", _OBJECTS + n), "crm.CustomObject", 0)
                    for n in range(4)
                ),
                *(_association(n, key("contact", n), "crm.Contact", 1) for n in range(4)),
            ],
        ),
    }


def _class(told: tuple[str, str, tuple[tuple[str, str, str], ...]]) -> Record:
    name, plural, fields = told
    return {
        "name": name,
        "description": f"{plural} that customers run",
        "labels": {"singular": name, "plural": plural},
        "fields": [_field(*field) for field in fields],
        "association_types": [{"key": "vessel_warranty"}],
    }


def _contacts() -> Record:
    labels = {"singular": "Contact", "plural": "Contacts"}
    fields = [_field("givenName", "Given name", "string")]
    return {"name": "Contact", "labels": labels, "fields": fields, "association_types": []}


def _field(name: str, shown: str, kind: str) -> dict[str, Any]:
    return {
        "display_name": shown,
        "remote_key_name": name,
        "description": f"{shown} of it",
        "is_required": False,
        "field_type": kind,
        "field_format": kind,
        "field_choices": [],
        "item_schema": None,
    }


def _object(number: int) -> Record:
    of = number // _OBJECTS
    first: dict[str, Any] = {"callSign": f"DK{number:03}", "berths": 2 + number}
    second: dict[str, Any] = {"months": 12 * (number - _OBJECTS + 1), "isExtended": number % 2 == 0}
    return {"object_class": key("custom-object-class", of), "fields": second if of else first}


def _type(name: str, shown: str, target: int) -> Record:
    kind = "COMMON_MODEL" if target == _CONTACTS else "CUSTOM_OBJECT"
    source = key("custom-object-class", 0)
    return {
        "source_class": source,
        "source_object_class": {"id": source, "origin_type": "CUSTOM_OBJECT"},
        "target_object_classes": [{"id": key("custom-object-class", target), "origin_type": kind}],
        "remote_key_name": name,
        "display_name": shown,
        "cardinality": "ONE_TO_MANY",
        "is_required": False,
    }


def _association(number: int, target: str, model: str, type_: int) -> Record:
    return {
        "source_object": key("custom-object", number),
        "target_object": target,
        "target_model": model,
        "association_type": key("association-type", type_),
    }
