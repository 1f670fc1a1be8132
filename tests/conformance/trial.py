"""An adapter at its running far side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from integrations.kit.client import Client
from integrations.kit.content import Content, Spool
from integrations.kit.http import Patience
from integrations.kit.observation import Observation, Page
from integrations.kit.offered import of_account
from integrations.kit.provider import Provider, Resource
from tests.conformance.far_side import Samples, Started
from tests.conformance.wire import Line, Tally
from tests.integrations.lines import connection
from unified_api.models.base import model_id

#: What is in files that are made.
BYTES = b"a file"
#: Of this run, by slug.
TALLIES: dict[str, Tally] = {}


@dataclass(frozen=True)
class Trial:
    """An account there."""

    provider: Provider
    started: Started
    client: Client
    line: Line

    def doing(self, resource: Resource, ability: str) -> AbstractContextManager[None]:
        """Have what is exchanged in here counted as an ability with a model."""
        return self.line.tally.of(model_id(resource.model), ability)

    def samples(self, resource: Resource) -> Samples:
        """Values to write."""
        return self.started.samples(self.client, resource)

    def pages(self, resource: Resource, cursor: dict[str, Any] | None = None) -> list[Page]:
        """A list to its end."""
        return list(self.client.pages(resource, cursor))

    def made(self, resource: Resource, values: Mapping[str, Any]) -> Observation:
        """A new record, with a file where it is one."""
        if not resource.uploads:
            return self.client.create(resource, values)
        with Spool(100) as spool:
            spool.write(BYTES)
            return self.client.create(resource, values, Content(spool, "text/plain"))


@contextmanager
def opened(provider: Provider, started: Started) -> Iterator[Trial]:
    """A trial; waiting moves the clock of the far side, so that it takes no time."""
    settings, secrets = provider.accept(started.values)
    provider = of_account(provider, settings)
    told = replace(connection(settings, secrets, sleep=started.sleep), clock=started.now)
    line = Line(TALLIES.setdefault(provider.slug, Tally()))
    line.tally.asks = started.asks
    patience = Patience(attempts=3, wait=3_600)
    with Client(provider, told, patience=patience, wire=line.way) as client:
        yield Trial(provider, started, client, line)


def there(pages: list[Page]) -> dict[str, Observation]:
    """The records that pages show, but those that are told to be gone."""
    return {one.remote_id: one for page in pages for one in page.observations if not one.gone}
