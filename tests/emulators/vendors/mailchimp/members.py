"""Members of an audience, who are known by the hash of their address, by the address, and by an id that stays."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.mailchimp.audience import LIST, audience_of, page, refused
from tests.emulators.world import Record, World

on: Final = Routes()
#: Words in the table of quirks: what Mailchimp may do, and a test may have it do.
LISTS_WITHOUT_ARCHIVED: Final = "lists leave out who is archived"
_OPEN: Final = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
_SENT: Final = ("email_type", "language", "vip")
_PARTS: Final = ("addr1", "city", "state", "zip")
_ONE: Final = "/lists/{list_id}/members/{subscriber_hash}"


def hash_of(address: str) -> str:
    """The hash of an address."""
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def add(world: World, address: str, status: str = "subscribed", **merge: Any) -> Record:
    """A new member."""
    number, now = world.next_id("member"), _stamp(world.clock.now())
    stays = f"c{number:031d}"
    member = {
        "id": hash_of(address),
        "email_address": address,
        "status": status,
        "list_id": LIST,
        "contact_id": stays,
        "web_id": number,
        "unique_email_id": f"{number:x}",
        "merge_fields": {**{one["tag"]: "" for one in world.rows("field")}, **merge},
        "full_name": "",
        "email_type": "html",
        "language": "",
        "vip": False,
        "interests": {},
        "timestamp_signup": now,
        "timestamp_opt": now,
        "last_changed": now,
        "tags_count": 0,
        "tags": [],
    }
    world.table("member")[stays] = member
    return member


def find(world: World, name: str) -> Record:
    """A member by any of the three names; raises Refused."""
    alike = (name, hash_of(name))
    for member in world.rows("member"):
        if name == member["contact_id"] or member["id"] in alike:
            return member
    raise refused(404, "The requested resource could not be found.")


def change(world: World, member: Record, word: str = "profile", **values: Any) -> None:
    """Change a member as somebody in the web interface would; `merge_fields` are sent singly."""
    old = member["email_address"]
    merge = values.pop("merge_fields", {})
    member.update(values)
    member["merge_fields"] |= merge
    member["id"] = hash_of(member["email_address"])
    member["last_changed"] = _stamp(world.clock.now())
    if member["email_address"] != old:
        told = {"new_id": member["id"], "new_email": member["email_address"], "old_email": old}
        world.happened("upemail", "member", member, **told)
    world.happened(word, "member", member)


def archive(world: World, member: Record) -> None:
    """Take a member out of sight."""
    change(world, member, "unsubscribe", status="archived")


def forget(world: World, member: Record) -> None:
    """Delete a member for good; the address can never come back over the API."""
    del world.table("member")[member["contact_id"]]
    world.table("barred")[member["email_address"].lower()] = {}


def _judged(world: World, body: Record) -> Record:
    """What is sent of a member, once it makes sense; raises Refused."""
    faults: dict[str, str] = {}
    if "email_address" in body and "@" not in str(body["email_address"]):
        faults["email_address"] = "This value should be an email address."
    if body.get("status", "subscribed") not in _OPEN:
        faults["status"] = "Value must be one of the provided values"
    fields = {one["tag"]: one for one in world.rows("field")}
    for tag, value in body.get("merge_fields", {}).items():
        if tag in fields and (wrong := _wrong(fields[tag], value)):
            faults[tag] = wrong
    if faults:
        raise refused(400, "Your merge fields were invalid.", **faults)
    return {name: body[name] for name in ("email_address", "status", *_SENT) if name in body}


def _wrong(field: Record, value: Any) -> str | None:
    if value == "":
        return "This value should not be blank." if field["required"] else None
    if field["type"] == "address":
        missing = not isinstance(value, dict) or any(not value.get(part) for part in _PARTS)
        return "Please enter a complete address" if missing else None
    if field["type"] == "number" and not isinstance(value, int | float):
        return "This value should be of type number."
    if field["type"] in {"radio", "dropdown"} and value not in field["options"]["choices"]:
        return "The value you selected is not a valid choice."
    return None


def _known(world: World, body: Record) -> dict[str, Any]:
    tags = {one["tag"] for one in world.rows("field")}
    return {tag: value for tag, value in body.get("merge_fields", {}).items() if tag in tags}


@on("GET", "/lists/{list_id}/members")
def list_members(world: World, request: Request) -> Answer:
    """All of them, or those who changed since; in an order, which says nothing of those who are alike in it."""
    hides = LISTS_WITHOUT_ARCHIVED in world.table("quirk")
    rows = [one for one in world.rows("member") if not (hides and one["status"] == "archived")]
    if since := request.asked("since_last_changed"):
        rows = [one for one in rows if _moment(one["last_changed"]) >= _moment(since)]
    if name := request.asked("sort_field"):
        turn, falls = world.next_id("turn"), request.asked("sort_dir") == "DESC"
        rows.sort(key=lambda one: (str(one[name]), hash_of(f"{turn} {one['contact_id']}")), reverse=falls)
    told = {"list_id": audience_of(world, request)["id"], "total_items": len(rows)}
    return Answer(200, {"members": page(request, rows), **told})


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise refused(400, "The value is no time.", since_last_changed="is no time") from error


@on("GET", _ONE)
def show_member(world: World, request: Request) -> Answer:
    """One, also one that is archived."""
    return Answer(200, find(world, request.params["subscriber_hash"]))


@on("POST", "/lists/{list_id}/members")
def add_member(world: World, request: Request) -> Answer:
    """A new one; an address that is known, archived or not, is refused, and one that is barred for ever."""
    told = _judged(world, request.body)
    address = told["email_address"]
    if address.lower() in world.table("barred"):
        raise refused(
            400,
            f"{address} was permanently deleted and cannot be re-imported.",
            "Forgotten Email Not Subscribed",
        )
    try:
        find(world, address)
    except Refused:
        member = add(world, address, told["status"], **_known(world, request.body))
        member.update(told)
        world.happened("subscribe", "member", member)
        return Answer(200, member)
    raise refused(
        400, f"{address} is already a list member. Use PUT to insert or update list members.", "Member Exists"
    )


@on("PATCH", _ONE)
def change_member(world: World, request: Request) -> Answer:
    """Change one; another address must not be somebody else's."""
    member, told = find(world, request.params["subscriber_hash"]), _judged(world, request.body)
    address = str(told.get("email_address", member["email_address"]))
    others = (one for one in world.rows("member") if one is not member)
    if any(one["id"] == hash_of(address) for one in others):
        raise refused(400, f"{address} is already a list member.", "Member Exists", email_address="is taken")
    change(world, member, merge_fields=_known(world, request.body), **told)
    return Answer(200, member)


@on("PUT", _ONE)
def put_member(world: World, request: Request) -> Answer:
    """Change one, who comes back if archived; or make one with `status_if_new`."""
    told = _judged(world, request.body)
    try:
        member = find(world, request.params["subscriber_hash"])
    except Refused:
        member = add(world, told["email_address"], request.body["status_if_new"])
    change(world, member, "subscribe", merge_fields=_known(world, request.body), **told)
    return Answer(200, member)


@on("DELETE", _ONE)
def archive_member(world: World, request: Request) -> Answer:
    """Archive one; who is archived cannot be archived again."""
    member = find(world, request.params["subscriber_hash"])
    if member["status"] == "archived":
        raise refused(405, "This list member cannot be removed.")
    archive(world, member)
    return Answer(204)
