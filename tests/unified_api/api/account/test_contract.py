"""Every account-level operation of the wire contract, called by its official client, in each category.

What there is to be called is asked of the client: an operation that it has and this table has not fails the test, and
so does an answer that is not of the type that the client declares.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from django.urls import resolve
from merge.client import Merge

from integrations.kit.endpoints import GET
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from tests import stub
from tests.documented import template_of
from tests.people import Person
from tests.unified_api.api.account.calls import Site, World, condition
from tests.unified_api.api.conftest import Link
from tests.unified_api.models.answers import checked
from unified_api import registry
from unified_api.api.openapi.document import document
from unified_api.models.crm import Lead
from unified_api.models.hris import Employee

OPERATIONS = 29
LISTED: dict[str, Any] = {"list": GET("/users", items="items"), "get": GET("/users/{remote_id}", item="")}
PROVIDER = replace(
    stub.PROVIDER,
    further=("hris", "crm"),
    resources=(
        *stub.PROVIDER.resources,
        Resource(mapping=Mapping(Employee, remote_id="id", first_name="name"), **LISTED),
        Resource(mapping=Mapping(Lead, remote_id="id", first_name="name"), **LISTED),
    ),
)
MODELS = {"ticketing": ("Ticket", "/tickets"), "hris": ("Employee", "/users"), "crm": ("Lead", "/users")}


@pytest.fixture(params=["ticketing", "hris", "crm"])
def world(
    request: pytest.FixtureRequest,
    alice: Person,
    link: Link,
    desk: stub.Desk,
    live: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """One account that was read, and of which something is wrong."""
    monkeypatch.setitem(registry._providers, stub.PROVIDER.slug, PROVIDER)
    desk.add(title="one", state="open")
    desk.add("users", name="Ada")
    linked = link(alice, category=request.param)
    desk.refuse = [403]
    linked.work()
    with httpx.Client(timeout=120) as http:
        token, key = linked.token.reveal(), alice.api_key.reveal()
        client = Merge(base_url=f"{live}/api", api_key=key, account_token=token, httpx_client=http)
        model, path = MODELS[request.param]
        where = f"{live}/api/{request.param}/v1/selective-sync/conditions"
        who = {"Authorization": f"Bearer {key}", "X-Account-Token": token}
        http.put(where, json={"conditions": [condition(model)]}, headers=who).raise_for_status()
        site = Site("stub", {"base_url": desk.url, "token": desk.token}, "/me", model, path, "x_nick")
        yield World(request.param, getattr(client, request.param), site, alice.tenant_id, linked)


def _account_level(client: Merge) -> set[str]:
    """The operations that the client has in all three categories."""
    rooms = [
        {name for name in dir(type(one)) if isinstance(getattr(type(one), name), property)}
        for one in (client.hris, client.crm, client.ticketing)
    ]
    shared = set.intersection(*rooms) - {"with_raw_response"}
    return {
        f"{name}.{verb}"
        for name in shared
        for verb, _ in inspect.getmembers(type(getattr(client.ticketing, name)), inspect.isfunction)
        if not verb.startswith("_")
    }


def test_every_account_level_operation_answers_in_the_contracts_form(world: World) -> None:
    """A 2xx whose JSON is of the declared type, down to the last field, and is not empty where it could be."""
    done = []
    for name, response in world.calls():
        call = operator.attrgetter(name.replace(".", ".with_raw_response."))(world.client)
        assert checked(call, response) or name == "delete_account.delete", name
        done.append(name)
        _check_parameters(call, response._response.request, name)

    assert set(done) == _account_level(Merge(api_key="none"))
    assert len(done) == OPERATIONS


def _check_parameters(call: Any, request: httpx.Request, name: str) -> None:
    """All query parameters of the client are documented."""
    if request.method != "GET":
        return
    path = template_of(resolve(request.url.path).route)
    declared = document()["paths"][path]
    named = {one.get("name", one.get("$ref", "").rpartition("/")[2]) for one in declared["get"]["parameters"]}
    variables = {one["name"] for one in declared.get("parameters", [])}
    wanted = set(inspect.signature(call).parameters) - {"request_options"} - variables

    assert wanted <= named, f"{name} lacks {wanted - named}"
