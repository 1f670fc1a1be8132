"""The audit trail in the form of the wire contract."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tenants import apikeys, audit
from tenants.events import EventType
from tests.people import Person
from tests.unified_api.api.conftest import Linked
from unified_api.sync import issues

URL = "/api/hris/v1/audit-trail"


def listed(person: Person, **query: Any) -> list[dict[str, Any]]:
    """A page of events, the newest first."""
    answer = Client().get(URL, query, headers=person.headers)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]  # type: ignore[no-any-return]


def test_events_tell_who_did_what_when_and_from_where(api: Linked) -> None:
    """In the contract's words; what it has no word for is not among them."""
    api.send("post", "sync-status/resync", None)
    api.send("post", "account-token/regenerate", None)
    newest = listed(api.person)[0]

    assert newest["event_type"] == "FORCED_LINKED_ACCOUNT_RESYNC"
    assert (newest["role"], newest["ip_address"]) == ("API", "127.0.0.1")
    assert newest["user_name"] == f"API key …{api.person.api_key.reveal()[-4:]}"
    assert str(api.account.id) in newest["event_description"]


def test_what_happens_to_accounts_and_issues_is_on_record(api: Linked) -> None:
    """Deleting one, erasing what was read through it, muting an issue."""
    api.work()
    with api.person.at_work():
        issues.mute(issues.open_issue("budget", api.account.id, "too many"), muted=True)
    api.send("post", "delete-account", None)
    api.work()

    assert [event["event_type"] for event in listed(api.person)[:3]] == [
        "DELETED_ALL_COMMON_MODELS_FOR_LINKED_ACCOUNT",
        "DELETED_LINKED_ACCOUNT",
        "MUTED_ISSUE",
    ]


def test_events_are_filtered_and_paged(alice: Person, charlie: Person) -> None:
    """By type, time and person; those of other tenants never show."""
    with audit.acting("operator", "olga@example.com"), alice.at_work():
        audit.record("x.changed", event_type=EventType.CHANGED_SCOPES)
    with charlie.at_work():
        audit.record("x.changed", event_type=EventType.CHANGED_SCOPES)
    [event] = listed(alice, event_type="CHANGED_SCOPES")
    first = Client().get(URL, {"page_size": 1}, headers=alice.headers).json()
    rest = listed(alice, cursor=first["next"])

    assert (event["user_email"], event["role"]) == ("olga@example.com", "ADMIN")
    assert listed(alice, user_email="olga@example.com") == [event] == first["results"]
    assert listed(alice, start_date=event["created_at"]) == [event]
    assert event not in listed(alice, end_date="2020-01-01T00:00:00Z")
    assert [one["event_type"] for one in rest] == ["CREATED_REMOTE_PRODUCTION_API_KEY"]


def test_the_trail_is_for_production_keys(alice: Person) -> None:
    """It tells of what a test key does not reach."""
    with alice.at_work():
        test = apikeys.issue("rehearsal", "test")[1].reveal()

    assert Client().get(URL, headers={"Authorization": f"Bearer {test}"}).status_code == 403
