"""Odd things inside good JSON: each is stored as it is, stored with a visible replacement, or set aside by itself.

The rest of the page lands in every case, and a record that was set aside comes in by itself once it is mended.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import pytest
from django.db import transaction

from integrations.kit.lenses import compute
from integrations.kit.mapping import Mapping
from tests.hostile import remote
from tests.hostile.conftest import LIMITS, House
from tests.hostile.server import answer, as_json, says, says_json
from tests.hostile.test_transport import assert_clear
from unified_api import registry
from unified_api.models.ticketing import Ticket
from unified_api.sync import connect
from unified_api.sync.models import Change, RemoteData

GOOD = b'{"id": "good", "title": "good"}'
DEEP = b"[" * 2_000 + b"]" * 2_000
LONG = "x" * 600
MONTH = "2026-01-01T00:00:00"


def page(*records: bytes) -> bytes:
    """A page with these records, spelled as they are, and a good one behind them."""
    return answer(b'{"items": [' + b",".join([*records, GOOD]) + b'], "next": null}')


#: Name of the case: a record that is set aside, under which id, and words of the reason.
ASIDE: dict[str, tuple[bytes, str | None, str]] = {
    "a key twice": (b'{"id": "1", "title": "a", "title": "b"}', "1", "same key twice"),
    "the id twice": (b'{"id": "1", "id": "2", "title": "a"}', None, "same key twice"),
    "a key twice, deep inside": (b'{"id": "1", "more": [{"a": {"b": 1, "b": 2}}]}', "1", "same key twice"),
    "NaN": (b'{"id": "1", "title": NaN}', "1", "NaN"),
    "Infinity where nobody looks": (b'{"id": "1", "score": -Infinity}', "1", "-Infinity"),
    "nested 2,000 deep": (b'{"id": "1", "more": ' + DEEP + b"}", "1", "deeper than 64"),
    "nested 100,000 deep": (
        b'{"id": "1", "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "1",
        "deeper than 64",
    ),
    "a list for a text": (b'{"id": "1", "title": ["a"]}', "1", "name: a text is due, a list came"),
    "an object for a text": (b'{"id": "1", "title": {"en": "a"}}', "1", "a dict came"),
    "a truth value for a text": (b'{"id": "1", "title": true}', "1", "a bool came"),
    "a text for a list": (b'{"id": "1", "labels": "a,b"}', "1", "tags: a list is due, a str came"),
    "lists in a list of texts": (b'{"id": "1", "labels": [["a"]]}', "1", "a list came"),
    "a list for a word": (b'{"id": "1", "state": ["open"]}', "1", "a word is due"),
    "an object for a reference": (
        b'{"id": "1", "author": {"id": 7}}',
        "1",
        "creator: an id is due, a dict came",
    ),
    "an empty reference": (b'{"id": "1", "author": ""}', "1", "creator"),
    "day zero": (b'{"id": "1", "due": "0000-00-00"}', "1", "no moment that exists"),
    "the 30th of February": (b'{"id": "1", "due": "2026-02-30T00:00:00Z"}', "1", "no moment that exists"),
    "year 10000": (b'{"id": "1", "due": "10000-01-01T00:00:00Z"}', "1", "no moment that exists"),
    "before Christ": (b'{"id": "1", "due": "-0044-03-15T12:00:00Z"}', "1", "no moment that exists"),
    "a zone out of range": (b'{"id": "1", "due": "2026-01-01T00:00:00+99:00"}', "1", "no moment that exists"),
    "a zone beyond the end of time": (b'{"id": "1", "due": "9999-12-31T23:59:59-12:00"}', "1", "no moment"),
    "a number for a moment": (b'{"id": "1", "due": 99999999999999999999}', "1", "no moment that exists"),
    "hour 25": (b'{"id": "1", "due": "2026-01-01T25:00:00Z"}', "1", "no moment that exists"),
    "no id": (b'{"title": "a"}', None, "no 'id'"),
    "id null": (b'{"id": null, "title": "a"}', None, "no 'id'"),
    "an empty id": (b'{"id": "", "title": "a"}', None, "is no id"),
    "an id of 10 kB": (json.dumps({"id": "i" * 10_000}).encode(), None, "10000 characters is no id"),
    "an id that is a float": (b'{"id": 1.5}', None, "a float came"),
    "an id that is true": (b'{"id": true}', None, "a bool came"),
    "an id that is a list": (b'{"id": ["1"]}', None, "a list came"),
    "an id with NUL": (b'{"id": "a\\u0000b"}', None, "could be any of several"),
    "an id with a lone surrogate": (b'{"id": "a\\ud800b"}', None, "could be any of several"),
    "a reference with NUL": (b'{"id": "1", "author": "a\\u0000"}', "1", "could be any of several"),
    "no object": (b'"1"', None, "a str came"),
    "null": (b"null", None, "a NoneType came"),
    "a description of 5 MB": (json.dumps({"id": "1", "text": "x" * 5_000_000}).encode(), "1", "longer than"),
    "an adapter that fails on it": (b'{"id": "1", "adapter": "fails"}', "1", "ZeroDivisionError"),
    "the same id twice, with two titles": (
        b'{"id": "1", "title": "a"}, {"id": "1", "title": "b"}',
        "1",
        "several times, with different contents",
    ),
    "an id as number and as text": (
        b'{"id": 1, "title": "a"}, {"id": "1", "title": "b"}',
        "1",
        "several times, with different contents",
    ),
}


@pytest.fixture(autouse=True)
def room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for a record of five megabytes."""
    monkeypatch.setattr(connect, "LIMITS", replace(LIMITS, body=32 * 1024 * 1024))


