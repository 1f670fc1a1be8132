"""Webhooks of an application: asked for with a condition, and gone after thirty days if nobody asks again.

Sources disagree whether they are signed [?]: one that brings a signature has to be right, and one without is a hint as
all are. Those that an administrator sets up by hand, with a secret, are signed. A token of a user can ask for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Misconfigured, RetryLater
from integrations.kit.paths import dig
from integrations.kit.signatures import Header, Hmac
from integrations.kit.webhooks import Callback, Subscribed, Subscriptions, Webhooks
from unified_api.models.base import CommonModel
from unified_api.models.ticketing import Comment, Ticket

_MODELS: dict[str, type[CommonModel]] = {
    **dict.fromkeys(("jira:issue_created", "jira:issue_updated", "jira:issue_deleted"), Ticket),
    **dict.fromkeys(("comment_created", "comment_updated", "comment_deleted"), Comment),
}
#: They end after thirty days. Earlier, since the condition names the projects that there are.
_LASTS = 7 * 86_400.0
#: Projects that a page shows, and that a condition names, at the most: those with most issues.
_PAGE, _MOST = 100, 1_000
#: Seconds after which a site without projects is looked at again.
_LATER = 3_600.0


def _ids(event: Any, _headers: Mapping[str, str]) -> list[str]:
    """The issue, or the comment by its issue's id and its own; none where the list is to be read."""
    issue, comment = dig(event, "issue.id"), dig(event, "comment.id")
    if not isinstance(issue, str | int):
        return []
    is_comment = _MODELS.get(event["webhookEvent"]) is Comment
    return [f"{issue}-{comment}" if is_comment else str(issue)] if not is_comment or comment else []


def _make(api: Api, callback: Callback) -> Subscribed:
    """Ask for events of all projects, in the place of what is sent to this account already."""
    there = api.get("/webhook", {"maxResults": "100"})["values"]
    mine = [hook["id"] for hook in there if hook.get("url") == callback.url]
    if mine:
        _remove(api, ",".join(map(str, mine)))
    hook = {"events": sorted(_MODELS), "jqlFilter": f"project in ({', '.join(_projects(api))})"}
    made = api.send("POST", "/webhook", {"url": callback.url, "webhooks": [hook]})
    (result,) = made["webhookRegistrationResult"]
    if "createdWebhookId" not in result:
        raise Misconfigured(
            f"Jira takes no webhook: {'; '.join(result.get('errors') or ('no reason is told',))}"
        )
    return Subscribed(str(result["createdWebhookId"]))


def _projects(api: Api) -> list[str]:
    """The ids of the projects. Where there is none yet, there is nothing that a condition could name."""
    found: dict[str, None] = {}
    for start in range(0, _MOST, _PAGE):
        asked = {"startAt": str(start), "maxResults": str(_PAGE), "orderBy": "-issueCount"}
        told = api.get("/project/search", asked)
        found |= dict.fromkeys(str(one["id"]) for one in told["values"])
        if told.get("isLast") is True or len(told["values"]) < _PAGE:
            break
    if not found:
        raise RetryLater("there is no project yet of which webhooks could tell", after=_LATER)
    return list(found)


def _remove(api: Api, subscription: str) -> None:
    ids = [int(one) for one in subscription.split(",")]
    api.send("DELETE", "/webhook", {"webhookIds": ids}, repeatable=True)


def _is_active(api: Api, subscription: str, callback: Callback) -> bool:
    """Not every answer names the address [?]."""
    there = api.get("/webhook", {"maxResults": "100"})["values"]
    return any(
        str(hook["id"]) == subscription and hook.get("url", callback.url) == callback.url for hook in there
    )


webhooks = Webhooks(
    proof=Hmac("X-Hub-Signature", prefix="sha256=", optional=True),
    word="webhookEvent",
    models=_MODELS,
    remote_id=_ids,
    event_id=Header("X-Atlassian-Webhook-Identifier"),
    subscriptions=Subscriptions(make=_make, remove=_remove, is_active=_is_active, lasts=_LASTS),
)
