"""A sandbox as the far side of its adapter: its own records are samples of what can be written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.kit.client import Client
from integrations.kit.provider import FILE_ADDRESS, Resource
from integrations.sandbox.models import Sandbox
from integrations.sandbox.service import announcing
from tenants.scope import scope
from tests.conformance.another import another
from tests.conformance.far_side import FarSide, Samples, Started
from tests.emulators.vendor import Delivery
from tests.integrations.listener import Told, listening
from tests.integrations.sandbox.conftest import sandbox_of
from tests.people import Person
from unified_api.models.base import wire_fields
from unified_api.models.fields import Ref, Refs
from unified_api.sync import job, tasks

#: Of fields that take no text whatever.
_OTHERS = {"content_type": "text/csv"}


def sandbox(category: str) -> FarSide:
    """That of a category."""

    @contextmanager
    def start(request: pytest.FixtureRequest) -> Iterator[Started]:
        person, served = request.getfixturevalue("alice"), request.getfixturevalue("served")
        made = sandbox_of(person, served, category)
        yield Started(
            values={"key": made.key.reveal()},
            samples=_samples,
            now=timezone.now,
            deliveries=partial(_deliveries, person, request.getfixturevalue("settings")),
        )

    return FarSide(judge="the sandbox itself", start=start, marks=[pytest.mark.django_db])


def _deliveries(person: Person, settings: Settings) -> list[Delivery]:
    """What the person's only one sends to this installation, which is elsewhere meanwhile."""
    with person.at_work():
        sandbox = Sandbox.objects.get()
    here = settings.SANDBOX_URL
    with listening(lambda _seen: Told()) as elsewhere:
        settings.SANDBOX_URL = f"{elsewhere.url}/sandbox"
        with scope(person.tenant_id):
            lease = job.claim(announcing.KIND, sandbox.id)
        if lease:
            tasks.do(lease, time.monotonic() + 20)
        settings.SANDBOX_URL = here
        return [Delivery(f"{elsewhere.url}{one.path}", one.headers, one.body) for one in elsewhere.seen]


def _samples(client: Client, resource: Resource) -> Samples:
    """What some records have, and what others have in its place."""
    seen = [one.values for one in next(client.pages(resource, None)).observations]
    make, change = _known(resource, "create", seen), _known(resource, "update", seen[::-1])
    new = {name: values[0] if values else _first(client, resource, name) for name, values in make.items()}
    moved = {
        name: _another(resource, name, values or [_first(client, resource, name)], new.get(name))
        for name, values in change.items()
    }
    same = frozenset(
        name for name, value in moved.items() if resource.mapping.same(name, value, new.get(name))
    )
    return Samples([new], [moved], only=same)


def _first(client: Client, resource: Resource, name: str) -> Any:
    """A value of a field that no record has: if it refers, to the first that there is."""
    field = wire_fields(resource.model)[name]
    if not isinstance(field, Ref | Refs):
        return another(field, None)
    found = next(client.pages(client.provider.resource(field.to), None)).observations[0].remote_id  # type: ignore[arg-type]
    return [found] if isinstance(field, Refs) else found


def _known(resource: Resource, operation: Any, seen: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The values that there are for each field that can be written."""
    names = resource.writable(operation) - {FILE_ADDRESS}
    return {name: [one[name] for one in seen if one.get(name) not in (None, [], "")] for name in names}


def _another(resource: Resource, name: str, values: list[Any], old: Any) -> Any:
    """One that is not the old one. Where all that are referred to is one record, there is no other."""
    field = wire_fields(resource.model)[name]
    found = next((value for value in values if not resource.mapping.same(name, value, old)), None)
    if found is not None or isinstance(field, Ref | Refs):
        return found or old
    return _OTHERS.get(name) or another(field, old)
