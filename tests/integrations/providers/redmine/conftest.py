"""A project of a real Redmine, and who works there."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from demo.servers import Redmine
from demo.servers.redmine import REPORTER
from integrations.kit.client import Client
from integrations.kit.provider import Resource
from tests.real.conftest import Linked, linked

__all__ = ["linked"]  # a fixture


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is `real`, and may wait until Redmine is installed."""
    here = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.real)
            item.add_marker(pytest.mark.timeout(1800))


@dataclass(frozen=True)
class Desk:
    """A project. user, reporter: somebody who may report there, and little else, with the key of this one."""

    server: Redmine
    project: int
    user: int
    reporter: str

    def issue(self, subject: str, **facts: Any) -> str:
        """A new issue; its id."""
        return str(self.server.issue(self.project, subject, **facts))

    def edit(self, issue: str, **facts: Any) -> None:
        """Have the administrator change an issue in the browser."""
        self.server.rest("PUT", f"issues/{issue}", {"issue": facts})

    def shown(self, issue: str) -> Any:
        """An issue as Redmine shows it."""
        return self.server.rest("GET", f"issues/{issue}", include="journals,attachments")["issue"]


@pytest.fixture
def desk(redmine: Redmine) -> Desk:
    """A project of this test alone."""
    mark = f"t{uuid.uuid4().hex[:8]}"
    project = redmine.project(mark)
    facts = {"login": mark, "firstname": "Bob", "lastname": mark, "mail": f"{mark}@example.com"}
    user = redmine.rest("POST", "users", {"user": {**facts, "generate_password": True}})["user"]
    membership = {"user_id": user["id"], "role_ids": [REPORTER]}
    redmine.rest("POST", f"projects/{project}/memberships", {"membership": membership})
    return Desk(redmine, project, user["id"], user["api_key"])


@pytest.fixture
def client(desk: Desk, linked: Linked) -> Client:
    """The administrator's, of this project."""
    return linked("redmine", desk.server, project=str(desk.project))


@pytest.fixture
def reporter(desk: Desk, linked: Linked) -> Client:
    """That of somebody who may report there."""
    return linked("redmine", desk.server, project=str(desk.project), api_key=desk.reporter)


def resource(client: Client, model: Any) -> Resource:
    """What the adapter knows of a model."""
    found = client.provider.resource(model)
    assert found is not None
    return found


def lately(client: Client, model: Any, since: str) -> dict[str, Any]:
    """The values of what changed since a moment, as Redmine tells it, by remote id."""
    exactly = replace(resource(client, model), lookback=0.0)
    pages = list(client.pages(exactly, {"since": since}))
    assert not pages[-1].complete
    return {one.remote_id: one.values for page in pages for one in page.observations}
