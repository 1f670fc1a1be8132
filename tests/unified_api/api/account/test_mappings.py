"""Field mappings over the API: what there is, what is mapped, what becomes of it."""

from __future__ import annotations

import threading
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, at_once
from unified_api.sync import clock, targets
from unified_api.sync.models import Stream

NEW = {
    "target_field_name": "churn_risk",
    "target_field_description": "How likely they leave",
    "remote_field_traversal_path": ["x_risk", "score"],
    "remote_method": "GET",
    "remote_url_path": "/tickets",
    "common_model_name": "Ticket",
}


def mapped(linked: Linked, **more: Any) -> Any:
    """A mapping that was made."""
    answer = linked.send("post", "field-mappings", {**NEW, **more})
    assert answer.status_code == 201, answer.content
    return answer.json()["model"]


@pytest.fixture
def read(api: Linked, desk: stub.Desk) -> Linked:
    """An account of which two tickets were read."""
    desk.add(title="one", state="open", x_risk={"score": 7, "note": "n" * 500}, x_tags=["a"])
    desk.add(title="two", state="open", x_risk=None)
    api.work()
    return api


def custom(linked: Linked) -> dict[str, Any]:
    """What the tickets show of the account's own target, by their names."""
    shown = linked.get("tickets").json()["results"]
    own = "linked_account_defined_targets"
    return {one["name"]: one["field_mappings"][own].get("churn_risk") for one in shown}


def test_remote_fields_tell_what_could_be_mapped(read: Linked) -> None:
    """Where each is, its type, in how many records it has a value, and examples when asked for."""
    fields = read.get("remote-fields", {"include_example_values": "true", "common_models": "Ticket"}).json()
    found = {tuple(f["remote_endpoint_info"]["field_traversal_path"]): f for f in fields["Ticket"]}
    score, note = found["x_risk", "score"], found["x_risk", "note"]

    assert list(fields) == ["Ticket"]
    assert (score["schema"], score["coverage"], score["example_values"]) == ({"type": "integer"}, 0.5, [7])
    assert (score["remote_key_name"], score["remote_endpoint_info"]["url_path"]) == ("score", "/tickets")
    assert len(note["example_values"][0]) == 200
    assert found["x_tags",]["schema"] == {"type": "array"}
    assert found["title",]["coverage"] == 1.0
    assert read.get("remote-fields").json()["Ticket"][0]["example_values"] == []
    assert read.get("remote-fields", {"common_models": "Nothing"}).status_code == 400


def test_remote_fields_lack_what_may_not_be_read(read: Linked) -> None:
    """Neither the field nor its examples."""
    about = {"model_name": "Ticket", "field_permissions": {"disabled_fields": ["name"]}}
    read.send("post", "linked-account-scopes", {"common_models": [about]})
    keys = [one["remote_key_name"] for one in read.get("remote-fields").json()["Ticket"]]
    read.send(
        "post",
        "linked-account-scopes",
        {"common_models": [{"model_name": "Ticket", "model_permissions": {"READ": {"is_enabled": False}}}]},
    )

    assert "state" in keys
    assert "title" not in keys
    assert read.get("remote-fields").json()["Ticket"] == []


def test_a_mapping_shows_once_the_model_was_read_again(read: Linked) -> None:
    """In its place of the records, of the list and among the targets."""
    made = mapped(read)
    read.work()
    [listed] = read.get("field-mappings").json()["Ticket"]
    [target] = read.get("target-fields").json()["Ticket"]

    assert custom(read) == {"one": {"value": 7}, "two": None}
    assert made == listed
    assert made["jmes_path"] == '"x_risk"."score"'
    assert made["target_field"] == {
        "name": "churn_risk",
        "description": "How likely they leave",
        "is_organization_wide": False,
    }
    assert made["remote_field"]["schema"] == {"type": "integer"}
    assert target == {"name": "churn_risk", "description": "How likely they leave", "is_mapped": "true"}
    assert (
        read.get("field-mappings", {"exclude_remote_field_metadata": "true"}).json()["Ticket"][0][
            "remote_field"
        ]["schema"]
        == {}
    )


def test_a_path_that_cannot_be_searched_everywhere_is_null_there(read: Linked, desk: stub.Desk) -> None:
    """Who maps it is warned; no record stays away for it, and the status of the model says why it is null."""
    made = read.send("post", "field-mappings", {**NEW, "jmes_path": "length(x_risk)"})
    desk.add(title="three", state="open", x_risk=None)
    read.work()
    [warning] = made.json()["warnings"]
    about = {one.model: one for one in read.stored(lambda: list(Stream.objects.all()))}["ticketing.Ticket"]
    path = f"field-mappings/{made.json()['model']['id']}"
    mended = read.send("patch", path, {"jmes_path": "length(x_risk || `[]`)"}).json()["warnings"]

    assert (made.status_code, warning["problem_type"], mended) == (201, "INCORRECT_FIELD_TYPE", [])
    assert "length(x_risk) cannot be searched in 1 of the 2 answers" in warning["detail"]
    assert custom(read) == {"one": {"value": 2}, "two": None, "three": {"value": None}}
    assert about.status == "PARTIALLY_SYNCED"
    assert "field_mappings.churn_risk of 2 records is null" in str(about.error)


