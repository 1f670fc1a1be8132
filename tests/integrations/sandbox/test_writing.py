"""Writing every model of a sandbox by the ordinary kit."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.content import Content, Spool
from integrations.kit.errors import Gone
from integrations.kit.observation import Observation
from integrations.kit.provider import Resource


def made(client: Client, resource: Resource, values: dict[str, Any]) -> Observation:
    """A new record, with a file where it is one."""
    if not resource.uploads:
        return client.create(resource, values)
    with Spool(100) as spool:
        spool.write(b"a file")
        return client.create(resource, values, Content(spool, "text/plain"))


def test_every_model_is_made_found_again_changed_and_removed(client: Client) -> None:
    """With all of its fields that can be written: what was sent is what is read."""
    for resource in client.provider.resources:
        page = next(client.pages(resource, None))
        first, last = page.observations[0].values, page.observations[-1].values
        can = resource.writable("create") - {"file_url"}
        sent = {name: value for name, value in first.items() if name in can}
        new = made(client, resource, {**sent, **_known(resource, sent, last)})
        found = [one.remote_id for one in client.recent(resource, new.values)]
        wanted = {name: value for name, value in last.items() if name in resource.writable("update")}
        changed = client.update(resource, new.remote_id, wanted)

        assert {n: new.values[n] for n in sent} == {**sent, **_known(resource, sent, last)}, resource.model
        assert new.remote_id in found
        assert {name: changed.values[name] for name in wanted} == wanted
        assert str(changed.version) >= str(new.version)
        client.delete(resource, new.remote_id)
        with pytest.raises(Gone):
            client.read(resource, new.remote_id)


def _known(resource: Resource, sent: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What a create needs, where the first record lacks it."""
    return {name: other[name] for name in resource.recognise if sent.get(name) is None}
