"""From decoded answers to observations.

The records of a page, those inside them, and those that do not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.kit.endpoints import GET, Api, Then
from integrations.kit.errors import SHAPELESS, Misconfigured, Unmappable
from integrations.kit.mapping import Mapping, Pulled
from integrations.kit.observation import Bad, Observation, Shape
from integrations.kit.paths import dig
from integrations.kit.provider import Embedded, Resource


@dataclass(frozen=True)
class Seen:
    """What all observations of one answer have in common. dirty: characters in it were replaced."""

    started: int
    arrived: int
    path: str
    shape: Shape
    dirty: bool


@dataclass(frozen=True)
class Decoding:
    """The records of one answer."""

    observations: tuple[Observation, ...]
    bad: tuple[Bad, ...]
    unknown: dict[str, int]


def records_of(endpoint: GET, data: Any) -> list[Any]:
    """The list in an answer.

    Raises Misconfigured when there is none, so that silence is never taken for emptiness.
    """
    found = dig(data, endpoint.items)
    if not isinstance(found, list):
        raise Misconfigured(
            f"the answer has no list at {endpoint.items!r}; the address or the provider has changed",
            request=f"GET {endpoint.path}",
        )
    return found


def joined(then: Then, api: Api, items: list[Any]) -> tuple[list[Any], list[Bad]]:
    """What a function of the adapter makes of a page.

    An item that it cannot take is set aside, the others go on.
    """
    try:
        return then(api, items), []
    except SHAPELESS:
        return _one_by_one(then, api, items)


def _one_by_one(then: Then, api: Api, items: list[Any]) -> tuple[list[Any], list[Bad]]:
    records: list[Any] = []
    bad: list[Bad] = []
    for item in items:
        try:
            records += then(api, [item])
        except SHAPELESS as error:
            bad.append(
                Bad(None, f"it does not have the shape that is documented ({type(error).__name__})", item)
            )
    return records, bad


def decode_page(resource: Resource, records: list[Any], seen: Seen) -> Decoding:
    """Every record as observation or as bad one; nothing in a record can stop the page."""
    observations: list[Observation] = []
    bad: list[Bad] = []
    unknown: dict[str, int] = {}
    for record in records:
        try:
            observation, words = _observe(resource, record, seen, bad)
        except Unmappable as error:
            bad.append(_bad(resource.mapping, record, str(error)))
            continue
        observations.append(observation)
        for word in words:
            unknown[word] = unknown.get(word, 0) + 1
    return Decoding(tuple(observations), tuple(bad), unknown)


def decode_one(resource: Resource, record: Any, seen: Seen) -> Observation:
    """One record; raises Unmappable. What is bad inside it is left out."""
    return _observe(resource, record, seen, [])[0]


def _observe(
    resource: Resource, record: Any, seen: Seen, bad: list[Bad]
) -> tuple[Observation, tuple[str, ...]]:
    pulled = resource.mapping.pull(record, dirty=seen.dirty)
    inner: list[Observation] = []
    for embedded in resource.embedded:
        inner += _inside(embedded, record, seen, bad)
    return _observation(resource.mapping, pulled, record, seen, tuple(inner)), pulled.unknown


def _inside(embedded: Embedded, record: Any, seen: Seen, bad: list[Bad]) -> list[Observation]:
    found = dig(record, embedded.path)
    out: list[Observation] = []
    for item in found if isinstance(found, list) else ():
        try:
            pulled = embedded.mapping.pull(item, dirty=seen.dirty)
            out.append(_observation(embedded.mapping, pulled, item, seen, ()))
        except Unmappable as error:
            bad.append(_bad(embedded.mapping, item, f"in {embedded.path}: {error}"))
    return out


def _observation(
    mapping: Mapping, pulled: Pulled, record: Any, seen: Seen, inner: tuple[Observation, ...]
) -> Observation:
    return Observation(
        model=mapping.model,
        remote_id=pulled.remote_id,
        values=pulled.values,
        version=pulled.version,
        started=seen.started,
        arrived=seen.arrived,
        raw=record,
        path=seen.path,
        shape=seen.shape,
        embedded=inner,
        cleaned=pulled.cleaned,
    )


def _bad(mapping: Mapping, record: Any, reason: str) -> Bad:
    try:
        remote_id = mapping.identify(record)
    except Unmappable:
        remote_id = None
    return Bad(remote_id, reason, record)
