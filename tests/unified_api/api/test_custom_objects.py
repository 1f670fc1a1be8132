"""Custom objects below their classes, kinds of associations, and associations, through the official client."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.db import connections
from merge.client import Merge
from merge.core.api_error import ApiError
from merge.resources.crm.types import CustomObjectRequest

from tests.people import Person
from tests.unified_api.api.conftest import Link
from tests.unified_api.api.pushing import Product, product_of
from unified_api.models.crm import Association


@pytest.fixture
def crm(alice: Person, link: Link) -> Product:
    """A product's own CRM."""
    return product_of(alice, link, "crm")


@pytest.fixture
def client(crm: Product, live: str) -> Any:
    """The official client, as the product."""
    with httpx.Client(timeout=120) as http:
        token, key = crm.linked.token.reveal(), crm.linked.person.api_key.reveal()
        yield Merge(base_url=f"{live}/api", api_key=key, account_token=token, httpx_client=http).crm


@pytest.fixture
def pushed(crm: Product) -> Callable[..., str]:
    """Push a record, and tell our id of it."""

    def push(model: str, remote_id: str, **values: Any) -> str:
        response = crm.push(model, remote_id, values)
        assert response.status_code in {200, 201}, response.content
        return str(response.json()["model"]["id"])

    return push


Push = Callable[..., str]


@pytest.fixture
def ships(pushed: Push) -> str:
    """A class of custom objects."""
    return pushed("crm.CustomObjectClass", "ships", name="Ship")


def test_an_object_is_made_below_its_class_and_found_there(client: Any, ships: str) -> None:
    """What a create answers is in the list of its class, and is retrieved below it."""
    made = client.custom_objects.custom_object_classes_custom_objects_create(
        ships, model=CustomObjectRequest(fields={"name": "Beagle"})
    )
    listed = client.custom_objects.custom_object_classes_custom_objects_list(ships)
    one = client.custom_objects.custom_object_classes_custom_objects_retrieve(ships, made.model.id)

    assert (made.errors, made.warnings) == ([], [])
    assert [found.id for found in listed.results] == [made.model.id]
    assert (one.object_class, one.fields) == (ships, {"name": "Beagle"})


def test_what_stands_below_another_class_is_not_found(client: Any, ships: str, pushed: Push) -> None:
    """An object is retrieved below its own class only, and nothing is made below a class that there is not."""
    boats = pushed("crm.CustomObjectClass", "boats", name="Boat")
    beagle = pushed("crm.CustomObject", "1", object_class={"remote_id": "ships"}, fields={})
    objects, nowhere = client.custom_objects, str(uuid.uuid4())
    with pytest.raises(ApiError) as elsewhere:
        objects.custom_object_classes_custom_objects_retrieve(boats, beagle)
    with pytest.raises(ApiError) as unmade:
        objects.custom_object_classes_custom_objects_create(nowhere, model=CustomObjectRequest(fields={}))

    assert (elsewhere.value.status_code, unmade.value.status_code) == (404, 404)
    assert objects.custom_object_classes_custom_objects_retrieve(ships, beagle).fields == {}


def test_meta_does_not_ask_for_what_the_path_says(client: Any, ships: str) -> None:
    """The fields of an object are to be sent; its class is not, and a class that there is not has no meta."""
    meta = client.custom_objects.custom_object_classes_custom_objects_meta_post_retrieve(ships)
    of_types = client.association_types.custom_object_classes_association_types_meta_post_retrieve(ships)

    assert set(meta.request_schema["properties"]["model"]["properties"]) == {"fields"}
    assert "source_class" not in of_types.request_schema["properties"]["model"]["properties"]
    with pytest.raises(ApiError):
        client.custom_objects.custom_object_classes_custom_objects_meta_post_retrieve(str(uuid.uuid4()))


def test_a_kind_of_associations_is_made_and_found(client: Any, ships: str) -> None:
    """It belongs to the class of its path."""
    made = _kind(client, ships)
    types = client.association_types
    listed = types.custom_object_classes_association_types_list(ships)
    one = types.custom_object_classes_association_types_retrieve(
        ships, made, expand=["target_object_classes"]
    )

    assert [found.id for found in listed.results] == [made]
    assert (one.remote_key_name, one.source_object_class["id"]) == ("crew", ships)


def _kind(client: Any, of_class: str) -> str:
    told = {"id": of_class, "origin_type": "CUSTOM_OBJECT"}
    made = client.association_types.custom_object_classes_association_types_create(
        of_class,
        model={"source_object_class": told, "target_object_classes": [told], "remote_key_name": "crew"},
    )
    return str(made.model.id)


