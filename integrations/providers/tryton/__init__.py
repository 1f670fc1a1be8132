"""Tryton, the ERP: its parties and sales as CRM, its employees and their time as HRIS.

https://docs.tryton.org/latest/server/topics/user_application.html, and seen on 8.2 (REST, with the modules company,
sale_opportunity and timesheet over SQLite):
- Without `f` a record shows no more than its id. Days, moments, amounts and durations are tagged. Moments are in UTC.
- `write_date` is null until the first change, and moves for the record alone: an address belongs to a party, and an
  employee to another one. So what changed is asked for in all records that are shown together. What was removed moves
  nothing, unless it went through its party; the daily complete read sees it.
- `p` is a row, no page. Past the end comes an empty list; a `Range` would be a 416 there. Nothing tells how many.
- What is deactivated is hidden, from lists and from reads by id, unless the context says otherwise. Employees are
  active by their days, so that nobody's write makes them inactive.
- A field or a model that is not known there is a 500 with a page that names it; a record that is missing, or that the
  user may not see, a 404 page; an unknown path a 405 or 404 page. What a rule forbids is a 400 that says so, also what
  fields are fixed in which state. A 500 or a 400 has changed nothing.
- A sale that may come about is a lead first, and becomes an opportunity by an action; it is won when its sale is
  confirmed, and then amounts to that. To be deleted it has to be cancelled.
- A party has one name, and nothing says whether it is a person: a category does here. One that was merged is
  deactivated and names the one that took its place.
- The key comes as Bearer. As the password of Basic it works, but counts as a failed login, so that 429 comes soon.
- There is no condition for a write, no other limit, and no webhook.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from integrations.kit.auth import Bearer
from integrations.kit.endpoints import GET, Check
from integrations.kit.errors import Forbidden, ProviderError
from integrations.kit.paths import dig
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.providers.tryton.asking import encoded
from integrations.providers.tryton.leads import leads
from integrations.providers.tryton.parties import accounts, contacts
from integrations.providers.tryton.people import companies, employees, users
from integrations.providers.tryton.sales import opportunities, stages
from integrations.providers.tryton.time import timesheet_entries

#: In a page, what it does not know: `<p>&#39;timesheet.line&#39;</p>`.
_UNKNOWN = re.compile(r"<p>'([\w.]+)'</p>")
_FIELD = re.compile(r'[Ff]ield "([^"]+)"')


def _refuse(status: int, body: Any, _headers: Any) -> ProviderError | None:
    if status != HTTPStatus.INTERNAL_SERVER_ERROR or not isinstance(body, str):
        return None
    name = _UNKNOWN.search(html.unescape(body))
    if name is None:
        return None
    told = f"this Tryton does not know {name[1]!r}: the module that has it is not activated there"
    return Forbidden(told, status=status)


def _faults(body: Any) -> dict[str, str]:
    """The reason by field, which is named by its label."""
    said = str(dig(body, "message"))
    label = _FIELD.search(said)
    return {label[1].lower().replace(" ", "_"): said} if label else {}


def _identity(told: Any, settings: Mapping[str, str]) -> str:
    """The account is the company of this database."""
    return f"{settings['base_url']} {told['id']}"


provider = Provider(
    slug="tryton",
    name="Tryton",
    category="crm",
    further=("hris",),
    base_url="{base_url}/rest/model",
    headers={"X-Tryton-Context": encoded({"active_test": False})},
    settings=(
        Setting(
            "base_url",
            "Address of the server with the name of the database, for example https://erp.example.com/company",
            kind="url",
        ),
        Setting("key", "The key of a REST application of a user, from the user's preferences", secret=True),
        Setting(
            "company", "Number of the company of new records", required=False, default="1", kind="number"
        ),
        Setting(
            "person_category",
            "Name of the party category of those who are people and no companies",
            required=False,
            default="Person",
        ),
        Setting(
            "timesheet_work",
            "Number of the work to which new timesheet entries belong",
            required=False,
            kind="number",
        ),
    ),
    auth=Bearer("key"),
    check=Check(GET("/company.company/{company}"), _identity),
    refuse=_refuse,
    faults=_faults,
    hides=True,
    resources=(
        *(leads, opportunities, contacts, accounts, stages, users),
        *(employees, companies, timesheet_entries),
    ),
)
