"""Every operation of the wire contract, by the official clients against a running server linked to sandboxes."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from merge.client import Merge

from tests.unified_api.api import node
from tests.unified_api.api.customers import Customer
from tests.unified_api.api.driving import PYTHON
from tests.unified_api.api.test_table import COUNTED
from tests.unified_api.models import contract

pytestmark = pytest.mark.timeout(1200)  # a hundred calls, each through all of the product

TOGETHER = 234
#: What the Python client has and the Node client has not, in each category.
PYTHON_ONLY = {"selective_sync.conditions_list"}


def test_every_operation_of_the_contract_answers(
    customer: Customer, record_property: Callable[[str, object], None]
) -> None:
    """2xx, in JSON of the types that the client declares; no list is empty; none of the client's calls is left out."""
    known = {one.call for one in contract.operations(customer.category)}
    with httpx.Client(timeout=120) as http:
        client = Merge(
            base_url=f"{customer.installation}/api",
            api_key=customer.api_key,
            account_token=customer.account_token,
            httpx_client=http,
        )
        answers = customer.answers(getattr(client, customer.category), known, PYTHON)

    assert set(answers) == known
    assert (len(known), sum(COUNTED.values())) == (COUNTED[customer.category], TOGETHER)
    record_property(f"operations of {customer.category} that answer", f"{len(known)} of {TOGETHER} in all")


def test_every_call_of_the_node_client_answers(
    customer: Customer, record_property: Callable[[str, object], None]
) -> None:
    """Typed and complete; before that each call is refused of a stranger, and for ids that nobody has."""
    with node.running(
        customer.category,
        baseUrl=f"{customer.installation}/api",
        apiKey=customer.api_key,
        accountToken=customer.account_token,
    ) as client:
        answers = customer.answers(client, client.calls, client.manner)

    assert set(answers) == set(client.errors) == client.calls
    assert client.calls == {one.call for one in contract.operations(customer.category)} - PYTHON_ONLY
    refused = sum(map(len, client.errors.values()))
    told = f"{len(answers)} of {TOGETHER - 3} in all, after {refused} refusals"
    record_property(f"calls of the Node client to {customer.category} that answer", told)