@pytest.mark.parametrize("model", ["crm.CustomObject", "crm.Contact"])
def test_two_records_are_associated_once(
    client: Any, crm: Product, ships: str, pushed: Push, model: str
) -> None:
    """A PUT associates an object with another one, or a record of a common model; repeated, it writes nothing."""
    more = {"object_class": {"remote_id": "ships"}} if model == "crm.CustomObject" else {}
    source = pushed("crm.CustomObject", "1", object_class={"remote_id": "ships"}, fields={})
    target, kind = pushed(model, "2", **more), _kind(client, ships)
    writes = len(crm.writes())
    put = client.associations.custom_object_classes_custom_objects_associations_update
    first, again = (put(ships, source, ships, target, kind) for _ in range(2))
    listed = client.associations.custom_object_classes_custom_objects_associations_list(ships, source)

    assert (first.source_object, first.target_object, first.association_type) == (source, target, kind)
    assert first == again
    assert [one.target_object for one in listed.results] == [target]
    assert len(crm.writes()) == writes + 1


def _of_two(crm: Product, ships: str, pushed: Push) -> str:
    """Two ships, and the path of an association between them."""
    source, target = (
        pushed("crm.CustomObject", remote_id, object_class={"remote_id": "ships"}, fields={})
        for remote_id in "12"
    )
    told = {"id": ships, "origin_type": "CUSTOM_OBJECT"}
    model = {"source_object_class": told, "target_object_classes": [told], "remote_key_name": "crew"}
    kinds = f"crm/v1/custom-object-classes/{ships}/association-types"
    kind = crm.call("post", kinds, {"model": model}).json()["model"]["id"]
    return (
        f"crm/v1/custom-object-classes/{ships}/custom-objects/{source}/associations/{ships}/{target}/{kind}"
    )


def test_an_association_that_is_under_way_is_not_made_again(crm: Product, ships: str, pushed: Push) -> None:
    """A PUT that is repeated before a worker has made the first one is answered by that one's write."""
    path = _of_two(crm, ships, pushed)
    writes = len(crm.writes())
    first, second = (crm.call("put", f"{path}?run_async=true") for _ in range(2))
    crm.linked.work()
    third = crm.call("put", f"{path}?run_async=true")

    assert [answer.status_code for answer in (first, second, third)] == [202, 202, 200]
    assert first["X-Isthmus-Write"] == second["X-Isthmus-Write"]
    assert len(crm.writes()) == writes + 1


def test_two_that_associate_at_once_make_one_association(crm: Product, ships: str, pushed: Push) -> None:
    """Who comes second finds the first one's association."""
    path = _of_two(crm, ships, pushed)
    answers, together = [], threading.Barrier(3)

    def put() -> None:
        together.wait()
        answers.append(crm.call("put", path))
        connections.close_all()

    threads = [threading.Thread(target=put) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert crm.count(Association) == 1


def test_what_stands_below_is_not_told_where_the_relation_may_not_be_read(
    crm: Product, ships: str, pushed: Push
) -> None:
    """Neither the list below a class nor a record below it answers what the disabled field would."""
    beagle = pushed("crm.CustomObject", "1", object_class={"remote_id": "ships"}, fields={})
    below = f"crm/v1/custom-object-classes/{ships}/custom-objects"
    paths = (below, f"{below}/{beagle}", f"{below}/{beagle}/associations")
    before = [crm.call("get", path).status_code for path in paths]
    about = {"model_name": "CustomObject", "field_permissions": {"disabled_fields": ["object_class"]}}
    said = crm.call("post", "crm/v1/linked-account-scopes", {"common_models": [about]})
    after = [crm.call("get", path) for path in paths]

    assert (before, said.status_code) == ([200, 200, 200], 200)
    assert [answer.status_code for answer in after] == [200, 404, 404]
    assert after[0].json()["results"] == []


def test_an_association_with_a_stranger_is_refused(client: Any, ships: str, pushed: Push) -> None:
    """404 for any id of the path that names nothing, or something that is not where the path says."""
    boats = pushed("crm.CustomObjectClass", "boats", name="Boat")
    source = pushed("crm.CustomObject", "1", object_class={"remote_id": "ships"}, fields={})
    good, stranger = [ships, source, ships, source, _kind(client, ships)], str(uuid.uuid4())
    put = client.associations.custom_object_classes_custom_objects_associations_update
    wrong = [[*good[:at], stranger, *good[at + 1 :]] for at in range(5)]
    for path in [*wrong, [boats, *good[1:]], [*good[:2], boats, *good[3:]]]:
        with pytest.raises(ApiError) as caught:
            put(*path)
        assert caught.value.status_code == 404
