"""The operations of the wire contract against the routes: which endpoint of ours answers a call of the client."""

from __future__ import annotations

from tests.unified_api.models import contract
from unified_api.api.endpoint import Endpoint
from unified_api.api.openapi.document import VARIABLE, described, methods
from unified_api.api.urls import urlpatterns

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
