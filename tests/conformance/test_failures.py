"""Whatever goes wrong, an adapter tells it as the kit's error that says what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import product
from typing import Final

from integrations.kit.breaks import Broken
from integrations.kit.endpoints import Write
from integrations.kit.errors import (
    Forbidden,
    Gone,
    Misconfigured,
    NeedsReauthorisation,
    ProviderError,
    Rejected,
    RetryLater,
    Uncertain,
)
from integrations.kit.provider import Operation, Resource
from integrations.kit.transport import Reply
from tests.conformance.far_side import Samples
from tests.conformance.trial import Trial, there
from tests.conformance.wire import reply

Errors = tuple[type[ProviderError], ...]
_LATER: Final[Errors] = (RetryLater,)
#: Nobody knows whether it was carried out; a step of several that may be repeated can be tried again.
_UNKNOWN: Final[Errors] = (Uncertain, RetryLater)


@dataclass(frozen=True)
class Failure:
    """One of them, and what it is to be told as: to a check of the account, a list, a read by id, and a write."""

    answer: int | Reply | Broken
    check: Errors
    listed: Errors
    read: Errors
    written: Errors


def _all(answer: int, *errors: type[ProviderError]) -> Failure:
    return Failure(answer, errors, errors, errors, errors)


_CHANGES: Final[tuple[Operation, ...]] = ("update", "delete")
_PAGE: Final = reply(200, b"<!doctype html><html><body>Please log in</body></html>")
_HALF: Final = reply(200, b'{"id": 1, "na')
#: Seconds between questions.
_PAUSE: Final = 10
_SILENCE: Final = Broken("no answer came in time", left=True)
FAILURES: Final = (
    _all(400, Rejected),
    _all(401, NeedsReauthorisation),
    _all(403, Forbidden),
    # A system that hides what may not be seen is asked again whether that is so; a change of what is shown is refused.
    # Where a record takes several calls to read, what one of the others names is gone, and not the record.
    Failure(404, (Misconfigured,), (Forbidden,), (Gone, Forbidden), (Gone, Forbidden, Rejected)),
    _all(409, Rejected),
    Failure(410, (Misconfigured,), (Forbidden,), (Gone, Forbidden), (Gone, Rejected)),
    _all(412, Rejected),
    _all(422, Rejected),
    _all(429, RetryLater),
    *(Failure(status, _LATER, _LATER, _LATER, _UNKNOWN) for status in (500, 503)),
    *(Failure(answer, (Misconfigured,), _LATER, _LATER, _UNKNOWN) for answer in (_PAGE, _HALF)),
    Failure(_SILENCE, _LATER, _LATER, _LATER, _UNKNOWN),
)


@dataclass(frozen=True)
class Question:
    """Something that is asked of the far side; due: of a failure, what it is to be told as."""

    name: str
    ask: Callable[[], object]
    writes: bool
    due: Callable[[Failure], Errors]


def test_failures_are_told_as_what_they_are(trial: Trial) -> None:
    """Refusals, limits, outages, web pages, half answers and silence: to every read and to every write."""
    questions = list(_questions(trial))
    wrong = [told for failure in FAILURES for one in questions if (told := _mistold(trial, failure, one))]

    assert wrong == []
    assert trial.client.check()


def test_a_record_that_is_shown_is_not_gone_whatever_a_call_of_its_change_says(trial: Trial) -> None:
    """A 404 to the first call of an update, or to a later one: what it names is gone, and not the record."""
    wrong = [told for resource in _models(trial) for told in _taken_for_gone(trial, resource)]

    assert wrong == []


def _taken_for_gone(trial: Trial, resource: Resource) -> Iterator[str]:
    if not resource.can("update"):
        return
    samples = trial.samples(resource)
    known = _own(trial, resource, samples)
    nothing = reply(HTTPStatus.NOT_FOUND, trial.started.refusal(HTTPStatus.NOT_FOUND))
    for values, spared in product(samples.change[:1], range(2)):
        with trial.line.struck(nothing, writes=True, spared=spared) as strike:
            told = _told(partial(trial.client.update, resource, known, values))
        if strike.struck and not isinstance(told, Rejected | Forbidden | Uncertain):
            yield f"{resource.model.__name__}: 404 behind {spared} calls is told as {told!r}"
    trial.client.read(resource, known)


def _mistold(trial: Trial, failure: Failure, question: Question) -> str | None:
    """What is told in the place of what is due. The far side's own limits are no matter here."""
    trial.started.sleep(_PAUSE)
    with trial.line.struck(_answer(trial, failure), writes=question.writes) as strike:
        told = _told(question.ask)
    if strike.struck and isinstance(told, question.due(failure)):
        return None
    return f"{question.name}: {failure.answer} is told as {told!r}"


def _told(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except ProviderError as error:
        return error


def _answer(trial: Trial, failure: Failure) -> Reply | Broken:
    told = failure.answer
    return reply(told, trial.started.refusal(told)) if isinstance(told, int) else told


def _questions(trial: Trial) -> Iterator[Question]:
    yield Question("check", trial.client.check, writes=False, due=lambda failure: failure.check)
    for resource in _models(trial):
        yield from _of_model(trial, resource, next(iter(there(trial.pages(resource)))))


def _models(trial: Trial) -> list[Resource]:
    """Those of which each has code of its own: of a sandbox they follow from the declarations."""
    every = trial.provider.resources
    return [max(every, key=_width)] if trial.provider.is_sandbox else list(every)


def _width(resource: Resource) -> int:
    return len(resource.mapping.lenses)


def _widest(trial: Trial, operation: Operation) -> Resource | None:
    return max((one for one in trial.provider.resources if one.can(operation)), key=_width, default=None)


def _of_model(trial: Trial, resource: Resource, known: str) -> Iterator[Question]:
    """Reads and creates; updates and deletes where they go a way of their own, and of those that go the kit's, one."""
    client, name = trial.client, resource.model.__name__
    samples = trial.samples(resource) if resource.can("create") else Samples()
    yield Question(f"{name} list", partial(trial.pages, resource), writes=False, due=lambda f: f.listed)
    if resource.can("get"):
        read = partial(client.read, resource, known)
        yield Question(f"{name} get", read, writes=False, due=lambda f: f.read)
    for values in samples.make[:1]:
        make = partial(trial.made, resource, values)
        yield Question(f"{name} create", make, writes=True, due=lambda f: f.written)
    asked = [operation for operation in _CHANGES if _is_asked(trial, resource, operation)]
    own = _own(trial, resource, samples) if asked else known
    for values in samples.change[:1] if "update" in asked else ():
        change = partial(client.update, resource, own, values)
        yield Question(f"{name} update", change, writes=True, due=lambda f: f.written)
    if "delete" in asked:
        remove = partial(client.delete, resource, own)
        yield Question(f"{name} delete", remove, writes=True, due=lambda f: f.written)


def _is_asked(trial: Trial, resource: Resource, operation: Operation) -> bool:
    endpoint = resource.update if operation == "update" else resource.delete
    own_way = isinstance(endpoint, Write) and (endpoint.send or endpoint.body or endpoint.stamp)
    return bool(own_way) or resource is _widest(trial, operation)


def _own(trial: Trial, resource: Resource, samples: Samples) -> str:
    """A record that is ours to change: the records of others are left as they are, where one can be made."""
    if resource.can("create") and samples.make:
        return trial.made(resource, samples.make[-1]).remote_id
    return next(iter(there(trial.pages(resource))))
