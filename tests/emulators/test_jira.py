"""Jira's emulator, driven by a client library that others wrote: it takes this one for Jira Cloud.

What SEMANTICS.md says of Jira with a source, and the test that stands for it:

    nextPageToken, absent at the end; no total             test_the_search_goes_on_by_tokens
    fields are the id alone unless they are asked for      test_the_search_goes_on_by_tokens
    a question has to be bounded                           test_what_is_refused
    a token is good for seven days                         test_what_is_refused
    the search comes behind; reconcileIssues               test_the_search_comes_behind_unless_issues_are_named
    bulkfetch shows the truth, by ids, a hundred at most   providers/jira/test_reading.py
    startAt, maxResults, isLast                            test_who_and_what_is_there
    status is not set by a PUT; transitions of the issue   test_a_status_is_reached_by_a_transition
    a transition may need fields                           providers/jira/test_writing.py
    documents, and plain texts for short fields            test_texts_are_documents
    create needs project, issuetype and summary            test_what_is_refused
    users are account ids                                  test_who_and_what_is_there
    update verbs for labels                                test_an_issue_is_made_discussed_and_closed
    PUT answers 204                                        test_an_issue_is_made_discussed_and_closed
    attachments in a form, with a header                   test_a_file_is_attached
    delete with subtasks                                   test_what_is_refused
    dynamic webhooks for applications, thirty days         providers/jira/test_sent.py
    X-Atlassian-Webhook-Identifier                         providers/jira/test_sent.py
    custom fields, their options                           providers/jira/test_writing.py
    errorMessages and errors                               test_what_is_refused
    RateLimit-Reason, Retry-After, X-RateLimit-*           test_limits_are_told_and_refused


Not looked at here, as the adapter does not use it: approximate counts, changelog, createmeta and editmeta, bulk create
(errors[].failedElementNumber), remote links, notifyUsers, contexts of fields, /webhook/refresh and /webhook/failed,
quotas of points and limits of single issues, the flow of a webhook (X-Atlassian-Webhook-Flow, -Retry).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from jira import JIRA, JIRAError

from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors import jira
from tests.emulators.vendors.jira.issues import new_issue, touch
from tests.emulators.vendors.jira.said import document
from tests.emulators.world import Clock

ALL = 'created >= "1970/01/01 00:00" ORDER BY key ASC'


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A site."""
    with emulating(jira.vendor, Clock(datetime(2026, 1, 31, 9, 30, tzinfo=UTC))) as running:
        yield running


@pytest.fixture
def site(emulator: Emulator) -> JIRA:
    """The client, as the owner of an API token has it."""
    return _client(emulator, jira.TOKEN)


def _client(emulator: Emulator, token: str) -> JIRA:
    options = {"rest_api_version": "3", "check_update": False}
    return JIRA(emulator.url, basic_auth=(jira.EMAIL, token), options=options, max_retries=0)


def _fields(**more: Any) -> dict[str, Any]:
    told = {"project": {"key": "HELP"}, "issuetype": {"name": "Bug"}, "summary": "The printer smokes"}
    return {**told, **more}


def test_an_issue_is_made_discussed_and_closed(emulator: Emulator, site: JIRA) -> None:
    """What is read again is what was written."""
    issue: Any = site.create_issue(fields=_fields(labels=["printer"], assignee={"accountId": jira.GRACE}))
    said: Any = site.add_comment(issue, document("Switched off."))
    issue.update(fields={"summary": "The printer smoked"}, update={"labels": [{"add": "hot"}]})
    shown: Any = site.issue(issue.id)

    assert (shown.fields.summary, shown.fields.labels) == ("The printer smoked", ["printer", "hot"])
    assert shown.fields.assignee.accountId == jira.GRACE
    assert [one.id for one in site.comments(issue)] == [said.id]
    said.delete()
    # This client says of what is below it what the description does not have.
    site._session.delete(f"{emulator.url}/rest/api/3/issue/{issue.id}")
    with pytest.raises(JIRAError) as gone:
        site.issue(issue.key)
    assert gone.value.status_code == 404


def test_a_status_is_reached_by_a_transition(emulator: Emulator, site: JIRA) -> None:
    """By one that the issue offers, and not by a PUT, which answers that all is well."""
    one = new_issue(emulator.world, jira.DEV)
    issue = site.issue(one["id"])
    issue.update(fields={"status": {"name": "Done"}})
    before = one["status"]
    offered = {way["name"]: way["id"] for way in site.transitions(issue)}
    # This client tells ids of transitions as numbers, which are texts by the description.
    path = f"{emulator.url}/rest/api/3/issue/{one['id']}/transitions"
    answer = site._session.post(path, json={"transition": {"id": offered["Start"]}})

    assert before == "1"
    assert set(offered) == {"Start", "Give up"}
    assert (answer.status_code, one["status"]) == (204, "3")


