"""The adapter of a simulated remote, written with the kit like any other."""

from __future__ import annotations

from typing import Any, Final

from integrations.kit.auth import Bearer
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Check, Since
from integrations.kit.lenses import at, choice, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByCursor, ByOffset, ByPage, Paging
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from tests.simulation.comments import CommentManners
from tests.simulation.manners import PRIORITIES, STATES, Manners
from unified_api.engine.values import Side
from unified_api.models.ticketing import Comment, Ticket

SLUGS: Final = {Side.A: "simulated-a", Side.B: "simulated-b"}
#: Seconds between reads of a stream.
FREQUENCY: Final = 60.0
#: Seconds between complete reads, which find what is gone.
SWEEP: Final = 600.0


def provider(side: Side, manners: Manners, comments: CommentManners | None = None) -> Provider:
    """The adapter of the remote of a side; without manners of its comments it has none."""
    return Provider(
        slug=SLUGS[side],
        name=f"Simulated {side.value}",
        category="ticketing",
        settings=(
            Setting("base_url", "address", kind="url"),
            Setting("token", "token", secret=True),
        ),
        auth=Bearer("token"),
        resources=(_tickets(side, manners), *([_comments(comments)] if comments else [])),
        check=Check(GET("/me", item=""), identity=lambda me, _settings: str(me["account"])),
        faults=lambda body: dict(body["fields"]),
    )


def _tickets(side: Side, manners: Manners) -> Resource:
    whole = None if manners.answers == "none" else ""
    return Resource(
        mapping=_mapping(side, manners),
        list=GET("/tickets", items="items", paging=_paging(manners), since=_since(manners)),
        get=GET("/tickets/{remote_id}", item=""),
        create=POST("/tickets", answer=whole),
        update=PATCH("/tickets/{remote_id}", answer=whole, conditional=manners.conditional),
        delete=DELETE("/tickets/{remote_id}", conditional=manners.conditional),
        recent=GET("/tickets", items="items", params={"title": "{name}"}),
        recognise=("name",),
        read_lag=manners.lag,
        frequency=FREQUENCY,
        sweep_every=SWEEP,
    )


def _comments(manners: CommentManners) -> Resource:
    whole = None if manners.answers == "none" else ""
    dated = {"remote_created_at": instant("created", read_only=True)} if manners.dated else {}
    return Resource(
        mapping=Mapping(
            Comment,
            version="version" if manners.versioned else None,
            ticket=ref("ticket", create_only=True),
            body=at("body"),
            **dated,
        ),
        list=GET("/comments", items="items", paging=_paging(manners), since=_since(manners)),
        get=GET("/comments/{remote_id}", item=""),
        create=POST("/comments", answer=whole),
        update=PATCH("/comments/{remote_id}", answer=whole, conditional=manners.conditional),
        delete=DELETE("/comments/{remote_id}", conditional=manners.conditional),
        recent=GET("/comments", items="items", params={"ticket": "{ticket}"}),
        recognise=("ticket", "body"),
        read_lag=manners.lag,
        frequency=FREQUENCY,
        sweep_every=SWEEP,
    )


def _mapping(side: Side, manners: Manners) -> Mapping:
    return Mapping(
        Ticket,
        version="version" if manners.versioned else None,
        name=at("title"),
        description=at("text", **_options("description", manners)),
        status=choice("state", STATES[side], **_options("status", manners)),
        priority=choice("priority", PRIORITIES, **_options("priority", manners)),
        remote_updated_at=instant("updated", read_only=True),
    )


def _options(name: str, manners: Manners) -> dict[str, Any]:
    return {"after_create": name in manners.late_fields, "create_only": name in manners.fixed_fields}


def _paging(manners: Manners) -> Paging:
    if manners.paging == "cursor":
        return ByCursor("cursor", path="next", size_param=None)
    if manners.paging == "offset":
        return ByOffset(limit=None, size=manners.size, total="total")
    return ByPage(size_param=None, size=manners.size, total="total")


def _since(manners: Manners) -> Since | None:
    if manners.changes == "filter":
        return Since(param="since")
    if manners.changes == "order" and manners.paging != "cursor":
        return Since(newest_first={"sort": "-updated"}, stamp=instant("updated"))
    return None
