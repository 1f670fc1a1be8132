"""Kinds of records that the company has made for itself, and how these are associated."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Forbidden, Gone, Rejected, Uncertain
from tests.emulators.engine import Emulator
from tests.emulators.vendors.hubspot import labels, links, objects, schemas, searching
from tests.emulators.vendors.hubspot.common import API, VESSELS
from tests.emulators.world import Record
from tests.integrations import metered
from tests.integrations.providers.hubspot.portal import everything, pages_of, resource_of, sent
from unified_api.models.crm import Association, AssociationType, Contact, CustomObject, CustomObjectClass

KIND = "2-3456"
MODELS = (CustomObjectClass, CustomObject, AssociationType, Association)
#: The number of the plain type of associations between vessels and contacts.
PLAIN = labels.PLAIN[VESSELS, "contacts"]


def vessel(portal: Emulator, call_sign: str, **more: str) -> Record:
    """One that somebody has put in there."""
    return objects.new(portal.world, VESSELS, call_sign=call_sign, **more)


def test_a_class_tells_its_fields_and_what_it_can_be_associated_with(client: Client) -> None:
    """Those that can be written, with kinds, choices and whether they are due; the system's own kinds stand beside."""
    found = everything(client, CustomObjectClass)
    own = found[KIND].values
    fields = {one["remote_key_name"]: one for one in own["fields"]}

    assert set(found) == {KIND, "0-1", "0-2", "0-3"}
    assert (own["name"], own["labels"]["plural"], found["0-2"].values["name"]) == (
        "vessels",
        "Vessels",
        "company",
    )
    assert {name: (one["field_type"], one["is_required"]) for name, one in fields.items()} == {
        "hubspot_owner_id": ("string", False),
        "call_sign": ("string", True),
        "berths": ("number", False),
        "insured": ("bool", False),
        "flags": ("list", False),
    }
    assert {one["toObjectTypeId"] for one in own["association_types"]} == {KIND, "0-1", "0-2", "0-3"}
    assert client.read(resource_of(CustomObjectClass), "0-1").values["name"] == "contact"
    with pytest.raises(Gone):
        client.read(resource_of(CustomObjectClass), "2-1")


