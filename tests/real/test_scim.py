"""The adapter of SCIM against a real directory: people and groups, and what is odd there."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from pytest_django.fixtures import Settings

from demo.servers import Canaille
from integrations.kit.client import Client
from integrations.kit.errors import Gone, Misconfigured, Moved, NeedsReauthorisation, Rejected
from integrations.kit.http import Patience
from integrations.kit.offered import of_account
from integrations.kit.provider import Resource
from tenants.scope import scope
from tests.integrations import metered
from tests.integrations.lines import connection
from tests.people import Person
from tests.real import directory
from tests.real.conftest import every
from tests.real.people import ENTERPRISE, add_group, add_user, edit, user
from unified_api import registry
from unified_api.link.linking import Request, link
from unified_api.models.base import OWN
from unified_api.models.hris import Employee, Group

PROVIDER = registry.by_slug("scim")


def resource_of(model: Any, *own: str) -> Resource:
    """What the adapter can do with a model; own: with these attributes beside the common fields."""
    found: Resource | None = PROVIDER.resource(model)
    assert found is not None
    return found.with_own(own) if own else found


def opened(canaille: Canaille, **changes: str) -> Client:
    """A client of the directory, which really waits."""
    told = {"base_url": canaille.scim_url, "token": canaille.token(), **changes}
    settings, secrets = PROVIDER.accept(told)
    line = replace(connection(settings, secrets), sleep=time.sleep)
    return Client(PROVIDER, line, patience=Patience(attempts=2))


@pytest.fixture
def client(canaille: Canaille) -> Iterator[Client]:
    """A client with a token of the directory."""
    with opened(canaille) as one:
        yield one


@pytest.fixture
def mark() -> str:
    """What no other name has in it."""
    return uuid.uuid4().hex[:8]


def test_an_employee_is_read_changed_there_written_and_deleted(
    client: Client, canaille: Canaille, mark: str
) -> None:
    """And the directory itself says so at every step."""
    there = add_user(canaille, f"ada-{mark}", emails=[{"value": f"ada-{mark}@example.com"}], title="Engineer")
    read = every(client, Employee)[there["id"]]
    assert (read["username"], read["display_full_name"], read["employment_status"]) == (
        f"ada-{mark}",
        "Ada Known",
        "ACTIVE",
    )
    assert (read["work_email"], read["groups"], read["employee_number"]) == (
        f"ada-{mark}@example.com",
        None,
        None,
    )

    edit(canaille, there["id"], title="Boss", **{f"{ENTERPRISE}:employeeNumber": "12", "active": False})
    read = client.read(resource_of(Employee), there["id"]).values
    assert (read["employee_number"], read["employment_status"]) == ("12", "INACTIVE")

    metered.update(client, resource_of(Employee), there["id"], {"first_name": "Augusta"}, spare=7)
    written = user(canaille, there["id"])
    assert written["name"] == {"formatted": "Ada Known", "familyName": "Known", "givenName": "Augusta"}
    assert (written["title"], written[ENTERPRISE]["employeeNumber"]) == ("Boss", "12")

    made = client.create(
        resource_of(Employee),
        {"username": f"eve-{mark}", "display_full_name": "Eve", "last_name": "E", "employee_number": "7"},
    )
    assert user(canaille, made.remote_id)["active"] is True
    assert user(canaille, made.remote_id)[ENTERPRISE] == {"employeeNumber": "7"}
    client.delete(resource_of(Employee), made.remote_id)
    with pytest.raises(Gone):
        client.read(resource_of(Employee), made.remote_id)
    assert made.remote_id not in every(client, Employee)


def test_what_is_cleared_there_is_null_and_what_it_cannot_have_is_not_spoken_of(
    client: Client, canaille: Canaille, mark: str
) -> None:
    """The directory leaves both out; its schema tells them apart."""
    there = add_user(canaille, f"ada-{mark}", emails=[{"value": "ada@example.com"}])
    edit(canaille, there["id"], emails=[])
    read = client.read(resource_of(Employee), there["id"]).values

    assert (read["work_email"], read["employee_number"]) == (None, None)
    assert not {"manager", "preferred_name"} & set(read)


def test_all_people_are_read_without_ever_asking_for_a_number_of_them(
    client: Client, canaille: Canaille, mark: str
) -> None:
    """`count` is a failure of the server there."""
    known = {add_user(canaille, f"{name}-{mark}")["id"] for name in ("ada", "bob")}
    with pytest.raises(requests.HTTPError, match="500"):
        canaille.scim("GET", "/Users?count=1")

    assert known <= set(every(client, Employee))


def test_a_kind_of_address_is_never_sent_and_other_addresses_stay(
    client: Client, canaille: Canaille, mark: str
) -> None:
    """Kinds are refused there; of several addresses the first is the one for work."""
    there = add_user(canaille, f"ada-{mark}", emails=[{"value": "a@example.com"}, {"value": "b@example.com"}])
    with pytest.raises(requests.HTTPError, match="Extra inputs are not permitted"):
        add_user(canaille, f"bob-{mark}", emails=[{"value": "a@example.com", "type": "work"}])
    employees = resource_of(Employee)
    changed = client.update(employees, there["id"], {"work_email": "new@example.com"})
    assert changed.values["work_email"] == "new@example.com"
    assert user(canaille, there["id"])["emails"] == [{"value": "new@example.com"}, {"value": "b@example.com"}]

    client.update(employees, there["id"], {"work_email": None})
    assert user(canaille, there["id"])["emails"] == [{"value": "b@example.com"}]


def test_who_leaves_a_group_that_tells_its_members_by_user_names_leaves_alone(
    client: Client, canaille: Canaille, mark: str
) -> None:
    """All others stay in it; and nothing but the groups is written."""
    ada, bob = (add_user(canaille, f"{name}-{mark}") for name in ("ada", "bob"))
    group = add_group(canaille, f"staff-{mark}", [ada, bob])
    other = add_group(canaille, f"board-{mark}", [bob])
    members = canaille.scim("GET", f"/Groups/{group['id']}")["members"]
    assert {member["value"] for member in members} == {f"ada-{mark}", f"bob-{mark}"}
    assert client.read(resource_of(Employee), ada["id"]).values["groups"] == [group["id"]]

    changed = metered.update(client, resource_of(Employee), ada["id"], {"groups": [other["id"]]}, spare=7)
    assert changed.values["groups"] == [other["id"]]
    bobs = client.read(resource_of(Employee), bob["id"]).values["groups"]
    assert sorted(bobs) == sorted([group["id"], other["id"]])
    client.update(resource_of(Employee), bob["id"], {"groups": []})
    assert "members" not in canaille.scim("GET", f"/Groups/{group['id']}")


def test_a_user_name_that_is_taken_is_a_refusal(client: Client, canaille: Canaille, mark: str) -> None:
    """The server fails on it with a web page, which says neither yes nor no; who has the name says no."""
    add_user(canaille, f"ada-{mark}")
    values = {"username": f"ada-{mark}", "display_full_name": "Another Ada", "last_name": "Another"}
    with pytest.raises(Rejected) as caught:
        client.create(resource_of(Employee), values)

    assert caught.value.fields == {"username": "is taken by somebody else"}


def test_a_filter_that_is_ignored_finds_nobody_else(client: Client, canaille: Canaille, mark: str) -> None:
    """What a create may have made is looked for among all that come."""
    made = add_user(canaille, f"ada-{mark}")
    add_user(canaille, f"bob-{mark}")
    found = client.recent(resource_of(Employee), {"username": f"ada-{mark}"})

    assert [one.remote_id for one in found] == [made["id"]]
    assert client.recent(resource_of(Employee), {"username": f"nobody-{mark}"}) == []


def test_every_run_reads_all_where_changes_cannot_be_asked_for(
    client: Client, canaille: Canaille, mark: str
) -> None:
    """So that each shows who is gone; also behind a run before."""
    made = add_user(canaille, f"ada-{mark}")
    employees = of_account(PROVIDER, {"base_url": canaille.scim_url}).resource(Employee)
    assert employees is not None
    first = list(client.pages(employees, None))
    canaille.scim("DELETE", f"/Users/{made['id']}")
    second = list(client.pages(employees, first[-1].cursor))

    assert second[-1].complete
    assert {one.remote_id for one in first[-1].observations} - {
        one.remote_id for one in second[-1].observations
    } == {made["id"]}


def test_an_edit_in_between_is_kept(client: Client, canaille: Canaille, mark: str) -> None:
    """Of another attribute both survive; of the same one theirs does, and we are told."""
    there = add_user(canaille, f"ada-{mark}")
    edits = iter([lambda: edit(canaille, there["id"], title="Boss")])
    client.update(
        resource_of(Employee),
        there["id"],
        {"first_name": "Augusta"},
        before=lambda _there: next(edits, lambda: None)(),
    )
    assert (user(canaille, there["id"])["title"], user(canaille, there["id"])["name"]["givenName"]) == (
        "Boss",
        "Augusta",
    )
    with pytest.raises(Moved) as caught:
        client.update(
            resource_of(Employee),
            there["id"],
            {"employee_number": "1"},
            before=lambda _there: edit(canaille, there["id"], **{f"{ENTERPRISE}:employeeNumber": "2"}),
        )

    assert caught.value.fields == {"employee_number": "is '2' by now"}


def test_attributes_beside_the_common_ones_are_written_and_nothing_is_lost(
    client: Client, canaille: Canaille, mark: str
) -> None:
    """What the directory says of its extension can be written, and what Isthmus does not know of stays."""
    address = [{"streetAddress": "1 Main Street", "locality": "London"}]
    phones = [{"value": "+1 2"}]
    there = add_user(canaille, f"ada-{mark}", displayName="Ada", addresses=address, phoneNumbers=phones)
    own = {one.key: one for one in client.field_classes(resource_of(Employee))}
    assert {"title", "preferredLanguage", "department", "organization"} <= set(own)
    client.update(
        resource_of(Employee, "department", "title"),
        there["id"],
        {f"{OWN}department": "Sales", f"{OWN}title": "Boss", "last_name": "New"},
    )
    now = user(canaille, there["id"])

    assert (now["title"], now[ENTERPRISE], now["name"]["familyName"]) == (
        "Boss",
        {"department": "Sales"},
        "New",
    )
    assert (now["displayName"], now["addresses"], now["phoneNumbers"]) == ("Ada", address, phones)


def test_what_it_refuses_is_told(client: Client, mark: str) -> None:
    """A user without a name."""
    with pytest.raises(Rejected, match="Field 'name' is required"):
        client.create(resource_of(Employee), {"username": f"ada-{mark}"})


def test_groups_are_made_renamed_and_removed(client: Client, canaille: Canaille, mark: str) -> None:
    """A new one is empty; who is in it stays when its name changes."""
    groups = resource_of(Group)
    made = metered.create(client, groups, {"name": f"crew-{mark}"})
    ada = add_user(canaille, f"ada-{mark}")
    client.update(resource_of(Employee), ada["id"], {"groups": [made.remote_id]})
    metered.update(client, groups, made.remote_id, {"name": f"team-{mark}"}, spare=1)

    assert client.read(resource_of(Employee), ada["id"]).values["groups"] == [made.remote_id]
    metered.delete(client, groups, made.remote_id)
    assert client.read(resource_of(Employee), ada["id"]).values["groups"] is None


def test_wrong_credentials_and_addresses(canaille: Canaille) -> None:
    """A token that is none asks for another; where nothing speaks SCIM the address is wrong."""
    with opened(canaille, token="wrong") as client, pytest.raises(NeedsReauthorisation):
        client.check()
    for wrong in (canaille.origin, f"{canaille.origin}/nothing"):
        with opened(canaille, base_url=wrong) as client, pytest.raises(Misconfigured):
            client.check()


def test_an_account_is_linked_with_a_token_or_with_a_client(
    alice: Person, canaille: Canaille, settings: Settings
) -> None:
    """A client gets its token from the directory's own OAuth server, and a new one when that ends."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    own = {"client_id": canaille.client_id, "client_secret": canaille.client_secret}
    told = {"base_url": canaille.scim_url, "token_url": f"{canaille.origin}/oauth/token", **own}
    with scope(alice.tenant_id):
        link(Request("scim", "customer-1", told))
    first = directory.secrets_of(alice.tenant_id)["access_token"]
    canaille.revoke(first)
    directory.call(alice.tenant_id)
    assert directory.secrets_of(alice.tenant_id)["access_token"] != first

    with scope(alice.tenant_id):
        link(Request("scim", "customer-1", {"base_url": canaille.scim_url, "token": canaille.token()}))
    directory.call(alice.tenant_id)
    assert "access_token" not in directory.secrets_of(alice.tenant_id)
