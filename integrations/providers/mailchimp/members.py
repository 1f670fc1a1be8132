"""Members of an audience, as contacts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from integrations.kit.endpoints import DELETE, GET, PATCH, Api, Since
from integrations.kit.errors import Exists
from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.kit.lenses import at, compute
from integrations.kit.mapping import Mapping as Fields
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.mailchimp.lenses import (
    ADDRESS,
    FIRST,
    LAST,
    PHONE,
    WITHIN,
    address,
    by_text,
    changed,
    email,
    phone,
    since_when,
    version,
)
from integrations.providers.mailchimp.paging import SINCE, ByChange
from unified_api.models.crm import Contact

LIST: Final = "/3.0/lists/{list_id}"
_MEMBERS: Final = f"{LIST}/members"
_ONE: Final = f"{_MEMBERS}/{{remote_id}}"
_ARCHIVED: Final = "archived"
#: What nobody reads: addresses of the API's own.
_WITHOUT: Final = {"exclude_fields": "_links,members._links"}
_KINDS: Final[Mapping[str, Kind]] = {"number": "number", "date": "date"}
_CHOICES: Final = frozenset({"radio", "dropdown"})
_STATUSES: Final = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")


def _create(api: Api, body: dict[str, Any]) -> str:
    """A new member, or one that was archived: it comes back with what is sent, and with all that was there."""
    path = f"/3.0/lists/{api.settings['list_id']}/members"
    try:
        made = api.send("POST", path, body)
    except Exists as refused:
        made = _back(api, f"{path}/{_hash(body['email_address'])}", body, refused)
    return str(dig(made, "contact_id"))


def _back(api: Api, path: str, body: dict[str, Any], refused: Exists) -> Any:
    if dig(api.get(path, _WITHOUT), "status") != _ARCHIVED:
        refused.fields = {"email_address": "belongs to somebody in the audience already"}
        raise refused
    return api.send("PUT", path, {"status_if_new": body["status"], **body}, repeatable=True)


def _hash(address: str) -> str:
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def _described(field: Any) -> FieldClass:
    """A merge field; those that common fields show are told as such by their place."""
    choices = dig(field, "options.choices") if field["type"] in _CHOICES else None
    return FieldClass(
        key=field["tag"],
        name=field["name"],
        description=field.get("help_text") or None,
        kind=_KINDS.get(field["type"], "string") if field["type"] != "address" else None,
        choices=tuple((one, one) for one in choices or ()),
        is_custom=True,
        is_required=field.get("required"),
    )


members = Resource(
    mapping=Fields(
        Contact,
        remote_id="contact_id",
        version=compute(version),
        gone=compute(lambda member: dig(member, "status") == _ARCHIVED),
        first_name=by_text(FIRST),
        last_name=by_text(LAST),
        email_addresses=email(),
        phone_numbers=phone(PHONE),
        addresses=address(ADDRESS),
        remote_created_at=compute(since_when),
    ),
    list=GET(
        _MEMBERS,
        items="members",
        params=_WITHOUT,
        paging=ByChange(),
        since=Since(param=SINCE, stamp=changed),
    ),
    get=GET(_ONE, params=_WITHOUT),
    create=_create,
    create_calls=3,
    update=PATCH(_ONE, answer=""),
    delete=DELETE(_ONE),
    recent=GET(
        _MEMBERS,
        items="members",
        params={**_WITHOUT, "sort_field": "last_changed", "sort_dir": "DESC", "count": "100"},
    ),
    recognise=("email_addresses",),
    defaults=lambda settings: {"status": settings["new_status"]},
    custom=(f"{WITHIN}.",),
    field_classes=FieldClasses(
        known=(
            FieldClass(
                key="status", name="status", kind="string", choices=tuple((one, one) for one in _STATUSES)
            ),
            FieldClass(key="language", name="language", kind="string"),
            FieldClass(key="vip", name="vip", kind="bool"),
        ),
        get=GET(
            f"{LIST}/merge-fields", items="merge_fields", params={"count": "1000", "exclude_fields": "_links"}
        ),
        read=_described,
        within=WITHIN,
        lenses={name: at(name) for name in ("status", "language", "vip")},
    ),
)
