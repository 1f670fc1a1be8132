"""Comments, below their issues: an issue that is read shows some of them, and the rest has pages of its own.

A comment that is made or edited moves its issue in the search [?]. It has no address but below its issue, so that its
id here is that of its issue and its own.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import DELETE, GET, PUT, Api
from integrations.kit.errors import Gone
from integrations.kit.lenses import compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.jira.documents import DocumentLens
from integrations.providers.jira.people import users
from integrations.providers.jira.searching import changed, everything, fetched
from unified_api.models.ticketing import Comment

_OF_ISSUE = "/issue/{ticket}/comment"
#: Comments on a page of them.
_MOST = 100


def _path(ticket: Any, comment: Any = "") -> str:
    return "/".join(
        ["/issue", quote(str(ticket), safe=""), "comment", *([quote(comment, safe="")] if comment else [])]
    )


def _said_on(api: Api, issues: list[Any]) -> list[Any]:
    """The comments on issues: those that they show, or where these are not all of them, each page."""
    return [_whose(one["id"], said) for one in issues for said in _all_of(api, one)]


def _all_of(api: Api, issue: Any) -> list[Any]:
    """What the issue shows, if that is all that there is and it says so."""
    told = dig(issue, "fields.comment")
    if isinstance(told, dict) and len(told["comments"]) >= told["total"]:
        return list(told["comments"])
    return _paged(api, issue["id"])


def _paged(api: Api, ticket: Any) -> list[Any]:
    """Every page; nothing below an issue that is gone by now."""
    found: list[Any] = []
    try:
        while True:
            asked = {"startAt": str(len(found)), "maxResults": str(_MOST), "orderBy": "created"}
            answer = api.get(_path(ticket), asked)
            found += answer["comments"]
            if not answer["comments"] or len(found) >= answer["total"]:
                return found
    except Gone:
        return []


def _whose(ticket: Any, said: Any) -> dict[str, Any]:
    return {**said, "id": f"{ticket}-{said['id']}", "ticket": str(ticket)}


def _named(_api: Api, comments: list[Any]) -> list[Any]:
    return [_whose(said["ticket"], said) for said in comments]


def _parts(remote_id: str) -> tuple[str, str]:
    ticket, _, comment = remote_id.partition("-")
    return ticket, comment


def _find(api: Api, remote_id: str) -> Any:
    ticket, comment = _parts(remote_id)
    return _whose(ticket, api.get(_path(ticket, comment))) if comment else None


def _say(api: Api, body: dict[str, Any]) -> str:
    ticket = body.pop("ticket")
    return f"{ticket}-{api.send('POST', _path(ticket), body)['id']}"


def _edit(api: Api, remote_id: str, fields: dict[str, Any], current: Any) -> None:
    """With who may see it: an edit that does not name that might show it to all [?]."""
    kept = {"visibility": current["visibility"]} if current.get("visibility") else {}
    api.send("PUT", _path(*_parts(remote_id)), {**fields, **kept}, repeatable=True)


def _remove(api: Api, remote_id: str, _fields: dict[str, Any], _current: Any) -> None:
    api.send("DELETE", _path(*_parts(remote_id)), repeatable=True)


def _is_private(said: Any) -> Any:
    """Whether only some may read it: those of a group or role, or of a service desk its agents."""
    public, seen_by = dig(said, "jsdPublic"), dig(said, "visibility")
    if public is MISSING and seen_by is MISSING:
        return MISSING
    return public is False or isinstance(seen_by, dict)


_SAID = fetched(("comment",), _said_on)
_BY_ID = f"{_OF_ISSUE}/{{remote_id}}"
comments = Resource(
    mapping=Mapping(
        Comment,
        version=instant("updated"),
        user=ref("author.accountId", read_only=True),
        body=DocumentLens(path="body"),
        ticket=ref("ticket", create_only=True),
        is_private=compute(_is_private),
        remote_created_at=instant("created", read_only=True),
    ),
    list=everything(_SAID),
    changes=changed(_SAID),
    get=GET(_BY_ID, find=_find),
    create=_say,
    update=PUT(_BY_ID, send=_edit),
    delete=DELETE(_BY_ID, send=_remove),
    recent=GET(_OF_ISSUE, items="comments", of="ticket", params={"orderBy": "-created"}, then=_named),
    recognise=("ticket", "body"),
    lookback=600.0,
    read_lag=60.0,
    markdown=("body",),
    quotes={"author": users.mapping, "updateAuthor": users.mapping},
)
