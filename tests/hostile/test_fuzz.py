"""Random bytes and random mutations of good pages: whatever comes, it is a page, a bad record, or an error of the kit.

The whole reading is driven (decoding, paging, mapping, joins) with answers made up by Hypothesis, and everything pure
that the store does with what comes out.
"""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from integrations.kit.client import Client, Connection
from integrations.kit.errors import ProviderError
from integrations.kit.http import Answer, Http, Patience
from integrations.kit.observation import Observation, Page
from integrations.kit.provider import Provider, Resource
from integrations.kit.reading import begin_again
from tenants.vault import Secret
from tests.hostile import remote
from tests.hostile.remote import listed
from unified_api import registry
from unified_api.sync import landing, set_aside, told

MANY = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])

#: What the list of horrors is made of.
NASTY = (
    b"NaN", b"-Infinity", b"1e999", b"-0", b"99999999999999999999999", b"null", b"true", b"[]", b"{}", b'""',
    b'"\\u0000"', b'"\\ud800"', b"\xff", b"\x00", b"\xef\xbb\xbf", b'"0000-00-00"', b'"id":1,', b"[" * 80, b"]" * 80,
    b'{"a":' * 70, b",", b":", b'"', b"\\", b"<html>", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59",
)  # fmt: skip

HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Date": st.sampled_from(
            ["Fri, 31 Dec 9999 23:59:59 -1200", "Mon, 01 Jan 0001 00:00:00 +1200", "now", ""]
        ),
        "Retry-After": st.sampled_from(["-1", "1e9", "Fri, 31 Dec 9999 23:59:59 -1200", "\x00"]),
        "Link": st.sampled_from(
            ['<?a=b>; rel="next"', "<http://[>; rel=next", '<?a=\x00>; rel="next"', "<<>>"]
        ),
        "Content-Type": st.sampled_from(
            ["text/html", "application/json; charset=utf-7", "a;charset=latin-1"]
        ),
        "X-RateLimit-Remaining": st.sampled_from(["0", "-1", "nan"]),
        "X-RateLimit-Reset": st.sampled_from(["1e300", "99999999999", "nan", "-1"]),
    },
)
STATUSES = st.sampled_from([200, 200, 200, 200, 200, 204, 206, 304, 400, 404, 429, 500, 999])


def good_page() -> bytes:
    """A page with everything in it that the adapter reads."""
    record = {
        "id": "1",
        "title": "Zoë",
        "text": None,
        "state": "open",
        "labels": ["a", "b"],
        "author": 7,
        "due": "2026-01-01T00:00:00+01:00",
        "updated": "2026-01-01T00:00:00Z",
        "watchers": [{"id": 7, "name": "Bob", "mail": "bob@example.com"}],
    }
    return json.dumps(listed("tickets", [record, {**record, "id": 2}], {}) | {"next": "c2"}).encode()


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good page of which some bytes were cut out, doubled, overwritten, or replaced by something nasty."""
    dice = random.Random(draw(st.integers(0, 2**32)))
    body = good_page()
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(body) + 1)
        end = min(len(body), start + dice.choice([0, 1, 2, 8, 40]))
        middle = dice.choice([b"", body[start:end] * 2, bytes([dice.randrange(256)]), dice.choice(NASTY)])
        body = body[:start] + middle + body[end:]
    return body


@st.composite
def replaced(draw: st.DrawFn) -> bytes:
    """A good page in which the value of one key, anywhere, is something nasty."""
    body = good_page()
    places = [i for i in range(len(body)) if body[i : i + 2] == b": "]
    place = draw(st.sampled_from(places)) + 2
    end = place
    while body[end : end + 1] not in {b",", b"}", b"]", b""}:
        end += 1
    return body[:place] + draw(st.sampled_from(NASTY)) + body[end:]


KEYS = ["items", "next", "id", "title", "results", "data", "collection", "error", "a"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["items", "next", "id", "title", "results", "data", "error", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from(NASTY), max_size=8).map(b"".join),
    mutated(),
    replaced(),
    JSON.map(lambda data: json.dumps(data).encode()),
    JSON.map(lambda data: json.dumps({"items": [data, {"id": 1}], "next": data}).encode()),
)


@dataclass
class Oracle(Http):
    """The kit's way to a provider, but for the wire: each request is answered by the next of these."""

    connection: Connection
    answers: Iterator[tuple[int, dict[str, str], bytes]]
    base_url: str = "http://fuzz.example"
    calls: int = 0
    _patience: Patience = field(default_factory=lambda: Patience(attempts=1))

    def __post_init__(self) -> None:
        super().__init__(
            self.connection, base_url=self.base_url, auth=remote.PROVIDER.auth, patience=self._patience
        )

    def _exchange(self, *_request: Any) -> Answer:
        status, headers, body = next(self.answers)
        self.calls += 1
        return Answer(status, CaseInsensitiveDict(headers), body, self.calls, self.calls)


