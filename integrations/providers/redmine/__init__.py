"""Redmine.

https://www.redmine.org/projects/redmine/wiki/Rest_api, and seen on 5.0.4 as Debian packages it:
- Lists show open issues only, unless `status_id=*` is asked for; and a hundred at the most, whatever is asked for.
- Pages by offset shift when an issue is deleted, so issues are paged by their ids (`issue_id=>=…`).
- `updated_on` tells seconds. `updated_on=>=…` is inclusive.
- A change answers 204 without a body, and is read back. What a workflow or a permission does not let the key's user set
  is dropped in silence, and so would a private note or issue become a public one: the permission is looked up first.
- A change that names another `lock_version` than the issue has is a 422 without a reason. No answer tells that version:
  it is counted from the issue's journal, see `locking`.
- Refusals are sentences in the language of the key's user, which begin with the name of the field.
- Notes, and nothing else of the journal, are comments. They have no address to be read at, and come in the order that
  the key's user prefers. One without a text is removed.
- An attachment does not tell what it hangs on. Deleting one does not move its issue's `updated_on`, nor does editing a
  note.
- A deleted issue is a 404, and its subtasks are gone with it. There are no webhooks and no limits of requests.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from integrations.kit.auth import HeaderKey
from integrations.kit.endpoints import GET, Check, Table
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.providers.redmine.attachments import attachments
from integrations.providers.redmine.notes import comments
from integrations.providers.redmine.people import people
from integrations.providers.redmine.projects import projects
from integrations.providers.redmine.tickets import tickets

#: With what a refusal begins, and the field that it is about.
_ABOUT = {
    "Assignee": "assigned_to_id",
    "Description": "description",
    "Due date": "due_date",
    "Parent task": "parent_issue_id",
    "Priority": "priority_id",
    "Private": "is_private",
    "Project": "project_id",
    "Status": "status_id",
    "Subject": "subject",
    "Tracker": "tracker_id",
}


def _refuse(status: int, body: Any, _headers: Any) -> int | None:
    """A 422 without a reason is another version of the issue than the write named."""
    overtaken = status == HTTPStatus.UNPROCESSABLE_ENTITY and body == {"errors": []}
    return HTTPStatus.PRECONDITION_FAILED if overtaken else None


def _faults(body: Any) -> dict[str, str]:
    said = [str(one) for one in body["errors"]]
    return {name: one for one in said for label, name in _ABOUT.items() if one.startswith(f"{label} ")}


provider = Provider(
    slug="redmine",
    name="Redmine",
    category="ticketing",
    settings=(
        Setting("base_url", "Address of Redmine, such as https://redmine.example.com", kind="url"),
        Setting("api_key", "The API access key of a user, from My account", secret=True),
        Setting("project", "Number of the project into which new tickets go", required=False, kind="number"),
    ),
    auth=HeaderKey("X-Redmine-API-Key", "api_key"),
    check=Check(GET("/users/current.json"), lambda _user, settings: settings["base_url"]),
    tables={
        "statuses": Table(GET("/issue_statuses.json", items="issue_statuses")),
        "priorities": Table(GET("/enumerations/issue_priorities.json", items="issue_priorities")),
        "trackers": Table(GET("/trackers.json", items="trackers")),
    },
    refuse=_refuse,
    faults=_faults,
    resources=(people, projects, tickets, comments, attachments),
)
