"""The adapter for the remote: what a real one would declare of such a list."""

from __future__ import annotations

from integrations.kit.auth import Bearer
from integrations.kit.endpoints import GET, Check, Since
from integrations.kit.lenses import at, choice, each, instant, only, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByCursor
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from unified_api.models.ticketing import Ticket

TICKETS = Resource(
    mapping=Mapping(
        Ticket,
        remote_id="id",
        version="updated_at",
        name="subject",
        description="body",
        status=choice("state", {"OPEN": ("new", "open"), "ON_HOLD": "waiting", "CLOSED": "done"}),
        priority=choice("priority", {"LOW": "low", "NORMAL": "normal", "HIGH": "high", "URGENT": "urgent"}),
        ticket_type=at("kind"),
        creator=ref("requester.id"),
        tags=each("labels"),
        assignees=only(ref("assignee_id")),
        assigned_teams=only(ref("team_id")),
        ticket_url=at("url"),
        due_date=instant("due_at"),
        remote_created_at=instant("created_at", read_only=True),
        remote_updated_at=instant("updated_at", read_only=True),
        completed_at=instant("closed_at"),
    ),
    list=GET(
        "/tickets", items="tickets", paging=ByCursor("cursor", path="next"), since=Since("updated_since")
    ),
)
PROVIDER = Provider(
    slug="remote",
    name="Remote",
    category="ticketing",
    settings=(
        Setting("base_url", "address of the remote", kind="url"),
        Setting("token", "token", secret=True),
    ),
    auth=Bearer("token"),
    resources=(TICKETS,),
    check=Check(GET("/me", item="")),
)
