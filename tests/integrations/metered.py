"""Writes that make no more requests than their adapter tells, and no fewer than these without `spare`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from integrations.kit import costs
from integrations.kit.client import Client
from integrations.kit.content import Content
from integrations.kit.observation import Observation
from integrations.kit.provider import Resource


def create(
    client: Client,
    resource: Resource,
    values: Mapping[str, Any],
    content: Content | None = None,
    *,
    spare: int = 0,
) -> Observation:
    """Make a record."""
    with _metered(client, resource, "create", values, spare):
        return client.create(resource, values, content)


def update(
    client: Client, resource: Resource, remote_id: str, values: Mapping[str, Any], *, spare: int = 0
) -> Observation:
    """Change a record."""
    with _metered(client, resource, "update", values, spare):
        return client.update(resource, remote_id, values)


def delete(client: Client, resource: Resource, remote_id: str) -> None:
    """Look at a record, as the shell does, and remove it."""
    with _metered(client, resource, "delete", (), 0):
        client.read(resource, remote_id)
        client.delete(resource, remote_id)


@contextmanager
def _metered(
    client: Client, resource: Resource, operation: str, names: Iterable[str], spare: int
) -> Iterator[None]:
    told, before = costs.of_write(resource, operation, names), client._http.calls
    yield
    made = client._http.calls - before
    assert told - spare <= made <= told
