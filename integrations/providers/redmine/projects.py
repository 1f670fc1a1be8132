"""Projects, as collections of tickets. One that is archived is on no list, and neither are its issues."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.lenses import at, choice, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByOffset
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from unified_api.models.ticketing import Collection


def _with_page(api: Api, projects: list[Any]) -> list[Any]:
    base = f"{api.settings['base_url']}/projects"
    return [
        {
            **project,
            "url": f"{base}/{project['identifier']}",
            "parent_id": (project.get("parent") or {}).get("id"),
        }
        for project in projects
    ]


projects = Resource(
    mapping=Mapping(
        Collection,
        name=at("name", read_only=True),
        description=at("description", read_only=True),
        access_level=choice("is_public", {"PUBLIC": True, "PRIVATE": False}, read_only=True),
        collection_type=compute(lambda project: "PROJECT" if dig(project, "identifier") else MISSING),
        parent_collection=ref("parent_id", read_only=True),
        collection_url=at("url", read_only=True),
        remote_created_at=instant("created_on", read_only=True),
        remote_updated_at=instant("updated_on", read_only=True),
    ),
    list=GET("/projects.json", items="projects", paging=ByOffset(total="total_count"), then=_with_page),
    get=GET("/projects/{remote_id}.json", item="project", then=_with_page),
    frequency=3_600.0,
)
