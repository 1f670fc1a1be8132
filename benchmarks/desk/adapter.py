"""The integration of the benchmarks' help desk, in the words of the kit."""

from __future__ import annotations

from dataclasses import replace

from integrations.kit.auth import Bearer
from integrations.kit.endpoints import GET, PATCH, POST, Check, Since
from integrations.kit.lenses import choice, instant
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByCursor
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from unified_api.models.ticketing import Ticket

tickets = Resource(
    mapping=Mapping(
        Ticket,
        remote_id="id",
        name="title",
        description="text",
        status=choice("state", {"OPEN": "open", "IN_PROGRESS": "busy", "CLOSED": "done"}),
        priority=choice("priority", {"URGENT": "p1", "NORMAL": "p2", "LOW": "p3"}),
        remote_updated_at=instant("updated", read_only=True),
    ),
    list=GET(
        "/tickets",
        items="items",
        paging=ByCursor("after", path="next", size_param="size", size=200),
        since=Since("since"),
    ),
    get=GET("/tickets/{remote_id}", item=""),
    create=POST("/tickets", answer=""),
    update=PATCH("/tickets/{remote_id}", answer=""),
    recent=GET("/tickets", items="items", params={"title": "{name}"}),
    recognise=("name",),
    lookback=5.0,
)
provider = Provider(
    slug="desk",
    name="Desk",
    category="ticketing",
    settings=(Setting("base_url", "address", kind="url"), Setting("token", "token", secret=True)),
    auth=Bearer("token"),
    resources=(tickets,),
    check=Check(GET("/me", item=""), identity=lambda me, _settings: str(me["account"])),
)
#: Another integration with the same server: an end user has one account at each, and a bridge needs two.
counterpart = replace(provider, slug="other-desk")
