"""What some providers want beside the usual: a body around the fields, a stamp, a mark, a way of their own by id."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from integrations.kit.auth import Basic
from integrations.kit.client import Client
from integrations.kit.endpoints import DELETE, GET, POST, PUT, Api, Check, Marked, Since, Stamp, Table
from integrations.kit.errors import Forbidden, Gone, Misconfigured, Moved, Uncertain
from integrations.kit.http import Patience
from integrations.kit.lenses import compute, instant
from integrations.kit.mapping import Mapping
from integrations.kit.paging import Turn
from integrations.kit.paths import dig
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from tests.integrations.lines import CANARY, connection
from tests.integrations.listener import Seen, Told, listening, told
from unified_api.models.ticketing import Tag, Ticket

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def _around(fields: dict[str, Any], current: Any) -> Any:
    return {"row": fields, **({"was": current["changed"]} if current else {})}


def _found(api: Api, remote_id: str) -> Any:
    rows = api.get("/rows", {"all": "1"})["rows"]
    return next((row for row in rows if str(row["id"]) == remote_id), None)


TICKETS = Resource(
    mapping=Mapping(Ticket, gone=compute(lambda row: dig(row, "state") == "gone"), name="title"),
    list=GET("/rows", items="rows", params={"kind[]": ("a", "{username}")}),
    get=GET("/rows/{remote_id}"),
    create=POST("/rows", body=_around, key="X-Key", repeatable=True),
    update=PUT("/rows/{remote_id}", body=_around, stamp=Stamp(instant("changed")), repeatable=False),
    recent=GET("/rows", items="rows", params={"lagging": "1"}),
    recognise=("name",),
    marked=Marked("mark", GET("/rows", items="rows", params={"mark": "{mark}"})),
)
TAGS = Resource(
    mapping=Mapping(Tag, name="title"), list=GET("/rows", items="rows"), get=GET("/rows", find=_found)
)
PROVIDER = Provider(
    slug="odd",
    name="Odd",
    category="ticketing",
    settings=(
        Setting("base_url", "Address"),
        Setting("username", "Who"),
        Setting("password", "P", secret=True),
    ),
    auth=Basic(suffix="/token"),
    check=Check(GET("/rows")),
    refuse=lambda status, _body, _headers: 412 if status == 409 else None,
    resources=(TICKETS, TAGS),
)


@dataclass
class Odd:
    """Rows with a stamp of whole seconds, a clock, and what happens before the next write."""

    now: datetime = START
    rows: list[dict[str, Any]] = field(default_factory=list)
    edits: list[dict[str, Any]] = field(default_factory=list)
    lose: int = 0
    dated: bool = True
    keys: list[str | None] = field(default_factory=list)
    slept: float = 0

    def row(self, **values: Any) -> dict[str, Any]:
        """Put a row in."""
        self.rows.append({"id": len(self.rows) + 1, "title": "a", **values, "changed": self._stamp()})
        return self.rows[-1]

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.slept += seconds
        self.now += timedelta(seconds=seconds)

    def __call__(self, seen: Seen) -> Told:
        """Answer."""
        answer = self._answer(seen)
        headers = {"Date": format_datetime(self.now, usegmt=True)} if self.dated else {}
        return replace(answer, headers={**answer.headers, **headers})

    def _answer(self, seen: Seen) -> Told:
        body = json.loads(seen.body) if seen.body else {}
        if seen.method == "POST":
            return self._make(seen, body)
        if seen.method == "PUT":
            return self._change(self.rows[int(seen.path.rpartition("/")[2]) - 1], body)
        if seen.path != "/rows":
            return told(self.rows[int(seen.path.rpartition("/")[2]) - 1])
        rows = [] if "lagging" in seen.query else self.rows
        return told({"rows": [r for r in rows if seen.query.get("mark") in {None, r.get("mark")}]})

    def _make(self, seen: Seen, body: Any) -> Told:
        key = seen.headers.get("X-Key")
        if key not in self.keys:
            self.row(**body["row"])
        self.keys.append(key)
        if self.lose:
            self.lose -= 1
            return Told(raw=lambda handler: handler.connection.shutdown(2))
        return told({"id": len(self.rows)}, 201)

    def _change(self, row: dict[str, Any], body: Any) -> Told:
        if self.edits:
            row.update(self.edits.pop(0), changed=self._stamp())
        if row["changed"] != body["was"]:
            return told({}, 409)
        row.update(body["row"], changed=self._stamp())
        return told(row)

    def _stamp(self) -> str:
        return self.now.replace(microsecond=0).isoformat()


def _client(url: str, odd: Odd) -> Client:
    line = connection({"base_url": url, "username": "ada"}, {"password": CANARY}, sleep=odd.sleep)
    return Client(PROVIDER, replace(line, clock=lambda: odd.now), patience=Patience(attempts=2))


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("age", [0, 0.9, 1, 1.9, 2, 60])
def test_no_edit_hides_in_the_second_of_a_stamp(age: float, *, dated: bool) -> None:
    """However soon after a change a record is read, a later one is seen; what is old enough is not waited for."""
    odd = Odd(dated=dated)
    odd.row(title="a")
    odd.now += timedelta(seconds=age)
    odd.edits = [{"title": "theirs"}]
    with listening(odd) as server, _client(server.url, odd) as client, pytest.raises(Moved):
        client.update(TICKETS, "1", {"name": "ours"})

    assert odd.rows[0]["title"] == "theirs"


def test_only_who_was_changed_just_now_is_waited_for() -> None:
    """By the provider's clock; where that is not told, nobody knows, and everyone is."""
    waited = {}
    for age, dated in ((0, True), (2, True), (60, True), (60, False)):
        odd = Odd(dated=dated)
        odd.row(title="a")
        odd.now += timedelta(seconds=age)
        with listening(odd) as server, _client(server.url, odd) as client:
            client.update(TICKETS, "1", {"name": "ours"})
        waited[age, dated] = odd.slept

    assert waited == {(0, True): 1, (2, True): 0, (60, True): 0, (60, False): 1}


