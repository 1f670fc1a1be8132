"""Jira Cloud: the issues of one site.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/, by its description and documents; nothing of it was
seen on a site yet. What is marked [?] is general knowledge; either answer is survived.
- The search comes behind, and shows what it shows without a total. It is asked which issues changed, in minutes of the
  user's time zone, and these are read by their ids; see `searching`.
- Only webhooks tell of deletions, and when a whole project goes they tell of no issue [?]: a complete list does.
- A status is changed by a transition, and only by one that the issue offers just now; see `writing`.
- Descriptions and comments are documents, read as Markdown; what no Markdown tells is kept. See `documents`.
- A user is an account id; whether there is an e-mail address is the user's to show.
- There are no conditional writes: an issue is read just before. Labels are added and removed one by one.
- A 404 is also what is told of an issue that may not be seen.
- By OAuth an application is let into one or more sites, and a token says into which only when it is asked. A refresh
  token is good for one time; for ten minutes an older one is taken, too [?].
- 429 says when to come again by Retry-After, and by its reason who has to, see `limits`; writes to one issue have a
  limit of their own, and so have bursts at one address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from integrations.kit.auth import Basic, Finds, OAuth2
from integrations.kit.endpoints import GET, Check, Table
from integrations.kit.errors import Misconfigured
from integrations.kit.oauth import TOKENS
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.providers.jira import custom
from integrations.providers.jira.comments import comments
from integrations.providers.jira.files import attachments
from integrations.providers.jira.issues import PRIORITIES, tickets
from integrations.providers.jira.limits import Points
from integrations.providers.jira.people import PAGES, collections, tags, teams, users
from integrations.providers.jira.searching import ZONE, ZONES
from integrations.providers.jira.webhooks import webhooks

_API = "https://api.atlassian.com"
#: What stands before the id of a site in the address that a token opens.
_BY_ID = "/ex/jira/"


def _site(answer: Any, settings: Mapping[str, str]) -> dict[str, str]:
    """The site that a token opens; raises Misconfigured where it opens several, and nobody says which one is meant."""
    sites = {str(one["url"]).rstrip("/"): str(one["id"]) for one in answer if _has_jira(one)}
    wanted = settings.get("site", "").rstrip("/")
    meant = [url for url in sites if not wanted or url.lower() == wanted.lower()]
    if len(meant) != 1:
        known = ", ".join(sites) or "none"
        raise Misconfigured(f"the application was let into {known}: give one of these as the setting `site`")
    return {"site": meant[0], "base_url": f"{_API}{_BY_ID}{quote(sites[meant[0]], safe='')}"}


def _identity(_me: Any, settings: Mapping[str, str]) -> str:
    """The id of the site, which it keeps when its address changes; with an API token nothing tells but the address.

    Only at Atlassian's own address, which OAuth finds: anywhere else whoever answers says what stands there.
    """
    base_url, found = settings["base_url"], _API + _BY_ID
    is_found = base_url.startswith(found) and base_url != found
    return base_url.removeprefix(found) if is_found else base_url.rstrip("/")


def _address(settings: Mapping[str, str], told: Mapping[str, str]) -> str:
    """The address of the site. One that is given as `site` was only compared with what the token opens by OAuth."""
    return (told.get("site") or settings["base_url"]).rstrip("/")


def _has_jira(one: Any) -> bool:
    return any("jira" in scope for scope in one["scopes"])


def _is_narrow(_path: str, headers: Mapping[str, str]) -> bool:
    """Writes to one issue have a limit of their own, and so have bursts of one method at one address."""
    return any(word in headers.get("RateLimit-Reason", "") for word in ("per-issue", "burst"))


provider = Provider(
    slug="jira",
    name="Jira",
    category="ticketing",
    base_url="{base_url}/rest/api/3",
    settings=(
        *TOKENS,
        Setting("email", "The e-mail address of the user whose API token is given", required=False),
        Setting(
            "api_token",
            "An API token, from id.atlassian.com > Security > API tokens, where OAuth is not used",
            required=False,
            secret=True,
        ),
        Setting(
            "base_url",
            "Address of the site, such as https://example.atlassian.net; OAuth finds its own",
            required=False,
            kind="url",
        ),
        Setting(
            "site",
            "With OAuth, the site that is meant, where the application is let into several",
            required=False,
            kind="url",
        ),
        Setting("project", "Key of the project of new tickets that name none, such as HELP", required=False),
        Setting("issue_type", "Type of new tickets that name none, such as Task", required=False),
    ),
    auth=OAuth2(
        authorize_url="https://auth.atlassian.com/authorize",
        token_url="https://auth.atlassian.com/oauth/token",  # noqa: S106 - an address
        scopes=(
            "read:jira-work",
            "write:jira-work",
            "read:jira-user",
            "manage:jira-webhook",
            "offline_access",
        ),
        proof="body",
        pkce=False,
        asks={"audience": "api.atlassian.com", "prompt": "consent"},
        revoked=("refresh_token is invalid", "Unknown or invalid refresh token."),
        finds=Finds(f"{_API}/oauth/token/accessible-resources", _site),
        instead=Basic("email", "api_token"),
    ),
    check=Check(GET("/myself"), _identity, formerly=_address),
    tables={
        ZONE: ZONES,
        custom.FIELDS: custom.TABLE,
        PRIORITIES: Table(GET("/priority/search", items="values", paging=PAGES), key="name", word="name"),
    },
    faults=lambda body: dict(body["errors"]),
    narrow=_is_narrow,
    hides=True,
    rate=Points(),
    webhooks=webhooks,
    resources=(collections, users, teams, tags, tickets, comments, attachments),
)
