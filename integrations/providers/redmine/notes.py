"""Comments: the entries of an issue's journal that have a text.

An entry has no address at which it is read, and does not say whose it is: here its id is that of its issue and its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from integrations.kit.endpoints import GET, PUT, Api
from integrations.kit.errors import Gone, ProviderError, Rejected, Uncertain
from integrations.kit.lenses import at, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from integrations.providers.redmine import permissions
from integrations.providers.redmine.issues import PATH, WHOLE, listed
from integrations.providers.redmine.people import quoted
from unified_api.models.ticketing import Comment


def _said(api: Api, issues: list[Any]) -> list[Any]:
    """The notes of issues, of which lists show none; an issue that is deleted meanwhile has none."""
    return [note for issue in issues for note in _of_issue(api, issue["id"])]


def _of_issue(api: Api, issue: Any) -> list[Any]:
    with suppress(Gone):
        return list(_notes(api.get(f"/issues/{int(issue)}.json", WHOLE)["issue"]))
    return []


def _notes(issue: Any) -> Iterator[Any]:
    """The oldest one first, whatever the key's user prefers."""
    for entry in sorted(issue["journals"], key=lambda entry: entry["id"]):
        if (entry["notes"] or "").strip():
            yield {**entry, "id": f"{issue['id']}-{entry['id']}", "issue": issue["id"]}


def _newest(_api: Api, issues: list[Any]) -> list[Any]:
    return [note for issue in issues for note in _notes(issue)][::-1]


def _find(api: Api, remote_id: str) -> Any:
    issue = remote_id.partition("-")[0]
    if not issue.isdigit():
        return None
    return next((note for note in _of_issue(api, issue) if note["id"] == remote_id), None)


def _say(api: Api, fields: dict[str, Any]) -> str:
    """Add a note. No answer names it: it is the first one of this text that was not there before."""
    path = f"/issues/{int(fields.pop('issue'))}.json"
    before = api.get(path, WHOLE)["issue"]
    if fields.get("private_notes"):
        _may_hide(api, before)
    known = {note["id"] for note in _notes(before)}
    api.send("PUT", path, {"issue": fields})
    try:
        now = _notes(api.get(path, WHOLE)["issue"])
    except ProviderError as error:
        raise Uncertain(f"it was said, but could not be read back: {error}", request=f"PUT {path}") from error
    new = [note["id"] for note in now if note["notes"] == fields["notes"] and note["id"] not in known]
    if not new:
        raise Uncertain("it was said, but the issue does not show it", request=f"PUT {path}")
    return str(new[0])


def _edit(api: Api, remote_id: str, fields: dict[str, Any], _seen: Any) -> None:
    if not (fields.get("notes", "-") or "").strip():
        raise Rejected("Redmine removes a note without a text", fields={"notes": "cannot be blank there"})
    issue, _, entry = remote_id.partition("-")
    if fields.get("private_notes"):
        _may_hide(api, api.get(f"/issues/{int(issue)}.json")["issue"])
    api.send("PUT", f"/journals/{entry}.json", {"journal": fields}, repeatable=True)


def _may_hide(api: Api, issue: Any) -> None:
    permissions.require(api, issue["project"]["id"], "private_notes", "set_notes_private")


comments = Resource(
    mapping=Mapping(
        Comment,
        body="notes",
        ticket=ref("issue", create_only=True),
        user=ref("user.id", read_only=True),
        is_private=at("private_notes"),
        remote_created_at=instant("created_on", read_only=True),
    ),
    list=listed(_said, calls=101),
    get=GET(PATH, find=_find),
    create=_say,
    create_calls=3 + permissions.CALLS,
    update=PUT(PATH, send=_edit, calls=2 + permissions.CALLS),
    recent=GET("/issues/{ticket}.json", items="issue", sole=True, params=WHOLE, then=_newest),
    recognise=("ticket", "body"),
    mentions={"body": ("@",)},
    quotes={"user": quoted},
)
