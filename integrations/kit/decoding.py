"""From decoded answers to observations.

The records of a page, those inside them, and those that do not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from integrations.kit import verdict
from integrations.kit.embedded import Embedded
from integrations.kit.endpoints import GET, Api, Then
from integrations.kit.errors import SHAPELESS, Misconfigured, Unmappable
from integrations.kit.mapping import Mapping, Pulled
from integrations.kit.observation import Bad, Observation, Shape
from integrations.kit.paths import MISSING, bury, dig, merge, steps
from integrations.kit.provider import Resource
from integrations.kit.strict import Decoded, Flawed, flaw
from unified_api.models.base import model_id

#: Records in one answer. Each takes some five kilobytes on its way into the store, all of them at once.
MOST_RECORDS = 50_000


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


def records_of(endpoint: GET, decoded: Decoded, *, status: int | None = None) -> list[Any]:
    """The list in an answer.

    Raises Misconfigured when there is none, so that silence is never taken for emptiness, and when the way to it
    is in doubt.
    """
    found, fault = dig(decoded.data, endpoint.items), None
    if isinstance(found, dict) and (endpoint.sole or endpoint.keyed):
        found = [found] if endpoint.sole else list(found.values())
    if found is MISSING and endpoint.total and dig(decoded.data, endpoint.total) == 0:
        found = []
    if not isinstance(found, list):
        fault = f"the answer has no list at {endpoint.items!r}; the address or the provider has changed"
    elif decoded.flawed and (doubt := _doubt(decoded.data, endpoint.items)):
        fault = f"nobody can tell how the list goes on: {doubt}"
    elif len(found) > MOST_RECORDS:
        fault = f"the answer has {len(found)} records, more than {MOST_RECORDS}; ask for smaller pages"
    if fault is None:
        return list(found)
    said = "" if isinstance(found, list) else verdict.detail(decoded.data)
    raise Misconfigured(fault, request=endpoint.name, status=status, detail=said)


def _doubt(data: Any, path: Any) -> str | None:
    """What is wrong with the objects around a list."""
    for end in range(len(steps(path))):
        around = dig(data, steps(path)[:end])
        if isinstance(around, Flawed):
            return around.reason
    return None


def whole(decoded: Decoded, record: Any) -> Any:
    """The record; raises Unmappable when there is a flaw in it."""
    if decoded.flawed and (fault := flaw(record)):
        raise Unmappable(fault)
    return record


def sound(mapping: Mapping, items: list[Any]) -> tuple[list[Any], list[Bad]]:
    """Of the items of an answer with flaws in it, those that have none, and those that are set aside."""
    faults = [(item, flaw(item)) for item in items]
    return [i for i, fault in faults if fault is None], [
        _bad(mapping, i, fault) for i, fault in faults if fault
    ]


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
    observations: dict[str, list[Observation]] = {}
    bad: list[Bad] = []
    unknown: dict[str, int] = {}
    for record in records:
        try:
            observation, words = _observe(resource, record, seen, bad)
        except Unmappable as error:
            bad.append(_bad(resource.mapping, record, str(error)))
            continue
        observations.setdefault(observation.remote_id, []).append(observation)
        for word in words:
            unknown[word] = unknown.get(word, 0) + 1
    kept = [_only_one(same, bad) for same in observations.values()]
    return Decoding(tuple(o for o in kept if o is not None), tuple(bad), unknown)


def _only_one(same: list[Observation], bad: list[Bad]) -> Observation | None:
    """The one among observations of one record in one answer that counts: the highest version, if they differ.

    Where that does not tell, nobody can say which is true, and taking either would change the record at every run.
    """
    if len(same) == 1:
        return same[0]
    newest = max((o.version for o in same if o.version is not None), default=None)
    left = [o for o in same if o.version == newest]
    if all(o.values == left[0].values for o in left):
        return left[-1]
    bad.append(
        Bad(
            same[0].remote_id,
            "its id stands in one answer several times, with different contents",
            same[-1].raw,
        )
    )
    return None


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
    return _observation(resource.mapping, pulled, _bare(resource, record), seen, tuple(inner)), pulled.unknown


def _bare(resource: Resource, record: Any) -> Any:
    """The record as it may be kept: without its sensitive fields, and those of the records inside it."""
    kept = resource.mapping.bare(record)
    for embedded in resource.embedded:
        inside = dig(kept, embedded.path)
        if embedded.mapping.hides and isinstance(inside, list):
            bare = [embedded.mapping.bare(item) for item in inside]
            kept = merge(kept, bury(embedded.path, bare))
    return kept


def _inside(embedded: Embedded, record: Any, seen: Seen, bad: list[Bad]) -> list[Observation]:
    out: list[Observation] = []
    for item in _those(embedded, record, bad):
        try:
            pulled = embedded.mapping.pull(item, dirty=seen.dirty)
            out.append(_observation(embedded.mapping, pulled, embedded.mapping.bare(item), seen, ()))
        except Unmappable as error:
            bad.append(_bad(embedded.mapping, item, f"in {embedded.path}: {error}", inside=True))
    return out


def _those(embedded: Embedded, record: Any, bad: list[Bad]) -> list[Any]:
    """What is a record among what stands inside an answer; none where that has another shape."""
    found = dig(record, embedded.path)
    if not isinstance(found, list):
        return []
    try:
        return embedded.those(record) if embedded.those else found
    except SHAPELESS as error:
        told = f"in {embedded.path}: not the shape that is documented ({type(error).__name__})"
        bad.append(Bad(None, told, found, model_id(embedded.mapping.model)))
        return []


def _observation(
    mapping: Mapping, pulled: Pulled, record: Any, seen: Seen, inner: tuple[Observation, ...]
) -> Observation:
    more = {"withheld": partial(mapping.says, record)} if mapping.withheld else {}
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
        merged_into=pulled.merged_into,
        gone=pulled.gone,
        **more,
    )


def _bad(mapping: Mapping, record: Any, reason: str, *, inside: bool = False) -> Bad:
    try:
        remote_id = mapping.identify(record)
    except Unmappable:
        remote_id = None
    return Bad(remote_id, reason, record, model_id(mapping.model) if inside else None)
