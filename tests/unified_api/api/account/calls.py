"""Every account-level call of the official client: in which order they can be made, and with what arguments.

Answers of earlier ones are known to later ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from merge.resources.ticketing.types import DataPassthroughRequest, MethodEnum

from tenants.scope import scope
from tenants.vault import Secret
from unified_api.link import tokens


@dataclass(frozen=True)
class Site:
    """A system at which an account is linked. values: what links it.

    path: an address there. model, listed, own_field: a common model, where its records are listed, a field of these.
    """

    integration: str
    values: Mapping[str, str]
    path: str
    model: str
    listed: str
    own_field: str


def condition(model: str) -> dict[str, Any]:
    """One of selective sync that leaves nothing out; the contract's clients can only list such."""
    told = {"operator": "NOT_EQUALS", "value": "1900-01-01T00:00:00Z"}
    return {"common_model": model, "normalized_key_name": "remote_created_at", **told}


class Worker(Protocol):
    """Somebody's linked account, and who does its due work."""

    def work(self) -> None:
        """Do everything that is due."""


@dataclass
class World:
    """The client of a category, which speaks for an account there; `known`: what earlier answers said."""

    category: str
    client: Any
    site: Site
    tenant_id: uuid.UUID
    worker: Worker
    known: dict[str, Any] = field(default_factory=dict)

    def public_token(self) -> str:
        """What a customer's link leaves behind."""
        with scope(self.tenant_id):
            text = Secret(self.known["link_token"])
            return tokens.complete(text, self.site.values, integration=self.site.integration).reveal()

    def work(self) -> dict[str, Any]:
        """Have workers do what is due; no arguments for the client."""
        self.worker.work()
        return {}

    def calls(self, those: Container[str] | None = None) -> Iterator[tuple[str, Any]]:
        """Make all calls of the table, or those: of each its name, and its raw response."""
        for name, given, of in TABLE:
            if those is not None and name not in those:
                continue
            resource, verb = name.split(".")
            response = getattr(getattr(self.client, resource).with_raw_response, verb)(**given(self))
            self.known |= of(response._response.json()) if of else {}
            yield name, response


def _mapping(world: World) -> dict[str, Any]:
    return {
        "target_field_name": "nick",
        "target_field_description": "What friends say",
        "remote_field_traversal_path": [world.site.own_field],
        "remote_method": "GET",
        "remote_url_path": world.site.listed,
        "common_model_name": world.site.model,
    }


def _end_user(world: World) -> dict[str, Any]:
    return {
        "end_user_email_address": "ada@example.com",
        "end_user_organization_name": "Engines",
        "end_user_origin_id": "customer-9",
        "categories": [world.category],
    }


def _scopes(world: World) -> dict[str, Any]:
    about = {"model_name": world.site.model, "model_permissions": {"WRITE": {"is_enabled": False}}}
    return {"common_models": [about]}


def _call(world: World) -> dict[str, Any]:
    get: Any = MethodEnum.GET  # typed as what it is not
    return {"request": DataPassthroughRequest(method=get, path=world.site.path)}


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
    ("passthrough.create", _call, None),
    ("async_passthrough.create", _call, lambda a: {"receipt": a["async_passthrough_receipt_id"]}),
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
        lambda w: {"field_mapping_id": w.known["mapping"], "jmes_path": w.site.own_field},
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
    ("selective_sync.conditions_list", lambda _: {}, lambda a: {"condition": a["results"][0]["id"]}),
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
