"""The emulated Mailchimp, called as anybody would; each exchange is judged by its description.

What SEMANTICS.md says of Mailchimp with a source, and the test that stands for it:

    count up to 1,000, and offset               test_pages_are_cut_and_say_how_many_there_are
    fields, exclude_fields                      each exchange is judged by the description
    since_last_changed, inclusive seconds       test_changes_include_their_second
    PUT with status_if_new                      test_deleting_archives_and_an_upsert_brings_back
    delete-permanent bars the address           test_deleting_archives_and_an_upsert_brings_back

What it says of general knowledge [?] is tried as well: three names of a member, merge fields by their kinds, refusals,
webhooks. Not looked at here, as the adapter does not use it: tags that are written, batches, interests,
since_timestamp_opt, consent, skip_merge_validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from tests.emulators.engine import Emulator, emulating
from tests.emulators.swagger import as_openapi
from tests.emulators.vendors.mailchimp import KEY, LIST, audience, members, vendor
from tests.emulators.world import Clock

_MEMBERS = f"/3.0/lists/{LIST}/members"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An audience without members."""
    with emulating(vendor, Clock(datetime(2026, 1, 31, 9, tzinfo=UTC))) as running:
        yield running


def call(emulator: Emulator, method: str, path: str, body: Any = None, key: str = KEY, **params: str) -> Any:
    """An answer, decoded where there is a body; a refusal as well."""
    with requests.Session() as session:
        session.trust_env = False
        told = session.request(
            method, f"{emulator.url}{path}", params=params, json=body, auth=("anybody", key), timeout=120
        )
    return told.json() if told.content else told.status_code


def test_pages_are_cut_and_say_how_many_there_are(emulator: Emulator) -> None:
    """Ten where nothing is asked, a thousand at the most."""
    for number in range(12):
        members.add(emulator.world, f"{number}@acme.example")
    told = call(emulator, "GET", _MEMBERS)
    rest = call(emulator, "GET", _MEMBERS, offset="10", count="5")

    assert [len(told["members"]), told["total_items"], len(rest["members"])] == [10, 12, 2]
    assert call(emulator, "GET", _MEMBERS, count="1001")["status"] == HTTPStatus.BAD_REQUEST


def test_changes_include_their_second(emulator: Emulator) -> None:
    """What changed before is left out; newest first, if asked so."""
    ada, ben = (members.add(emulator.world, f"{name}@acme.example") for name in ("ada", "ben"))
    emulator.world.clock.forward(60)
    members.change(emulator.world, ada, merge_fields={"FNAME": "Ada"})
    since = call(emulator, "GET", _MEMBERS, since_last_changed=ada["last_changed"])
    order = call(emulator, "GET", _MEMBERS, sort_field="last_changed", sort_dir="DESC")

    assert [one["id"] for one in since["members"]] == [ada["id"]]
    assert [one["id"] for one in order["members"]] == [ada["id"], ben["id"]]


def test_a_member_has_three_names_and_another_hash_with_another_address(emulator: Emulator) -> None:
    """The hash of the address in small letters, the address, and the id that stays."""
    ada = members.add(emulator.world, "Ada@acme.example")
    names = (members.hash_of("ada@ACME.example"), "ada@acme.example", ada["contact_id"])
    assert {call(emulator, "GET", f"{_MEMBERS}/{name}")["contact_id"] for name in names} == {
        ada["contact_id"]
    }
    changed = call(emulator, "PATCH", f"{_MEMBERS}/{names[0]}", {"email_address": "augusta@acme.example"})

    assert (changed["contact_id"], changed["id"]) == (
        ada["contact_id"],
        members.hash_of("augusta@acme.example"),
    )
    assert call(emulator, "GET", f"{_MEMBERS}/{names[0]}")["status"] == HTTPStatus.NOT_FOUND


def test_deleting_archives_and_an_upsert_brings_back(emulator: Emulator) -> None:
    """Archived once; a new one with that address is refused, an upsert is not. What is deleted for good is barred."""
    ada = members.add(emulator.world, "ada@acme.example", FNAME="Ada")
    one, new = f"{_MEMBERS}/{ada['id']}", {"email_address": "ada@acme.example", "status": "subscribed"}
    assert call(emulator, "DELETE", one) == HTTPStatus.NO_CONTENT
    assert call(emulator, "GET", one)["status"] == "archived"
    assert call(emulator, "DELETE", one)["status"] == HTTPStatus.METHOD_NOT_ALLOWED
    assert call(emulator, "POST", _MEMBERS, new)["title"] == "Member Exists"
    back = call(emulator, "PUT", one, {**new, "status_if_new": "pending"})
    members.forget(emulator.world, ada)

    assert (back["status"], back["merge_fields"]["FNAME"]) == ("subscribed", "Ada")
    assert call(emulator, "POST", _MEMBERS, new)["title"] == "Forgotten Email Not Subscribed"


