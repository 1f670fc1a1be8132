"""Roundup, the issue tracker.

https://www.roundup-tracker.org/docs/rest.html, and seen on 2.6.0 with the classic template:
- Every request needs X-Requested-With and an Origin that the tracker accepts.
- JSON nulls are dropped; empty strings and lists clear a property. Texts come back stripped.
- Every change needs the ETag of just before (412 otherwise).
- Deleting retires: gone from lists, but a GET still shows the whole item. So items are read by a list filter.
- The filter `activity=FROM;` takes times in the time zone of the API's user, and ignores what it cannot
  parse: changes are found by order instead. Answers are in UTC, to the second.
- An issue's description is its first message, if that is as old as the issue. All others are comments; those
  made here say so by `inreplyto`, since times tell only seconds. A message makes an unread or resolved issue
  `chatting`, unless the same change names a status; to add an empty one names it, and leaves it. A message moves the
  issue's activity; editing one moves only its own, which a full run sees.
- Statuses, priorities and keywords have the tracker's own names. A change that a detector refuses is a 405; a
  failure of the tracker itself, such as a locked database, is a 400 that names its log: in JSON where its REST
  interface failed, and as a web page where something before that did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import chain
from typing import Any

from integrations.kit.auth import Basic
from integrations.kit.endpoints import DELETE, GET, PATCH, Api, Check, Table
from integrations.kit.errors import Gone, ProviderError, Rejected
from integrations.kit.lenses import at, choice, compute, each, instant, only, ref, text
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.kit.steps import amend, by_ids, owed, post_once
from integrations.kit.verdict import detail
from integrations.providers.roundup.files import attachments
from integrations.providers.roundup.items import ISSUE, ITEMS, find, moment, of_class
from unified_api.models.ticketing import Comment, Tag, Ticket, User

_MESSAGE = {"@verbose": "3", "@fields": "content,author,creation,inreplyto"}
_USER = {"@verbose": "0", "@fields": "username,realname,address,activity"}
_KEYWORD = {"@verbose": "0", "@fields": "name,activity"}


def _split(api: Api, issues: list[Any]) -> Iterator[tuple[Any, Any, list[Any]]]:
    """Each issue with the message that describes it, or None, and its comments."""
    ids = [[message["id"] for message in issue.get("messages") or ()] for issue in issues]
    known = by_ids(api, "/msg", chain(*ids), _MESSAGE, items=ITEMS)
    for issue, names in zip(issues, ids, strict=True):
        own = [known[name] for name in sorted(names, key=int) if name in known]
        old = own and own[0]["creation"] <= issue["creation"] and not own[0]["inreplyto"]
        yield issue, own[0] if old else None, own[1:] if old else own


def _described(api: Api, issues: list[Any]) -> list[Any]:
    split = [(issue, {"description": text and text["content"]}) for issue, text, _ in _split(api, issues)]
    return [{**issue, **text} if "messages" in issue else issue for issue, text in split]


def _commented(api: Api, issues: list[Any]) -> list[Any]:
    return [{**said, "issue": issue["id"]} for issue, _, rest in _split(api, issues) for said in rest]


def _shown(api: Api, messages: list[Any]) -> list[Any]:
    """A message as comment, unless its issue is gone or it is the description."""
    found = dig(api.get("/issue", {**ISSUE, "messages": messages[0]["id"]}), ITEMS)
    return [said for said in _commented(api, found) if said["id"] == messages[0]["id"]]


def _say(api: Api, text: str, **more: str) -> str:
    """A message by our user, whom the tracker does not fill in by itself; its id."""
    return post_once(api, "/msg", {"content": text, "author": api.settings["username"], **more})


def _create_issue(api: Api, body: dict[str, Any]) -> str:
    text = body.pop("description", None) or ""
    described = {"messages": [_say(api, text)]} if text.strip() else {}
    return post_once(api, "/issue", {**body, **described})


def _create_comment(api: Api, body: dict[str, Any]) -> str:
    path = f"/issue/{int(body['issue'])}"
    if not dig(api.get("/issue", {"id": body["issue"]}), ITEMS):
        raise Gone("the ticket is not there any more", request=f"GET {path}")
    made = _say(api, body["content"], inreplyto=f"<issue{body['issue']}>")
    with owed(made):
        _list(api, made, body)
    return made


def _complete_comment(api: Api, made: str, body: dict[str, Any]) -> None:
    if not dig(api.get("/msg", {"id": made}), ITEMS):
        raise Gone("the message is not there any more", request=f"GET /msg/{made}")
    _list(api, made, body)


def _list(api: Api, made: str, body: dict[str, Any]) -> None:
    """Have the issue list a message. Nothing is added to its status, which the tracker then leaves as it is."""
    amend(api, f"/issue/{int(body['issue'])}", {"messages": [made], "status": "", "@op": "add"})


def _refuse(status: int, body: Any, _headers: Any) -> ProviderError | int | None:
    if status == HTTPStatus.BAD_REQUEST and _names_its_log(body):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    refused = status == HTTPStatus.METHOD_NOT_ALLOWED
    return Rejected("the tracker refuses this", status=status, detail=detail(body)) if refused else None


def _names_its_log(body: Any) -> bool:
    """Whether the tracker failed itself; its web page breaks the sentence into lines."""
    said = body if isinstance(body, str) else str(dig(body, "error.msg"))
    return "check the server log" in " ".join(said.split())


def _faults(body: Any) -> dict[str, str]:
    words = str(dig(body, "error.msg")).replace("user has no", "property assignedto: the user has no")
    named = re.search(r"[Pp]roperty [\"']?(\w+)", words)
    return {named[1]: words} if named else {}


comments = Mapping(
    Comment,
    body=text("content", trims=True),
    ticket=ref("issue", create_only=True),
    user=ref("author.id", read_only=True),
    remote_created_at=instant("creation", parse=moment, read_only=True),
)
_STATUS = {
    "OPEN": ("unread", "new", "open"),
    "IN_PROGRESS": ("in-progress", "chatting", "testing"),
    "ON_HOLD": ("deferred", "need-eg"),
    "CLOSED": ("resolved", "done-cbb", "closed"),
}
_PRIORITY = {"URGENT": "critical", "HIGH": "urgent", "NORMAL": ("bug", "normal"), "LOW": ("feature", "wish")}
tickets = Mapping(
    Ticket,
    version="activity",
    name=text("title", trims=True),
    description=text("description", trims=True, create_only=True),
    status=choice("status.name", _STATUS, table="status", to="status"),
    priority=choice("priority.name", _PRIORITY, table="priority", to="priority"),
    assignees=only(ref("assignedto.id", to="assignedto")),
    creator=ref("creator.id", read_only=True),
    tags=each("keyword", choice("name", {}, table="keyword", to="")),
    ticket_url=compute(lambda i: (dig(i, "link") or "").replace("/rest/data/issue/", "/issue") or MISSING),
    remote_created_at=instant("creation", parse=moment, read_only=True),
    remote_updated_at=instant("activity", parse=moment, read_only=True),
)
_name = compute(lambda user: dig(user, "realname") or dig(user, "username"))
people = Mapping(User, name=_name, email_address=at("address", read_only=True))
keywords = Mapping(Tag, name=text("name", trims=True))

_keyword = {
    "create": lambda api, body: post_once(api, "/keyword", body),
    "recent": find("keyword", _KEYWORD, None, **{"name:": "{name}"}),
    "update": PATCH("/keyword/{remote_id}", null="", conditional=True),
    "delete": DELETE("/keyword/{remote_id}", conditional=True),
}
_issue = {
    "create": _create_issue,
    "recent": find("issue", ISSUE, _described, **{"title:": "{name}"}),
    "update": PATCH("/issue/{remote_id}", null="", conditional=True),
    "delete": DELETE("/issue/{remote_id}", conditional=True),
}
_comment = {
    "get": find("msg", _MESSAGE, _shown, 2),
    "create": _create_comment,
    "complete": _complete_comment,
    "update": PATCH("/msg/{remote_id}", null="", conditional=True),
    "delete": DELETE("/msg/{remote_id}", conditional=True),
    "recent": find("issue", ISSUE, _commented, id="{ticket}"),
    "recognise": ("ticket", "body"),
}

provider = Provider(
    slug="roundup",
    name="Roundup",
    category="ticketing",
    base_url="{base_url}/rest/data",
    headers={"X-Requested-With": "rest", "Origin": "{origin}"},
    settings=(
        Setting("base_url", "Address of the tracker, such as https://bugs.example.com/tracker", kind="url"),
        Setting("username", "A user of the tracker who may use REST"),
        Setting("password", "The password of that user", secret=True),
    ),
    auth=Basic(),
    check=Check(find("user", _USER, None, username="{username}"), lambda _, settings: settings["base_url"]),
    tables={n: Table(GET(f"/{n}", items=ITEMS, params=_KEYWORD)) for n in ("status", "priority", "keyword")},
    refuse=_refuse,
    faults=_faults,
    resources=(
        of_class(people, "user", _USER),
        of_class(keywords, "keyword", _KEYWORD, **_keyword, create_calls=2),
        of_class(tickets, "issue", ISSUE, _described, **_issue, create_calls=4),
        of_class(comments, "issue", ISSUE, _commented, **_comment, create_calls=5),
        attachments,
    ),
)