def test_a_target_that_is_mapped_twice_at_once_is_mapped_once(
    read: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes second is told so, also where nothing was there when it began."""
    both = threading.Barrier(2)

    def late() -> Any:
        both.wait(timeout=120)
        return clock.now()

    monkeypatch.setattr(targets, "clock", SimpleNamespace(now=late))
    answers = at_once(lambda: read.send("post", "field-mappings", NEW))
    [refused] = [one.json()["errors"] for one in answers if one.status_code == 400]

    assert sorted(one.status_code for one in answers) == [201, 400]
    assert "churn_risk of ticketing.Ticket is mapped there already" in refused[0]["detail"]


def test_a_mapping_is_changed(read: Linked) -> None:
    """The JMESPath counts more than the traversal path."""
    made = mapped(read)
    path = f"field-mappings/{made['id']}"
    changed = read.send("patch", path, {"jmes_path": "x_tags[0]"}).json()["model"]
    read.work()
    by_steps = read.send("patch", path, {"remote_field_traversal_path": ["x_tags", 0]}).json()["model"]
    nothing = read.send("patch", path, {"remote_method": "GET"}).json()["model"]

    assert (changed["id"], changed["jmes_path"]) == (made["id"], "x_tags[0]")
    assert custom(read)["one"] == {"value": "a"}
    assert by_steps["jmes_path"] == nothing["jmes_path"] == '"x_tags"[0]'


def test_a_mapping_is_deleted_with_its_values(read: Linked) -> None:
    """The answer is the mapping as it was, as the client reads a body there."""
    made = mapped(read)
    read.work()
    answers = [read.send("delete", f"field-mappings/{made['id']}", None) for _ in range(2)]
    events = Client().get("/api/crm/v1/audit-trail", headers=read.person.headers).json()["results"]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert answers[0].json()["model"]["id"] == made["id"]
    assert custom(read) == {"one": None, "two": None}
    assert [event["event_type"] for event in events[:2]] == [
        "DELETED_LINKED_ACCOUNT_FIELD_MAPPING",
        "CREATED_LINKED_ACCOUNT_FIELD_MAPPING",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target_field_name", None),
        ("remote_field_traversal_path", None),
        ("remote_field_traversal_path", "x_risk"),
        ("remote_field_traversal_path", [None]),
        ("remote_field_traversal_path", [True]),
        ("remote_url_path", 7),
        ("common_model_name", "Nothing"),
        ("jmes_path", 7),
    ],
)
def test_a_malformed_body_is_named(api: Linked, key: str, value: Any) -> None:
    """By its key."""
    answer = api.send("post", "field-mappings", {**NEW, key: value})

    assert (answer.status_code, list(answer.json())) == (400, [key])


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_field_name": "Churn Risk"},
        {"remote_method": "POST"},
        {"remote_url_path": "/elsewhere"},
        {"remote_field_traversal_path": []},
        {"jmes_path": "x_risk["},
        {"common_model_name": "Comment"},
    ],
)
def test_what_cannot_be_mapped_is_refused(api: Linked, wrong: dict[str, Any]) -> None:
    """In the envelope of writes, and nothing is mapped."""
    answer = api.send("post", "field-mappings", {**NEW, **wrong})

    assert (answer.status_code, answer.json()["model"]) == (400, None)
    assert answer.json()["errors"][0]["detail"]
    assert not any(api.get("field-mappings").json().values())


def test_a_target_is_mapped_once(api: Linked) -> None:
    """A request that is repeated maps nothing twice."""
    mapped(api)

    assert api.send("post", "field-mappings", NEW).status_code == 400


def test_mappings_of_all_accounts_are_shown_and_not_changed(api: Linked) -> None:
    """One account's token does not speak for the others."""
    tenant = ("--tenant", str(api.person.tenant_id))
    call_command(
        "mapping",
        "add",
        "--integration",
        "stub",
        "--model",
        "ticketing.Ticket",
        "--target",
        "ours",
        "--read",
        "x_a",
        *tenant,
    )
    [shared] = api.get("field-mappings").json()["Ticket"]
    path = f"field-mappings/{shared['id']}"
    answers = [api.send("delete", path, None), api.send("patch", path, {"jmes_path": "x_b"})]

    assert (shared["is_integration_wide"], shared["target_field"]["is_organization_wide"]) == (True, True)
    assert [answer.status_code for answer in answers] == [400, 400]
    assert api.get("field-mappings").json()["Ticket"] == [shared]


def test_nobody_reaches_anothers_mappings(alice: Person, link: Link, charlie: Person) -> None:
    """Neither another tenant's nor those of another account."""
    one, two, other = link(alice), link(alice, end_user_origin_id="two"), link(charlie)
    made = mapped(one)
    codes = [
        linked.send(verb, f"field-mappings/{made['id']}", body).status_code
        for linked in (two, other)
        for verb, body in (("patch", {"jmes_path": "x"}), ("delete", None))
    ]

    assert codes == [404] * 4
    assert [linked.get("field-mappings").json()["Ticket"] for linked in (two, other)] == [[], []]
    assert one.send("delete", f"field-mappings/{uuid.uuid4()}", None).status_code == 404