def test_objects_are_read_as_they_change_beyond_the_window_of_the_search(
    portal: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the id of their kind and their own; values as what they are. One that was archived is told with them."""
    monkeypatch.setattr(searching, "WINDOW", 100)
    world = portal.world
    first = vessel(portal, "DK1", berths="4", insured="true", flags="dk;gb")
    cursor = pages_of(client, CustomObject)[-1].cursor
    [there] = everything(client, CustomObject).values()
    for number in range(130):
        vessel(portal, f"GB{number}")
        world.clock.forward(0.02)
    objects.archive(world, VESSELS, first)
    world.clock.forward(60)
    changes = everything(client, CustomObject, cursor)

    assert there.remote_id == f"{KIND}-{first['id']}"
    assert there.values["object_class"] == KIND
    assert there.values["fields"] == {
        "call_sign": "DK1",
        "berths": 4,
        "insured": True,
        "flags": ["dk", "gb"],
        "hubspot_owner_id": None,
    }
    assert [id_ for id_, one in changes.items() if one.gone] == [there.remote_id]
    assert len(changes) == 131
    assert set(everything(client, CustomObject)) == set(changes) - {there.remote_id}


def test_an_object_lives(portal: Emulator, client: Client) -> None:
    """Made, changed in what is said, and removed; values are texts there."""
    vessels = resource_of(CustomObject)
    said = {"call_sign": "DK1", "berths": 4, "flags": ["dk"]}
    made = client.create(vessels, {"object_class": KIND, "fields": said})
    own = made.remote_id.removeprefix(f"{KIND}-")
    changed = client.update(vessels, made.remote_id, {"fields": {**said, "berths": None, "insured": True}})
    again = client.update(vessels, made.remote_id, {"fields": {"insured": True}})
    client.delete(vessels, made.remote_id)

    assert sent(portal, "POST", f"{API}/{KIND}")[0]["properties"] == {
        "call_sign": "DK1",
        "berths": "4",
        "flags": "dk",
    }
    assert sent(portal, "PATCH", f"{API}/{KIND}/{own}") == [{"properties": {"berths": "", "insured": "true"}}]
    assert changed.values["fields"] == again.values["fields"]
    assert changed.values["fields"] | said == {**said, "insured": True, "hubspot_owner_id": None}
    with pytest.raises(Gone):
        client.read(vessels, made.remote_id)


def test_what_is_refused_of_an_object_is_named(client: Client) -> None:
    """A class that is none of the company's, no value at all, and properties by their names."""
    vessels = resource_of(CustomObject)

    def refused(of: str, **fields: Any) -> set[str]:
        with pytest.raises(Rejected) as caught:
            client.create(vessels, {"object_class": of, "fields": fields})
        return set(caught.value.fields)

    assert refused("0-1", call_sign="DK1") == {"object_class"}
    assert refused(KIND, call_sign=None) == {"fields"}
    assert refused(KIND, call_sign="DK1", berths="many") == {"berths"}
    assert refused(KIND, berths=3) == {"call_sign"}


def test_a_lost_create_is_found_by_what_it_said(portal: Emulator, client: Client) -> None:
    """Though the record has further fields."""
    vessels, said = resource_of(CustomObject), {"object_class": KIND, "fields": {"call_sign": "DK1"}}
    vessel(portal, "DK2")
    portal.faults.lose(f"POST {API}/{KIND}")
    with pytest.raises(Uncertain):
        client.create(vessels, said)
    portal.world.clock.forward(60)
    found = client.recent(vessels, said)

    assert [one.values["fields"]["call_sign"] for one in found] == ["DK1"]


def test_a_portal_without_custom_objects_shows_none(portal: Emulator, client: Client) -> None:
    """Nothing of all four models, and no kind of the system's own either; nothing is asked but for the schemas."""
    portal.world.table("schema").clear()

    assert [everything(client, model) for model in MODELS] == [{}] * 4
    assert {one.request.path for one in portal.exchanges} == {"/crm-object-schemas/v3/schemas"}


def test_who_may_not_see_schemas_reads_all_else(portal: Emulator, client: Client) -> None:
    """The four models may not be read, which deletes nothing; contacts are read as ever."""
    ada = objects.new(portal.world, "contacts", firstname="Ada")
    portal.world.add("hidden", {"id": schemas.HIDDEN})
    for model in MODELS:
        with pytest.raises(Forbidden):
            pages_of(client, model)

    assert set(everything(client, Contact)) == {ada["id"]}


def test_types_of_associations_are_read_in_one_direction_and_made(portal: Emulator, client: Client) -> None:
    """From the company's own kinds to each other and to contacts, companies and deals; a label is a type.

    A create takes as many calls as plans tell.
    """
    labels.add_label(portal.world, VESSELS, "contacts", "captain", "Captain", "Commands")
    types = resource_of(AssociationType)
    target = {"id": "0-3", "origin_type": "COMMON_MODEL"}
    said = {"target_object_classes": [target], "remote_key_name": "tender", "display_name": "Tender"}
    made = metered.create(client, types, {"source_class": KIND, **said})
    with pytest.raises(Rejected) as caught:
        client.create(
            types, {"source_class": KIND, **said, "source_object_class": {"id": "2-1", "origin_type": None}}
        )
    found = everything(client, AssociationType)
    told = {one.values["display_name"]: one.values for one in found.values()}

    assert {
        (one.remote_id.split(":")[1], one.values["display_name"], one.values["remote_key_name"])
        for one in found.values()
    } == {
        ("0-1", None, "vessel_to_contact"),
        ("0-1", "Captain", "captain"),
        ("0-2", None, "vessel_to_company"),
        ("0-3", None, "vessel_to_deal"),
        (KIND, None, "vessel_to_vessel"),
        ("0-3", "Tender", "tender"),
    }
    assert made.values == told["Tender"]
    assert told["Captain"]["source_object_class"] == {"id": KIND, "origin_type": "CUSTOM_OBJECT"}
    assert told["Captain"]["target_object_classes"] == [{"id": "0-1", "origin_type": "COMMON_MODEL"}]
    assert set(caught.value.fields) == {"source_object_class"}
    assert [one.remote_id for one in client.recent(types, {"source_class": KIND, **said})] == [made.remote_id]


def test_an_association_is_put_beside_those_that_are_there(portal: Emulator, client: Client) -> None:
    """All types by which two are associated are sent; each of them is an association.

    A create takes as many calls as plans tell.
    """
    world = portal.world
    captain = labels.add_label(world, VESSELS, "contacts", "captain", "Captain")
    ship, ada = vessel(portal, "DK1"), objects.new(world, "contacts", firstname="Ada")
    links.associate(world, VESSELS, ship["id"], "contacts", ada["id"], [])
    associations, source = resource_of(Association), f"{KIND}-{ship['id']}"
    of = {"source_object": source, "target_object": ada["id"], "target_model": "crm.Contact"}
    said = {**of, "association_type": f"{KIND}:0-1:USER_DEFINED:{captain['typeId']}"}
    made = metered.create(client, associations, said)
    [body] = sent(portal, "PUT", f"/crm/v4/objects/{KIND}/{ship['id']}/associations/0-1/{ada['id']}")

    assert made.values == said
    assert [one["associationTypeId"] for one in body] == [PLAIN, captain["typeId"]]
    assert {one.values["association_type"] for one in everything(client, Association).values()} == {
        f"{KIND}:0-1:USER_DEFINED:{number}" for number in (PLAIN, captain["typeId"])
    }
    assert [one.remote_id for one in client.recent(associations, said)] == [made.remote_id]


def test_objects_are_associated_with_each_other(portal: Emulator, client: Client) -> None:
    """The target is a custom object then. One of another class than the type says is refused, as is one that went."""
    ship, boat = vessel(portal, "DK1"), vessel(portal, "DK2")
    associations = resource_of(Association)
    source, target = (f"{KIND}-{one['id']}" for one in (ship, boat))
    type_ = f"{KIND}:{KIND}:USER_DEFINED:{labels.PLAIN[VESSELS, VESSELS]}"
    said = {"source_object": source, "target_object": target, "association_type": type_}
    made = client.create(associations, {**said, "target_model": "crm.CustomObject"})

    def refused(**other: str) -> set[str]:
        with pytest.raises(Rejected) as caught:
            client.create(associations, {**said, **other})
        return set(caught.value.fields)

    assert made.values == {**said, "target_model": "crm.CustomObject"}
    assert refused(target_object="1001", target_model="crm.Contact") == {"target_object"}
    assert refused(association_type="2-1:0-1:USER_DEFINED:36") == {"association_type"}
    objects.archive(portal.world, VESSELS, boat)
    assert refused() == set()
