"""HubSpot: its CRM, with the properties that marketing keeps in it.

https://developers.hubspot.com/docs/api-reference/overview, and the operations of its own Python client (PyPI
hubspot-api-client 12.0.0). What is marked [?] is general knowledge; either answer is survived.
- The search finds what changed. It shows 10,000 records to a question at the most, comes seconds or minutes behind
  [?], and takes 5 questions a second; so it is asked for ids from the last stamp on, again and again, and records are
  read by these, 100 at a time.
- Lists and the search show a few properties only, and no associations: what an account has of properties is read once,
  and all of them are asked for. Associations are a call of their own for each kind.
- All values are texts; nothing is an empty one, and several are joined by semicolons.
- There is no condition for a write: a record is read just before.
- What is deleted is archived, and neither searched nor read by its id. It stands in a list of its own, which takes no
  question: with what changed a thousand of it are looked through, from where the last reading ended.
- A record that was merged answers by its former ids with the one that is left [?]; that may have an id of its own.
- `lifecyclestage` only goes forward, and what goes back is dropped without a word [?]: it is cleared first then.
- A stage is one of a pipeline, so that both are sent. Whether a deal is closed or won follows from its stage.
- An association that changes does not move the time of a record [?]: webhooks tell, or the daily complete read.
- 429 names the limit that was reached. That of the day ends at midnight of the account's time zone, which the account
  tells when it is linked by OAuth.
- A lead is no person: it names a contact, which has to be there. Both are read together, and made one after the other.
  A contact that changes does not move its lead, so the search is asked for contacts as well.
- Kinds of the company's own are known by a number (`2-3456`), which stands in their addresses. Not every edition has
  them: then the list of them is refused, or empty [?].
- Webhooks belong to an app. One that is private is the account's own, and a person sets them up there.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from integrations.kit.auth import Bearer, Finds, OAuth2, Revokes
from integrations.kit.endpoints import GET, Check
from integrations.kit.errors import RetryLater
from integrations.kit.limiter import Rate
from integrations.kit.oauth import TOKENS
from integrations.kit.paths import dig
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.kit.verdict import detail
from integrations.providers.hubspot.activities import notes, tasks
from integrations.providers.hubspot.custom_associations import associations
from integrations.providers.hubspot.custom_objects import custom_objects
from integrations.providers.hubspot.custom_types import association_types
from integrations.providers.hubspot.engagements import engagement_types, engagements
from integrations.providers.hubspot.leads import leads
from integrations.providers.hubspot.people import accounts, contacts, users
from integrations.providers.hubspot.properties import table
from integrations.providers.hubspot.sales import opportunities, stages
from integrations.providers.hubspot.schemas import classes
from integrations.providers.hubspot.schemas import tables as custom_tables
from integrations.providers.hubspot.webhooks import webhooks

_API = "https://api.hubapi.com"
#: Of the OAuth API whose versions are dates; the one before ends in February 2027.
_TOKEN = f"{_API}/oauth/2026-03/token"
_DETAILS, _ZONE = "/account-info/v3/details", "time_zone"
#: Seconds for which it is left alone, by the limit that was reached: that of a day, whose end may not be known, is
#: looked at again every hour.
_WAITS = {"DAILY": 3_600.0, "TEN_SECONDLY_ROLLING": 5.0, "SECONDLY": 1.0}
_READ = ("contacts", "companies", "deals")
#: Of editions that not every account has.
_OPTIONAL = (
    *(f"crm.objects.{kind}.{may}" for kind in ("leads", "custom") for may in ("read", "write")),
    "crm.schemas.custom.read",
)
_SCOPES = (
    "oauth",
    "crm.objects.owners.read",
    *(f"crm.objects.{kind}.{may}" for kind in _READ for may in ("read", "write")),
    *(f"crm.schemas.{kind}.read" for kind in _READ),
)


def _zone(details: Any, _settings: Any) -> dict[str, str]:
    told = details.get("timeZone")
    return {_ZONE: told} if isinstance(told, str) and told else {}


def _refuse(status: int, body: Any, headers: Any) -> RetryLater | None:
    if status != HTTPStatus.TOO_MANY_REQUESTS or "Retry-After" in headers:
        return None
    wait = _WAITS.get(str(dig(body, "policyName")))
    if wait is None:
        return None
    return RetryLater("the provider asks to slow down", after=wait, status=status, detail=detail(body))


def _faults(body: Any) -> dict[str, str]:
    """Reasons by property."""
    return {
        name: one["message"]
        for one in body["errors"]
        for name in (dig(one, "context.propertyName") or dig(one, "context.properties") or ())
    }


provider = Provider(
    slug="hubspot",
    name="HubSpot",
    category="crm",
    base_url="{base_url}",
    settings=(
        *TOKENS,
        Setting(
            "private_app_token",
            "The access token of a private app, where there is one, from Settings > Integrations > Private Apps",
            required=False,
            secret=True,
        ),
        Setting("base_url", "Address of the API", required=False, default=_API, kind="url"),
        Setting(
            _ZONE,
            "Time zone of the account, such as Europe/Berlin, at whose midnight its daily limit ends; OAuth finds it",
            required=False,
        ),
    ),
    auth=OAuth2(
        authorize_url="https://app.hubspot.com/oauth/authorize",
        token_url=_TOKEN,
        scopes=_SCOPES,
        proof="body",
        pkce=False,
        asks={"optional_scope": " ".join(_OPTIONAL)},
        revoked=("BAD_REFRESH_TOKEN",),
        finds=Finds(f"{_API}{_DETAILS}", _zone),
        revokes=Revokes(f"{_TOKEN}/revoke"),
        instead=Bearer("private_app_token"),
    ),
    check=Check(GET(_DETAILS), lambda told, _settings: str(told["portalId"])),
    tables={
        **{kind: table(kind) for kind in (*_READ, "leads", "notes", "tasks", "calls", "meetings")},
        **custom_tables,
    },
    refuse=_refuse,
    faults=_faults,
    rate=Rate(
        "X-HubSpot-RateLimit-Remaining",
        "X-HubSpot-RateLimit-Interval-Milliseconds",
        unit=0.001,
        day="X-HubSpot-RateLimit-Daily-Remaining",
        zone=_ZONE,
    ),
    webhooks=webhooks,
    resources=(
        *(users, contacts, accounts, stages, opportunities, leads),
        *(notes, tasks, engagement_types, engagements),
        *(classes, custom_objects, association_types, associations),
    ),
)
