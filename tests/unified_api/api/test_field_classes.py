"""The fields of a provider's own, and what records have in them, through the official client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from merge.client import Merge

from integrations.kit.endpoints import GET
from integrations.kit.field_classes import FieldClass, FieldClasses
from integrations.kit.paging import ByPage
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import product_of
from unified_api import registry
from unified_api.sync import pull
from unified_api.sync.models import Stream

TICKETS = replace(
    stub.TICKETS,
    field_classes=FieldClasses(
        known=(FieldClass(key="state", name="State", kind="string", is_custom=False),),
        get=GET("/fields", items="items", paging=ByPage(size_param="size", size=stub.PAGE)),
        read=lambda told: FieldClass(
            key=told["key"],
            name=told["label"],
            kind=told["kind"],
            choices=[(value, value.title()) for value in told.get("options", ())],
            is_custom=True,
        ),
    ),
)


@pytest.fixture
def desk(desk: stub.Desk, monkeypatch: pytest.MonkeyPatch) -> stub.Desk:
    """A desk that lists the fields that its owner has made, and has a ticket with values in some of them."""
    provider = replace(stub.PROVIDER, resources=(TICKETS, stub.USERS, stub.TAGS))
    monkeypatch.setitem(registry._providers, provider.slug, provider)
    desk.tables["fields"] = {}
    desk.add("fields", key="x_color", label="Color", kind="string", options=["red", "green"])
    for number in range(stub.PAGE):
        desk.add("fields", key=f"x_{number}", label=f"Number {number}", kind="number")
    desk.add(title="printer", state="open", x_color="red", x_0=None, x_1=7, y_other="unknown")
    return desk


def read_again(api: Linked) -> None:
    """Read everything from its beginning."""

    def resync() -> None:
        for stream in Stream.objects.all():
            pull.resync(stream)

    api.stored(resync)
    api.work()


def test_the_fields_are_listed_page_by_page(api: Linked, merge: Merge) -> None:
    """All that the provider tells of, in the order of their keys, with what it says of each."""
    api.work()
    first = merge.ticketing.tickets.remote_field_classes_list(page_size=4)
    second = merge.ticketing.tickets.remote_field_classes_list(page_size=4, cursor=first.next)
    back = merge.ticketing.tickets.remote_field_classes_list(page_size=4, cursor=second.previous)
    listed = [*(first.results or []), *(second.results or [])]
    color = next(one for one in listed if one.remote_key_name == "x_color")

    assert [one.remote_key_name for one in listed] == ["state", *(f"x_{n}" for n in range(5)), "x_color"]
    assert (second.next, back.results) == (None, first.results)
    assert (color.display_name, color.field_type, color.is_custom) == ("Color", "string", True)
    assert [(one.value, one.display_name) for one in color.field_choices or []] == [
        ("red", "Red"),
        ("green", "Green"),
    ]


def test_filters_choose_fields(api: Linked, merge: Merge) -> None:
    """Custom ones or not, those that a common field shows or not, and some by their ids."""
    api.work()
    listing = merge.ticketing.tickets.remote_field_classes_list

    def keys(**query: Any) -> list[Any]:
        return [one.remote_key_name for one in listing(**query).results or []]

    one = (listing().results or [])[1].id
    assert keys(is_custom=False) == keys(is_common_model_field=True) == ["state"]
    assert len(keys(is_custom=True)) == len(keys(is_common_model_field=False)) == stub.PAGE + 1
    assert keys(ids=one) == ["x_0"]


def test_records_show_what_they_have_in_these_fields(api: Linked, merge: Merge) -> None:
    """To who asks: each value with its class, null as such; what no class tells of is left out."""
    api.work()
    [plain] = merge.ticketing.tickets.list().results or []
    [asked] = merge.ticketing.tickets.list(include_remote_fields=True).results or []
    one = merge.ticketing.tickets.retrieve(str(asked.id), include_remote_fields=True)
    told = {field.remote_field_class.remote_key_name: field.value for field in asked.remote_fields or []}

    assert plain.remote_fields is None
    assert told == {"state": "open", "x_0": None, "x_1": 7, "x_color": "red"}
    assert one.remote_fields == asked.remote_fields


def test_a_field_that_may_not_be_read_is_not_shown_there_either(api: Linked) -> None:
    """Its value in the provider's words would be the value all the same."""
    api.work()
    fields = {"disabled_fields": ["status"]}
    told = {"model_name": "Ticket", "model_permissions": {}, "field_permissions": fields}
    assert api.send("post", "linked-account-scopes", {"common_models": [told]}).status_code == 200
    [ticket] = api.get("tickets", {"include_remote_fields": "true"}).json()["results"]
    keys = [one["remote_field_class"]["remote_key_name"] for one in ticket["remote_fields"]]

    assert "state" not in keys
    assert "x_color" in keys


def test_a_field_keeps_its_id_until_it_is_gone(api: Linked, merge: Merge, desk: stub.Desk) -> None:
    """What changes of it shows after the next reading; a provider that refuses to tell takes nothing away."""
    api.work()
    listing = merge.ticketing.tickets.remote_field_classes_list
    before = {one.remote_key_name: one.id for one in listing().results or []}
    color = next(row for row in desk.tables["fields"].values() if row["key"] == "x_color")
    color["label"] = "Colour"
    del desk.tables["fields"][next(i for i, row in desk.tables["fields"].items() if row["key"] == "x_0")]
    read_again(api)
    after = {one.remote_key_name: one for one in listing().results or []}
    del desk.tables["fields"]
    read_again(api)

    assert set(before) - set(after) == {"x_0"}
    assert all(one.id == before[key] for key, one in after.items())
    assert after["x_color"].display_name == "Colour"
    assert len(listing().results or []) == len(after)


def test_the_fields_of_custom_objects_are_those_of_their_classes(alice: Person, link: Link) -> None:
    """Listed for all classes, and shown with an object's values of its own class."""
    crm = product_of(alice, link, "crm")
    for name in ("ships", "boats"):
        told = [{"remote_key_name": "name", "display_name": f"Name of {name}", "field_type": "string"}]
        crm.push("crm.CustomObjectClass", name, {"name": name, "fields": told})
    values = {"object_class": {"remote_id": "ships"}, "fields": {"name": "Beagle", "other": 1}}
    made = crm.push("crm.CustomObject", "1", values).json()["model"]
    base = "crm/v1/custom-object-classes"
    listed = crm.call("get", f"{base}/custom-objects/remote-field-classes").json()["results"]
    where = f"{base}/{made['object_class']}/custom-objects/{made['id']}?include_remote_fields=true"
    [field] = crm.call("get", where).json()["remote_fields"]

    assert sorted(one["display_name"] for one in listed) == ["Name of boats", "Name of ships"]
    assert (field["remote_field_class"]["display_name"], field["value"]) == ("Name of ships", "Beagle")


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: FieldClass(key="x", kind="text"), "'text' is no kind of values"),  # type: ignore[arg-type]
        (lambda: FieldClasses(get=GET("/fields", items="")), "get= and read= belong together"),
        (lambda: FieldClasses(get=GET("/fields", item=""), read=FieldClass), "needs items="),  # type: ignore[arg-type]
    ],
)
def test_a_contradiction_is_one_sentence(made: Callable[[], Any], told: str) -> None:
    """When the adapter is imported."""
    with pytest.raises(TypeError, match=told):
        made()
