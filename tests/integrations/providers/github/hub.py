"""A repository at GitHub that answers as a test says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.provider import Resource
from tests.integrations.lines import connection
from tests.integrations.listener import Seen, Told, told
from unified_api import registry
from unified_api.models.base import CommonModel
from unified_api.models.ticketing import Collection, User

FIXTURES = Path(__file__).parents[2] / "fixtures" / "github"
HOME = "/repos/acme/support"
ABSENT = told({"message": "Not Found", "documentation_url": "", "status": "404"}, 404)
PROVIDER = registry.by_slug("github")


def examples(model: type[CommonModel]) -> list[dict[str, Any]]:
    """The records that stand in the fixtures."""
    found: list[dict[str, Any]] = json.loads((FIXTURES / f"{model.__name__}.json").read_text())["records"]
    return found


@dataclass
class Hub:
    """A repository whose answers are told by method and path; `rest` is asked for what is not."""

    told: dict[str, Told | Callable[[Seen], Told]] = field(default_factory=dict)

    def __call__(self, seen: Seen) -> Told:
        """Answer as told."""
        answer = self.told.get(f"{seen.method} {seen.path}", ABSENT)
        return answer(seen) if callable(answer) else answer


def hub(**permissions: bool) -> Hub:
    """The repository of the fixtures, with what its token may do."""
    repository = {**examples(Collection)[0], "permissions": permissions}
    return Hub({f"GET {HOME}": told(repository), f"GET {HOME}/assignees": told(examples(User))})


def client(url: str, **more: Any) -> Client:
    """The account of that repository."""
    settings = {"base_url": url, "owner": "acme", "repository": "support"}
    line = connection(settings, {"token": "t0ken"}, **more)
    return Client(PROVIDER, line, patience=Patience(attempts=1))


def resource(model: type[CommonModel]) -> Resource:
    """What the adapter says of a model."""
    found: Resource | None = PROVIDER.resource(model)
    assert found is not None
    return found


def ids(account: Client, model: type[CommonModel]) -> list[str]:
    """The ids that the list of a model shows."""
    return [one.remote_id for page in account.pages(resource(model), None) for one in page.observations]


def writes(seen: list[Seen]) -> list[tuple[str, Any]]:
    """What was asked to be changed."""
    return [(one.method, json.loads(one.body or b"null")) for one in seen if one.method != "GET"]
