"""Salesforce: its sales, over the REST API.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest, and its catalogue of fields
(forcedotcom/sf-skills). What is marked [?] is general knowledge; either answer is survived.
- Questions are asked in SOQL. One that names a field which field-level security hides from the account is refused
  whole, so that what `describe` shows is asked for, and no more.
- A record shows when its transaction is over, under the stamp of when it was saved in it: minutes later [?]. What
  changed is asked for from a quarter of an hour before.
- Cursors of SOQL expire and offsets end at 2,000: pages are told by stamp and id. A page may be cut short.
- What is deleted stays in a bin for 15 days, and is listed there with the record that it was merged into.
- An owner may be a queue, which is no user.
- Errors are lists, also where there is one. 403 with REQUEST_LIMIT_EXCEEDED is the limit of the last 24 hours, of which
  the header Sforce-Limit-Info tells; nobody tells when it is over.
- UNABLE_TO_LOCK_ROW: somebody else is writing, and nothing was done.
- If-Unmodified-Since goes by the second, and for all records; ETags are of accounts alone.
- Assignment rules give records to others unless a header says that they shall not [?].
- Answers with tokens tell the address of the account, and not how long they last; 401 says that one is over.
- Webhooks there are none.
"""

from __future__ import annotations

from integrations.kit.auth import OAuth2, Revokes
from integrations.kit.endpoints import GET, Check
from integrations.kit.oauth import TOKENS
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.providers.salesforce.activities import notes, tasks
from integrations.providers.salesforce.engagements import engagement_types, engagements
from integrations.providers.salesforce.leads import leads
from integrations.providers.salesforce.people import accounts, contacts, users
from integrations.providers.salesforce.records import table
from integrations.providers.salesforce.refusals import DayLimit, faults, refuse
from integrations.providers.salesforce.sales import opportunities, stages
from integrations.providers.salesforce.soql import ORGANIZATION, QUERY

_LOGIN = "{login_url}/services/oauth2/"
_KINDS = ("Lead", "Contact", "Account", "Opportunity", "User", "Task", "Note", "Event")

provider = Provider(
    slug="salesforce",
    name="Salesforce",
    category="crm",
    settings=(
        *TOKENS,
        Setting(
            "login_url",
            "Where people log in: that of all, https://test.salesforce.com for sandboxes, or an address of their own,"
            " such as https://acme.my.salesforce.com",
            required=False,
            default="https://login.salesforce.com",
            kind="url",
        ),
        Setting(
            "base_url",
            "Address of the account, which logging in tells, such as https://acme.my.salesforce.com",
            required=False,
            kind="url",
        ),
    ),
    auth=OAuth2(
        authorize_url=_LOGIN + "authorize",
        token_url=_LOGIN + "token",
        scopes=("api", "refresh_token"),
        proof="body",
        revoked=("inactive_user", "inactive_org"),
        tells={"base_url": "instance_url"},
        revokes=Revokes(_LOGIN + "revoke"),
    ),
    check=Check(
        GET(QUERY, items="records", params=ORGANIZATION),
        lambda told, _settings: str(told["records"][0]["Id"]),
    ),
    tables={kind: table(kind) for kind in _KINDS},
    refuse=refuse,
    faults=faults,
    rate=DayLimit(),
    resources=(
        *(users, contacts, accounts, stages, opportunities, leads),
        *(tasks, notes, engagement_types, engagements),
    ),
)
