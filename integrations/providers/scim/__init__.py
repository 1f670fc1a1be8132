"""SCIM 2.0, the standard by which directories tell who is there: people, and the groups that they are in.

RFC 7643 (https://www.rfc-editor.org/rfc/rfc7643) says what they are, RFC 7644 how they are asked for. What a server can
beside that it tells at `/ServiceProviderConfig` and `/Schemas`; where it does not, the least is taken for granted.

Seen on Canaille 0.3.6:
- `count` is a 500. It is never sent: a server says itself how many records are on a page, and this one sends all.
- A filter is ignored without a word, so whoever asks by one looks at what comes. Nothing can be sorted.
- What has no value is left out, and a null is not told from that: only the schema says what a server would tell.
- `emails[].type` is refused, like any attribute that its schema lacks; in a PATCH it is a 500 with a web page.
- A user name that is taken is a 500 with a web page.
- A PATCH without `path` replaces `name` whole, and says nothing of an extension that it ignores. A part of `name`
  cannot be removed alone.
- Members of groups are told by their user names, and written by either; a path with a filter in it is a 500.
- The ETag follows the second of the last change, so it does not see the second of two changes within one.
- A group needs members, of which an empty list is one.
"""

from __future__ import annotations

from typing import Any

from integrations.kit.auth import Bearer, OAuth2
from integrations.kit.endpoints import GET, Check, Table
from integrations.kit.paths import dig
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.providers.scim.discovery import CORE, ENTERPRISE
from integrations.providers.scim.groups import groups
from integrations.providers.scim.people import people


def _identity(answer: Any, settings: Any) -> str:
    """The address: the standard has no name for an account. Raises KeyError for what is no list of people."""
    return str(settings["base_url"]) if answer["totalResults"] >= 0 else ""


def _faults(body: Any) -> dict[str, str]:
    """A refusal names no attribute; only what has to be unique is a single one."""
    taken = dig(body, "scimType") == "uniqueness"
    return {"userName": str(dig(body, "detail")), "displayName": str(dig(body, "detail"))} if taken else {}


provider = Provider(
    slug="scim",
    name="SCIM 2.0",
    category="hris",
    settings=(
        Setting("base_url", "Address of the service, such as https://example.com/scim/v2", kind="url"),
        Setting("token", "A token that may read and change people and groups", secret=True, required=False),
        Setting(
            "token_url", "Where tokens are given to a client, in place of a token", required=False, kind="url"
        ),
        Setting("client_id", "The client that gets them", required=False),
        Setting("client_secret", "The secret of that client", secret=True, required=False),
        Setting(
            "filters_changes",
            "yes, if the server finds people by a filter on meta.lastModified; else all are read each time",
            required=False,
            kind="flag",
        ),
    ),
    headers={"Accept": "application/scim+json, application/json"},
    auth=OAuth2(
        token_url="{token_url}",  # noqa: S106 - the name of a setting
        grant="client_credentials",
        client=("client_id", "client_secret"),
        instead=Bearer(),
    ),
    check=Check(GET("/Users", params={"attributes": "id"}), _identity),
    tables={
        "user": Table(GET(f"/Schemas/{CORE}", items="attributes"), key="returned"),
        "enterprise": Table(GET(f"/Schemas/{ENTERPRISE}", items="attributes"), key="returned"),
        "patch": Table(GET("/ServiceProviderConfig", items="patch", sole=True), "supported", "supported"),
    },
    faults=_faults,
    resources=(groups, people),
)