def test_an_edit_of_another_field_is_no_obstacle() -> None:
    """The write is thought over with the new stamp, and both stand."""
    odd = Odd()
    odd.row(title="a")
    odd.now += timedelta(seconds=10)
    odd.edits = [{"other": "theirs"}]
    with listening(odd) as server, _client(server.url, odd) as client:
        shown = client.update(TICKETS, "1", {"name": "ours"})

    assert (shown.values["name"], odd.rows[0]["other"]) == ("ours", "theirs")


def test_a_create_carries_a_mark_and_a_key_of_its_own() -> None:
    """The fields stand in the body that is wanted; a call that is repeated has the same key, another create another."""
    odd = Odd()
    with listening(odd) as server, _client(server.url, odd) as client:
        odd.lose = 1
        client.create(TICKETS, {"name": "first"})
        client.create(TICKETS, {"name": "second"})

    assert [row["title"] for row in odd.rows] == ["first", "second"]
    assert odd.keys[0] == odd.keys[1] != odd.keys[2]
    assert len({row["mark"] for row in odd.rows}) == 2


def test_what_carries_the_mark_is_found_though_the_search_comes_behind() -> None:
    """Of creates that said something else, nothing is."""
    odd = Odd()
    with listening(odd) as server, _client(server.url, odd) as client:
        odd.lose = 2
        with pytest.raises(Uncertain):
            client.create(TICKETS, {"name": "first"})
        odd.row(title="first")
        found = [one.remote_id for one in client.recent(TICKETS, {"name": "first"})]
        other = client.recent(TICKETS, {"name": "second"})

    assert (found, other) == (["1"], [])


def test_what_is_shown_as_deleted_is_gone() -> None:
    """A list says so of it, without a value; by id there is none, and no search finds it."""
    odd = Odd()
    odd.row(title="a", state="gone", mark=TICKETS.marked.mark({"name": "a"}) if TICKETS.marked else "")
    odd.row(title="b", state="there")
    with listening(odd) as server, _client(server.url, odd) as client:
        (page,) = client.pages(TICKETS, None)
        with pytest.raises(Gone, match="shows the record as deleted"):
            client.read(TICKETS, "1")
        assert client.recent(TICKETS, {"name": "a"}) == []

    assert [(o.gone, o.values) for o in page.observations] == [(True, {}), (False, {"name": "b"})]


def test_a_way_by_id_can_be_a_function() -> None:
    """It finds the record or none; an answer of another shape is an error with a name."""
    odd = Odd()
    odd.row(title="a")
    with listening(odd) as server, _client(server.url, odd) as client:
        assert client.read(TAGS, "1").values == {"name": "a"}
        with pytest.raises(Gone):
            client.read(TAGS, "2")
        server.answers = lambda _seen: told({"rows": 5})
        with pytest.raises(Misconfigured, match="GET /rows"):
            client.read(TAGS, "1")


