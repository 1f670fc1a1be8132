"""The engine of emulators: a vendor of two addresses, what befalls its requests, and who judges them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as Call
from urllib.request import urlopen

import pytest

from tests.emulators.engine import Emulator, emulating
from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.official import told
from tests.emulators.vendor import Beyond, Delivery, Limit, Routes, Vendor
from tests.emulators.world import Clock, Event, World
from tests.integrations.listener import Seen, Told, listening

on = Routes()
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOTE = {
    "type": "object",
    "required": ["text"],
    "properties": {"id": {"type": "integer", "readOnly": True}, "text": {"type": "string"}},
}
ONE = {
    "200": {
        "description": "",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}},
    }
}
DESCRIPTION: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Notes", "version": "1"},
    "paths": {
        "/notes": {
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}}
                },
                "responses": ONE,
            }
        },
        "/notes/{note_id}": {
            "parameters": [
                {"name": "note_id", "in": "path", "required": True, "schema": {"type": "integer"}},
                {"name": "deep", "in": "query", "schema": {"type": "boolean"}},
            ],
            "get": {"responses": ONE},
        },
    },
    "components": {"schemas": {"Note": NOTE}},
}


@on("POST", "/notes")
def make(world: World, request: Request) -> Answer:
    """A new note."""
    if not request.body.get("text"):
        raise Refused(422, "a note needs a text")
    note = world.add("note", request.body)
    world.obey("note", note)
    world.happened("made", "note", note)
    return Answer(200, note)


@on("GET", "/notes/{note_id}")
def show(world: World, request: Request) -> Answer:
    """One."""
    return Answer(200, world.get("note", request.params["note_id"]))


def _deliveries(world: World, event: Event) -> list[Delivery]:
    told_to = [hook["url"] for hook in world.rows("hook")]
    return [Delivery(url, {"X-Event": event.word}, json.dumps(event.record).encode()) for url in told_to]


def notes(official: str | None = None, beyond: Beyond | None = None) -> Vendor:
    """The vendor."""
    return Vendor(
        name="Notes",
        routes=on,
        error=lambda status, sentence: {"status": status, "error": sentence},
        enters=lambda _world, request: request.headers.get("authorization") == "Bearer key",
        limits=(Limit("reads", 2, 60, lambda request: "all" if request.method == "GET" else None),),
        deliveries=_deliveries,
        official=official,
        beyond=beyond or Beyond(),
    )


def ask(
    emulator: Emulator, method: str, path: str, body: Any = None, key: str = "key"
) -> tuple[int, Any, Any]:
    """Status, decoded body and headers."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    call = Call(emulator.url + path, data, headers, method=method)  # noqa: S310 - the address is ours
    try:
        with urlopen(call, timeout=120) as answer:  # noqa: S310 - the same
            return answer.status, json.loads(answer.read()), answer.headers
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read()), error.headers


@pytest.fixture
def described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The vendor's description, where VENDOR_SPECS says."""
    (tmp_path / "notes.json").write_text(json.dumps(DESCRIPTION))
    monkeypatch.setenv("VENDOR_SPECS", str(tmp_path))
    return "notes.json"


def test_it_keeps_what_it_is_told_and_refuses_in_the_vendors_words() -> None:
    """What was made is shown; who is not known, and what is not there or wrong, is refused in one form."""
    with emulating(notes(), Clock(NOW)) as emulator:
        assert ask(emulator, "POST", "/notes", {"text": "one"})[1] == {"id": 1001, "text": "one"}
        status, note, headers = ask(emulator, "GET", "/notes/1001")
        refused = [
            ask(emulator, "GET", "/notes/7")[:2],
            ask(emulator, "POST", "/notes", {})[:2],
            ask(emulator, "POST", "/notes", {}, key="none")[0],
            ask(emulator, "PUT", "/notes")[0],
            ask(emulator, "GET", "/elsewhere")[0],
        ]

    assert (status, note["text"], headers["Date"]) == (200, "one", "Sat, 31 Jan 2026 12:00:00 GMT")
    assert refused == [
        (404, {"status": 404, "error": "no note has the id 7"}),
        (422, {"status": 422, "error": "a note needs a text"}),
        401,
        405,
        429,
    ]


def test_a_limit_counts_by_the_vendors_clock() -> None:
    """The third read of a minute is told when to come again, and by then it may."""
    with emulating(notes(), clock := Clock(NOW)) as emulator:
        ask(emulator, "POST", "/notes", {"text": "one"})
        found = [ask(emulator, "GET", "/notes/1001") for _ in range(3)]
        clock.forward(float(found[2][2]["Retry-After"]))

        assert [status for status, _, _ in found] == [200, 200, 429]
        assert ask(emulator, "GET", "/notes/1001")[0] == 200


