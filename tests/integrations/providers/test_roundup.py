"""What a Roundup says, and what is meant by it, where no running server can be brought to say it at will."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.content import Content, Spool
from integrations.kit.errors import Forbidden, Gone, Uncertain
from integrations.kit.http import Patience
from tests.integrations import metered
from tests.integrations.lines import connection
from tests.integrations.listener import Seen, Told, listening, told
from unified_api import registry
from unified_api.models.ticketing import Attachment, Comment


def test_a_trackers_own_failure_is_no_refusal() -> None:
    """A 400 that names the tracker's log, in JSON or as a web page, is an error of the server: no values are wrong."""
    refuse = registry.by_slug("roundup").refuse
    words = "Mon Nov 23 17:16:02 2026: An error occurred. Please check the server log for more information."
    page = words.replace("check the", f"check\n{' ' * 24}the")

    assert refuse(400, {"error": {"status": 400, "msg": words}}, {}) == HTTPStatus.INTERNAL_SERVER_ERROR
    assert refuse(400, f"<body><p>{page}</p></body>", {}) == HTTPStatus.INTERNAL_SERVER_ERROR
    assert refuse(400, {"error": {"status": 400, "msg": "property title: is required"}}, {}) is None
    assert refuse(400, "<body><p>Your request is too large for this proxy.</p></body>", {}) is None


@dataclass
class Tracker:
    """An issue, and what hangs on it; `away` answers to every change of the issue."""

    away: int | None = None
    made: dict[str, list[str]] = field(default_factory=lambda: {"file": [], "msg": []})
    listed: dict[str, list[str]] = field(default_factory=lambda: {"files": [], "messages": []})

    def __call__(self, seen: Seen) -> Told:
        """Answer as the tracker does."""
        kind = seen.path.split("/")[3]
        if seen.method == "PATCH":
            return self._change(seen)
        if seen.path.endswith("/@poe"):
            return told({"data": {"link": f"http://it/rest/data/{kind}/@poe/1"}}, 201)
        if seen.method == "POST":
            self.made[kind].append("7")
            return told({"data": {"id": "7"}}, 201)
        if seen.path == "/rest/data/issue/1":
            return told({"data": {}}, ETag='"x"')
        return told({"data": {"collection": self._rows(kind, seen.query), "@total_size": 1}})

    def _change(self, seen: Seen) -> Told:
        if self.away:
            return told({"error": {"msg": "away"}}, self.away)
        name = "files" if b"files" in seen.body else "messages"
        self.listed[name].append("7")
        return told({"data": {}})

    def _rows(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        if kind == "issue":
            sought = next((name for name in ("files", "messages") if name in query), None)
            here = sought is None or query[sought] in self.listed[sought]
            names = {name: [{"id": one} for one in ids] for name, ids in self.listed.items()}
            return [{"id": "1", "creation": "2026-01-01.00:00:00", **names}] if here else []
        moment = {"creation": "2026-01-02.00:00:00"}
        shown = {"name": "log", "type": "text/plain", "content": "Hello", "inreplyto": "<issue1>"}
        return [{"id": one, **shown, **moment} for one in self.made[kind]]


@pytest.mark.parametrize("status", [503, 429, 412])
@pytest.mark.parametrize(
    ("model", "values", "kind", "name"),
    [
        (Attachment, {"ticket": "1", "file_name": "log"}, "file", "files"),
        (Comment, {"ticket": "1", "body": "Hello"}, "msg", "messages"),
    ],
)
def test_what_was_made_and_is_not_listed_is_listed_later_and_not_made_again(
    model: Any, values: dict[str, str], kind: str, name: str, status: int
) -> None:
    """A create whose last call failed says what it made; completed, the issue has it, once."""
    tracker = Tracker(away=status)
    with listening(tracker) as server, Spool(100) as spool:
        client, resource = _tracker(server.url, model)
        content = Content(spool, "text/plain") if model is Attachment else None
        with pytest.raises(Uncertain) as caught:
            client.create(resource, values, content)
        with pytest.raises(Gone):
            client.read(resource, "7")
        tracker.away = None
        shown = client.complete(resource, "7", values)

    assert (caught.value.remote_id, shown.remote_id, shown.values["ticket"]) == ("7", "7", "1")
    assert (tracker.made[kind], tracker.listed[name]) == (["7"], ["7"])


@pytest.mark.parametrize("model", [Attachment, Comment])
def test_what_hangs_on_an_issue_costs_what_the_adapter_says(model: Any) -> None:
    """The issue is looked at, it is made through a door of its own, and the issue has to list it."""
    values = {"ticket": "1", "file_name": "log"} if model is Attachment else {"ticket": "1", "body": "Hello"}
    with listening(Tracker()) as server, Spool(100) as spool:
        client, resource = _tracker(server.url, model)
        metered.create(
            client, resource, values, Content(spool, "text/plain") if model is Attachment else None
        )


def test_what_was_removed_meanwhile_is_not_listed_again() -> None:
    """A file that somebody retired is no unfinished create."""
    with listening(tracker := Tracker()) as server:
        client, resource = _tracker(server.url, Attachment)
        with pytest.raises(Gone):
            client.complete(resource, "7", {"ticket": "1", "file_name": "log"})

    assert tracker.listed["files"] == []


def test_a_refusal_for_good_is_said() -> None:
    """Who may not change the issue is told so: nothing will ever complete it."""
    with listening(Tracker(away=403)) as server, Spool(100) as spool:
        client, resource = _tracker(server.url, Attachment)
        with pytest.raises(Forbidden):
            client.create(resource, {"ticket": "1", "file_name": "log"}, Content(spool, "text/plain"))


def _tracker(url: str, model: Any) -> tuple[Client, Any]:
    provider = registry.by_slug("roundup")
    line = connection({"base_url": url, "username": "ada"})
    return Client(provider, line, patience=Patience(attempts=1)), provider.resource(model)