def read(
    provider: Provider, resource: Resource, answers: list[tuple[int, dict[str, str], bytes]]
) -> list[Page]:
    """The pages that come out of these answers, the last of which is given for ever; at most five."""
    connection = Connection(
        {"base_url": "http://fuzz.example"}, {"token": Secret("t"), "password": Secret("p")}
    )
    endless = (answers[min(n, len(answers) - 1)] for n in range(10_000))
    settings = {setting.name: "x" for setting in provider.settings if not setting.secret}
    connection = replace(connection, settings={**settings, **connection.settings})
    client = Client(provider, connection, http=Oracle(connection, endless))
    pages: list[Page] = []
    cursor: dict[str, Any] | None = None
    for _run in range(2):
        try:
            pages += islice(client.pages(resource, cursor), 5)
        except ProviderError as error:
            refused(error)
        if pages:
            cursor = json.loads(json.dumps(pages[-1].cursor))
    return pages


def refused(error: ProviderError) -> None:
    """An error says what happened, in one line that moves nobody's cursor."""
    assert error.message
    assert not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in str(error)), str(error)


def assert_storable(page: Page) -> None:
    """What comes out can be compared, written and set aside, and has nothing in it that Postgres refuses."""
    cursor = orjson.dumps(page.cursor)
    assert b"\\u0000" not in cursor
    assert begin_again(page.cursor) is None or "since" in (begin_again(page.cursor) or {})
    for observation in told.flat(page.observations):
        assert_one(observation)
    assert len({o.remote_id for o in page.observations}) == len(page.observations)
    for bad in page.bad:
        assert bad.reason
        assert set_aside._text(bad.raw).isascii()
        assert bad.remote_id is None or bad.remote_id.encode()


def assert_one(observation: Observation) -> None:
    """One record."""
    assert len(landing.digest(observation, "1")) == 26
    values = orjson.dumps(landing.landed(None, observation, observation.values, b""), default=lambda _b: "")
    assert b"\\u0000" not in values
    assert b"\\u0000" not in orjson.dumps(observation.raw)
    assert 0 < len(observation.remote_id) <= 512


@MANY
@given(answers=st.lists(st.tuples(STATUSES, HEADERS, BODIES), min_size=1, max_size=3))
def test_reading_anything_gives_pages_bad_records_or_errors_of_the_kit(
    answers: list[tuple[int, dict[str, str], bytes]],
) -> None:
    """No other exception comes out of a list, whatever stands in its answers, and what comes out can be stored."""
    for resource in remote.PROVIDER.resources:
        for page in read(remote.PROVIDER, resource, answers):
            assert_storable(page)


@MANY
@given(body=BODIES, headers=HEADERS, status=STATUSES)
def test_one_record_and_a_check_of_anything_are_answers_or_errors_of_the_kit(
    body: bytes, headers: dict[str, str], status: int
) -> None:
    """The same for a record that is read by its id, for the check of a credential, and for a search of the newest."""
    connection = Connection({"base_url": "http://fuzz.example"}, {"token": Secret("t")})
    client = Client(
        remote.PROVIDER, connection, http=Oracle(connection, iter([(status, headers, body)] * 100))
    )
    for call in (
        lambda: assert_one(client.read(remote.TICKETS, "1")),
        client.check,
        lambda: client.recent(remote.TICKETS, {"name": "Zoë"}),
        lambda: client.create(remote.TICKETS, {"name": "Zoë"}),
        lambda: client.update(remote.TICKETS, "1", {"name": "Zoë"}),
        lambda: client.raw("GET", "/x"),
    ):
        try:
            call()
        except ProviderError as error:
            refused(error)


# By its name: that of all a provider is would be too long for what Hypothesis tells of a failure.
@pytest.mark.parametrize("slug", [provider.slug for provider in registry.all()])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(answers=st.lists(st.tuples(STATUSES, HEADERS, BODIES), min_size=1, max_size=4))
def test_no_adapter_lets_anything_else_out(
    slug: str, answers: list[tuple[int, dict[str, str], bytes]]
) -> None:
    """The functions of installed adapters, which join and reshape, are fed with the same."""
    provider = registry.by_slug(slug)
    for resource in provider.resources:
        if resource.list is not None:
            for page in read(provider, resource, answers):
                assert_storable(page)
