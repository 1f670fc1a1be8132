"""HRIS and CRM over the wire: filters of their own, and the official client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from merge.client import Merge
from merge.resources.crm.types import ContactRequest, EmailAddressRequest, PatchedOpportunityRequest

from tests.people import Person
from tests.unified_api.api.conftest import Link
from tests.unified_api.api.pushing import Product, product_of

OFF: Final = {"is_enabled": False}


@pytest.fixture
def people(alice: Person, link: Link) -> Product:
    """Three employees, of whom one has held two positions."""
    product = product_of(alice, link)
    product.push("hris.Group", "sales", {"name": "Sales", "type": "DEPARTMENT"})
    product.push("hris.Group", "lab", {"name": "Lab", "type": "TEAM"})
    for number, title, kind in (("p1", "Clerk", "INTERN"), ("p2", "Admiral", "FULL_TIME")):
        product.push("hris.Employment", number, {"job_title": title, "employment_type": kind})
    said = {
        "grace": {
            "start_date": "2026-03-01T00:00:00Z",
            "employments": [{"remote_id": n} for n in ("p1", "p2")],
        },
        "ada": {"start_date": "2026-01-15T00:00:00Z", "groups": [{"remote_id": "lab"}], "ssn": "078-05-1120"},
        "emmy": {"termination_date": "2026-02-01T00:00:00Z", "groups": [{"remote_id": "sales"}]},
    }
    for remote_id, values in said.items():
        product.push("hris.Employee", remote_id, values)
    return product


@pytest.mark.parametrize(
    ("path", "query", "found"),
    [
        ("employees", "job_title=Admiral", {"grace"}),
        ("employees", "job_title=Admiral&employment_type=INTERN", {"grace"}),
        ("employees", "job_title=Captain", set()),
        ("employees", "started_after=2026-01-15T00:00:00Z", {"grace", "ada"}),
        ("employees", "started_after=2026-01-15T00:00:01Z", {"grace"}),
        ("employees", "started_before=2026-02-01T00:00:00Z", {"ada"}),
        ("employees", "terminated_before=2026-02-01T00:00:00Z", {"emmy"}),
        ("groups", "names=Sales,Lab", {"sales", "lab"}),
        ("groups", "names=Sal", set()),
        ("groups", "types=TEAM", {"lab"}),
    ],
)
def test_people_are_found(people: Product, path: str, query: str, found: set[str]) -> None:
    """By positions that they hold or held, by days, by names of groups."""
    listed = people.call("get", f"hris/v1/{path}?{query}")

    assert listed.status_code == 200
    assert {record["remote_id"] for record in listed.json()["results"]} == found


@pytest.mark.parametrize(
    "limit", [{"field_permissions": {"disabled_fields": ["job_title"]}}, {"model_permissions": {"READ": OFF}}]
)
def test_nobody_is_found_by_what_may_not_be_read_of_a_relation(
    people: Product, limit: dict[str, Any]
) -> None:
    """Neither by a disabled field nor by a disabled model: a right guess finds no more than a wrong one."""
    about = {"common_models": [{"model_name": "Employment", **limit}]}
    said = people.call("post", "hris/v1/linked-account-scopes", about)
    found = [people.call("get", f"hris/v1/employees?job_title={title}") for title in ("Admiral", "Captain")]
    other = people.call("get", "hris/v1/employees?employment_type=INTERN").json()["results"]

    assert said.status_code == 200, said.content
    assert [one.json()["results"] for one in found] == [[], []]
    assert len(other) == ("field_permissions" in limit)


def test_what_is_sensitive_is_stored_and_not_shown(people: Product) -> None:
    """Neither in a list, nor in the answer of a write, nor in the provider's own answer."""
    listed = people.call("get", "hris/v1/employees?remote_id=ada&include_remote_data=true")
    written = people.push("hris.Employee", "ada", {"ssn": "078-05-1121"})

    assert listed.json()["results"][0]["ssn"] is None
    for answer in (listed, written):
        assert "078-05" not in answer.content.decode()


def test_leads_are_found_by_address_and_number(alice: Person, link: Link) -> None:
    """Exactly, wherever in the list it stands; objects with keys that nobody knows are refused."""
    product = product_of(alice, link, "crm")
    mails = [{"email_address": "a@x.example", "email_address_type": "WORK"}, {"email_address": "b@x.example"}]
    product.push("crm.Lead", "1", {"email_addresses": mails, "phone_numbers": [{"phone_number": "+49 30 1"}]})
    odd = product.push("crm.Lead", "2", {"email_addresses": [{"mail": "a@x.example"}]})

    def found(query: str) -> list[str]:
        return [lead["remote_id"] for lead in product.call("get", f"crm/v1/leads?{query}").json()["results"]]

    assert found("email_addresses=b@x.example") == ["1"]
    assert found("email_addresses=x.example") == []
    assert found("phone_numbers=%2B49 30 1") == ["1"]
    assert odd.status_code == 400
    assert "'mail' is no key" in odd.json()["errors"][0]["detail"]


@pytest.fixture
def client_of(live: str) -> Iterator[Any]:
    """The official client for a product's account."""
    with httpx.Client(timeout=120) as client:

        def made(product: Product) -> Merge:
            linked = product.linked
            return Merge(
                base_url=f"{live}/api",
                api_key=linked.person.api_key.reveal(),
                account_token=linked.token.reveal(),
                httpx_client=client,
            )

        yield made


def test_the_official_client_reads_people(people: Product, client_of: Any) -> None:
    """Days are midnight UTC, relations expand into typed records, and unknown people are 404."""
    merge = client_of(people)
    page = merge.hris.employees.list(remote_id="grace", expand=["employments"])
    (grace,) = page.results
    raw = merge.hris.groups.list(types="DEPARTMENT").results

    assert grace.start_date == dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    assert [employment.job_title for employment in grace.employments] == ["Clerk", "Admiral"]
    assert [group.name for group in raw] == ["Sales"]
    assert merge.hris.employees.retrieve(grace.id).remote_id == "grace"


def test_the_official_client_writes_to_a_crm(alice: Person, link: Link, client_of: Any) -> None:
    """Nested objects are sent and come back, and a change of an amount is a whole number."""
    product = product_of(alice, link, "crm")
    merge = client_of(product)
    product.push("crm.Opportunity", "o", {"name": "Acme", "amount": 12_000, "status": "OPEN"})
    (sale,) = merge.crm.opportunities.list(status="OPEN").results
    mails = [EmailAddressRequest(email_address="a@x.example", email_address_type="WORK")]
    made = merge.crm.contacts.create(model=ContactRequest(last_name="Hopper", email_addresses=mails))
    changed = merge.crm.opportunities.partial_update(
        sale.id, model=PatchedOpportunityRequest(status="WON", amount=9_500)
    )

    assert made.model.email_addresses[0].email_address == "a@x.example"
    assert made.errors == []
    assert (changed.model.status, changed.model.amount) == ("WON", 9_500)
