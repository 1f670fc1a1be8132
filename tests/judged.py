"""Every request that any test has an adapter make, judged by the vendor's description where that is at hand.

One place for all of them: what the kit's sessions send is looked at for the whole run, whatever answers it. Emulators
judge by themselves what arrives, and what they answer to it; here are the requests to servers that answer as a test
says. A fault fails the test in which it happened.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from pytest import MonkeyPatch  # noqa: PT013 - as a type

from integrations.kit.breaks import Broken
from integrations.kit.transport import Reply, Way
from tests.emulators import engine, official
from tests.emulators.exchange import Request
from tests.emulators.official import Description
from tests.emulators.vendor import Vendor

#: What was found wrong since the last look.
_wrong: list[str] = []


@pytest.fixture(scope="session", autouse=True)
def _judged() -> Iterator[None]:
    """Have every session's requests looked at."""
    from integrations.kit.session import Session

    begin = Session.__init__

    def init(self: Session, provider: Any, connection: Any, http: Any) -> None:
        begin(self, provider, connection, http)
        judge = _judge(provider.slug)
        if judge is not None and not getattr(http._wire, "judges", False):
            http._wire = Judging(provider.slug, judge, http._wire)

    with MonkeyPatch.context() as patch:
        patch.setattr(Session, "__init__", init)
        yield


@pytest.fixture(autouse=True)
def _asked(_judged: None) -> Iterator[None]:
    """Fail a test in which something was asked that the vendor does not describe."""
    _wrong.clear()
    yield
    assert not _wrong, "\n".join(_wrong)


@dataclass(frozen=True)
class Judge:
    """Whom to ask about the requests to a vendor."""

    vendor: Vendor
    description: Description

    def faults(self, request: requests.PreparedRequest, reply: Reply | Broken) -> list[str]:
        """What is wrong with a request; one that was refused for its form has been judged."""
        if isinstance(reply, Reply) and reply.status in official.FOR_ITS_FORM:
            return []
        url = urlsplit(request.url or "")
        body = request.body if isinstance(request.body, bytes) else b""
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        query = parse_qsl(url.query, keep_blank_values=True)
        arrived = Request(request.method or "", self.vendor.canonical(url.path), query, headers, body)
        return self.description.asked(arrived)


@dataclass(frozen=True)
class Judging:
    """A way whose requests are judged."""

    slug: str
    judge: Judge
    inner: Way

    def exchange(self, request: requests.PreparedRequest, **how: Any) -> Reply | Broken:
        """See Way."""
        reply = self.inner.exchange(request, **how)
        if urlsplit(request.url or "").netloc not in engine.RUNNING:
            _wrong.extend(f"{self.slug}: {fault}" for fault in self.judge.faults(request, reply))
        return reply

    def close(self) -> None:
        """See Way."""
        self.inner.close()


@functools.cache
def _judge(slug: str) -> Judge | None:
    from tests.conformance.far_side import of_slug

    found = of_slug(slug)
    told = official.description(found.vendor) if found and found.vendor else None
    return Judge(found.vendor, told) if found and found.vendor and told else None
