"""What an adapter says that it can do, it does at its far side, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Literal

import pytest

from integrations.kit.content import Spool
from integrations.kit.errors import Gone, Rejected
from integrations.kit.observation import Observation
from integrations.kit.provider import FILE_ADDRESS, Operation, Resource
from tests.conformance.another import another
from tests.conformance.far_side import Samples
from tests.conformance.kept import secrets_in
from tests.conformance.table import is_followed
from tests.conformance.trial import BYTES, Trial, there
from unified_api.models.base import wire_fields

#: So many records of a list are read by their ids as well.
_FEW = 2
#: Seconds behind which every list shows what was written.
_A_WHILE = 300


def test_lists_go_on_to_their_end_and_show_what_is_read_by_id(trial: Trial) -> None:
    """Every record in pages of any size, once more by its id, and behind the last page only what changes.

    Nothing of them is kept that would let somebody in.
    """
    for resource in trial.provider.resources:
        with trial.doing(resource, "list"):
            whole = trial.pages(resource)
            small = trial.pages(_smaller(resource, sum(len(page.observations) for page in whole) // 2))
        shown = there(whole)
        assert shown, f"{resource.model.__name__}: its far side holds no record"
        assert set(there(small)) == set(shown)
        turned = len(small) > 1 or len(shown) == 1 or resource.model in trial.started.whole
        assert turned, f"{resource.model.__name__}: its pages are never turned"
        for pages in (whole, small):
            assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
            assert [bad for page in pages for bad in page.bad] == []
            assert pages[-1].complete is resource.sweep
        assert secrets_in(shown.values()) == set()
        _read_by_id(trial, resource, shown)
        if resource.incremental:
            with trial.doing(resource, "changes"):
                assert not trial.pages(resource, whole[-1].cursor)[-1].complete
        with trial.doing(resource, "own fields"):
            trial.client.field_classes(resource)


def _smaller(resource: Resource, size: int) -> Resource:
    """The same with so many on a page; where that cannot be asked for, the far side has short pages."""
    if resource.list is None or not hasattr(resource.list.paging, "size"):
        return resource
    paging: Any = resource.list.paging
    return replace(resource, list=replace(resource.list, paging=replace(paging, size=max(1, size))))


def _read_by_id(trial: Trial, resource: Resource, shown: dict[str, Observation]) -> None:
    if not resource.can("get"):
        return
    for remote_id in list(shown)[:_FEW]:
        with trial.doing(resource, "get"):
            found = trial.client.read(resource, remote_id)
        assert secrets_in([found]) == set()
        _says(resource, found, {n: v for n, v in shown[remote_id].values.items() if n in found.values})
    with trial.doing(resource, "get"), pytest.raises(Gone):
        trial.client.read(resource, "987654321")


def test_what_can_be_written_is_written_and_nothing_else(trial: Trial) -> None:
    """Every field that meta reports is read back as it was sent; any other is refused by name before a write leaves.

    What was made or changed is found by a list of changes that goes on from before.
    """
    made: list[tuple[Resource, str]] = []
    for resource in trial.provider.resources:
        samples = trial.samples(resource) if resource.can("create") else Samples()
        _covers(resource, "create", samples.make)
        _covers(resource, "update", samples.change)
        with _found_since(trial, resource) as due:
            new = [_made(trial, resource, values) for values in samples.make]
            due += [one.remote_id for one in new]
        made += [(resource, one.remote_id) for one in new]
        last = new[-1].remote_id if new else next(iter(there(trial.pages(resource))))
        with _found_since(trial, resource) as due:
            for values in samples.change:
                _change(trial, resource, last, values, samples.only)
                due.append(last)
        _refuse_others(trial, resource, last, samples)
    for resource, remote_id in reversed(made):
        _remove(trial, resource, remote_id)


@contextmanager
def _found_since(trial: Trial, resource: Resource) -> Iterator[list[str]]:
    """What is written in here, and put into the list, comes as changes behind all that was there before."""
    due: list[str] = []
    if not is_followed(resource):
        yield due
        return
    cursor = trial.pages(resource)[-1].cursor
    trial.started.sleep(_A_WHILE)
    yield due
    trial.started.sleep(_A_WHILE)
    with trial.doing(resource, "changes"):
        found = there(trial.pages(resource, cursor))
    missed = set(due) - set(found)
    assert missed == set(), f"{resource.model.__name__}: its changes do not have what was written"


def _covers(resource: Resource, operation: Any, samples: Any) -> None:
    """Samples have something in every field that can be written."""
    said = {name for values in samples for name, value in values.items() if value not in (None, [], "")}
    due = resource.writable(operation) - {FILE_ADDRESS}
    assert said == due, (
        f"{resource.model.__name__}: samples to {operation} have {said ^ due} too many, or lack it"
    )


def _made(trial: Trial, resource: Resource, values: Mapping[str, Any]) -> Observation:
    with trial.doing(resource, "create"):
        made = trial.made(resource, values)
    shown = made
    if resource.can("get"):
        with trial.doing(resource, "get"):
            shown = trial.client.read(resource, made.remote_id)
    if not set(values) <= set(
        shown.values
    ):  # some addresses of single records are silent about what lists tell
        trial.started.sleep(_A_WHILE)
        with trial.doing(resource, "list"):
            listed = there(trial.pages(resource))[made.remote_id]
        shown = replace(shown, values={**listed.values, **shown.values})
    _says(resource, shown, values)
    if resource.read_lag:
        trial.started.sleep(_A_WHILE)
    with trial.doing(resource, "find"):
        assert made.remote_id in [one.remote_id for one in trial.client.recent(resource, values)]
    if resource.download:
        with trial.doing(resource, "download"), Spool(100) as spool:
            trial.client.download(resource, made.remote_id, spool)
            assert b"".join(spool.read()) == BYTES
    return made


def _says(resource: Resource, found: Observation, values: Mapping[str, Any]) -> None:
    wrong = {
        name: (value, found.values.get(name))
        for name, value in values.items()
        if not resource.mapping.same(name, found.values.get(name), value)
    }
    assert wrong == {}, resource.model.__name__


def _change(
    trial: Trial, resource: Resource, remote_id: str, values: Mapping[str, Any], only: frozenset[str]
) -> None:
    with trial.doing(resource, "update"):
        before = trial.client.read(resource, remote_id).values
        found = trial.client.update(resource, remote_id, values)
    same = {name for name, value in values.items() if resource.mapping.same(name, before.get(name), value)}
    assert same <= only, f"{resource.model.__name__}: samples do not change {same - only}"
    _says(resource, found, values)
    _says(resource, trial.client.read(resource, remote_id), values)


def _refuse_others(trial: Trial, resource: Resource, remote_id: str, samples: Samples) -> None:
    """What cannot be written is refused, and nothing is sent."""
    before = len(trial.line.tally.writes)
    good = samples.make[0] if samples.make else {}
    now = trial.client.read(resource, remote_id).values if resource.can("get") else {}
    _refused(resource, "create", {}, lambda others: trial.made(resource, {**good, **others}))
    _refused(resource, "update", now, lambda others: trial.client.update(resource, remote_id, others))
    if not resource.can("delete"):
        with pytest.raises(Rejected):
            trial.client.delete(resource, remote_id)
    assert trial.line.tally.writes[before:] == []


def _refused(
    resource: Resource,
    operation: Literal["create", "update"],
    now: Mapping[str, Any],
    write: Callable[[dict[str, Any]], object],
) -> None:
    can = resource.writable(operation)
    fields = wire_fields(resource.model).items()
    others = {name: another(field, now.get(name)) for name, field in fields if name not in can}
    if others:
        with pytest.raises(Rejected) as caught:
            write(others)
        assert not resource.can(operation) or set(caught.value.fields) == set(others)


def _remove(trial: Trial, resource: Resource, remote_id: str) -> None:
    operation: Operation = "delete"
    if not resource.can(operation):
        return
    with trial.doing(resource, operation), suppress(Gone):  # some go with what they hang on
        trial.client.delete(resource, remote_id)
    if resource.can("get"):
        with trial.doing(resource, "get"), pytest.raises(Gone):
            trial.client.read(resource, remote_id)
