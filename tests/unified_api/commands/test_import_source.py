"""Reading where accounts come from: patience with it, and none with what is no answer or leads elsewhere."""

from __future__ import annotations

import datetime as dt
import json
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from integrations.kit.guard import Guard, Target
from tenants.vault import Secret
from tests.integrations.kit.test_tls import NAME, certificate, guard, speaking
from tests.unified_api.commands.elsewhere import KEY, Answer, Elsewhere, elsewhere, row
from unified_api.management.importing import answers, outgoing, source, tokens
from unified_api.management.importing.entries import BadFile
from unified_api.management.importing.outgoing import GuardedTransport
from unified_api.models.crm import CustomObject
from unified_api.models.ticketing import Ticket

__all__ = ["certificate"]  # a fixture

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
OPEN = Guard(allow_hosts=frozenset({"127.0.0.1"}))


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    """A running one with one account."""
    with elsewhere() as running:
        running.account()
        yield running


@pytest.fixture
def waited() -> list[float]:
    """How long it was waited, each time."""
    return []


@pytest.fixture
def way(there: Elsewhere, waited: list[float]) -> Iterator[source.Source]:
    """The way to that account."""
    outside = source.Outside(lambda: NOW, waited.append)
    with source.opened(f"{there.url}/api", Secret(KEY), OPEN, outside) as opened:
        yield opened.of(Secret(next(iter(there.tokens))))


def ids(way: source.Source) -> list[str]:
    """The remote ids of all tickets."""
    return [old.remote_id for page in way.pages(Ticket, None, None) for old in page.ids]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "Thu, 01 Jan 2026 00:02:00 GMT"}, 120),
        ({"Retry-After": "999999999"}, source.LONGEST_WAIT),
        ({"Retry-After": "soon"}, 1),
        ({}, 1),
    ],
)
def test_a_limit_is_obeyed(
    there: Elsewhere, way: source.Source, waited: list[float], headers: dict[str, str], wait: float
) -> None:
    """It is waited as long as the answer says, and then asked again."""
    there.rows["tickets"] = [row("1")]
    there.scripted["tickets"] = [(429, headers, "{}")]

    assert (ids(way), waited) == (["1"], [wait])


def test_patience_has_an_end(there: Elsewhere, way: source.Source, waited: list[float]) -> None:
    """A server that fails on and on ends the import, after ever longer waits."""
    there.scripted["tickets"] = [(503, {}, "oh")] * source.ATTEMPTS
    with pytest.raises(answers.Unreachable, match="was asked 8 times: it answers 503"):
        ids(way)
    assert waited == [1, 2, 4, 8, 16, 32, 60]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, {}, "<html>"), "no JSON"),
        ((200, {}, "{}"), "lacks 'results'"),
        ((200, {}, "[]"), "none of the contract's"),
        ((200, {}, '{"results": 7}'), "is no list"),
        ((200, {}, '{"results": [], "next": 7}'), "no next page"),
        ((302, {"Location": "http://169.254.169.254/"}, ""), "the answer is 302"),
        ((404, {}, "{}"), "the answer is 404"),
    ],
)
def test_what_is_no_answer_is_said(
    there: Elsewhere, way: source.Source, waited: list[float], answer: Answer, reason: str
) -> None:
    """At once, since asking again would not help; nobody is followed elsewhere."""
    there.scripted["tickets"] = [answer]
    with pytest.raises((answers.Malformed, answers.Refused), match=reason):
        ids(way)
    assert (len(there.asked("tickets")), waited) == (1, [])


def test_a_list_that_goes_in_circles_ends(there: Elsewhere, way: source.Source) -> None:
    """A page that names an earlier one as its next is the last that is asked for."""
    there.scripted["tickets"] = [(200, {}, json.dumps({"results": [], "next": c})) for c in "121"]
    with pytest.raises(answers.Malformed, match="goes in circles"):
        ids(way)