@pytest.mark.parametrize("case", ASIDE)
def test_a_record_that_does_not_map_is_set_aside_alone_and_comes_in_once_it_is_mended(
    case: str, house: House
) -> None:
    """The stream is amber and says which record and why; the rest of the page lands; nothing is taken for deleted."""
    record, remote_id, words = ASIDE[case]
    house.oddly(says(page(record)))
    stream = house.go()

    assert set(house.records()) == {"good"}
    assert list(house.aside()) == [remote_id]
    assert words in house.aside()[remote_id]
    assert stream.status == "PARTIALLY_SYNCED"
    assert_clear(house, stream.error, "1 records do not map and are set aside", remote_id or "no id")

    house.oddly(says(page(b'{"id": "1", "title": "mended"}')))
    assert house.go(full=True).status == "DONE"
    assert set(house.records()) == {"good", "1"}
    assert house.aside() == {}


#: Name of the case: a record as it is spelled, and some of its fields as they are stored.
STORED: dict[str, tuple[str, dict[str, Any]]] = {
    "an integer beyond 64 bits": (
        '{"id": "1", "title": 123456789012345678901234567890}',
        {"name": "123456789012345678901234567890"},
    ),
    "an id beyond 64 bits": (
        '{"id": 98765432109876543210987, "title": "a"}',
        {"remote_id": "98765432109876543210987"},
    ),
    "a float in exponent form": ('{"id": "1", "title": 1.5e3}', {"name": "1500.0"}),
    "a float beyond all": ('{"id": "1", "title": 1e999}', {"name": "1e999"}),
    "right to left": (
        '{"id": "1", "title": "\\u05e9\\u05dc\\u05d5\\u05dd \\u0645\\u0631\\u062d\\u0628\\u0627"}',
        {"name": "שלום مرحبا"},
    ),
    "combining marks": (
        '{"id": "1", "title": "Zoe\\u0308 Z\\u0351\\u036b\\u0343"}',
        {"name": "Zoe\u0308 Z\u0351\u036b\u0343"},
    ),
    "emoji that are joined": (
        '{"id": "1", "title": "👩\u200d👩\u200d👧\u200d👦"}',
        {"name": "👩\u200d👩\u200d👧\u200d👦"},
    ),
    "astral": ('{"id": "1", "title": "\\ud835\\udd38𓀀"}', {"name": "𝔸𓀀"}),
    "Chinese, Thai, Tamil": ('{"id": "1", "title": "中文 ภาษาไทย தமிழ்"}', {"name": "中文 ภาษาไทย தமிழ்"}),
    "an id in script": ('{"id": "№-日本", "title": "a"}', {"remote_id": "№-日本"}),
    "markup": ('{"id": "1", "title": "<script>alert(1)</script>"}', {"name": "<script>alert(1)</script>"}),
    "a word that is markup": ('{"id": "1", "state": "<b>"}', {"status": "<b>"}),
    "the year 1": ('{"id": "1", "due": "0001-01-01T00:00:00Z"}', {}),
    "the year 9999": ('{"id": "1", "due": "9999-12-31T23:59:59.999999Z"}', {}),
    "a moment without zone": (f'{{"id": "1", "due": "{MONTH}"}}', {}),
    "an empty text": ('{"id": "1", "title": ""}', {"name": ""}),
    "null everywhere": ('{"id": "1", "title": null, "text": null, "labels": null}', {"name": None}),
    "nothing but an id": ('{"id": "1"}', {"name": None}),
    "the same record twice": ('{"id": "1", "title": "a"}, {"id": "1", "title": "a"}', {"name": "a"}),
    "a key of NUL where nobody looks": ('{"id": "1", "title": "a", "\\u0000": 1}', {"name": "a"}),
}