def test_a_list_can_be_asked_for_by_post_and_changes_elsewhere() -> None:
    """With what a function makes of the parameters; what it shows counts as of the list."""
    asked: list[Any] = []

    def searched(seen: Seen) -> Told:
        asked.append((seen.method, seen.path, json.loads(seen.body or b"null")))
        return told({"rows": [{"id": 1, "title": "a", "changed": "2026-01-31T12:00:00+00:00"}]})

    since = Since(param="after", stamp=instant("changed"))
    resource = Resource(
        mapping=Mapping(Tag, name="title"),
        list=GET("/rows", items="rows"),
        changes=GET("/search", items="rows", since=since, body=lambda params: {"where": dict(params)}),
    )
    with listening(searched) as server, _client(server.url, Odd()) as client:
        (page,) = client.pages(resource, {"since": "2026-01-31T11:02:00+00:00"})
        (whole,) = client.pages(resource, None)

    assert asked == [
        ("POST", "/search", {"where": {"after": "2026-01-31T11:00:00+00:00"}}),
        ("GET", "/rows", None),
    ]
    assert (page.complete, whole.complete) == (False, True)
    assert {o.path for o in (*page.observations, *whole.observations)} == {"/rows"}


def test_a_list_can_be_asked_for_in_a_language_of_one_parameter() -> None:
    """A function makes it of all parameters, what a search is to find among them: it is there that they are escaped."""
    asked: list[Any] = []

    def answers(seen: Seen) -> Told:
        asked.append(dict(seen.query))
        return told({"rows": [{"id": 1, "title": "it's"}]})

    def question(params: Any) -> dict[str, str]:
        return {
            "q": " and ".join(f"{name} is '{value.replace(chr(39), '*')}'" for name, value in params.items())
        }

    resource = replace(TICKETS, recent=GET("/rows", items="rows", params={"title": "{name}"}, query=question))
    with listening(answers) as server, _client(server.url, Odd()) as client:
        assert [o.remote_id for o in client.recent(replace(resource, marked=None), {"name": "it's"})] == ["1"]
    with pytest.raises(TypeError, match="give one of them"):
        GET("/rows", items="rows", query=question, body=dict)

    assert asked == [{"q": "title is 'it*s'"}]


def test_a_way_by_id_tells_the_clock_of_the_provider() -> None:
    """So that a record which changed just now is looked at again, and any other is not."""
    odd = Odd()
    odd.row(title="before")
    odd.now += timedelta(seconds=10)
    resource = replace(
        TICKETS, get=GET("/rows/{remote_id}", find=lambda api, remote_id: api.get(f"/rows/{remote_id}"))
    )
    with listening(odd) as server, _client(server.url, odd) as client:
        client.update(resource, "1", {"name": "first"})
        waited = odd.slept
        client.update(resource, "1", {"name": "second"})

    assert (waited, odd.slept) == (0, 1)


@dataclass(frozen=True)
class _Both:
    def params(self, state: dict[str, Any] | None) -> dict[str, str]:
        """The first one, and then the second."""
        return {"kind": state["kind"] if state else "calls"}

    def next(self, state: dict[str, Any] | None, _turn: Turn) -> dict[str, Any] | None:
        """Once."""
        return None if state else {"kind": "meetings"}


def test_a_list_can_go_through_several_addresses() -> None:
    """The paging names them, and each item is told of which one it is."""

    def listed(seen: Seen) -> Told:
        return told({"rows": [{"id": 1, "title": seen.path, "asked": sorted(seen.query)}]})

    def named(_api: Api, items: list[Any]) -> list[Any]:
        return [{**item, "id": f"{item['kind']}-{item['id']}"} for item in items]

    resource = Resource(
        mapping=Mapping(Tag, name="title"),
        list=GET("/all/{kind}", items="rows", of="kind", paging=_Both(), then=named),
    )
    with listening(listed) as server, _client(server.url, Odd()) as client:
        found = [o for page in client.pages(resource, None) for o in page.observations]

    assert [(o.remote_id, o.values["name"]) for o in found] == [
        ("calls-1", "/all/calls"),
        ("meetings-1", "/all/meetings"),
    ]
    assert all(o.raw["asked"] == [] for o in found)


def test_an_address_that_may_not_be_read_is_passed_over_where_that_is_said() -> None:
    """The others are read; without that, the list fails."""

    def listed(seen: Seen) -> Told:
        return Told(403) if seen.path == "/all/meetings" else told({"rows": [{"id": 1, "title": "a"}]})

    rows = GET("/all/{kind}", items="rows", of="kind", paging=_Both(), since=Since(param="from"))

    def changes_of(*allowed: str) -> Resource:
        whole, changes = GET("/rows", items="rows"), replace(rows, if_allowed=allowed)
        return Resource(mapping=Mapping(Tag, name="title"), list=whole, changes=changes)

    cursor = {"since": START.isoformat()}
    with listening(listed) as server, _client(server.url, Odd()) as client:
        pages = list(client.pages(changes_of("meetings"), cursor))
        with pytest.raises(Forbidden):
            list(client.pages(changes_of("calls"), cursor))

    assert [len(page.observations) for page in pages] == [1, 0]
    with pytest.raises(TypeError, match="taken for deleted"):
        Resource(mapping=Mapping(Tag, name="title"), list=replace(rows, if_allowed=("meetings",)))