def test_fields_are_judged_by_their_kinds(emulator: Emulator) -> None:
    """Each that is wrong is named by its tag; a tag that nobody has is ignored."""
    audience.add_field(emulator.world, "SEATS", "number", "Seats")
    audience.add_field(emulator.world, "PLAN", "dropdown", "Plan", options={"choices": ["Free", "Paid"]})
    wrong = {"SEATS": "many", "PLAN": "Other", "ADDRESS": {"addr1": "x"}, "NONE": "1"}
    told = {"email_address": "ada@acme.example", "status": "subscribed", "merge_fields": wrong}
    refused = call(emulator, "POST", _MEMBERS, told)
    right = {"SEATS": 7, "PLAN": "Free"}
    made = call(emulator, "POST", _MEMBERS, {**told, "merge_fields": {**right, "NONE": "1"}})

    assert {one["field"] for one in refused["errors"]} == {"SEATS", "PLAN", "ADDRESS"}
    assert right.items() <= made["merge_fields"].items()
    assert "NONE" not in made["merge_fields"]


def test_what_is_refused(emulator: Emulator) -> None:
    """Another key, an address that is none, and one that somebody has."""
    for name in ("ada", "ben"):
        members.add(emulator.world, f"{name}@acme.example")
    new = {"email_address": "nobody", "status": "subscribed"}
    taken = {"email_address": "BEN@acme.example"}

    assert call(emulator, "GET", _MEMBERS, key="other-us20")["title"] == "API Key Invalid"
    assert call(emulator, "POST", _MEMBERS, new)["errors"][0]["field"] == "email_address"
    assert call(emulator, "PATCH", f"{_MEMBERS}/ada@acme.example", taken)["title"] == "Member Exists"


def test_webhooks_are_forms_that_nothing_proves(emulator: Emulator) -> None:
    """One for each event that was asked for; a changed address tells both hashes."""
    told = {"url": "http://127.0.0.1:9/hook", "events": {"upemail": True, "profile": False}, "sources": {}}
    hooks = f"/3.0/lists/{LIST}/webhooks"
    made = call(emulator, "POST", hooks, told)
    assert call(emulator, "POST", hooks, told)["status"] == HTTPStatus.BAD_REQUEST
    ada = members.add(emulator.world, "ada@acme.example")
    call(emulator, "PATCH", f"{_MEMBERS}/{ada['id']}", {"email_address": "augusta@acme.example"})
    (delivery,) = emulator.packed()
    form = {name: values[0] for name, values in parse_qs(delivery.body.decode()).items()}

    assert set(delivery.headers) == {"Content-Type"}
    assert (form["type"], form["data[old_email]"], form["data[new_id]"]) == (
        "upemail",
        "ada@acme.example",
        members.hash_of("augusta@acme.example"),
    )
    assert call(emulator, "DELETE", f"{hooks}/{made['id']}") == HTTPStatus.NO_CONTENT
    assert call(emulator, "GET", hooks)["webhooks"] == []


def test_a_description_of_the_older_form_is_read_as_one_of_the_newer() -> None:
    """Bodies, parameters and answers stand elsewhere, and say the same; one of the newer form is left alone."""
    count = {"in": "query", "name": "count", "type": "integer", "required": False, "description": "How many"}
    body = {"in": "body", "name": "body", "required": True, "schema": {"type": "object"}}
    answers = {"200": {"description": "Fine", "schema": {"type": "array"}}, "204": {"description": "Nothing"}}
    old = {
        "swagger": "2.0",
        "info": {},
        "paths": {"/x": {"post": {"parameters": [count, body], "responses": answers}}},
    }
    made = as_openapi(old)["paths"]["/x"]["post"]

    assert made["parameters"] == [
        {**{n: count[n] for n in ("in", "name", "required", "description")}, "schema": {"type": "integer"}}
    ]
    assert made["requestBody"] == {"content": {"application/json": {"schema": {"type": "object"}}}}
    assert made["responses"] == {
        "200": {"description": "Fine", "content": {"application/json": {"schema": {"type": "array"}}}},
        "204": {"description": "Nothing"},
    }
    assert as_openapi({"openapi": "3.0.1"}) == {"openapi": "3.0.1"}
