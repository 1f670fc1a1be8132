"""Records that a product pushes: every model and field, by its own ids, and never in doubt."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.exceptions import NotFound

from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import Product, product_of
from unified_api.api import writes
from unified_api.models.base import common_models, model_id, record_id, referring, wire_fields
from unified_api.models.fields import Choice, Day, Flag, Instant, Number, Ref, Refs, Text, Texts, Whole
from unified_api.models.hris import Employee, Team
from unified_api.models.sealed import Sensitive
from unified_api.models.shapes import Keyed, Object, Shapes
from unified_api.sync.models import Change, Job, Stream


@pytest.fixture
def product(alice: Person, link: Link) -> Product:
    """The learning product of Alice."""
    return product_of(alice, link)


def test_a_pushed_record_is_there_at_once(product: Product) -> None:
    """Pushed by its own id, it is in the lists, under an id that follows from the product's."""
    made = product.push(
        "hris.Employee", "E-17", {"first_name": "Grace", "start_date": "2026-03-01T00:00:00Z"}
    )
    listed = product.call("get", "hris/v1/employees").json()["results"]

    assert made.status_code == 201
    assert made.json()["model"]["id"] == str(record_id(product.linked.account.id, Employee, "E-17"))
    assert [(e["remote_id"], e["first_name"], e["start_date"]) for e in listed] == [
        ("E-17", "Grace", "2026-03-01T00:00:00Z")
    ]
    assert product.writes() == [("create", "done", "api")]


def test_pushing_it_again_changes_what_differs_and_nothing_else(product: Product) -> None:
    """What is not sent stays; a push that says nothing new leaves no trace at all."""
    product.push("hris.Team", "t", {"name": "Support"})
    product.push("hris.Employee", "E-17", {"first_name": "Grace", "last_name": "Hopper"})
    changed = product.push("hris.Employee", "E-17", {"first_name": "Amazing Grace"})
    before = product.count(Change), len(product.writes())
    again = product.push("hris.Employee", "E-17", {"first_name": "Amazing Grace"})

    assert (changed.status_code, again.status_code) == (200, 200)
    assert changed.json()["model"]["last_name"] == "Hopper"
    assert again.json()["model"] == changed.json()["model"]
    assert again["ETag"] == changed["ETag"]
    assert (product.count(Change), len(product.writes())) == before
    entry = product.linked.stored(lambda: Change.objects.order_by("-position").first())
    assert entry.fields == {"first_name": ["Grace", "Amazing Grace"]}


def test_relations_are_named_by_own_ids_in_any_order(product: Product) -> None:
    """A completion may come before its employee and course: these are shells until they come."""
    said = {"status": "OVERDUE", "employee": {"remote_id": "E-17"}, "course": {"remote_id": "safety"}}
    made = product.push("training.TrainingCompletion", "c-1", said).json()["model"]
    hidden = product.call("get", "hris/v1/employees").json()["results"]
    product.push("hris.Employee", "E-17", {"first_name": "Grace", "manager": {"remote_id": "E-1"}})
    shown = product.call("get", "sync/v1/training-completions?expand=employee&status=OVERDUE").json()

    assert made["employee"] == str(record_id(product.linked.account.id, Employee, "E-17"))
    assert hidden == []
    assert [c["employee"]["first_name"] for c in shown["results"]] == ["Grace"]


def test_a_refused_push_leaves_nothing(product: Product) -> None:
    """Not even shells of what it names: the answer names the field, and nothing is journalled."""
    said = {"manager": {"remote_id": "E-1"}, "first_name": True}
    refused = product.push("hris.Employee", "E-17", said)

    assert refused.status_code == 400
    assert [e["source"]["pointer"] for e in refused.json()["errors"]] == ["model/first_name"]
    assert product.writes() == []
    assert product.count(Employee) == 0


def test_a_condition_is_judged_by_what_is_replaced(product: Product) -> None:
    """A version that is not the record's any more is refused with the fields that moved; nothing is changed."""
    first = product.push("hris.Team", "t", {"name": "Support"})
    product.push("hris.Team", "t", {"name": "Helpdesk"})
    stale = product.push("hris.Team", "t", {"name": "Mine"}, If_Match=first["ETag"])
    deleted = product.call("delete", "sync/v1/records/hris.Team/t", If_Match=first["ETag"])
    new = product.push("hris.Team", "t", {"name": "Mine"}, If_None_Match="*")
    none = product.push("hris.Team", "other", {"name": "Mine"}, If_Match="*")

    for refused in (stale, deleted):
        assert refused.status_code == 412
        assert [e["source"]["pointer"] for e in refused.json()["errors"]] == ["model/name"]
    assert (new.status_code, none.status_code) == (412, 412)
    assert product.linked.stored(lambda: Team.objects.get().name) == "Helpdesk"


