"""Reading one record by its id: where a list showed it late, a sweep missed it, or a write is about to change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from integrations.kit import errors
from integrations.kit.observation import Observation
from integrations.kit.provider import Resource
from unified_api.sync import connect, job, store

#: From what was read to what of it is taken in.
Wanted = Callable[[Observation], Sequence[Observation]]


def read_one(
    line: connect.Line,
    resource: Resource,
    remote_id: str,
    cause: store.Cause,
    lease: job.Lease | None = None,
    *,
    wanted: Wanted = lambda seen: (seen,),
    saw: Callable[[Observation], object] = lambda _: None,
) -> bool:
    """Read one record by its id and land it, or mark it as deleted; whether it is there.

    wanted: what of the answer, or of that of what the record was merged into, is to be taken in. saw: is given the
    answer.
    """
    began = line.moments.draw()
    try:
        observation = line.client.read(resource, remote_id)
    except errors.Gone as gone:
        there = not _mark_gone(line, resource, remote_id, cause, lease, began, gone.merged_into)
        if gone.merged_into and not there:
            _read_winner(line, resource, gone.merged_into, cause, lease, wanted)
        return there
    saw(observation)
    for seen in wanted(observation):
        _land(line, resource, seen, cause, lease)
    return True


def _mark_gone(
    line: connect.Line,
    resource: Resource,
    remote_id: str,
    cause: store.Cause,
    lease: job.Lease | None,
    began: int,
    into: str | None,
) -> bool:
    """Mark a record as deleted, unless it has been seen since we asked for it."""
    with store.entry(line.account_id) as entry:
        if lease:
            job.hold(lease)
        gone = entry.remove_remote(resource.model, remote_id, cause, asked=began, into=into)
        entry.settle(resource.model, entry.record_of(resource.model, remote_id), resource.read_lag)
        return gone


def _read_winner(
    line: connect.Line,
    resource: Resource,
    remote_id: str,
    cause: store.Cause,
    lease: job.Lease | None,
    wanted: Wanted,
) -> None:
    """The record that another one was merged into, unless it is gone as well: the next list tells."""
    try:
        observation = line.client.read(resource, remote_id)
    except errors.Gone:
        return
    for seen in wanted(observation):
        _land(line, resource, seen, cause, lease)


def _land(
    line: connect.Line,
    resource: Resource,
    observation: Observation,
    cause: store.Cause,
    lease: job.Lease | None,
) -> None:
    with store.entry(line.account_id, began=line.moments.time_of) as entry:
        if lease:
            job.hold(lease)
        tally = entry.land([observation.common()], cause, mapping_version=resource.version)
        entry.settle_news(tally, resource.model, observation.remote_id, resource.read_lag)
