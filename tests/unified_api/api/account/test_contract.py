"""Every account-level operation of the wire contract, called by its official client, in each category.

What there is to be called is asked of the client: an operation that it has and this table has not fails the test, and
so does an answer that is not of the type that the client declares.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from django.urls import resolve
from merge.client import Merge
from merge.core.serialization import convert_and_respect_annotation_metadata
from merge.resources.ticketing.types import DataPassthroughRequest, MethodEnum
from pydantic import TypeAdapter

from integrations.kit.endpoints import GET
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from tenants.scope import scope
from tenants.vault import Secret
from tests import stub
from tests.documented import template_of
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api import registry
from unified_api.api.openapi.document import document
from unified_api.link import tokens
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


@dataclass
class World:
    """An account of a category, and the client that speaks for it; `known`: what earlier answers said."""

    category: str
    linked: Linked
    client: Any
    desk: stub.Desk
    known: dict[str, Any] = field(default_factory=dict)

    def public_token(self) -> str:
        """What a customer's link leaves behind."""
        values = {"base_url": self.desk.url, "token": self.desk.token}
        with scope(self.linked.person.tenant_id):
            text = Secret(self.known["link_token"])
            return tokens.complete(text, values, integration="stub").reveal()

    def work(self) -> dict[str, Any]:
        """Have workers do what is due; no arguments for the client."""
        self.linked.work()
        return {}


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
    with httpx.Client(timeout=30) as http:
        token, key = linked.token.reveal(), alice.api_key.reveal()
        client = Merge(base_url=f"{live}/api", api_key=key, account_token=token, httpx_client=http)
        yield World(request.param, linked, getattr(client, request.param), desk)


def _mapping(world: World) -> dict[str, Any]:
    model, url = MODELS[world.category]
    return {
        "target_field_name": "nick",
        "target_field_description": "What friends say",
        "remote_field_traversal_path": ["x_nick"],
        "remote_method": "GET",
        "remote_url_path": url,
        "common_model_name": model,
    }


def _end_user(world: World) -> dict[str, Any]:
    return {
        "end_user_email_address": "ada@example.com",
        "end_user_organization_name": "Engines",
        "end_user_origin_id": "customer-9",
        "categories": [world.category],
    }


def _scopes(world: World) -> dict[str, Any]:
    about = {"model_name": MODELS[world.category][0], "model_permissions": {"WRITE": {"is_enabled": False}}}
    return {"common_models": [about]}


GET_ME: Any = MethodEnum.GET  # typed as what it is not
CALL = {"request": DataPassthroughRequest(method=GET_ME, path="/me")}
HOOK = {"event": "x", "is_active": True}
#: What is called in which order, and with what; `of`: what is remembered of the answer.
TABLE: list[tuple[str, Callable[[World], dict[str, Any]], Callable[[Any], dict[str, Any]] | None]] = [
    ("account_details.retrieve", lambda _: {}, None),
    ("available_actions.retrieve", lambda _: {}, None),
    ("linked_accounts.list", lambda w: {"category": w.category, "page_size": 1}, None),
    ("sync_status.list", lambda _: {}, None),
    ("issues.list", lambda _: {"status": "ONGOING"}, lambda a: {"issue": a["results"][0]["id"]}),
    ("issues.retrieve", lambda w: {"id": w.known["issue"]}, None),
    ("force_resync.sync_status_resync_create", lambda _: {}, None),
    ("passthrough.create", lambda _: CALL, None),
    ("async_passthrough.create", lambda _: CALL, lambda a: {"receipt": a["async_passthrough_receipt_id"]}),
    (
        "async_passthrough.retrieve",
        lambda w: {**w.work(), "async_passthrough_receipt_id": w.known["receipt"]},
        None,
    ),
    ("field_mapping.remote_fields_retrieve", lambda _: {"include_example_values": "true"}, None),
    ("field_mapping.field_mappings_create", _mapping, lambda a: {"mapping": a["model"]["id"]}),
    ("field_mapping.target_fields_retrieve", lambda _: {}, None),
    ("field_mapping.field_mappings_retrieve", lambda _: {"exclude_remote_field_metadata": True}, None),
    (
        "field_mapping.field_mappings_partial_update",
        lambda w: {"field_mapping_id": w.known["mapping"], "jmes_path": "name"},
        None,
    ),
    (
        "field_mapping.field_mappings_destroy",
        lambda w: {"field_mapping_id": w.known["mapping"]},
        None,
    ),
    ("scopes.linked_account_scopes_create", _scopes, None),
    ("scopes.linked_account_scopes_retrieve", lambda _: {}, None),
    ("scopes.default_scopes_retrieve", lambda _: {}, None),
    ("selective_sync.conditions_list", lambda _: {}, None),
    ("webhook_receivers.create", lambda _: HOOK, None),
    ("webhook_receivers.list", lambda _: {}, None),
    ("link_token.create", _end_user, lambda a: {"link_token": a["link_token"]}),
    ("account_token.retrieve", lambda w: {"public_token": w.public_token()}, None),
    ("generate_key.create", lambda _: {"name": "ci"}, None),
    ("regenerate_key.create", lambda _: {"name": "ci"}, None),
    ("audit_trail.list", lambda _: {"event_type": "CHANGED_SCOPES"}, None),
    ("account_token.regenerate_create", lambda _: {}, lambda a: {"token": a["account_token"]}),
    (
        "delete_account.delete",
        lambda w: {"request_options": {"additional_headers": {"X-Account-Token": w.known["token"]}}},
        None,
    ),
]


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
    for name, given, of in TABLE:
        resource, verb = name.split(".")
        call = getattr(getattr(world.client, resource).with_raw_response, verb)
        response = call(**given(world))
        told = response._response.json()
        problems = list(_wrong(told, call))
        assert not problems, f"{name}: {problems}"
        assert told or name == "delete_account.delete", name
        world.known |= of(told) if of else {}
        done.append(name)
        _check_parameters(call, response._response.request, name)

    assert set(done) == _account_level(Merge(api_key="none"))
    assert len(done) == OPERATIONS


def _wrong(told: Any, call: Any) -> Iterator[str]:
    """In what an answer is not of the type that the client declares, or has keys that it does not know."""
    (declared,) = typing.get_args(inspect.signature(call).return_annotation)
    if declared is type(None):
        return
    named = convert_and_respect_annotation_metadata(object_=told, annotation=declared, direction="read")
    try:
        TypeAdapter(declared).validate_python(named)
    except ValueError as error:
        yield str(error)
    for one in named if isinstance(named, list) else [named]:
        item = typing.get_args(declared)[0] if typing.get_args(declared) else declared
        yield from (f"{key} is unknown" for key in set(one) - set(item.model_fields))


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