def test_a_deleted_record_is_marked_and_can_come_back(product: Product) -> None:
    """It leaves the lists, a second delete is 404, and a new one of that id says nothing of its former life."""
    product.push("hris.Team", "t", {"name": "Support", "parent_team": {"remote_id": "all"}})
    deleted = product.call("delete", "sync/v1/records/hris.Team/t")
    again = product.call("delete", "sync/v1/records/hris.Team/t")
    listed = product.call("get", "hris/v1/teams").json()["results"]
    back = product.push("hris.Team", "t", {"name": "Helpdesk"})

    assert (deleted.status_code, deleted.json()["model"]["remote_was_deleted"]) == (200, True)
    assert again.status_code == 404
    assert listed == []
    assert back.status_code == 201
    assert back.json()["model"]["id"] == deleted.json()["model"]["id"]
    assert back.json()["model"]["parent_team"] is None
    assert back.json()["model"]["remote_was_deleted"] is False


def test_what_is_only_referred_to_cannot_be_deleted(product: Product) -> None:
    """A shell is no record of the product's yet; a condition that there be one fails as well."""
    product.push("hris.Team", "t", {"parent_team": {"remote_id": "all"}})

    assert product.call("delete", "sync/v1/records/hris.Team/all").status_code == 404
    assert product.push("hris.Team", "all", {"name": "x"}, If_Match="*").status_code == 412
    assert product.push("hris.Team", "all", {"name": "All"}, If_None_Match="*").status_code == 201


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_an_id_that_cannot_be_stored_is_refused(product: Product, method: str) -> None:
    """Too long for an index, or with a character that Postgres does not hold."""
    for odd in ("x" * 513, "a%00b"):
        path = f"sync/v1/records/hris.Team/{odd}"
        answer = product.call(method, path, None if method == "get" else {"model": {}})
        assert answer.status_code == 400
        assert "remote_id" in answer.json()