def test_faults_strike_as_they_are_told() -> None:
    """A refusal does nothing, a lost answer did, half an answer is half, and somebody else may come first."""
    with emulating(notes(), Clock(NOW)) as emulator:
        emulator.faults.refuse(503, "POST /notes", headers={"Retry-After": "1"})
        refused = ask(emulator, "POST", "/notes", {"text": "one"})
        made_by_a_refusal = len(emulator.world.rows("note"))
        emulator.faults.lose("POST /notes")
        with pytest.raises(ConnectionError):
            ask(emulator, "POST", "/notes", {"text": "two"})
        emulator.faults.cut("GET /notes/*")
        with pytest.raises(Exception, match="IncompleteRead"):
            ask(emulator, "GET", "/notes/1001")
        emulator.faults.meanwhile("GET *", lambda world: world.rows("note")[0].update(text="three"))
        shown = ask(emulator, "GET", "/notes/1001")

    assert (refused[0], refused[2]["Retry-After"], made_by_a_refusal) == (503, "1", 0)
    assert (len(emulator.world.rows("note")), shown[1]["text"]) == (1, "three")


def test_every_so_manieth_request_can_be_hit() -> None:
    """Of six, the third and the sixth."""
    with emulating(notes()) as emulator:
        emulator.faults.refuse(500, "POST *", every=3, times=9)
        found = [ask(emulator, "POST", "/notes", {"text": "one"})[0] for _ in range(6)]

    assert found == [200, 200, 500, 200, 200, 500]


def test_the_customers_automations_belong_to_the_change() -> None:
    """What a rule does shows in the answer already."""
    with emulating(notes()) as emulator:
        emulator.world.rules.append(lambda _world, _kind, note: note.update(text=note["text"].upper()))

        assert ask(emulator, "POST", "/notes", {"text": "one"})[1]["text"] == "ONE"


def test_webhooks_go_out_when_they_are_sent_or_at_once() -> None:
    """An event is delivered as it was then, in order; also by itself."""
    seen: list[Seen] = []

    def takes(one: Seen) -> Told:
        seen.append(one)
        return Told()

    with listening(takes) as server, emulating(notes()) as emulator:
        emulator.world.add("hook", {"url": server.url})
        for text in ("one", "two"):
            ask(emulator, "POST", "/notes", {"text": text})
        emulator.world.rows("note")[0]["text"] = "changed"
        answered = emulator.deliver()

    assert answered == [200, 200]
    assert [json.loads(one.body)["text"] for one in seen] == ["one", "two"]
    assert seen[0].headers["X-Event"] == "made"


def test_what_the_vendor_does_not_describe_fails_the_test(described: str) -> None:
    """A request or an answer with a wrong or unknown parameter, property or path is a violation, each by its place."""
    with emulating(notes(described)) as emulator:
        emulator.world.add("note", {"id": 1, "text": 5})
        emulator.world.add("note", {"id": 2, "text": "good", "colour": "red"})
        ask(emulator, "POST", "/notes", {"text": "one", "id": 7})
        ask(emulator, "GET", "/notes/1?deep=perhaps&wide=1")
        ask(emulator, "GET", "/notes/2")
        ask(emulator, "GET", "/elsewhere")
        violations = list(emulator.violations)
        emulator.violations.clear()

    said = "\n".join(violations)
    for fault in (
        "asked id: Tried to write read-only property",
        "answered text: 5 is not of type 'string'",
        "the parameter deep: 'perhaps' is not of type 'boolean'",
        "it has no parameter wide",
        "answered colour, which is not described",
        "GET /elsewhere: no such path is described",
    ):
        assert fault in said, said
    assert len(violations) == 6
    with (
        pytest.raises(AssertionError, match="not as Notes describes it"),
        emulating(notes(described)) as emulator,
    ):
        ask(emulator, "GET", "/elsewhere")


def test_what_is_documented_elsewhere_is_no_violation(described: str) -> None:
    """Paths, parameters, properties, nulls and errata of which somebody says where they stand."""
    beyond = Beyond(
        paths={"/elsewhere": "a page", "DELETE /notes/{note_id}": "a page"},
        query={"wide": "a page"},
        fields={"colour": "a page"},
        nulls={"text": "a page"},
        errata={"/components/schemas/Note/properties/size": {"type": "integer"}},
    )
    with emulating(notes(described, beyond)) as emulator:
        emulator.world.add("note", {"id": 1, "text": None, "colour": "red", "size": 2})
        ask(emulator, "GET", "/notes/1?wide=1")
        ask(emulator, "GET", "/elsewhere")
        ask(emulator, "DELETE", "/notes/1")

        assert emulator.official is not None
        assert emulator.official.judged == {"GET /notes/{note_id}": 1}
        assert emulator.official.unjudged == {
            "GET beyond the description": 1,
            "DELETE beyond the description": 1,
        }


def test_without_descriptions_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In one line, with the name of what would name them; and the emulator works."""
    monkeypatch.setenv("VENDOR_SPECS", str(tmp_path / "none"))
    with emulating(notes("notes.json")) as emulator:
        assert ask(emulator, "GET", "/elsewhere")[0] == 404

    assert "VENDOR_SPECS" in told()
    assert "\n" not in told()
