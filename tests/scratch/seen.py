"""What a declaration brings with it. Not collected with the others: these need the app, see test_scratch.py."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import documented
from tests.people import Person
from tests.scratch.models import Locker
from tests.unified_api.admin.conftest import Operator, grace, no_broker, text
from tests.unified_api.api.conftest import Link, desk, link
from tests.unified_api.api.pushing import Product, product_of
from tests.unified_api.models import strategies
from unified_api.models.base import wire_fields

__all__ = ["desk", "grace", "link", "no_broker"]  # fixtures
PATH = "sync/v1/lockers"


@pytest.fixture
def product(alice: Person, link: Link) -> Product:
    """A product's account that holds two lockers."""
    found = product_of(alice, link)
    found.push("hris.Employee", "7", {"first_name": "Grace"})
    taken = {
        "number": "12",
        "state": "TAKEN",
        "employee": {"remote_id": "7"},
        "taken_on": "2026-02-01T00:00:00Z",
    }
    assert found.push("scratch.Locker", "a", taken).status_code == 201
    assert found.push("scratch.Locker", "b", {"number": "13", "state": "FREE"}).status_code == 201
    return found


def numbers(product: Product, query: str) -> list[str]:
    """The numbers of the lockers of a page."""
    answer = product.call("get", f"{PATH}{query}")
    assert answer.status_code == 200, answer.content
    return [row["number"] for row in answer.json()["results"]]


def test_it_is_listed(product: Product) -> None:
    """As every record is, with every field, and what it refers to."""
    row = product.call("get", f"{PATH}?expand=employee").json()["results"][0]

    assert row["employee"]["first_name"] == "Grace"
    assert (row["number"], row["state"], row["taken_on"]) == ("12", "TAKEN", "2026-02-01T00:00:00Z")
    assert product.call("get", f"{PATH}/{row['id']}").json()["id"] == row["id"]
    assert uuid.UUID(row["id"]).version == 5


@pytest.mark.parametrize(
    "query", ["?number=12", "?state=TAKEN", "?taken_after=2026-01-01", "?remote_id=a", "?page_size=1"]
)
def test_it_is_filtered(product: Product, query: str) -> None:
    """By what its fields declare, and by what every list takes."""
    assert numbers(product, query) == ["12"]


def test_it_is_filtered_by_what_it_refers_to(product: Product) -> None:
    """A relation is a filter like another."""
    (employee,) = product.call("get", "hris/v1/employees").json()["results"]

    assert numbers(product, f"?employee_id={employee['id']}") == ["12"]
    assert numbers(product, f"?employee_id={uuid.uuid4()}") == []


def test_it_is_written(product: Product) -> None:
    """Created and changed through the API, by what its meta schema shows."""
    meta = product.call("get", f"{PATH}/meta/post").json()["request_schema"]["properties"]["model"]
    made = product.call("post", PATH, {"model": {"number": "14", "state": "FREE"}})
    changed = product.call("patch", f"{PATH}/{made.json()['model']['id']}", {"model": {"state": "TAKEN"}})

    assert set(meta["properties"]) >= {"number", "state", "employee", "taken_on"}
    assert (made.status_code, changed.status_code) == (201, 200)
    assert numbers(product, "?state=TAKEN") == ["12", "14"]


def test_it_is_documented(product: Product) -> None:
    """In the OpenAPI document: its operations, its filters, and its shape with what the class says of itself."""
    told = Client().get("/api/openapi.json").json()
    listed = told["paths"]["/api/sync/v1/lockers"]["get"]
    names = {documented._looked_up(one)["name"] for one in listed["parameters"]}

    assert {"number", "state", "employee_id", "taken_after", "taken_before"} <= names
    assert told["components"]["schemas"]["scratch.Locker"]["description"].startswith(
        "Where an employee keeps"
    )
    assert set(wire_fields(Locker)) <= set(told["components"]["schemas"]["scratch.Locker"]["properties"])


def test_it_is_in_the_console(product: Product, grace: Operator) -> None:
    """Its rows are a page that can be searched, for the tenant that an operator has chosen, and for no other."""
    before = text(grace.get("scratch/locker/"))
    grace.enter(product.linked.person)
    after = text(grace.get("scratch/locker/"))

    assert ">a<" not in before
    assert ">a<" in after


def test_another_tenant_sees_none(product: Product, charlie: Person, link: Link) -> None:
    """The walls stand round its table as round all others."""
    assert numbers(product_of(charlie, link), "") == []


@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_it_has_a_strategy(product: Product, data: st.DataObject) -> None:
    """Whatever the declaration allows lands."""
    said = data.draw(strategies.of_model(Locker))

    assert product.push("scratch.Locker", "c", said).status_code in {200, 201}
