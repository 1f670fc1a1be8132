"""People: users of the directory, as employees."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Final

from integrations.kit.endpoints import DELETE, GET, PATCH, Api
from integrations.kit.errors import Rejected, Uncertain
from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.kit.lenses import at, choice, compute, instant, ref, refs, text
from integrations.kit.mapping import Mapping
from integrations.kit.paths import bury, dig
from integrations.kit.provider import Resource
from integrations.kit.steps import owed
from integrations.providers.scim.discovery import CORE, ENTERPRISE, spelled_out
from integrations.providers.scim.emails import read_work_email, the_first_of, write_work_email
from integrations.providers.scim.groups import join, leave
from integrations.providers.scim.records import STAMP, VERSION, amend, changed, equals, listed, one, sought
from unified_api.models.hris import Employee

_PATH: Final = "/Users"
_ONE: Final = "/Users/{remote_id}"
_SERVER_FAILED: Final = 500
_KINDS: Final[dict[str, Kind]] = {
    "string": "string",
    "reference": "string",
    "boolean": "bool",
    "integer": "number",
    "decimal": "number",
    "dateTime": "datetime",
}


def _full_name(user: Any) -> Any:
    """The name as it is written in full, else the one that is shown."""
    return dig(user, "name.formatted") or dig(user, "displayName") or dig(user, "name.formatted")


def _own(attribute: Any) -> FieldClass | None:
    """An attribute of the extension, by its description in a schema; those of several parts stay out."""
    kind = _KINDS.get(attribute["type"])
    if kind is None or attribute.get("multiValued"):
        return None
    said = " ".join(str(attribute.get("description") or "").split())
    return FieldClass(key=attribute["name"], name=attribute["name"], description=said or None, kind=kind)


def _create(api: Api, body: dict[str, Any]) -> str:
    schemas = [CORE, ENTERPRISE] if ENTERPRISE in body else [CORE]
    try:
        made = api.send("POST", _PATH, {"schemas": schemas, **body})
    except Uncertain as lost:
        if (lost.status or 0) >= _SERVER_FAILED and _is_another(_of_name(api, body["userName"]), body):
            fields = {"userName": "is taken by somebody else"}
            raise Rejected("the server cannot make this user", status=lost.status, fields=fields) from lost
        raise
    return str(dig(made, "id"))


def _of_name(api: Api, name: str) -> dict[str, Any]:
    """The user of a name, if the first page has it; a server that ignores the filter may show others as well."""
    found = dig(api.get(_PATH, {"filter": equals("userName", name)}), "Resources")
    same = (user for user in found or () if str(user.get("userName")).lower() == name.lower())
    return next(same, {})


def _is_another(user: dict[str, Any], body: dict[str, Any]) -> bool:
    """Whether a user with the same name is not what was to be made with this body."""
    said = {name: value for name, value in body.items() if name != "userName"}
    return bool(user) and not _says(user, said)


def _says(there: Any, said: Any) -> bool:
    """Whether a record has all that was sent; what a server adds to it does not matter."""
    if isinstance(said, dict):
        return isinstance(there, dict) and all(_says(there.get(name), value) for name, value in said.items())
    if isinstance(said, list):
        return isinstance(there, list) and all(any(_says(one, value) for one in there) for value in said)
    return bool(there == said)


def _change(api: Api, remote_id: str, fields: dict[str, Any], current: Any) -> None:
    own = {name: value for name, value in fields.items() if name != "groups"}
    if own:
        amend(api, one(_PATH, remote_id), own, current)
    if "groups" in fields:
        with owed(remote_id) if own else nullcontext():
            _move(api, {**current, **own}, [group["value"] for group in fields["groups"] or ()])


def _move(api: Api, user: Any, groups: list[str]) -> None:
    """Have a user in these groups and no others; those that stay are not touched. user: with the name of now."""
    there = [group["value"] for group in user.get("groups") or ()]
    for group in sorted(set(groups) - set(there)):
        join(api, group, user)
    for group in sorted(set(there) - set(groups)):
        leave(api, group, user)


people = Resource(
    mapping=Mapping(
        Employee,
        version=VERSION,
        username=text("userName", caseless=True),
        employee_number=at((ENTERPRISE, "employeeNumber")),
        first_name="name.givenName",
        last_name="name.familyName",
        display_full_name=compute(_full_name, lambda name, _user: bury("name.formatted", name)),
        preferred_name=at("nickName", read_only=True),
        work_email=compute(read_work_email, write_work_email),
        personal_email=compute(the_first_of("emails", "home")),
        mobile_phone_number=compute(the_first_of("phoneNumbers", "mobile")),
        groups=refs("groups", "value", after_create=True),
        manager=ref((ENTERPRISE, "manager", "value"), read_only=True),
        employment_status=choice("active", {"ACTIVE": True, "INACTIVE": False}),
        remote_created_at=instant("meta.created", read_only=True),
    ),
    list=listed(_PATH, spelled_out),
    changes=changed(_PATH, spelled_out),
    get=GET(_ONE, then=spelled_out),
    create=_create,
    create_calls=2,
    update=PATCH(_ONE, send=_change, stamp=STAMP, calls=6),
    delete=DELETE(_ONE),
    recent=sought(_PATH, "userName", "{username}", spelled_out),
    recognise=("username",),
    defaults=lambda _settings: {"active": True},
    tables=("user", "enterprise"),
    field_classes=FieldClasses(
        known=(
            FieldClass(key="title", name="title", description="The position", kind="string"),
            FieldClass(key="preferredLanguage", name="preferredLanguage", kind="string"),
        ),
        get=GET(f"/Schemas/{ENTERPRISE}", items="attributes"),
        read=_own,
        within=(ENTERPRISE,),
        lenses={"title": at("title"), "preferredLanguage": at("preferredLanguage")},
    ),
    custom=(f"{ENTERPRISE}.",),
)