def test_two_first_pushes_at_once_are_one_record(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds the record made meanwhile changes it, and nulls nothing of what the other said."""
    product.push("hris.Employee", "E-17", {"first_name": "Grace"})
    real, looks = writes.stored, []

    def late(*words: Any) -> Any:
        looks.append(words)
        if len(looks) == 1:
            raise NotFound
        return real(*words)

    monkeypatch.setattr(writes, "stored", late)
    pushed = product.push("hris.Employee", "E-17", {"last_name": "Hopper"})

    assert (pushed.status_code, pushed.json()["model"]["first_name"]) == (200, "Grace")
    assert [(operation, state) for operation, state, _ in product.writes()] == [
        ("create", "done"),
        ("create", "rejected"),
        ("update", "done"),
    ]


def test_a_record_without_an_id_is_given_one(product: Product) -> None:
    """It is the id of the write that made it; with an own one, a second create is refused."""
    made = product.call("post", "sync/v1/records/hris.Team", {"model": {"name": "Support"}})
    own = {"model": {"name": "Helpdesk", "remote_id": "t"}}
    first, second = (product.call("post", "sync/v1/records/hris.Team", own) for _ in range(2))

    assert made.json()["model"]["remote_id"] == made["X-Isthmus-Write"]
    assert (first.status_code, first.json()["model"]["remote_id"]) == (201, "t")
    assert second.status_code == 400
    assert [e["problem_type"] for e in second.json()["errors"]] == ["DUPLICATE_MODEL_EXISTS"]


def test_the_contracts_own_operations_work_as_well(product: Product) -> None:
    """POST and PATCH of the wire contract, with all fields that the store has, and an own id where one is given."""
    made = product.call("post", "hris/v1/employees", {"model": {"first_name": "Grace", "remote_id": "E-17"}})
    course = product.call(
        "post", "sync/v1/training-courses", {"model": {"name": "Safety", "duration_minutes": 45}}
    )
    path = f"sync/v1/training-courses/{course.json()['model']['id']}"
    changed = product.call("patch", path, {"model": {"duration_minutes": 60}}, If_Match=course["ETag"])
    meta = product.call("get", "hris/v1/employees/meta/post").json()["request_schema"]["properties"]["model"]

    assert made.json()["model"]["remote_id"] == "E-17"
    assert changed.json()["model"]["duration_minutes"] == 60
    assert meta["required"] == []
    assert set(meta["properties"]) == set(wire_fields(Employee))


def _example(field: Any) -> Any:
    """A value of a field, as a caller sends it."""
    if isinstance(field, Keyed):
        keys = {name: _example(of) for name, of in field.keys.items()}
        return [keys] if isinstance(field, Shapes) else keys
    if isinstance(field, Object) and field.of is not None:
        return {"any": _example(field.of)}
    by_class: dict[Any, Any] = {
        Choice: field.words[0] if isinstance(field, Choice) else None,
        Text: "a text",
        Instant: "2026-03-01T12:30:00.000000Z",
        Day: "2026-03-01T00:00:00Z",
        Flag: True,
        Whole: 2**40,
        Number: 12.5,
        Ref: {"remote_id": "another"},
        Refs: [{"remote_id": "one"}, {"remote_id": "two"}],
        Texts: ["x", "y"],
        Sensitive: "078-05-1120",
        Object: {"any": ["thing"]},
    }
    return next((value for kind, value in by_class.items() if isinstance(field, kind)), [{"a": 1}])


def _without_fills(field: Any, shown: Any) -> Any:
    """Nested objects without what is only shown of them."""
    return field.parse(shown) if isinstance(field, Keyed) else shown


@pytest.mark.parametrize("category", ["hris", "crm", "ticketing"])
def test_every_field_of_every_model_comes_back_as_it_was_pushed(
    category: str, alice: Person, link: Link
) -> None:
    """Whatever the wire contract lets a caller write; what is sensitive is not shown."""
    product = product_of(alice, link, category)
    for model in common_models(category):
        said = {name: _example(field) for name, field in wire_fields(model).items()}
        made = product.push(model_id(model), "1", said)
        assert (made.status_code, made.json()["warnings"], made.json()["errors"]) == (201, [], []), model
        shown = made.json()["model"]
        for name, field in wire_fields(model).items():
            if name not in referring(model):
                assert _without_fills(field, shown[name]) == (None if field.sensitive else said[name])
        assert product.push(model_id(model), "1", said)["ETag"] == made["ETag"], model
        assert product.call("delete", f"sync/v1/records/{model_id(model)}/1").status_code == 200


def test_an_account_with_a_server_of_its_own_is_not_pushed_to(api: Linked) -> None:
    """The records of a help desk are the help desk's."""
    stranger = Product(api, "ticketing")
    path = "sync/v1/records/ticketing.Ticket"

    assert stranger.push("ticketing.Ticket", "1", {"name": "x"}).status_code == 404
    assert stranger.call("post", path, {"model": {"name": "x"}}).status_code == 404
    assert stranger.call("delete", f"{path}/1").status_code == 404


def test_a_token_opens_the_models_of_its_category_only(alice: Person, link: Link, product: Product) -> None:
    """Two accounts of one product do not mix."""
    crm = product_of(alice, link, "crm")

    assert crm.push("hris.Team", "t", {"name": "x"}).status_code == 401
    assert product.push("crm.Lead", "t", {"company": "x"}).status_code == 401
    assert crm.push("crm.Lead", "t", {"company": "x"}).status_code == 201


def test_nothing_is_ever_read(product: Product) -> None:
    """Its streams are complete and not due; one that is asked for all the same is done, and does not come again."""
    streams = product.linked.stored(lambda: list(Stream.objects.all()))
    jobs = product.count(Job)
    product.call("post", "hris/v1/sync-status/resync")
    product.linked.work()
    statuses = product.call("get", "hris/v1/sync-status").json()["results"]

    assert {(s.status, s.is_initial) for s in streams} == {("DONE", False)}
    assert jobs == 0
    assert {(s["status"], s["is_initial_sync"], s["next_sync_start"]) for s in statuses} == {
        ("DONE", False, None)
    }
    assert product.count(Job) == 0


def test_there_is_nothing_to_pass_through_to(product: Product) -> None:
    """Passthrough is not offered, and says why."""
    answer = product.call("post", "hris/v1/passthrough", {"method": "GET", "path": "/"})
    actions = product.call("get", "hris/v1/available-actions").json()

    assert answer.status_code == 404
    assert "no server of its own" in answer.json()["detail"]
    assert actions["passthrough_available"] is False


def test_a_path_that_names_one_id_and_a_body_another_is_refused(product: Product) -> None:
    """A record keeps its id."""
    refused = product.push("hris.Team", "t", {"name": "x", "remote_id": "u"})

    assert refused.status_code == 400
    assert "remote_id" in refused.json()


def test_a_write_that_waits_is_carried_out_by_a_worker(product: Product) -> None:
    """With run_async it is journalled, and lands when a worker comes to it."""
    answer = product.call("put", "sync/v1/records/hris.Team/t?run_async=true", {"model": {"name": "Support"}})
    before = product.count(Team)
    product.linked.work()

    assert (answer.status_code, before) == (202, 0)
    assert product.linked.stored(lambda: Team.objects.get().remote_id) == "t"
    assert product.writes() == [("create", "done", "api")]
