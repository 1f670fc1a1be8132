"""The operations of the wire contract against the routes: which calls of the official client are answered."""

from __future__ import annotations

from tests.unified_api.models import contract
from unified_api.api.endpoint import Endpoint
from unified_api.api.openapi.document import VARIABLE, described, methods
from unified_api.api.urls import urlpatterns

#: The operations of each category, those at the account's level with them.
COUNTED = {"hris": 69, "crm": 98, "ticketing": 67}
ROUTES: dict[tuple[str, str], Endpoint] = {
    (method, VARIABLE.sub("{}", f"/api/{pattern.pattern}")): endpoint
    for pattern, endpoint in described(urlpatterns)
    for method in methods(endpoint)
}


def route(operation: contract.Operation) -> Endpoint | None:
    """The endpoint of ours that answers a call of the client."""
    return ROUTES.get((operation.method.lower(), f"/api/{operation.category}/v1/{operation.path}"))


def table() -> dict[str, list[tuple[str, Endpoint | None]]]:
    """By category each call of the client, with the endpoint that answers it."""
    return {
        category: [(f"{one.method} {one.path}", route(one)) for one in contract.operations(category)]
        for category in contract.CATEGORIES
    }


def test_every_operation_of_the_contract_has_a_route() -> None:
    """All 234; a fixed segment is not taken for an id. What is missing is named."""
    known = table()
    missing = [f"{category}: {call}" for category, calls in known.items() for call, to in calls if to is None]

    assert {category: len(calls) for category, calls in known.items()} == COUNTED
    assert not missing, "\n".join(missing)
