"""Pages that are asked for while the one before them lands."""

from __future__ import annotations

import gc
import threading
import time
import uuid
import weakref
from collections.abc import Generator
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from integrations.kit.errors import RetryLater
from integrations.kit.observation import Page
from tenants.scope import current_tenant, scope
from unified_api.sync import ahead
from unified_api.sync.ahead import Ahead

SECONDS = 120


def page(number: int, *, last: bool = False) -> Page:
    """A page without records."""
    return Page((), (), {"number": number}, last=last, complete=last, requests=1, unknown_words={})


@dataclass
class List:
    """A list of some pages, and how far it has been asked for; `gate` holds back what comes after the first."""

    count: int
    asked: list[threading.Event] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    threads: list[str] = field(default_factory=list)

    def pages(self) -> Generator[Page]:
        """The pages."""
        self.asked = [threading.Event() for _ in range(self.count)]
        for number in range(self.count):
            self.asked[number].set()
            self.threads.append(threading.current_thread().name)
            if number:
                assert self.gate.wait(SECONDS)
            yield page(number, last=number == self.count - 1)


def soon() -> float:
    """A moment that does not come while a test runs."""
    return time.monotonic() + 1000


def test_the_next_page_is_asked_for_while_one_lands() -> None:
    """A page in hand, its successor's request has left without anybody waiting for it; all come in order."""
    known = List(3)
    numbers = []
    with Ahead(known.pages(), soon()) as pages:
        for landing in pages:
            numbers.append(landing.cursor["number"])
            if not landing.last:
                assert known.asked[numbers[-1] + 1].wait(SECONDS)
                known.gate.set()

    assert numbers == [0, 1, 2]


def test_a_list_of_one_page_takes_no_further_thread() -> None:
    """Most runs find a page of changes at the most."""
    known = List(1)
    with Ahead(known.pages(), soon()) as pages:
        assert len(list(pages)) == 1

    assert known.threads == [threading.current_thread().name]


def test_nothing_is_asked_for_in_advance_once_the_time_is_up() -> None:
    """A request whose answer nobody would land does not leave."""
    known = List(3)
    known.gate.set()
    with Ahead(known.pages(), time.monotonic()) as pages:
        next(iter(pages))
        assert pages.over
        assert not known.asked[1].is_set()


def test_a_page_on_its_way_is_landed_before_the_time_counts_as_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for while there was time is not thrown away."""
    known, passed = List(3), [0.0]
    monkeypatch.setattr(ahead, "time", SimpleNamespace(monotonic=lambda: passed[0]))
    with Ahead(known.pages(), 1.0) as pages:
        landing = iter(pages)
        next(landing)
        known.gate.set()
        pages.rest()
        passed[0] = 1.0
        assert not pages.over
        assert next(landing).cursor == {"number": 1}
        assert pages.over


def test_rest_waits_for_the_request_under_way() -> None:
    """Afterwards the client is free for a read by id."""
    known = List(2)
    with Ahead(known.pages(), soon()) as pages:
        next(iter(pages))
        assert known.asked[1].wait(SECONDS)
        threading.Timer(0.05, known.gate.set).start()
        pages.rest()
        assert known.gate.is_set()


def test_an_error_of_the_next_page_comes_after_the_one_before_it() -> None:
    """What was read before a provider failed is landed first."""

    def failing() -> Generator[Page]:
        yield page(0)
        raise RetryLater("busy")

    with Ahead(failing(), soon()) as pages:
        landing = iter(pages)
        assert next(landing).cursor == {"number": 0}
        with pytest.raises(RetryLater):
            next(landing)


def test_the_tenant_in_scope_goes_along() -> None:
    """What is asked for ahead is asked for in the same tenant's name."""
    tenants = []

    def noting() -> Generator[Page]:
        for number in range(2):
            tenants.append(current_tenant())
            yield page(number, last=number == 1)

    tenant = uuid.uuid4()
    with scope(tenant), Ahead(noting(), soon()) as pages:
        assert len(list(pages)) == 2

    assert tenants == [tenant, tenant]


class Reader:
    """Reads pages, and is known to what makes them."""

    def __init__(self, pages: list[Page]) -> None:
        self.made = pages
        self.pages: Ahead[Page] = Ahead(self.arriving(), soon())

    def arriving(self) -> Generator[Page]:
        """The pages."""
        while self.made:
            made = self.made.pop(0)
            yield made


def test_nothing_of_a_page_is_kept_when_a_slice_ends() -> None:
    """The memory of the last page is free at once, not when the collector of cycles comes round."""
    pages = [page(0), page(1)]
    kept = weakref.ref(pages[-1])
    reader = Reader(pages)
    del pages
    gc.collect()
    gc.disable()
    try:
        with reader.pages as arriving:
            for _landing in arriving:
                break
        del _landing, arriving, reader
        assert kept() is None
    finally:
        gc.enable()
