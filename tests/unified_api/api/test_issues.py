"""/api/sync/v1/issues: what a person has to look at, for those whom it concerns."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from tenants import apikeys
from tenants.models import ApiKey, AuditEvent, LinkedAccount
from tests.people import Person, employ
from tests.unified_api.api.conftest import Link
from unified_api.sync import clock, issues
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_watch import Issue

URL = "/api/sync/v1/issues"
UNKNOWN = str(uuid.uuid4())


def opened(person: Person, kind: str = "budget", **more: Any) -> str:
    """An issue of a person's tenant; its id."""
    with person.at_work():
        return str(issues.open_issue(kind, uuid.uuid4(), f"what is the matter with {kind}", **more).id)


def bridge_between(person: Person, a: LinkedAccount, b: LinkedAccount) -> uuid.UUID:
    """A bridge that does nothing."""
    with person.at_work():
        made = Bridge.objects.create(
            account_a=a.id,
            account_b=b.id,
            model="ticketing.Ticket",
            configuration={},
            created_at=clock.now(),
            paused_by="the test",
        )
        return made.id  # type: ignore[no-any-return]


def listed(person: Person, **query: str) -> list[str]:
    """The ids of a page of issues, in its order."""
    answer = Client().get(URL, query, headers=person.headers)
    assert answer.status_code == 200, answer.content
    return [issue["id"] for issue in answer.json()["results"]]


def told(person: Person, issue: str, verb: str) -> Any:
    """Say something of an issue; the answer."""
    return Client().post(f"{URL}/{issue}/{verb}", headers=person.headers)


def test_an_issue_tells_what_happened_since_when_and_where(alice: Person) -> None:
    """One by its id, and the same in the list."""
    bridge = uuid.uuid4()
    issue = opened(alice, bridge_id=bridge, details={"creates": 120})
    one = Client().get(f"{URL}/{issue}", headers=alice.headers).json()
    [same] = Client().get(URL, headers=alice.headers).json()["results"]

    assert one == same
    assert (one["status"], one["kind"], one["is_muted"]) == ("ONGOING", "budget", False)
    assert (one["description"], one["details"]) == ("what is the matter with budget", {"creates": 120})
    assert (one["bridge_id"], one["linked_account_id"], one["resolved_at"]) == (str(bridge), None, None)
    assert one["first_incident_time"] == one["last_incident_time"]


def test_filters_choose(alice: Person) -> None:
    """By bridge, kind and status; an unknown status is named."""
    bridge = uuid.uuid4()
    mine, other = opened(alice, bridge_id=bridge), opened(alice, kind="drift")
    told(alice, other, "resolve")

    assert listed(alice) == [other, mine]
    assert listed(alice, bridge_id=str(bridge)) == [mine]
    assert listed(alice, kind="drift") == [other]
    assert listed(alice, status="RESOLVED") == [other]
    assert listed(alice, status="ONGOING") == [mine]
    refused = Client().get(URL, {"status": "OPEN"}, headers=alice.headers)
    assert (refused.status_code, list(refused.json())) == (400, ["status"])


def test_pages_lead_through_all_of_them_and_back(alice: Person) -> None:
    """The newest first, each once, by `next`; and `previous` leads back."""
    made = [opened(alice) for _ in range(5)]
    seen, pages, cursor = [], [], ""
    while True:
        query = {"page_size": "2", "cursor": cursor}
        page = Client().get(URL, query, headers=alice.headers).json()
        seen += [issue["id"] for issue in page["results"]]
        pages.append(page)
        if not page["next"]:
            break
        cursor = page["next"]

    assert seen == made[::-1]
    back = Client().get(URL, {"page_size": 2, "cursor": pages[1]["previous"]}, headers=alice.headers).json()
    assert back["results"] == pages[0]["results"]


def test_a_person_mutes_and_resolves(alice: Person) -> None:
    """Muted ones are left out of the list until they are asked for; both are on record, once."""
    issue = opened(alice)

    assert told(alice, issue, "mute").json()["is_muted"] is True
    assert (listed(alice), listed(alice, include_muted="true")) == ([], [issue])
    told(alice, issue, "unmute")
    assert listed(alice) == [issue]
    for _ in range(2):
        ended = told(alice, issue, "resolve").json()
    assert ended["status"] == "RESOLVED"
    assert ended["resolved_at"] is not None
    with alice.at_work():
        events = AuditEvent.objects.filter(subject=issue, actor_kind="api_key").order_by("at")
        assert [event.action for event in events] == ["issue.muted", "issue.unmuted", "issue.resolved"]


@pytest.mark.parametrize("verb", ["", "/resolve", "/mute", "/unmute"])
def test_another_tenant_sees_and_changes_nothing(alice: Person, charlie: Person, verb: str) -> None:
    """404, as for an id that there is not, and the issue stays as it is."""
    issue = opened(alice)
    call = Client().post if verb else Client().get
    answers = [call(f"{URL}/{named}{verb}", headers=charlie.headers) for named in (issue, UNKNOWN, "x")]

    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (404, {"detail": "Not found."})
    ] * 3
    assert listed(charlie) == []
    with alice.at_work():
        assert (Issue.objects.get().status, Issue.objects.get().is_muted) == ("ONGOING", False)


def test_a_test_key_sees_what_test_accounts_have(alice: Person, link: Link) -> None:
    """Issues of test accounts, and of bridges between them; nothing of real ones, nor of the tenant itself."""
    real = link(alice, streams=False).account
    test, other = (
        link(alice, streams=False, end_user_origin_id=f"tester-{n}", is_test=True).account for n in range(2)
    )
    opened(alice)
    opened(alice, linked_account_id=real.id)
    opened(alice, bridge_id=bridge_between(alice, real, test))
    mine = [
        opened(alice, linked_account_id=test.id),
        opened(alice, bridge_id=bridge_between(alice, test, other)),
    ]
    with alice.at_work():
        _, key = apikeys.issue("tests", kind=ApiKey.Kind.TEST)
    tester = Person("tester", alice.tenant_id, key)

    assert listed(tester) == mine[::-1]
    assert len(listed(alice)) == 5
    [unseen] = set(listed(alice, linked_account_id=str(real.id)))
    assert Client().get(f"{URL}/{unseen}", headers=tester.headers).status_code == 404


def test_bob_sees_what_alice_sees(alice: Person, bob: Person) -> None:
    """Every production key of a tenant shows the same."""
    issue = opened(alice)

    assert listed(bob) == [issue]
    assert told(employ("Bob's program", bob.tenant_id), issue, "mute").status_code == 200
