"""Whatever a vendor's description shows can be read: its examples without exception, and all that its schemas allow.

Where descriptions are absent, the head of the run says so; there is nothing to be read then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from integrations.kit.endpoints import GET
from integrations.kit.errors import Gone, Misconfigured, NeedsReauthorisation, Rejected, Unmappable
from integrations.kit.observation import Bad, Observation
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from tests.conformance.described import Answers, Described, described, generated, saying
from tests.conformance.kept import secrets_in


def _name(resource: Resource, endpoint: GET) -> str:
    """What a read is called, as in `Ticket get`."""
    return f"{resource.model.__name__} {'get' if endpoint is resource.get else 'list'}"


DESCRIBED = described()
each_described = pytest.mark.parametrize("described", DESCRIBED, ids=lambda one: one.provider.slug)
READS = [(one, *read) for one in DESCRIBED for read in one.reads()]
each_read = pytest.mark.parametrize(
    ("described", "resource", "endpoint", "operation"),
    READS,
    ids=[f"{d.provider.slug}-{_name(r, e).replace(' ', '-')}" for d, r, e, _ in READS],
)
#: What everything is numbered as where several answers make a record.
_ONE = "1"
#: Answers are drawn so often for the first that shows a record: the generator's luck goes by what else is imported.
_TIMES = 8
FEW = settings(
    max_examples=12,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
)


@each_read
def test_every_example_is_read(
    described: Described, resource: Resource, endpoint: GET, operation: str
) -> None:
    """Nothing in one is set aside, and no word of it is unknown. Some descriptions have none of a read."""
    examples = list(described.description.examples(operation))
    seen = 0
    for example in examples:
        answers = partial(_shown, described, {operation: example}, endpoint)
        for remote_id in _ids(resource, endpoint, example):
            shown, bad, unknown = _read_or_not(described, resource, endpoint, answers, remote_id)
            assert (bad, unknown, secrets_in(shown)) == ((), {}, set()), (operation, example)
            seen += len(shown)

    name = _name(resource, endpoint)
    assert bool(seen) is (bool(examples) and name not in described.unshown), f"{name}: {seen} are shown"


@each_read
def test_whatever_its_schema_allows_is_read(
    described: Described, resource: Resource, endpoint: GET, operation: str
) -> None:
    """Records that are odd are set aside, or told as such where they are asked for by id; others are shown."""
    name, seen, faults = _name(resource, endpoint), 0, Counter[str]()
    known = described.drawn.get(name, {})

    def drawn(data: st.DataObject) -> None:
        nonlocal seen
        told = {operation: saying(data.draw(generated(described, operation)), known)}
        for remote_id in _ids(resource, endpoint, told[operation]):
            answers = _drawn(described, data, told, endpoint, known)
            seen += _seen(described, resource, endpoint, answers, remote_id, faults)

    for number in range(1 if name in described.undrawn else _TIMES):
        seed(number)(FEW(given(data=st.data())(drawn)))()
        if seen:
            break

    assert seen or name in described.undrawn, f"{name}: no record was drawn; {faults}"


def _seen(
    described: Described,
    resource: Resource,
    endpoint: GET,
    answers: Answers,
    remote_id: str,
    faults: Counter[str],
) -> int:
    """How many records an answer shows; why others are none is counted."""
    try:
        shown, bad, _unknown = _read(described, resource, endpoint, answers, remote_id)
    except (
        Misconfigured,
        NeedsReauthorisation,
        Rejected,
    ) as error:  # it lacks what is due, or says that it refuses
        faults[error.message] += 1
        return 0
    except Gone as error:
        assert endpoint is resource.get
        faults[error.message] += 1
        return 0
    faults.update(one.reason for one in bad)
    return len(shown)


def _ids(resource: Resource, endpoint: GET, answer: Any) -> Iterator[str]:
    """By what a record may be asked for: its id, or where several answers make it, the ids that these have here."""
    if endpoint.find:
        yield from (_ONE, f"{_ONE}-{_ONE}")
        return
    try:
        yield _id(resource, endpoint, answer)
    except Unmappable:
        yield _ONE


def _shown(described: Described, told: dict[str, Any], endpoint: GET, operation: str) -> Any:
    """What is told, and the first example of what is asked besides."""
    found = told[operation] if operation in told else next(described.description.examples(operation), {})
    return _numbered(found) if endpoint.find else found


def _drawn(
    described: Described,
    data: st.DataObject,
    told: dict[str, Any],
    endpoint: GET,
    known: Mapping[str, Any],
) -> Answers:
    """What is told, and whatever the schemas allow for what is asked besides. known: see FarSide.drawn."""

    def answers(operation: str) -> Any:
        if operation not in told:
            told[operation] = saying(data.draw(generated(described, operation), label=operation), known)
        return _numbered(told[operation]) if endpoint.find else told[operation]

    return answers


def _numbered(node: Any) -> Any:
    """The same with the id of everything as that which is asked for."""
    if isinstance(node, list):
        return [_numbered(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: type(value)(_ONE) if key == "id" and isinstance(value, str | int) else _numbered(value)
        for key, value in node.items()
    }


def _read(
    described: Described, resource: Resource, endpoint: GET, answers: Answers, remote_id: str
) -> tuple[tuple[Observation, ...], tuple[Bad, ...], dict[str, int]]:
    """What one answer shows."""
    with described.client(answers) as client:
        if endpoint is resource.get:
            return (client.read(resource, remote_id),), (), {}
        page = next(client.pages(resource, None))
    return page.observations, page.bad, page.unknown_words


def _read_or_not(
    described: Described, resource: Resource, endpoint: GET, answers: Answers, remote_id: str
) -> tuple[tuple[Observation, ...], tuple[Bad, ...], dict[str, int]]:
    """The same; nothing where several answers, which are not about one record, make none."""
    try:
        return _read(described, resource, endpoint, answers, remote_id)
    except (Gone, Misconfigured):
        if not endpoint.find:
            raise
        return (), (), {}


def _id(resource: Resource, endpoint: GET, example: Any) -> str:
    """That of the record in an example; any for a list."""
    if endpoint.items is not None:
        return "1"
    return resource.mapping.identify(dig(example, endpoint.item))
