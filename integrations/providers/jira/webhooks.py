"""Webhooks of an application: asked for with a condition, and gone after thirty days if nobody asks again.

Sources disagree whether they are signed [?]: one that brings a signature has to be right, and one without is a hint as
all are. Those that an administrator sets up by hand, with a secret, are signed. A token of a user can ask for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Misconfigured
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
#: Projects that a condition names at the most.
_MOST = 100


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
    projects = api.get("/project/search", {"maxResults": str(_MOST), "orderBy": "-issueCount"})["values"]
    names = ", ".join(str(one["id"]) for one in projects)
    hook = {"events": sorted(_MODELS), "jqlFilter": f"project in ({names})"}
    made = api.send("POST", "/webhook", {"url": callback.url, "webhooks": [hook]})
    (result,) = made["webhookRegistrationResult"]
    if "createdWebhookId" not in result:
        raise Misconfigured(
            f"Jira takes no webhook: {'; '.join(result.get('errors') or ('no reason is told',))}"
        )
    return Subscribed(str(result["createdWebhookId"]))


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
