"""How a path finds its endpoint: as in the list of all routes, and past few of them."""

from __future__ import annotations

import uuid

import pytest
from django.urls import URLPattern, resolve
from django.urls.resolvers import RoutePattern

from unified_api.api.openapi.document import VARIABLE
from unified_api.api.urls import urlpatterns

#: So many routes at most does a list of the wire contract pass before its own.
FEW = 30


def path_of(route: URLPattern) -> str:
    """A path that a route matches."""
    return VARIABLE.sub(str(uuid.UUID(int=7)), str(route.pattern))


def test_every_path_finds_the_first_route_that_matches() -> None:
    """Which routes are looked at first changes nothing."""
    assert len(urlpatterns) > 300
    for path in (*map(path_of, urlpatterns), "ticketing", "ticketing/v1/tickets/", "no/such/path", "docs/x"):
        first = next(found for route in urlpatterns if (found := route.resolve(path)))
        found = resolve(f"/api/{path}")

        assert (found.func, found.kwargs) == (first.func, first.kwargs), path
        assert found.route == f"api/{first.route}"


@pytest.mark.parametrize(
    "route", [r for r in urlpatterns if str(r.name).endswith("-list")], ids=lambda r: r.name
)
def test_a_list_is_found_past_few_routes(route: URLPattern) -> None:
    """However late a category stands among all."""
    assert isinstance(route.pattern, RoutePattern)
    assert len(resolve(f"/api/{path_of(route)}").tried or ()) < FEW
