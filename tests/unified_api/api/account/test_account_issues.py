"""Issues in the form of the wire contract: how they come and go, and how they are found."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client

from tenants import apikeys
from tenants.scope import scope
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api.link import linking
from unified_api.sync import clock, failing, issues, steer
from unified_api.sync.models import Stream
from unified_api.sync.models_watch import Issue

URL = "/api/crm/v1/issues"


def listed(person: Person, **query: Any) -> list[dict[str, Any]]:
    """A page of issues."""
    answer = Client().get(URL, query, headers=person.headers)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]  # type: ignore[no-any-return]


def read_again(linked: Linked, model: str = "ticketing.Ticket") -> None:
    """Have one model read now."""
    with linked.person.at_work():
        steer.read_now(Stream.objects.get(linked_account_id=linked.account.id, model=model).id)
    linked.work()


def test_a_refused_credential_is_an_issue_until_the_account_is_linked_again(
    api: Linked, desk: stub.Desk
) -> None:
    """One for the account, however many models cannot be read; it ends at once."""
    right, desk.token = desk.token, "changed by somebody"
    api.work()
    [ongoing] = listed(api.person)
    desk.token = right
    values = {"base_url": desk.url, "token": right}
    with scope(api.person.tenant_id):
        linking.link(linking.Request("stub", api.account.end_user_origin_id, values))
    [over] = listed(api.person)

    assert (ongoing["status"], ongoing["error_description"]) == ("ONGOING", "Invalid login credentials")
    assert ongoing["end_user"]["origin_id"] == api.account.end_user_origin_id
    assert "linked again" in ongoing["error_details"][0]
    assert (over["id"], over["status"]) == (ongoing["id"], "RESOLVED")


def test_a_missing_permission_is_over_a_day_after_the_last_refusal(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One issue for a model, which tells when it was met first and last."""
    api.work()
    for _ in range(2):
        desk.refuse = [403]
        read_again(api)
    [ongoing] = listed(api.person)
    read_again(api)
    [still] = listed(api.person)
    tomorrow = dt.datetime.now(dt.UTC) + failing.CALM
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    read_again(api)
    [over] = listed(api.person)

    assert ongoing["error_description"] == "Missing permission"
    assert ongoing["first_incident_time"] < ongoing["last_incident_time"]
    assert [one["status"] for one in (ongoing, still, over)] == ["ONGOING", "ONGOING", "RESOLVED"]


def test_what_fails_again_and_again_is_an_issue(api: Linked, desk: stub.Desk) -> None:
    """Not what fails once."""
    api.work()
    seen = []
    for _ in range(failing.WORTH_A_LOOK):
        desk.refuse = [400]
        read_again(api)
        seen.append([one["error_description"] for one in listed(api.person)])

    assert seen == [[]] * (failing.WORTH_A_LOOK - 1) + [["Sync failing"]]


def test_issues_are_found_by_what_they_are_about(alice: Person, link: Link, charlie: Person) -> None:
    """Each filter leaves some; nobody sees another tenant's."""
    one = link(alice, end_user_origin_id="one", end_user_organization_name="One")
    two = link(alice, end_user_origin_id="two", end_user_organization_name="Two", is_test=True)
    with alice.at_work():
        for linked, kind in ((one, "reading"), (two, "permission")):
            issues.open_issue(kind, uuid.uuid4(), f"of {kind}", linked_account_id=linked.account.id)
        issues.mute(Issue.objects.get(kind="permission"), muted=True)
        issues.close(issues.open_issue("budget", uuid.uuid4(), "of budget"))
        test = apikeys.issue("rehearsal", "test")[1].reveal()

    def details(**query: Any) -> set[str]:
        return {one["error_details"][0] for one in listed(alice, include_muted="true", **query)}

    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    assert details() == {"of reading", "of permission", "of budget"}
    assert {o["error_details"][0] for o in listed(alice)} == {"of reading", "of budget"}
    assert details(status="RESOLVED") == {"of budget"}
    assert details(linked_account_id=str(one.account.id)) == {"of reading"}
    assert details(account_token=two.token.reveal()) == {"of permission"}
    assert details(account_token="nobody's") == set()
    assert details(end_user_organization_name="Two") == {"of permission"}
    assert details(integration_name="Stub") == {"of reading", "of permission"}
    assert details(integration_name="Nobody") == set()
    for name in ("start_date", "first_incident_time_after", "last_incident_time_after"):
        assert details(**{name: soon}) == set()
    for name in ("end_date", "first_incident_time_before", "last_incident_time_before"):
        assert len(details(**{name: soon})) == 3
    assert listed(charlie, include_muted="true") == []
    answer = Client().get(URL, {"include_muted": "true"}, headers={"Authorization": f"Bearer {test}"})
    assert [o["error_details"] for o in answer.json()["results"]] == [["of permission"]]


def test_one_issue_is_read_by_its_id(alice: Person, charlie: Person) -> None:
    """By who may see it in the list."""
    with alice.at_work():
        issue = issues.open_issue("budget", uuid.uuid4(), "too many")
    answers = [Client().get(f"{URL}/{issue.id}", headers=person.headers) for person in (alice, charlie)]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert answers[0].json()["end_user"] == {}
