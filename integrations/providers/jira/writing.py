"""How issues are made and changed: fields in one call, the status by a transition in another.

A status cannot be set. What leads to another one are the transitions that this issue offers just now, in the order of
its workflow; the first one is taken that leads to the wished category and needs nothing else.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import Api
from integrations.kit.errors import Rejected
from integrations.kit.paths import dig
from integrations.kit.steps import owed
from integrations.providers.jira.custom import spelled

_DONE = "done"


def create(api: Api, body: dict[str, Any]) -> str:
    """A new issue; its project and type may be those of the account's settings."""
    told = {name: value for name, value in body.get("fields", {}).items() if value is not None}
    usual = {"project": ("project", "key"), "issuetype": ("issue_type", "name")}
    for field, (setting, key) in usual.items():
        if field not in told and api.settings.get(setting):
            told[field] = {key: api.settings[setting]}
    missing = {field: "is required there" for field in usual if field not in told}
    if missing:
        raise Rejected("the ticket lacks what every issue has", fields=missing)
    return str(api.send("POST", "/issue", {"fields": spelled(api, told, None)})["id"])


def amend(api: Api, remote_id: str, patch: dict[str, Any], current: Any) -> None:
    """Fields and status. What closes an issue comes last, and what opens it first: a closed one may be locked."""
    fields = dict(patch["fields"])
    status = fields.pop("status", None)
    body = _body(api, fields, current) if fields else None
    if status is None:
        _put(api, remote_id, body)
        return
    wished = status["statusCategory"]["key"]
    transition = _transition(api, remote_id, wished)
    if body is None:
        _move(api, remote_id, transition)
    elif wished == _DONE:
        _put(api, remote_id, body)
        with owed(remote_id):
            _move(api, remote_id, transition)
    else:
        _move(api, remote_id, transition)
        with owed(remote_id):
            _put(api, remote_id, body)


def _body(api: Api, fields: dict[str, Any], current: Any) -> dict[str, Any]:
    """Labels are added and removed one by one, so that those that somebody else adds meanwhile stay."""
    labels = fields.pop("labels", None)
    there, wanted = set(dig(current, "fields.labels") or ()), set(labels or ())
    verbs = [{"add": one} for one in sorted(wanted - there)] + [
        {"remove": one} for one in sorted(there - wanted)
    ]
    told = {"fields": spelled(api, fields, current)} if fields else {}
    return told if labels is None else {**told, "update": {"labels": verbs}}


def _put(api: Api, remote_id: str, body: Any) -> None:
    api.send("PUT", f"/issue/{quote(remote_id, safe='')}", body, repeatable=True)


def _move(api: Api, remote_id: str, transition: str) -> None:
    body = {"transition": {"id": transition}}
    api.send("POST", f"/issue/{quote(remote_id, safe='')}/transitions", body)


def _transition(api: Api, remote_id: str, wished: str) -> str:
    """The transition that leads to a status of a category; raises Rejected where none does, naming those there are."""
    path = f"/issue/{quote(remote_id, safe='')}/transitions"
    offered = [
        one
        for one in api.get(path, {"expand": "transitions.fields"})["transitions"]
        if one.get("isAvailable") is not False
    ]
    leading = [one for one in offered if dig(one, "to.statusCategory.key") == wished]
    free = [one for one in leading if not _needs(one)]
    if free:
        return str(free[0]["id"])
    if leading:
        names = ", ".join(_needs(leading[0]))
        reason = f"needs {names} in the transition {leading[0].get('name')!r}: take it in Jira"
    else:
        known = ", ".join(f"{one.get('name')!r} to {dig(one, 'to.name')!r}" for one in offered) or "none"
        reason = f"cannot be reached by any transition from where the issue is; there are {known}"
    raise Rejected("the workflow does not lead to this status", fields={"status": reason})


def _needs(transition: Any) -> list[str]:
    """The fields that have to be filled in for it."""
    fields = transition.get("fields") or {}
    return [
        str(one.get("name") or key)
        for key, one in fields.items()
        if one.get("required") and not one.get("hasDefaultValue")
    ]
