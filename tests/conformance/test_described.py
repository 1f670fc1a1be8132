"""Whatever a vendor's description shows can be read: its examples without exception, and all that its schemas allow.

Where descriptions are absent, the head of the run says so; there is nothing to be read then.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.kit.endpoints import GET
from integrations.kit.errors import ProviderError
from integrations.kit.observation import Bad, Observation
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from tests.conformance.described import Answers, Described, described, generated

DESCRIBED = described()
each_described = pytest.mark.parametrize("described", DESCRIBED, ids=lambda one: one.provider.slug)
READS = [(one, *read) for one in DESCRIBED for read in one.reads()]
each_read = pytest.mark.parametrize(
    ("described", "resource", "endpoint", "path"),
    READS,
    ids=[
        f"{d.provider.slug}-{r.model.__name__}-{'list' if e.items is not None else 'get'}"
        for d, r, e, _ in READS
    ],
)
FEW = settings(max_examples=5, suppress_health_check=list(HealthCheck))


@each_described
def test_every_example_is_read(described: Described) -> None:
    """Nothing in one is set aside, and no word of it is unknown. Some descriptions have none."""
    seen = told = 0
    for resource, endpoint, path in described.reads():
        if endpoint.find:  # an id of its own, out of two
            continue
        for example in described.description.examples(path):
            told += 1
            answers = partial(_shown, described, {path: example})
            shown, bad, unknown = _read(
                described, resource, endpoint, answers, _id(resource, endpoint, example)
            )
            assert (bad, unknown) == ((), {}), (path, example)
            seen += len(shown)

    assert seen or not told


@each_read
@FEW
@given(data=st.data())
def test_whatever_its_schema_allows_is_read(
    described: Described, resource: Resource, endpoint: GET, path: str, data: st.DataObject
) -> None:
    """Records that are odd are set aside; an answer that cannot be taken is told as the kit tells it."""
    answer = data.draw(generated(described, path))
    with suppress(ProviderError):
        _read(described, resource, endpoint, _drawn(described, data, {path: answer}), "1-1")


def _shown(described: Described, told: dict[str, Any], path: str) -> Any:
    """What is told, and the first example of what is asked besides."""
    return told[path] if path in told else next(described.description.examples(path))


def _drawn(described: Described, data: st.DataObject, told: dict[str, Any]) -> Answers:
    """What is told, and whatever the schemas allow for what is asked besides."""

    def answers(path: str) -> Any:
        return told[path] if path in told else data.draw(generated(described, path), label=path)

    return answers


def _read(
    described: Described, resource: Resource, endpoint: GET, answers: Answers, remote_id: str
) -> tuple[tuple[Observation, ...], tuple[Bad, ...], dict[str, int]]:
    """What one answer shows."""
    with described.client(answers) as client:
        if endpoint is resource.get:
            return (client.read(resource, remote_id),), (), {}
        page = next(client.pages(resource, None))
    return page.observations, page.bad, page.unknown_words


def _id(resource: Resource, endpoint: GET, example: Any) -> str:
    """That of the record in an example; any for a list."""
    if endpoint.items is not None:
        return "1"
    return resource.mapping.identify(dig(example, endpoint.item))
