"""Pipedrive.

https://developers.pipedrive.com/docs/api/v1, by its two descriptions; nothing of it was seen on an account yet. Of what
is marked [?], either answer is survived:
- At a company's own address both versions stand below `/api`, as its guide has it; that the general one takes `/api/v1`
  as well is general knowledge [?].
- Two versions stand side by side. The second has cursors, PATCH, and ids for references; the first has users and
  webhooks, and sometimes refuses with a 200 that says `success: false` [?].
- `updated_since` is inclusive, and tells seconds.
- What is deleted leaves its list, and whether its `update_time` moves is not said [?]: a webhook tells, or the next
  complete read. By its id it is still shown [?], as deleted.
- An archived deal or lead leaves its list as well, and is no deleted one: it stands in a list of its own. That of leads
  cannot be asked for what changed.
- Custom fields have hashes of 40 characters for names, and options are written by their ids.
- A lead is no person: it names one, or an organization, and is shown with what these are called and reached by. An edit
  of these does not move it, so that only a complete read shows it.
- A lead that becomes a deal leaves the leads, by a job. The deal tells of which lead it came, where that is asked for;
  no list can be asked for the deal of a lead.
- A person is written by one name, which Pipedrive parts into two [?].
- A stage is one of a pipeline, so that both are sent.
- Calls and meetings are activities as tasks are, and have a length in place of an end.
- There is no condition for a write: a record is read just before. Searches come behind, so that what a create made is
  looked for among the newest records.
- A webhook is not signed; it carries the user and the password with which it was asked for.
- Calls cost tokens of a company's day, and of two seconds of a user. A 429 of the day is looked at again every hour.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from integrations.kit.auth import HeaderKey, OAuth2, Revokes
from integrations.kit.endpoints import GET, Check
from integrations.kit.errors import RetryLater
from integrations.kit.limiter import Rate
from integrations.kit.oauth import TOKENS
from integrations.kit.paths import dig
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.kit.verdict import detail
from integrations.providers.pipedrive.engagements import engagement_types, engagements
from integrations.providers.pipedrive.leads import leads
from integrations.providers.pipedrive.notes import notes
from integrations.providers.pipedrive.people import accounts, contacts, users
from integrations.providers.pipedrive.sales import opportunities, stages
from integrations.providers.pipedrive.tasks import tasks
from integrations.providers.pipedrive.webhooks import webhooks

_OAUTH = "https://oauth.pipedrive.com/oauth"
_OF_THE_DAY, _AN_HOUR = "x-daily-requests-left", 3_600.0


def _refuse(status: int, body: Any, headers: Any) -> RetryLater | int | None:
    """A refusal with a 200 has the status that it names, or is one of the values; and a day that is spent waits."""
    if status == HTTPStatus.TOO_MANY_REQUESTS and headers.get(_OF_THE_DAY) == "0":
        told = "the calls of this day are spent"
        return RetryLater(told, after=_AN_HOUR, status=status, detail=detail(body))
    if not (HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES and dig(body, "success") is False):
        return None
    named = dig(body, "errorCode")
    is_one = isinstance(named, int) and named >= HTTPStatus.BAD_REQUEST
    return int(named) if is_one else HTTPStatus.BAD_REQUEST


provider = Provider(
    slug="pipedrive",
    name="Pipedrive",
    category="crm",
    settings=(
        *TOKENS,
        Setting(
            "api_token",
            "A user's API token, where there is one, from Personal preferences > API",
            required=False,
            secret=True,
        ),
        Setting(
            "base_url",
            "Address of the company, such as https://acme.pipedrive.com",
            required=False,
            default="https://api.pipedrive.com",
            kind="url",
        ),
    ),
    auth=OAuth2(
        authorize_url=f"{_OAUTH}/authorize",
        token_url=f"{_OAUTH}/token",
        scopes=(
            "base",
            "deals:full",
            "contacts:full",
            "leads:full",
            "activities:full",
            "users:read",
            "webhooks:full",
        ),
        pkce=False,
        tells={"base_url": "api_domain"},
        revokes=Revokes(f"{_OAUTH}/revoke", shared=True),
        instead=HeaderKey("x-api-token", "api_token"),
    ),
    check=Check(GET("/api/v1/users/me"), lambda told, _settings: str(told["data"]["company_id"])),
    refuse=_refuse,
    rate=Rate("x-ratelimit-remaining", "x-ratelimit-reset"),
    webhooks=webhooks,
    resources=(
        *(users, accounts, contacts, stages, opportunities, leads),
        *(notes, tasks, engagement_types, engagements),
    ),
)
