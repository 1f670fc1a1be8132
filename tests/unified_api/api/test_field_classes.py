"""The fields of a provider's own, and what records have in them, through the official client."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from merge.client import Merge
from merge.resources.ticketing.types import TicketRequest

from integrations.kit.endpoints import GET
from integrations.kit.field_classes import FieldClass, FieldClasses
from integrations.kit.paging import ByPage
from tenants.models import AuditEvent
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import product_of
from unified_api import registry
from unified_api.sync import issues, streams, targets
from unified_api.sync.models import Job, Stream, Write
from unified_api.sync.models_watch import Issue

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
            is_required=told.get("needed"),
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
    desk.add("fields", key="serial", label="Serial number", kind="string")
    desk.add(title="printer", state="open", x_color="red", x_0=None, x_1=7, y_other="unknown")
    return desk


def read_again(api: Linked) -> None:
    """Read everything from its beginning."""

    def resync() -> None:
        for stream in Stream.objects.all():
            streams.resync(stream)

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

    assert [one.remote_key_name for one in listed] == [
        "serial",
        "state",
        *(f"x_{n}" for n in range(5)),
        "x_color",
    ]
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

    one = next(found.id for found in listing().results or [] if found.remote_key_name == "x_0")
    assert keys(is_custom=False) == keys(is_common_model_field=True) == ["state"]
    assert len(keys(is_custom=True)) == len(keys(is_common_model_field=False)) == stub.PAGE + 2
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


def test_new_and_removed_fields_are_reported(api: Linked, desk: stub.Desk) -> None:
    """In the audit trail; a removed one that a custom field reads is an issue until the field is back."""
    api.stored(lambda: targets.add(api.account, "ticketing.Ticket", "color", jmes_path="x_color"))
    api.work()

    def reported() -> list[Any]:
        events = AuditEvent.objects.filter(action="linked_account.fields_changed")
        return [event.detail for event in events.order_by("at")]

    assert api.stored(reported) == []
    color = next(row for row in desk.tables["fields"].values() if row["key"] == "x_color")
    for key in ("x_new", "x_color"):
        color["key"] = key
        read_again(api)

    removed, back = api.stored(reported)
    assert removed == {"model": "ticketing.Ticket", "added": ["x_new"], "removed": ["x_color"]}
    assert back == {"model": "ticketing.Ticket", "added": ["x_color"], "removed": ["x_new"]}
    [issue] = api.stored(lambda: list(Issue.objects.filter(kind=issues.FIELDS)))
    assert "x_color, which field_mappings.color may read" in issue.description
    assert issue.status == Issue.Status.RESOLVED


def ids_of(api: Linked) -> dict[str, str]:
    """The ids of the classes by the keys of their fields."""
    listed = api.get("tickets/remote-field-classes", {"page_size": 100}).json()["results"]
    return {one["remote_key_name"]: one["id"] for one in listed}


def told(ticket: dict[str, Any]) -> dict[str, Any]:
    """What a ticket has in fields of the provider's own."""
    return {one["remote_field_class"]["remote_key_name"]: one["value"] for one in ticket["remote_fields"]}


def test_values_are_written_with_the_record(api: Linked, merge: Merge, desk: stub.Desk) -> None:
    """Beside the common fields, named by the class or its id; the answer shows them, and so does the next read."""
    api.work()
    ids = ids_of(api)
    fields: Any = [
        {"remote_field_class": ids["x_color"], "value": "green"},
        {"remote_field_class": {"id": ids["x_1"]}, "value": 3.5},
    ]
    made = merge.ticketing.tickets.create(model=TicketRequest(name="leak", remote_fields=fields))
    written = desk.tables["tickets"][str(made.model.remote_id)]
    created = dict(written)
    known = {one.remote_field_class.remote_key_name: one.value for one in made.model.remote_fields or []}
    path, shown = f"tickets/{made.model.id}", {"include_remote_fields": "true"}
    body = {"model": {"remote_fields": [{"remote_field_class": ids["x_color"], "value": None}]}}
    changed = api.send("patch", path, body)

    assert (made.warnings, made.errors) == ([], [])
    assert {"title": "leak", "x_color": "green", "x_1": 3.5}.items() <= created.items()
    assert known == {"x_color": "green", "x_1": 3.5}
    assert written["x_color"] is None
    assert told(changed.json()["model"]) == told(api.get(path, shown).json()) == {"x_color": None, "x_1": 3.5}
    api.work()
    assert told(api.get(path, shown).json()) == {"x_color": None, "x_1": 3.5}