@pytest.mark.parametrize("case", STORED)
def test_what_makes_sense_is_stored_as_it_is_and_read_again_without_a_change(case: str, house: House) -> None:
    """In every script, at the ends of time and of numbers; a second run finds nothing new."""
    record, values = STORED[case]
    house.oddly(says(page(record.encode())))
    assert house.go().status == "DONE"
    ticket = next(t for i, t in house.records().items() if i != "good")
    assert {name: getattr(ticket, name) for name in values} == values

    house.go(full=True)
    assert (house.run().added, house.run().changed, house.run().unchanged) == (0, 0, 2)


@pytest.mark.parametrize(
    ("spelled", "stored"),
    [
        (b"a\\u0000b", "a\ufffdb"),
        (b"a\\ud800b", "a\ufffdb"),
        (b"a\\udfffb", "a\ufffdb"),
        (b"a\xff\xfeb", "a\ufffd\ufffdb"),
        (b"a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"),
    ],
)
def test_characters_that_nothing_can_store_are_replaced_visibly_and_counted(
    spelled: bytes, stored: str, house: House
) -> None:
    """NUL, lone surrogates, bytes that are no text: the record lands with U+FFFD instead, and the run says so."""
    house.oddly(says(page(b'{"id": "1", "title": "' + spelled + b'"}')))
    stream = house.go()

    assert cast("Ticket", house.records()["1"]).name == stored
    assert stream.status == "PARTIALLY_SYNCED"
    assert_clear(house, stream.error, "name of 1 records holds characters that cannot be stored")

    house.oddly(says(page(b'{"id": "1", "title": "mended"}')))
    assert house.go(full=True).status == "DONE"


def test_text_in_another_encoding_is_read_as_its_answer_says(house: House) -> None:
    """A provider that announces ISO 8859-1 loses nothing."""
    body = '{"items": [{"id": "1", "title": "Zoë"}], "next": null}'.encode("latin-1")
    house.oddly(says(answer(body, Content_Type="application/json; charset=ISO-8859-1")))

    assert house.go().status == "DONE"
    assert cast("Ticket", house.records()["1"]).name == "Zoë"


def test_ids_that_differ_only_in_case_or_spaces_are_different_records(house: House) -> None:
    """Nothing is folded, trimmed or composed: the provider's spelling is the identity."""
    ids = ["a", "A", " a", "a ", "a\u0301", "\u00e1", "1", "01", "ß", "ss", "I", "i"]
    house.oddly(says_json({"items": [{"id": i, "title": i} for i in ids], "next": None}))
    assert house.go().status == "DONE"

    assert {i: cast("Ticket", r).name for i, r in house.records().items()} == {i: i for i in ids}


def test_a_record_of_five_megabytes_lands_with_its_raw_answer(house: House) -> None:
    """Large is not bad: three megabytes of text and two of what nobody maps."""
    record = {"id": "1", "text": "ä" * 3_000_000, "blob": ["y" * 1_000] * 2_000}
    house.oddly(says_json({"items": [record], "next": None}))
    assert house.go().status == "DONE"

    assert cast("Ticket", house.records()["1"]).description == record["text"]
    with transaction.atomic():
        assert RemoteData.objects.count() == 1


