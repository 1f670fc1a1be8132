"""Records that a tenant asks to have ignored, through the official client."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from merge.client import Merge
from merge.core.api_error import ApiError
from merge.resources.hris.types import IgnoreCommonModelRequest

from tests.people import Person
from tests.unified_api.api.conftest import Link
from tests.unified_api.api.pushing import Product, product_of

GDPR: Any = "GDPR"
PUSHED = "hris.Employee"


@pytest.fixture
def hris(alice: Person, link: Link) -> Product:
    """A product's people: Ada and Grace."""
    product = product_of(alice, link)
    for number, name in (("1", "Ada"), ("2", "Grace")):
        product.push(PUSHED, number, {"first_name": name, "ssn": "078-05-1120"})
    return product


@pytest.fixture
def employees(hris: Product, live: str) -> Any:
    """The official client's employees."""
    with httpx.Client(timeout=120) as http:
        token, key = hris.linked.token.reveal(), hris.linked.person.api_key.reveal()
        client = Merge(base_url=f"{live}/api", api_key=key, account_token=token, httpx_client=http)
        yield client.hris.employees


def test_who_is_ignored_is_blank_and_in_no_list(hris: Product, employees: Any) -> None:
    """The record keeps its id and nothing else; who asks twice changes nothing, and what is pushed again is refused."""
    ada = next(one.id for one in employees.list().results if one.first_name == "Ada")
    for _ in range(2):
        assert employees.ignore_create(ada, request=IgnoreCommonModelRequest(reason=GDPR)) is None
    blank = employees.retrieve(ada)
    again = hris.push(PUSHED, "1", {"first_name": "Ada"})

    assert [one.first_name for one in employees.list().results] == ["Grace"]
    assert (blank.id, blank.first_name, blank.remote_id) == (ada, None, None)
    assert again.status_code == 400
    assert "ignored" in again.json()["errors"][0]["detail"]
    assert hris.call("delete", f"sync/v1/records/{PUSHED}/1").status_code == 404


def test_what_cannot_be_ignored_is_refused(employees: Any) -> None:
    """404 for a record that there is not; 400 with its name for a reason that is none."""
    ada = next(one.id for one in employees.list().results)
    for record, reason, status in ((ada[::-1], "GDPR", 404), (ada, "WHIM", 400)):
        with pytest.raises(ApiError) as caught:
            employees.ignore_create(record, request=IgnoreCommonModelRequest.model_construct(reason=reason))
        assert caught.value.status_code == status
    assert caught.value.body == {"reason": ["one of GENERAL_CUSTOMER_REQUEST, GDPR, OTHER is expected"]}
    assert len(employees.list().results) == 2
