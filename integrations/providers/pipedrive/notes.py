"""Notes, which are of the first version: pages by offset, PUT, and moments without a zone, which are in UTC."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import DELETE, GET, POST, PUT, Since
from integrations.kit.lenses import compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.pipedrive.paging import ByStart
from integrations.providers.pipedrive.records import since
from unified_api.models.crm import Note

_PATH = "/api/v1/notes"


def _is_gone(note: Any) -> bool:
    return dig(note, "active_flag") is False


notes = Resource(
    mapping=Mapping(
        Note,
        gone=compute(_is_gone),
        content="content",
        owner=ref("user_id", whole=True),
        contact=ref("person_id", whole=True),
        account=ref("org_id", whole=True),
        opportunity=ref("deal_id", whole=True),
        remote_created_at=instant("add_time", read_only=True),
        remote_updated_at=instant("update_time", read_only=True),
    ),
    list=GET(
        _PATH,
        items="data",
        params={"sort": "add_time ASC"},
        paging=ByStart(),
        since=Since("updated_since", spell=since, stamp=instant("update_time")),
    ),
    get=GET(f"{_PATH}/{{remote_id}}", item="data"),
    create=POST(_PATH, answer="data"),
    update=PUT(f"{_PATH}/{{remote_id}}", answer="data"),
    delete=DELETE(f"{_PATH}/{{remote_id}}"),
    recent=GET(_PATH, items="data", params={"sort": "add_time DESC", "limit": "100"}),
    recognise=("content",),
    markup=("content",),
)
