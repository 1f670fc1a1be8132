"""A small tracker that behaves, and its adapter: what the hostile server is when it is not hostile.

Tickets are listed by a cursor and can be asked for changes, users by page number, tags by the address of the next page;
teams have no reading by id.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from integrations.kit.auth import Bearer
from integrations.kit.embedded import Embedded
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Check, Since
from integrations.kit.lenses import choice, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByCursor, ByLink, ByPage
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from tests.hostile.server import Heard, Line, as_json
from unified_api.models.ticketing import Collection, Tag, Team, Ticket, User

TOKEN = "the tracker's own token"
SIZE = 3
_USER = {"name": "name", "email_address": "mail"}

TICKETS = Resource(
    mapping=Mapping(
        Ticket,
        name="title",
        description="text",
        status=choice("state", {"OPEN": "open", "CLOSED": "done"}),
        tags="labels",
        creator=ref("author", create_only=True),
        due_date=instant("due"),
        completed_at=compute(lambda record: 1 / 0 if record.get("adapter") == "fails" else None),
        remote_updated_at=instant("updated", read_only=True),
    ),
    list=GET(
        "/tickets",
        items="items",
        paging=ByCursor("cursor", path="next", size_param="size", size=SIZE),
        since=Since("since"),
    ),
    get=GET("/tickets/{remote_id}", item=""),
    create=POST("/tickets", answer=""),
    update=PATCH("/tickets/{remote_id}", answer=""),
    delete=DELETE("/tickets/{remote_id}"),
    recent=GET("/tickets", items="items", params={"newest": "1"}),
    recognise=("name",),
    embedded=(Embedded("watchers", Mapping(User, **_USER)),),
    lookback=0.0,
)
USERS = Resource(
    mapping=Mapping(User, **_USER),
    list=GET("/users", items="items", paging=ByPage(size_param="size", size=SIZE)),
    get=GET("/users/{remote_id}", item=""),
)
TAGS = Resource(
    mapping=Mapping(Tag, name="name"),
    list=GET("/tags", items="items", paging=ByLink(path="next", size_param="size", size=SIZE)),
    get=GET("/tags/{remote_id}", item=""),
)
TEAMS = Resource(
    mapping=Mapping(Team, name="name"),
    list=GET("/teams", items="items", paging=ByPage(size_param="size", size=SIZE)),
)
COLLECTIONS = Resource(mapping=Mapping(Collection, name="name"), list=GET("/collections", items=""))
PROVIDER = Provider(
    slug="hostile",
    name="Hostile",
    category="ticketing",
    settings=(Setting("base_url", "address", kind="url"), Setting("token", "token", secret=True)),
    auth=Bearer("token"),
    resources=(TICKETS, USERS, TAGS, TEAMS, COLLECTIONS),
    check=Check(GET("/me", item=""), identity=lambda me, _settings: me["account"]),
)


@dataclass
class Tracker:
    """The remote's own store."""

    tables: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in ("tickets", "users", "tags", "teams", "collections")}
    )
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: int = 0

    def add(self, table: str = "tickets", **values: Any) -> str:
        """Put a record in, behind everybody's back."""
        with self.lock:
            self.made += 1
            record = {"id": str(self.made), "updated": f"2026-01-01T00:{self.made % 60:02}:00Z", **values}
            self.tables[table][str(record["id"])] = record
        return str(record["id"])

    def behave(self, line: Line, heard: Heard) -> None:
        """Answer as a good provider would."""
        if heard.headers.get("authorization") != f"Bearer {TOKEN}":
            line.say(as_json({"error": "who are you?"}, 401))
            return
        with self.lock:
            status, data = self._do(heard, heard.path.strip("/").split("/"))
        line.say(as_json(data, status))

    def _do(self, heard: Heard, path: list[str]) -> tuple[int, Any]:
        if path == ["me"]:
            return 200, {"account": "tracker-1"}
        table = self.tables.get(path[0])
        if table is None:
            return 404, {"error": "no such thing"}
        if heard.method == "POST":
            return self._made(table, json.loads(heard.body))
        if len(path) == 1:
            return 200, listed(path[0], list(table.values()), heard.query)
        return self._one(heard, table, path[1])

    def _one(self, heard: Heard, table: dict[str, Any], remote_id: str) -> tuple[int, Any]:
        if remote_id not in table:
            return 404, {"error": "no such record"}
        if heard.method == "DELETE":
            del table[remote_id]
            return 204, None
        if heard.method == "PATCH":
            table[remote_id] |= json.loads(heard.body)
        return 200, table[remote_id]

    def _made(self, table: dict[str, Any], values: dict[str, Any]) -> tuple[int, Any]:
        self.made += 1
        table[str(self.made)] = {"id": str(self.made), "updated": "2026-01-01T01:00:00Z", **values}
        return 201, table[str(self.made)]


def listed(name: str, rows: list[dict[str, Any]], query: dict[str, str]) -> Any:
    """A page of a list, in the way of going on that the resource has."""
    if query.get("newest"):
        return {"items": rows[::-1][:20]}
    if name == "collections":
        return rows
    rows = [row for row in rows if row.get("updated", "") >= query.get("since", "")[:19]]
    start = int(query.get("cursor", 0)) or (int(query.get("page", 1)) - 1) * SIZE
    goes_on = start + SIZE < len(rows)
    following = f"/tags?cursor={start + SIZE}" if name == "tags" else f"{start + SIZE}"
    return {"items": rows[start : start + SIZE], "next": following if goes_on else None}
