"""Mailchimp Marketing: the members of an audience, with its merge fields.

https://mailchimp.com/developer/marketing/api/

Written from its own description and documents, and tried against an emulator that is judged by these:
- The data center is a part of the address, and stands behind the dash of an API key; of a token
  login.mailchimp.com/oauth2/metadata tells it. Another one refuses both.
- A member's `id` is the hash of the address, and another one when that changes. `contact_id` stays; each address of a
  member takes either, or the e-mail address itself.
- Deleting archives: the member is shown on, with that status. Deleting for good leaves nothing, and bars the address.
- Merge fields are sent singly; an empty one is an empty text. An address is one value, and is sent whole.
- Errors are those of RFC 7807; values that are wrong are named by their tags.
- At most ten connections at once for a key; one more is a 429 without Retry-After.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from integrations.kit.auth import Basic, Finds, OAuth2
from integrations.kit.endpoints import GET, Check
from integrations.kit.errors import Exists, ProviderError
from integrations.kit.oauth import TOKENS
from integrations.kit.paths import dig
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.kit.verdict import detail
from integrations.providers.mailchimp.members import LIST, members
from integrations.providers.mailchimp.webhooks import webhooks


def _identity(audience: Any, _settings: Any) -> str:
    """The audience, whose id no other account has."""
    return str(audience["id"])


def _data_center(told: Any, _settings: Any) -> dict[str, str]:
    return {"base_url": str(told["api_endpoint"])}


def _faults(body: Any) -> dict[str, str]:
    """Reasons by tag, or by the name of what stands beside the merge fields."""
    return {str(one["field"]): str(one["message"]) for one in dig(body, "errors") or () if one.get("field")}


def _refuse(status: int, body: Any, _headers: Any) -> ProviderError | None:
    """Somebody has the address already; the title says so, and the sentence only that it is so."""
    if status == HTTPStatus.BAD_REQUEST and dig(body, "title") == "Member Exists":
        return Exists("somebody in the audience has this address", status=status, detail=detail(body))
    return None


provider = Provider(
    slug="mailchimp",
    name="Mailchimp",
    category="crm",
    settings=(
        Setting(
            "base_url",
            "Address of the data center, such as https://us19.api.mailchimp.com: what stands behind the dash of a key;"
            " OAuth finds it",
            required=False,
            kind="url",
        ),
        Setting("list_id", "The audience, by its id (Audience > Settings > Audience name and defaults)"),
        Setting("api_key", "An API key (Profile > Extras > API keys)", secret=True, required=False),
        Setting("user", "Any name, sent beside the key", required=False, default="isthmus"),
        Setting(
            "new_status",
            "What new members are: subscribed, pending (they are asked by mail), unsubscribed, or transactional",
            required=False,
            default="transactional",
        ),
        *TOKENS,
    ),
    auth=OAuth2(
        authorize_url="https://login.mailchimp.com/oauth2/authorize",
        token_url="https://login.mailchimp.com/oauth2/token",  # noqa: S106 - an address
        proof="body",
        pkce=False,
        finds=Finds("https://login.mailchimp.com/oauth2/metadata", _data_center, scheme="OAuth"),
        instead=Basic("user", "api_key"),
    ),
    check=Check(GET(LIST, params={"fields": "id"}), _identity),
    refuse=_refuse,
    faults=_faults,
    resources=(members,),
    webhooks=webhooks,
)
