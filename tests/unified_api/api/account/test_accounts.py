"""Account-level operations."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tenants import apikeys
from tenants.models import AuditEvent
from tenants.vault import Secret
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api.models.ticketing import Ticket
from unified_api.sync.models import RemoteData, Stream

V1 = "/api/ticketing/v1"


def listed(person: Person, key: Secret | None = None, **query: Any) -> list[str]:
    """Origin ids of the linked accounts that a key sees."""
    headers = person.headers if key is None else {"Authorization": f"Bearer {key.reveal()}"}
    answer = Client().get(f"{V1}/linked-accounts", query, headers=headers)
    assert answer.status_code == 200, answer.content
    return [account["end_user_origin_id"] for account in answer.json()["results"]]


@pytest.fixture
def test_key(alice: Person) -> Secret:
    """A test key of Alice's."""
    with alice.at_work():
        return apikeys.issue("rehearsal", "test")[1]


def test_linked_accounts_are_listed_filtered_and_paged(alice: Person, link: Link, charlie: Person) -> None:
    """Of all categories, and of one's own tenant only."""
    for number in range(3):
        link(alice, end_user_origin_id=f"c{number}", end_user_organization_name=f"Org {number}")
    link(alice, end_user_origin_id="crm", category="crm")
    link(charlie, end_user_origin_id="c0")
    account = Client().get(f"{V1}/linked-accounts", headers=alice.headers).json()["results"][0]
    first = Client().get(f"{V1}/linked-accounts", {"page_size": 3}, headers=alice.headers).json()

    assert listed(alice) == ["c0", "c1", "c2", "crm"]
    assert listed(alice, category="crm") == ["crm"]
    assert listed(alice, end_user_origin_ids="c1,c2") == ["c1", "c2"]
    assert listed(alice, end_user_organization_name="Org 1") == ["c1"]
    assert listed(alice, id=account["id"]) == ["c0"]
    assert listed(alice, integration_name="Stub", status="COMPLETE") == ["c0", "c1", "c2", "crm"]
    assert listed(alice, integration_name="Nobody") == []
    assert listed(alice, page_size=3, cursor=first["next"]) == ["crm"]
    assert Client().get(f"{V1}/linked-accounts", {"ids": "1"}, headers=alice.headers).json().keys() == {"ids"}


def test_integration_tells_what_it_can_do(api: Linked) -> None:
    """Operations of each model, as the API offers them."""
    account = Client().get(f"{V1}/linked-accounts", headers=api.person.headers).json()["results"][0]
    operations = {o["model_name"]: o for o in account["integration"]["available_model_operations"]}
    actions = api.get("available-actions").json()

    assert operations["Ticket"]["available_operations"] == ["FETCH", "CREATE", "UPDATE"]
    assert operations["Ticket"]["required_post_parameters"] == ["name"]
    assert operations["User"]["available_operations"] == ["FETCH"]
    assert actions["available_model_operations"] == account["integration"]["available_model_operations"]


def test_test_keys_reach_test_accounts_only(alice: Person, link: Link, test_key: Secret) -> None:
    """A production key reaches both, and lists test accounts when asked."""
    real, rehearsal = (link(alice, end_user_origin_id=o, is_test=o == "test") for o in ("real", "test"))

    def status(key: str, linked: Linked) -> int:
        headers = {"Authorization": f"Bearer {key}", "X-Account-Token": linked.token.reveal()}
        return Client().get(f"{V1}/tickets", headers=headers).status_code

    assert (listed(alice), listed(alice, is_test_account="true")) == (["real"], ["test"])
    assert listed(alice, test_key) == listed(alice, test_key, is_test_account="false") == ["test"]
    assert [status(alice.api_key.reveal(), linked) for linked in (real, rehearsal)] == [200, 200]
    assert [status(test_key.reveal(), linked) for linked in (real, rehearsal)] == [401, 200]


def test_sync_status_uses_the_contracts_names(api: Linked) -> None:
    """And pages like every list."""
    api.work()
    first = api.get("sync-status", {"page_size": 2}).json()
    rest = api.get("sync-status", {"page_size": 2, "cursor": first["next"]}).json()
    found = {status["model_id"]: status for status in [*first["results"], *rest["results"]]}

    assert list(found) == ["ticketing.TicketingTag", "ticketing.Ticket", "ticketing.User"]
    assert found["ticketing.Ticket"]["status"] == found["ticketing.Ticket"]["last_sync_result"] == "DONE"
    assert found["ticketing.Ticket"]["is_initial_sync"] is False


def test_last_sync_finished_is_not_before_any_row(api: Linked, desk: Any) -> None:
    """What a run stored has modified_at at or below its end, so that polling between two ends misses nothing."""
    desk.add(title="one", state="open")
    api.work()
    [status] = [s for s in api.get("sync-status").json()["results"] if s["model_name"] == "Ticket"]
    before = api.get("tickets", {"modified_before": status["last_sync_finished"]}).json()["results"]

    assert [t["name"] for t in before] == ["one"]


def test_resync_reads_everything_again(api: Linked) -> None:
    """At once, as an array; it goes on record, and paused models stay paused."""
    api.work()
    api.stored(lambda: Stream.objects.filter(model="ticketing.User").update(paused_by="x", status="PAUSED"))
    statuses = {s["model_name"]: s["status"] for s in api.send("post", "sync-status/resync", None).json()}
    event = api.stored(lambda: AuditEvent.objects.get(action="account.resync_forced"))

    assert statuses == {"Ticket": "SYNCING", "Tag": "SYNCING", "User": "PAUSED"}
    assert (event.actor_kind, event.event_type) == ("api_key", "FORCED_LINKED_ACCOUNT_RESYNC")


def test_delete_account_erases(api: Linked, desk: Any) -> None:
    """The token is dead at once, and the records soon."""
    desk.add(title="one", state="open")
    api.work()
    answer = api.send("post", "delete-account", None)
    status = api.get("tickets").status_code
    api.work()

    assert (answer.status_code, answer.json(), status) == (200, {}, 401)
    assert listed(api.person) == []
    assert api.stored(Ticket.objects.count) == api.stored(RemoteData.objects.count) == 0


def test_details(api: Linked) -> None:
    """The account of the token, with the display name of its integration."""
    details = api.get("account-details").json()

    assert (details["id"], details["integration"]) == (str(api.account.id), "Stub")
    assert (details["integration_slug"], details["account_type"]) == ("stub", "PRODUCTION")
    assert details["completed_at"].endswith("Z")