def test_a_bad_record_inside_another_is_set_aside_under_its_model_and_strikes_out_nobody(
    house: House,
) -> None:
    """A ticket and a user may have the same id: one that maps does not hide the other that does not."""
    watcher = {"id": "7", "name": "Bob"}
    bad = {"id": "7", "title": ["bad"]}
    good = {"id": "8", "title": "good", "watchers": [watcher, {"id": "9", "name": ["bad"]}]}
    house.oddly(says_json({"items": [bad, good], "next": None}))
    assert house.go().status == "PARTIALLY_SYNCED"
    assert set(house.aside()) == {"7", "ticketing.User/9"}
    assert set(house.records("ticketing.User")) == {"7"}

    mended = {**good, "watchers": [watcher, {"id": "9", "name": "Zoe"}]}
    house.oddly(says_json({"items": [{"id": "7", "title": "mended"}, mended], "next": None}))
    assert house.go(full=True).status == "DONE"
    assert house.aside() == {}
    assert set(house.records("ticketing.User")) == {"7", "9"}


def test_a_bad_record_is_not_taken_for_deleted(house: House) -> None:
    """A record that mapped yesterday and does not today stays as it was known, and is not removed."""
    house.oddly(says(page(b'{"id": "1", "title": "yesterday"}')))
    house.go()
    house.oddly(says(page(b'{"id": "1", "title": ["today"]}')))
    assert house.go(full=True).status == "PARTIALLY_SYNCED"

    assert not house.records()["1"].remote_was_deleted
    assert cast("Ticket", house.records()["1"]).name == "yesterday"


def test_a_record_that_is_garbage_when_asked_for_by_its_id_stops_no_sweep(house: House) -> None:
    """Missed by the list and shown badly by its id, it is set aside; the others that are gone are found."""
    house.oddly(says_json({"items": [{"id": i, "title": i} for i in ("1", "2", "3")], "next": None}))
    house.go()
    house.oddly(says_json({"items": [{"id": "3", "title": "3"}], "next": None}))
    house.oddly(says(answer(b'{"id": "1", "title": "a", "title": "b"}')), "/tickets/1")
    stream = house.go(full=True)

    assert stream.status == "PARTIALLY_SYNCED"
    assert "same key twice" in house.aside()["1"]
    assert {i for i, r in house.records().items() if r.remote_was_deleted} == {"2"}


def test_what_the_database_refuses_is_set_aside_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that makes a NUL out of good text costs its own record, not the page."""

    def rubbed(record: Any) -> Any:
        return record["title"].replace("%00", "\x00").replace("%d8", "\ud800")

    tickets = replace(remote.TICKETS, mapping=Mapping(Ticket, name=compute(rubbed)), create=None, update=None)
    provider = replace(remote.PROVIDER, resources=(tickets,))
    monkeypatch.setitem(registry._providers, "hostile", provider)
    records = [{"id": "1", "title": "a%00"}, {"id": "2", "title": "a%d8"}, {"id": "3", "title": "good"}]
    house.oddly(says_json({"items": records, "next": None}))
    stream = house.go()

    assert stream.status == "PARTIALLY_SYNCED"
    assert set(house.records()) == {"3"}
    assert set(house.aside()) == {"1", "2"}


def test_a_list_and_an_embedded_answer_about_one_record_do_not_push_each_other_aside(house: House) -> None:
    """The same user in the list of users and inside a ticket, in two forms: reading both again changes nothing."""
    house.tracker.add("users", id="7", name="Bob", mail="bob@example.com")
    house.oddly(says_json({"items": [{"id": "1", "watchers": [{"id": "7", "name": "Bob"}]}], "next": None}))
    for _ in range(2):
        house.go("ticketing.User")
        house.go(full=True)
    with transaction.atomic():
        before = Change.objects.count()
        assert not Change.objects.filter(fields={}).exclude(kind="created").exists()
    house.go("ticketing.User")
    house.go(full=True)
    with transaction.atomic():
        assert Change.objects.count() == before


def test_raw_json_keeps_good_pages_good(house: House) -> None:
    """A byte order mark in front of good JSON is no fault."""
    house.oddly(
        says(answer(b"\xef\xbb\xbf" + as_json({}).partition(b"\r\n\r\n")[2].replace(b"{}", b'{"items": []}')))
    )
    assert house.go().status == "DONE"