def test_pages_that_are_alike_at_several_addresses_are_no_circle() -> None:
    """Each address may show the same records; only one that shows them again and again does not end."""

    @dataclass(frozen=True)
    class Each:
        kinds: str

        def params(self, state: dict[str, Any] | None) -> dict[str, str]:
            """Where it stands."""
            return {"kind": self.kinds[state["at"] if state else 0]}

        def next(self, state: dict[str, Any] | None, _turn: Turn) -> dict[str, Any] | None:
            """One further."""
            at = (state["at"] if state else 0) + 1
            return {"at": at} if at < len(self.kinds) else None

    def listed(_seen: Seen) -> Told:
        return told({"rows": [{"id": 1, "title": "a"}]})

    def all_of(kinds: str) -> Resource:
        rows = GET("/all/{kind}", items="rows", of="kind", paging=Each(kinds))
        return Resource(mapping=Mapping(Tag, name="title"), list=rows)

    with listening(listed) as server, _client(server.url, Odd()) as client:
        assert len(list(client.pages(all_of("aabbcc"), None))) == 6
        with pytest.raises(Misconfigured, match="never end"):
            list(client.pages(all_of("aaaab"), None))


def test_an_update_can_take_several_calls() -> None:
    """The record is read behind them; an answer of an odd shape leaves it uncertain."""

    def send(api: Api, remote_id: str, fields: dict[str, Any], current: Any) -> None:
        for name, value in fields.items():
            api.send("PUT", f"/rows/{remote_id}", {"row": {name: value}, "was": current["changed"]})["id"]

    odd = Odd()
    row = odd.row(title="before")
    resource = replace(TICKETS, update=PUT("/rows/{remote_id}", send=send))
    with listening(odd) as server, _client(server.url, odd) as client:
        assert client.update(resource, "1", {"name": "behind"}).values["name"] == "behind"
        del row["id"]
        with pytest.raises(Misconfigured):
            client.update(resource, "1", {"name": "odd"})


def test_a_delete_can_be_a_function() -> None:
    """Where an id is made of two: it is given the record as it was just before; the path names it in errors alone."""
    asked: list[str] = []

    def remove(api: Api, remote_id: str, fields: dict[str, Any], current: Any) -> None:
        asked.append(f"{remote_id} {fields} {current['title']}")
        api.send("PUT", f"/rows/{remote_id}", {"row": {"state": "gone"}, "was": odd.rows[0]["changed"]})

    odd = Odd()
    odd.row(title="there")
    resource = replace(TICKETS, delete=DELETE("/rows/{remote_id}", send=remove))
    with listening(odd) as server, _client(server.url, odd) as client:
        client.delete(resource, "1")

    assert (asked, odd.rows[0]["state"]) == (["1 {} there"], "gone")


def test_a_question_can_be_told_a_word_of_the_account() -> None:
    """Its time zone, for one, which a table reads once in a run."""
    asked: list[Any] = []

    def answers(seen: Seen) -> Told:
        if seen.path == "/me":
            return told({"id": 1, "zone": "Europe/Berlin"})
        asked.append(json.loads(seen.body or b"null"))
        return told({"rows": []})

    zone = Table(GET("/me", items="", sole=True), word="zone")
    resource = replace(TAGS, list=GET("/rows", items="rows", body=dict, told=("zone",)))
    provider = replace(PROVIDER, tables={"zone": zone}, resources=(resource,))
    with listening(answers) as server:
        line = connection({"base_url": server.url, "username": "ada"}, {"password": CANARY})
        with Client(provider, line) as client:
            list(client.pages(resource, None))
            list(client.pages(resource, None))
        paths = [seen.path for seen in server.seen]

    assert asked == [{"zone": "Europe/Berlin"}] * 2
    assert paths == ["/me", "/rows", "/rows"]
    with pytest.raises(TypeError, match="body= names"):
        GET("/rows", items="rows", told=("zone",))


def test_a_parameter_can_be_repeated_and_a_user_have_a_suffix() -> None:
    """Each of its values is a template."""
    odd, asked = Odd(), []

    def answers(seen: Seen) -> Told:
        asked.append(seen)
        return odd(seen)

    with listening(answers) as server, _client(server.url, odd) as client:
        list(client.pages(TICKETS, None))

    pair = base64.b64encode(f"ada/token:{CANARY}".encode()).decode()
    assert [seen.headers["Authorization"] for seen in asked] == [f"Basic {pair}"]
    assert asked[0].query == {"kind[]": "ada"}  # of several, this server keeps the last
