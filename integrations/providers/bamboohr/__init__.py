"""BambooHR.

https://documentation.bamboohr.com/docs/getting-started, by its description and documents; nothing of it was seen on an
account yet. What is marked [?] is general knowledge; either answer is survived.
- Answers are JSON only for who asks for it, and refusals tell their reason in a header.
- Everything may be a text, nothing is an empty one or a day of zeros, and ids are numbers here and texts there.
- The directory shows active people alone: a report shows everybody. Its body has to be of the type `application/json`,
  without a charset. It is marked as deprecated; what is to take its place, datasets, has names of its own [?].
- Any change of a field or a row of a table moves an employee; who was deleted is told there and nowhere else.
- Job, pay and status have histories, with rows of the future. What holds today follows from their days.
- A create answers without a body; the new id stands in an address in its header.
- There is no condition for a write: a record is read just before.
- An employee with the id zero is whoever has the key.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from integrations.kit.auth import Basic, OAuth2
from integrations.kit.endpoints import GET, Check, Table
from integrations.kit.oauth import TOKENS
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.providers.bamboohr.absences import KINDS, KINDS_TABLE, absences
from integrations.providers.bamboohr.balances import balances
from integrations.providers.bamboohr.dependents import dependents
from integrations.providers.bamboohr.histories import UNSEEN, employments
from integrations.providers.bamboohr.people import employees
from integrations.providers.bamboohr.places import companies, groups, locations
from integrations.providers.bamboohr.reading import FIELDS, own_key
from integrations.providers.bamboohr.training import FAILURES, completions, courses
from integrations.providers.bamboohr.webhooks import webhooks

#: `employee` alone is what is not sensitive; `public.user` is for the list of changes.
_SCOPES = (
    *("offline_access", "public.user", "employee", "employee.write", "employee:compensation"),
    *(
        "employee:demographic",
        "employee:demographic.write",
        "employee:custom_fields",
        "employee:custom_fields.write",
    ),
    *(
        "sensitive_employee:protected_info",
        "sensitive_employee:protected_info.write",
        "sensitive_employee:address",
    ),
    *(
        "employee:dependent",
        "field",
        "report",
        "time_off",
        "time_off.write",
        "training",
        "training.write",
        "webhooks",
    ),
)


def _own_fields(_api: Any, told: list[Any]) -> list[Any]:
    return [{"key": key} for one in told if (key := own_key(one))]


def _refuse(status: int, _body: Any, _headers: Any) -> int | None:
    """Of a record that is there, 405 says that it may not be changed."""
    return HTTPStatus.CONFLICT if status == HTTPStatus.METHOD_NOT_ALLOWED else None


provider = Provider(
    slug="bamboohr",
    name="BambooHR",
    category="hris",
    base_url="{base_url}/api/v1",
    settings=(
        Setting("base_url", "Address of the account, such as https://example.bamboohr.com", kind="url"),
        Setting(
            "api_key",
            "An API key, where there is one, from the menu of the user whose rights it is to have",
            required=False,
            secret=True,
        ),
        Setting(
            FAILURES,
            "`notes`, where failures are to be training records whose notes say so; BambooHR counts these as completed",
            required=False,
        ),
        Setting(
            UNSEEN,
            "Tables that the user may never see, of `compensation` and `employmentStatus`, with a space between them:"
            " employments are read without them",
            required=False,
        ),
        *TOKENS,
    ),
    auth=OAuth2(
        authorize_url="{base_url}/authorize.php",
        token_url="{base_url}/token.php?request=token",  # noqa: S106 - an address
        scopes=_SCOPES,
        proof="body",
        pkce=False,
        asks={"request": "authorize"},
        instead=Basic("api_key", literal="x"),
    ),
    check=Check(GET("/meta/fields"), lambda _told, settings: settings["base_url"]),
    tables={
        FIELDS: Table(GET("/meta/fields", items="", then=_own_fields), key="key", word="key"),
        KINDS: KINDS_TABLE,
    },
    refuse=_refuse,
    reason="X-BambooHR-Error-Message",
    resources=(
        *(groups, locations, employees, employments, courses, completions),
        *(absences, balances, dependents, companies),
    ),
    webhooks=webhooks,
)
