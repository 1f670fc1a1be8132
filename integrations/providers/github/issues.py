"""Issues and the comments on them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Api, Since
from integrations.kit.field_classes import FieldClass, FieldClasses
from integrations.kit.lenses import at, choice, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.github.lenses import (
    REASONS,
    LabelLens,
    ReasonLens,
    StateLens,
    TextLens,
    TriageEach,
    TriageLens,
)
from integrations.providers.github.paging import BySecond, second
from integrations.providers.github.repository import PAGES, REPOSITORY, here, name_in, path_of, people
from unified_api.models.ticketing import Comment, Ticket

_CHANGES = Since(param="since", spell=second)
_OLDEST_FIRST = {"sort": "updated", "direction": "asc"}
_NEWEST = {"sort": "created", "direction": "desc"}
_ISSUES = "/issues/"
_STATES = {"OPEN": ("open",), "CLOSED": ("closed",)}
_REASON = FieldClass(
    key="state_reason",
    name="State reason",
    description="Why an issue is closed, or open again",
    kind="string",
    choices=[(reason, reason.replace("_", " ").capitalize()) for reason in REASONS],
    is_custom=False,
)


def _only_issues(api: Api, items: list[Any]) -> list[Any]:
    """Those that are no pull request, and that were not transferred elsewhere."""
    own = here(api, {item["repository_url"] for item in items})
    return [item for item in items if not item.get("pull_request") and item["repository_url"] in own]


def _only_on_issues(api: Api, said: list[Any]) -> list[Any]:
    """Comments on those."""
    own = here(api, {_repository_of(one["issue_url"]) for one in said})
    return [one for one in said if not _on_pull(one) and _repository_of(one["issue_url"]) in own]


def _on_pull(comment: Any) -> bool:
    """Whether it is on a pull request: /OWNER/NAME/pull/NUMBER."""
    return bool(urlsplit(comment["html_url"]).path.split("/")[3] == "pull")


def _repository_of(address: str) -> str:
    return address.rpartition(_ISSUES)[0]


def _number(address: Any) -> Any:
    return address.rpartition(_ISSUES)[2] if isinstance(address, str) else address


def _parent(issue: Any) -> Any:
    """The number of the parent, if it is in this repository."""
    address = dig(issue, "parent_issue_url")
    if not isinstance(address, str):
        return address
    return _number(address) if _repository_of(address) == dig(issue, "repository_url") else None


def _collection(issue: Any) -> Any:
    address = dig(issue, "repository_url")
    return [name_in(address)] if isinstance(address, str) else address


def _say(api: Api, body: dict[str, Any]) -> str:
    number = int(_number(body.pop("issue_url")))
    return str(api.send("POST", f"{path_of(api)}/issues/{number}/comments", body)["id"])


tickets = Resource(
    mapping=Mapping(
        Ticket,
        remote_id="number",
        version="updated_at",
        name="title",
        description=TextLens(path="body"),
        status=StateLens(path="state", remote=_STATES, after_create=True),
        ticket_type=TriageLens(path="type.name", to="type"),
        assignees=TriageEach(path="assignees", item=choice("id", {}, table="login", to=""), most=10),
        tags=TriageEach(path="labels", item=LabelLens(path="name", to="")),
        creator=ref("user.id", read_only=True),
        collections=compute(_collection),
        parent_ticket=compute(_parent),
        ticket_url=at("html_url", read_only=True),
        remote_created_at=instant("created_at", read_only=True),
        remote_updated_at=instant("updated_at", read_only=True),
        completed_at=instant("closed_at", read_only=True),
    ),
    list=GET(
        f"{REPOSITORY}/issues",
        items="",
        params={"state": "all", **_OLDEST_FIRST},
        paging=BySecond(),
        since=_CHANGES,
        then=_only_issues,
    ),
    get=GET(f"{REPOSITORY}/issues/{{remote_id}}", then=_only_issues),
    create=POST(f"{REPOSITORY}/issues", answer=""),
    update=PATCH(f"{REPOSITORY}/issues/{{remote_id}}", answer=""),
    recent=GET(
        f"{REPOSITORY}/issues",
        items="",
        params={"state": "all", **_NEWEST},
        paging=PAGES,
        pages=3,
        then=_only_issues,
    ),
    recognise=("name",),
    read_lag=10.0,
    markdown=("description",),
    quotes=dict.fromkeys(("user", "assignee", "assignees", "closed_by"), people.mapping),
    mentions={"description": ("@",)},
    field_classes=FieldClasses(known=[_REASON], lenses={_REASON.key: ReasonLens(path=_REASON.key)}),
    selects={
        ("status", "EQUALS"): lambda word: {"state": _STATES[word][0]} if word in _STATES else {},
    },
)
comments = Resource(
    mapping=Mapping(
        Comment,
        version="updated_at",
        body="body",
        ticket=compute(
            lambda comment: _number(dig(comment, "issue_url")),
            lambda number, _comment: {"issue_url": f"{_ISSUES}{number}"},
            create_only=True,
        ),
        user=ref("user.id", read_only=True),
        remote_created_at=instant("created_at", read_only=True),
    ),
    list=GET(
        f"{REPOSITORY}/issues/comments",
        items="",
        params=_OLDEST_FIRST,
        paging=BySecond(),
        since=_CHANGES,
        then=_only_on_issues,
    ),
    get=GET(f"{REPOSITORY}/issues/comments/{{remote_id}}", then=_only_on_issues),
    create=_say,
    update=PATCH(f"{REPOSITORY}/issues/comments/{{remote_id}}", answer=""),
    delete=DELETE(f"{REPOSITORY}/issues/comments/{{remote_id}}"),
    recent=GET(
        f"{REPOSITORY}/issues/comments",
        items="",
        params=_NEWEST,
        paging=PAGES,
        pages=3,
        then=_only_on_issues,
    ),
    recognise=("ticket", "body"),
    read_lag=10.0,
    markdown=("body",),
    quotes={"user": people.mapping},
    mentions={"body": ("@",)},
)