def test_a_value_that_is_there_already_is_not_sent(api: Linked, desk: stub.Desk) -> None:
    """Only what differs leaves; who changes such a field alone moves `modified_at`."""
    api.work()
    [before] = api.get("tickets").json()["results"]
    field = {"remote_field_class": ids_of(api)["x_1"], "value": 7}
    same = api.send("patch", f"tickets/{before['id']}", {"model": {"remote_fields": [field]}})
    calls = desk.writes()
    other = api.send(
        "patch", f"tickets/{before['id']}", {"model": {"remote_fields": [{**field, "value": 8}]}}
    )

    assert (same.status_code, calls) == (200, [])
    assert (other.status_code, len(desk.writes())) == (200, 1)
    assert same.json()["model"]["modified_at"] == before["modified_at"]
    assert other.json()["model"]["modified_at"] > before["modified_at"]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("x_color", "blue", "INVALID_FIELD_CHOICE"),
        ("x_color", 7, "INVALID_FIELD_CHOICE"),
        ("x_color", True, "INCORRECT_FIELD_TYPE"),
        ("x_1", "seven", "INCORRECT_FIELD_TYPE"),
        ("x_1", True, "INCORRECT_FIELD_TYPE"),
        ("state", "open", "UNSUPPORTED_FIELD"),
        ("serial", "A-1", "UNSUPPORTED_FIELD"),
        ("unknown", "x", "INVALID_FIELD_CHOICE"),
        ("no id", "x", "INCORRECT_FIELD_TYPE"),
    ],
)
def test_what_cannot_be_written_there_is_refused(
    api: Linked, desk: stub.Desk, key: str, value: Any, problem: str
) -> None:
    """With its place in the list, before any call: another kind or word, a common field, one that is not writable."""
    api.work()
    desk.log.clear()
    wanted = {**ids_of(api), "unknown": str(uuid.uuid4()), "no id": "x"}[key]
    fine = {"remote_field_class": ids_of(api)["x_0"], "value": 1}
    sent = {"name": "leak", "remote_fields": [fine, {"remote_field_class": wanted, "value": value}]}
    answer = api.send("post", "tickets", {"model": sent})
    [error] = answer.json()["errors"]

    assert (answer.status_code, error["problem_type"]) == (400, problem)
    assert error["source"]["pointer"] == "model/remote_fields/1"
    assert desk.log == []


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        (None, ["model/remote_fields"]),
        ([("x_1", 7)], ["model/remote_fields"]),
        ([("x_1", 7), ("x_need", None)], ["model/remote_fields/1"]),
        ([("x_need", "")], ["model/remote_fields/0"]),
        ([("x_need", "now")], []),
    ],
)
def test_a_new_record_needs_what_the_system_requires(
    api: Linked, desk: stub.Desk, fields: list[tuple[str, Any]] | None, pointers: list[str]
) -> None:
    """A required field that is absent, null or empty is one error, before any call; a change needs none of them."""
    desk.add("fields", key="x_need", label="Need", kind="string", needed=True)
    desk.add("fields", key="needed", label="Made by the system", kind="string", needed=True)
    api.work()
    desk.log.clear()
    ids = ids_of(api)
    told = [{"remote_field_class": ids[key], "value": value} for key, value in fields or ()] or None
    answer = api.send("post", "tickets", {"model": {"name": "leak", "remote_fields": told}})
    problems = [(one["problem_type"], one["source"]["pointer"]) for one in answer.json()["errors"]]
    calls = len(desk.log)
    [ticket, *_] = api.get("tickets").json()["results"]
    changed = api.send("patch", f"tickets/{ticket['id']}", {"model": {"name": "flood"}})

    assert problems == [("MISSING_REQUIRED_FIELD", pointer) for pointer in pointers]
    assert (answer.status_code, calls > 0) == ((400, False) if pointers else (201, True))
    assert all("x_need" in one["detail"] for one in answer.json()["errors"])
    assert changed.status_code == 200


def test_a_lost_answer_to_such_a_write_is_settled(api: Linked, desk: stub.Desk) -> None:
    """By what the provider shows in that very field, though no common field tells."""
    api.work()
    [ticket] = api.get("tickets").json()["results"]
    field = {"remote_field_class": ids_of(api)["x_color"], "value": "green"}
    desk.cut_after_write = 1
    answer = api.send("patch", f"tickets/{ticket['id']}", {"model": {"remote_fields": [field]}})
    api.stored(lambda: Job.objects.update(due_at="2020-01-01T00:00:00Z", leased_until=None))
    api.work()
    state = api.stored(lambda: Write.objects.get(id=answer.headers["X-Isthmus-Write"])).state

    assert (answer.status_code, state) == (202, "done")
    assert len(desk.writes()) == 1


def test_meta_tells_which_can_be_written(api: Linked) -> None:
    """Their classes by id, and `remote_fields` among the fields of the body."""
    api.work()
    meta = api.get("tickets/meta/post").json()
    field = meta["request_schema"]["properties"]["model"]["properties"]["remote_fields"]
    known = {one["remote_key_name"] for one in meta["remote_field_classes"].values()}

    assert known == {"x_color", *(f"x_{number}" for number in range(stub.PAGE))}
    assert set(field["items"]["properties"]["remote_field_class"]["enum"]) == set(
        meta["remote_field_classes"]
    )


def test_the_newest_answer_of_the_provider_is_shown(api: Linked, desk: stub.Desk) -> None:
    """Of a record that was read by a list and by its id: its words and its own fields are those of the later one."""
    api.work()
    [ticket] = api.get("tickets").json()["results"]
    shown = {"include_remote_fields": "true", "show_enum_origins": "status"}
    api.send("patch", f"tickets/{ticket['id']}", {"model": {"status": "IN_PROGRESS"}})
    written = api.get(f"tickets/{ticket['id']}", shown).json()
    api.work()
    desk.edit(ticket["remote_id"], state="done", x_color="green")
    api.stored(lambda: Stream.objects.update(next_due="2020-01-01T00:00:00Z"))
    read_again(api)
    read = api.get(f"tickets/{ticket['id']}", shown).json()

    assert (written["status"], told(written)["state"]) == ("busy", "busy")
    assert (read["status"], told(read)["state"], told(read)["x_color"]) == ("done", "done", "green")


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