def test_an_answer_without_end_is_cut_off(
    there: Elsewhere, way: source.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not held in memory however long it is."""
    monkeypatch.setattr(outgoing, "LARGEST", 1_000)
    there.rows["tickets"] = [row(str(number)) for number in range(100)]
    with pytest.raises(answers.Unreachable, match="the connection failed"):
        ids(way)


def test_a_compressed_answer_is_refused(there: Elsewhere, way: source.Source) -> None:
    """It was not asked for, and a small one may be gigabytes."""
    there.scripted["tickets"] = [(200, {"Content-Encoding": "gzip"}, "{}")]
    with pytest.raises(answers.Unreachable, match="which was not asked for"):
        ids(way)


def test_objects_below_classes_are_read_class_by_class(
    there: Elsewhere, way: source.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor leads back to the place in the list of the class at which the reading stood."""
    monkeypatch.setattr(source, "AT_ONCE", 2)
    first, second = sorted(str(uuid.uuid4()) for _ in range(2))
    there.rows = {
        "custom-object-classes": [row("A", first), row("B", second)],
        f"custom-object-classes/{first}/custom-objects": [row("1"), row("2"), row("3")],
        f"custom-object-classes/{second}/custom-objects": [row("4")],
    }
    pages = list(way.pages(CustomObject, None, None))
    assert [[old.remote_id for old in page.ids] for page in pages] == [["1", "2"], ["3"], ["4"]]
    for number, page in enumerate(pages[:-1], 1):
        assert [p.ids for p in way.pages(CustomObject, page.next, None)] == [p.ids for p in pages[number:]]
    assert pages[-1].next is None


def _at(address: str) -> Guard:
    def resolve(_host: str, port: int) -> list[Target]:
        return [(socket.AF_INET, (address, port))]

    return Guard(resolve=resolve)


@pytest.mark.parametrize(
    ("url", "address", "reason"),
    [
        ("https://api.example", "10.0.0.1", "private network"),
        ("http://api.example", "93.184.216.34", "in clear text"),
    ],
)
def test_a_key_goes_only_where_it_may(url: str, address: str, reason: str) -> None:
    """Neither into the operator's network nor in clear text over the internet."""
    there = _at(address)
    with (
        httpx.Client(transport=GuardedTransport(there, there), trust_env=False) as client,
        pytest.raises(outgoing.Closed, match=reason),
    ):
        client.get(url)


def test_the_name_is_kept_though_the_address_is_ours(certificate: Path) -> None:
    """The certificate is checked against the name, which the server is told, too; another one is refused."""
    trusting = guard(certificate)
    with httpx.Client(transport=GuardedTransport(trusting, trusting), trust_env=False) as client:
        with speaking(certificate) as (port, asked):
            answer = client.get(f"https://{NAME}:{port}/")
        with (
            speaking(certificate) as (port, _),
            pytest.raises(outgoing.Closed, match=r"of other\.example is refused"),
        ):
            client.get(f"https://other.example:{port}/")

    assert (answer.json(), asked) == ({"a": 1}, [NAME])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "line 2: this is no JSON"),
        ('{"account_token": "x", "account_token": "y"}', "line 2: 'account_token' is given twice"),
        (
            '{"linked_account_id": "no id", "account_token": "a token of some length"}',
            "line 2: 'linked_account_id'",
        ),
        (
            '{"end_user_origin_id": "a", "account_token": "a-token-of-some-length"}',
            "line 2: 'category' is missing",
        ),
        (
            '{"end_user_origin_id": "a", "category": "crm", "account_token": "short"}',
            "line 2: 'account_token' is no",
        ),
        ('{"token": "a-token-of-some-length"}', "line 2: 'token': no such key"),
        (
            '{"linked_account_id": "%s", "account_token": "a-token-of-some-length"}',
            "line 2: the same account",
        ),
        ("[1]", "line 2: an object is expected"),
        ("[" * 100_000, "line 2: this is nested too deep"),
    ],
)
def test_a_mistake_in_the_file_of_tokens_has_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    """What the file holds is secret, and not quoted."""
    account_id = str(uuid.uuid4())
    good = {"linked_account_id": account_id, "account_token": "a-token-of-some-length"}
    (tmp_path / "tokens").write_text(f"{json.dumps(good)}\n{text.replace('%s', account_id)}\n")
    with pytest.raises(BadFile) as caught:
        tokens.read(str(tmp_path / "tokens"))

    assert sentence in str(caught.value)
    assert "of some length" not in str(caught.value)
