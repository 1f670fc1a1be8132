"""Records."""

from __future__ import annotations

import uuid
from typing import Any

from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import product_of
from unified_api.sync import steer
from unified_api.sync.models import Stream


def read_again(api: Linked) -> dict[str, Any]:
    """The only ticket, once the desk was read anew."""
    with api.person.at_work():
        steer.read_now(Stream.objects.get(model="ticketing.Ticket").id)
    api.work()
    [ticket] = api.get("tickets", {"include_deleted_data": "true"}).json()["results"]
    return dict(ticket)


def test_an_id_is_ours_and_stays(api: Linked, desk: stub.Desk) -> None:
    """A UUID, beside the provider's id as a text, whatever is read or changed later; relations name it."""
    grace = desk.add("users", name="Grace")
    desk.add(title="leak", state="open", author=grace)
    api.work()
    [before] = api.get("tickets").json()["results"]
    desk.edit(before["remote_id"], title="flood")
    api.send("post", "sync-status/resync", None)
    api.work()
    [after] = api.get("tickets").json()["results"]
    [user] = api.get("users").json()["results"]

    assert (before["name"], after["name"]) == ("leak", "flood")
    assert str(uuid.UUID(before["id"])) == before["id"] == after["id"]
    assert isinstance(after["remote_id"], str)
    assert (after["creator"], user["remote_id"]) == (user["id"], grace)


def test_days_are_datetimes_at_midnight_utc(alice: Person, link: Link) -> None:
    """On the wire alone."""
    product = product_of(alice, link)
    days = {
        "date_of_birth": "1990-02-28T00:00:00.000Z",
        "hire_date": "2020-03-01T00:00:00Z",
        "start_date": "2020-03-01T01:00:00+01:00",
    }
    told = product.push("hris.Employee", "1", days).json()["model"]

    assert told["date_of_birth"] == "1990-02-28T00:00:00Z"
    assert told["hire_date"] == told["start_date"] == "2020-03-01T00:00:00Z"
    assert told["created_at"].endswith("Z")


def test_modified_at_moves_with_a_field_a_mapping_or_the_providers_own_data(
    api: Linked, desk: stub.Desk
) -> None:
    """And not when nothing has changed."""
    remote_id = desk.add(title="leak", state="open", x_risk=1)
    api.work()
    first = read_again(api)
    same = read_again(api)
    desk.tables["tickets"][remote_id]["x_risk"] = 2
    own = read_again(api)
    desk.edit(remote_id, title="flood")
    field = read_again(api)

    assert first["modified_at"] == same["modified_at"] < own["modified_at"] < field["modified_at"]
    assert first["created_at"] == field["created_at"]


def test_a_word_without_a_mapping_is_passed_through(api: Linked, desk: stub.Desk) -> None:
    """Enumerations are open."""
    desk.add(title="leak", state="waiting for godot")
    api.work()

    assert read_again(api)["status"] == "waiting for godot"


def test_words_may_have_hyphens(alice: Person, link: Link) -> None:
    """`NON-BINARY` is one word, and is found by it."""
    product = product_of(alice, link)
    told = product.push("hris.Employee", "1", {"gender": "NON-BINARY"}).json()["model"]

    assert told["gender"] == "NON-BINARY"


def test_a_deleted_record_stays_and_says_so(api: Linked, desk: stub.Desk) -> None:
    """Under its id, with its last values."""
    remote_id = desk.add(title="leak", state="open")
    api.work()
    before = read_again(api)
    del desk.tables["tickets"][remote_id]
    after = read_again(api)

    assert (before["remote_was_deleted"], after["remote_was_deleted"]) == (False, True)
    assert (after["id"], after["name"]) == (before["id"], "leak")


def test_lists_in_records_are_plain_strings_or_small_objects(alice: Person, link: Link) -> None:
    """Tags of a ticket are words; addresses and numbers of a contact are objects; an employee's own fields are free."""
    desk = product_of(alice, link, "ticketing")
    ticket = desk.push("ticketing.Ticket", "1", {"tags": ["a", "b"]}).json()["model"]
    crm = product_of(alice, link, "crm")
    contact = crm.push("crm.Contact", "1", {"email_addresses": [{"email_address": "a@example.com"}]}).json()[
        "model"
    ]
    hris = product_of(alice, link, "hris")
    employee = hris.push("hris.Employee", "1", {"custom_fields": {"any": ["thing"]}}).json()["model"]

    assert ticket["tags"] == ["a", "b"]
    assert contact["email_addresses"][0]["email_address"] == "a@example.com"
    assert employee["custom_fields"] == {"any": ["thing"]}