def test_the_search_goes_on_by_tokens(emulator: Emulator, site: JIRA) -> None:
    """It shows ids alone unless fields are asked for, and no total."""
    for number in range(7):
        new_issue(emulator.world, jira.HELP, summary=f"Issue {number}")
    bare: Any = site.enhanced_search_issues(ALL, fields="id", maxResults=3, json_result=True)
    found = site.enhanced_search_issues(ALL, fields="summary", maxResults=False)

    assert {*bare} == {"issues", "isLast", "nextPageToken"}
    assert bare["issues"][0]["fields"] == {}
    assert [one.fields.summary for one in found] == [f"Issue {number}" for number in range(7)]


def test_the_search_comes_behind_unless_issues_are_named(emulator: Emulator, site: JIRA) -> None:
    """Those that are to be reconciled are as they are."""
    one, other = (new_issue(emulator.world, jira.HELP, summary="before") for _ in range(2))
    emulator.world.lags["issue"] = 60
    emulator.world.remember()
    emulator.world.clock.forward(1)
    for row in (one, other):
        touch(emulator.world, row, summary="behind")
    found = site.enhanced_search_issues(ALL, fields="summary", reconcileIssues=[int(one["id"])])

    assert {row.id: row.fields.summary for row in found} == {one["id"]: "behind", other["id"]: "before"}


def test_texts_are_documents(site: JIRA) -> None:
    """A description is one, and no plain text is taken for it; a short field is a text."""
    issue = site.create_issue(fields=_fields(description=document("Since today."), customfield_10010="2nd"))
    for fields in ({"description": "Since today."}, {"customfield_10010": document("2nd")}):
        with pytest.raises(JIRAError, match="Operation value must be") as refused:
            issue.update(fields=fields)
        assert refused.value.status_code == 400


def test_who_and_what_is_there(site: JIRA) -> None:
    """Users by their account ids, some without an address; projects, fields, and who asks."""
    grace = site.user(jira.GRACE)

    assert site.myself()["timeZone"] == "Australia/Sydney"
    assert not hasattr(grace, "emailAddress")
    assert site.project("HELP").name == "Help desk"
    assert [one["name"] for one in site.fields() if one["custom"]][:2] == ["Floor", "Workaround"]


def test_a_file_is_attached(emulator: Emulator, site: JIRA) -> None:
    """Its bytes are where the address of its content leads."""
    one = new_issue(emulator.world, jira.HELP)
    made: Any = site.add_attachment(one["id"], io.BytesIO(b"smoke"), "smoke.txt")

    assert made.size == 5
    there: Any = site.attachment(made.id)
    assert there.get() == b"smoke"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"summary": ""}, "summary"),
        ({"labels": ["two words"]}, "labels"),
        ({"no_field": 1}, "no_field"),
        ({"duedate": "soon"}, "duedate"),
    ],
)
def test_values_are_refused_by_field(site: JIRA, fields: dict[str, Any], named: str) -> None:
    """Each with a reason."""
    with pytest.raises(JIRAError) as refused:
        site.create_issue(fields=_fields(**fields))
    assert refused.value.status_code == 400
    assert refused.value.response is not None
    assert set(refused.value.response.json()["errors"]) == {named}


def test_what_is_refused(emulator: Emulator, site: JIRA) -> None:
    """Questions without a bound, tokens that ended, and issues that others are below."""
    above = new_issue(emulator.world, jira.HELP)
    new_issue(emulator.world, jira.HELP, parent=above["id"])
    first: Any = site.enhanced_search_issues(ALL, maxResults=1, fields="id", json_result=True)
    emulator.world.clock.forward(8 * 86_400)
    asked: list[Any] = [
        lambda: site.enhanced_search_issues("ORDER BY key ASC"),
        lambda: site.enhanced_search_issues("text ~ x"),
        lambda: site.enhanced_search_issues(ALL, nextPageToken=first["nextPageToken"]),
        lambda: site._session.delete(f"{emulator.url}/rest/api/3/issue/{above['id']}"),
        lambda: _client(emulator, "no token"),
    ]
    seen = []
    for ask in asked:
        with pytest.raises(JIRAError) as refused:
            ask()
        seen.append(refused.value.status_code)

    assert seen == [400, 400, 400, 400, 401]


def test_limits_are_told_and_refused(emulator: Emulator, site: JIRA) -> None:
    """With the reason, and when to come again."""
    limit = jira.vendor.limits[0]
    answers = [site._session.get(f"{emulator.url}/rest/api/3/myself") for _ in range(2)]
    emulator.faults.refuse(
        429, "GET */myself", headers={"Retry-After": "5", "RateLimit-Reason": "jira-burst-based"}
    )
    with pytest.raises(JIRAError) as refused:
        site.myself()

    assert int(answers[1].headers["X-RateLimit-Remaining"]) < limit.most - 1
    assert refused.value.status_code == 429
