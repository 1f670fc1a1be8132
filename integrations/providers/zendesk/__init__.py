"""Zendesk Support.

https://developer.zendesk.com/api-reference/ticketing/introduction/, by its description and documents; nothing of it was
seen on an account yet:
- Exports withhold the last minute, and show a ticket again when the system touched it, without a newer `updated_at`.
- A ticket is only changed if its `updated_at` is the one that was read (409 otherwise). That tells seconds, so a ticket
  that changed in the second in which it was read is read again in the next.
- `tags` replace all that are there, and a drop-down is one of them. No other edit is lost in that, by the rule above.
- Triggers change tickets in the transaction of a write, so that what is there now is read by id afterwards.
- A create carries what it says as a mark in `external_id`, by which it is found if its answer is lost: the search comes
  behind, and `Idempotency-Key` is kept for a while only.
- The description of a ticket is its first comment. Closed is final; solved needs an assignee, and whatever else the
  customer requires: refusals come back by field.
- An application is one of the account, at its own address. Tokens of older ones never end; those of newer ones do, and
  come with a refresh token that is replaced each time [?].
- Who is not known is told who that is by `/users/me`, with 200.
- There is nothing that would be a collection: brands, groups and views are none that tickets stand in.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from integrations.kit.auth import Basic, OAuth2, Revokes
from integrations.kit.endpoints import GET, Check
from integrations.kit.limiter import Pace, Rate
from integrations.kit.oauth import TOKENS
from integrations.kit.paths import dig
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.providers.zendesk.comments import attachments, comments
from integrations.providers.zendesk.people import contacts, groups, organizations, users
from integrations.providers.zendesk.tickets import tags, tickets
from integrations.providers.zendesk.webhooks import webhooks

#: Whose number of requests in a minute is another one with the add-on for high volumes.
_EXPORTS, _EXPORTS_PER_MINUTE = "/incremental/", "exports_per_minute"
_RATE = Rate("ratelimit-remaining", "ratelimit-reset")
#: What a fault of a whole ticket begins with, and the field that it is about.
_ABOUT = {
    "Assignee": "assignee_id",
    "Comment": "comment",
    "Description": "comment",
    "Group": "group_id",
    "Requester": "requester_id",
    "Status": "status",
    "Subject": "subject",
}
#: What is missing for a status is said of the field that is missing; the status is not taken either.
_SOLVING = "solv"


def _refuse(status: int, body: Any, _headers: Any) -> int | None:
    if status == HTTPStatus.CONFLICT:
        return HTTPStatus.PRECONDITION_FAILED
    nobody = status == HTTPStatus.OK and isinstance(dig(body, "user"), dict) and dig(body, "user.id") is None
    return HTTPStatus.UNAUTHORIZED if nobody else None


def _is_narrow(path: str, headers: Mapping[str, str]) -> bool:
    """Exports and updates of one ticket have limits of their own: the account's then says that requests remain."""
    left = headers.get(_RATE.remaining)
    return path.startswith(_EXPORTS) if left is None else left != "0"


def _faults(body: Any) -> dict[str, str]:
    """Reasons by field."""
    found: dict[str, str] = {}
    for name, faults in body["details"].items():
        for fault in faults:
            words = str(fault["description"])
            about = _ABOUT.get(words.partition(":")[0], name) if name == "base" else name
            for one in {about, "status"} if _SOLVING in words else {about}:
                found[one] = f"{found[one]}; {words}" if one in found else words
    return found


provider = Provider(
    slug="zendesk",
    name="Zendesk",
    category="ticketing",
    base_url="{base_url}/api/v2",
    settings=(
        Setting("base_url", "Address of the account, such as https://example.zendesk.com", kind="url"),
        *TOKENS,
        Setting("email", "The e-mail address of the administrator whose API token is given", required=False),
        Setting(
            "api_token",
            "An API token, from Admin Center > Apps and integrations > APIs, where OAuth is not used",
            required=False,
            secret=True,
        ),
        Setting(
            _EXPORTS_PER_MINUTE,
            "How many incremental exports Zendesk takes in a minute: 10, or 30 with the High Volume API add-on",
            required=False,
            default="10",
            kind="number",
        ),
    ),
    auth=OAuth2(
        authorize_url="{base_url}/oauth/authorizations/new",
        token_url="{base_url}/oauth/tokens",  # noqa: S106 - an address
        scopes=("read", "write"),
        proof="body",
        revokes=Revokes("{base_url}/api/v2/oauth/tokens/current.json", method="DELETE", signed="token"),
        instead=Basic("email", "api_token", suffix="/token"),
    ),
    check=Check(GET("/users/me"), lambda _me, settings: settings["base_url"]),
    refuse=_refuse,
    faults=_faults,
    rate=_RATE,
    narrow=_is_narrow,
    paces=(Pace(_EXPORTS, 10, told=_EXPORTS_PER_MINUTE),),
    resources=(users, contacts, organizations, groups, tags, tickets, comments, attachments),
    webhooks=webhooks,
)
