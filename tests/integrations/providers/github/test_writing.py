"""Writes to GitHub: what would be dropped in silence is refused, and what was sent is found again."""

from __future__ import annotations

import pytest

from integrations.kit.errors import Forbidden, Rejected, RetryLater, Uncertain
from integrations.kit.limiter import LocalLimiter
from tests.integrations.lines import NOW
from tests.integrations.listener import Told, listening, told
from tests.integrations.providers.github.hub import (
    HOME,
    client,
    examples,
    hub,
    resource,
    writes,
)
from unified_api.models.ticketing import Ticket, User


@pytest.mark.parametrize("name", ["tags", "assignees", "ticket_type"])
def test_what_would_be_dropped_in_silence_is_refused_before_it_leaves(name: str) -> None:
    """Labels, assignees and type of who may not triage: a reason by field, on a create and on an update."""
    values = {"tags": ["urgent"], "assignees": ["583231"], "ticket_type": "Task"}
    repository = hub(pull=True, triage=False, push=False)
    repository.told[f"GET {HOME}/issues/4"] = told(examples(Ticket)[1])
    with listening(repository) as server:
        account = client(server.url)
        with pytest.raises(Rejected, match="without a word") as created:
            account.create(resource(Ticket), {"name": "New", name: values[name]})
        with pytest.raises(Rejected, match="without a word") as changed:
            account.update(resource(Ticket), "4", {name: values[name]})

    assert (set(created.value.fields), set(changed.value.fields)) == ({name}, {name})
    assert writes(server.seen) == []


def test_assignees_are_sent_by_login_and_strangers_are_refused() -> None:
    """An id of nobody who can be assigned would be dropped, too; and there can be ten at the most."""
    repository = hub(triage=True)
    repository.told |= {
        f"GET {HOME}/issues/7": told(examples(Ticket)[2]),
        f"PATCH {HOME}/issues/7": told({**examples(Ticket)[2], "assignees": [examples(User)[1]]}),
    }
    with listening(repository) as server:
        account, tickets = client(server.url), resource(Ticket)
        shown = account.update(tickets, "7", {"assignees": ["1024025"]})
        with pytest.raises(Rejected) as stranger:
            account.update(tickets, "7", {"assignees": ["999"]})
        with pytest.raises(Rejected, match="at most 10"):
            account.update(tickets, "7", {"assignees": [str(one) for one in range(11)]})

    assert shown.values["assignees"] == ["1024025"]
    assert set(stranger.value.fields) == {"assignees"}
    assert writes(server.seen) == [("PATCH", {"assignees": ["grace-h"]})]


def test_an_issue_is_closed_with_a_reason_and_keeps_its_own() -> None:
    """What is closed as not planned is closed, so that nothing is sent; what is opened again says so."""
    repository = hub()
    repository.told |= {
        f"GET {HOME}/issues/1": told(examples(Ticket)[0]),
        f"GET {HOME}/issues/4": told(examples(Ticket)[1]),
        f"PATCH {HOME}/issues/1": told(examples(Ticket)[1]),
        f"PATCH {HOME}/issues/4": told(examples(Ticket)[0]),
    }
    with listening(repository) as server:
        account, tickets = client(server.url), resource(Ticket)
        for remote_id, status in (("1", "CLOSED"), ("4", "CLOSED"), ("4", "OPEN")):
            account.update(tickets, remote_id, {"status": status})
        with pytest.raises(Rejected, match="known are OPEN, CLOSED"):
            account.update(tickets, "1", {"status": "IN_PROGRESS"})

    assert writes(server.seen) == [
        ("PATCH", {"state": "closed", "state_reason": "completed"}),
        ("PATCH", {"state": "open", "state_reason": "reopened"}),
    ]


def test_a_create_whose_answer_was_lost_is_found_among_the_newest() -> None:
    """By its title, among issues of any state; a pull request with that title is not it."""
    made = {**examples(Ticket)[2], "number": 12, "title": "Order paper"}
    pull = {**made, "number": 13, "pull_request": {"url": ""}}
    repository = hub()
    repository.told |= {
        f"POST {HOME}/issues": Told(raw=lambda _handler: None),
        f"GET {HOME}/issues": told([pull, made, *examples(Ticket)]),
    }
    values = {"name": "Order paper", "description": None}
    with listening(repository) as server:
        account = client(server.url)
        with pytest.raises(Uncertain):
            account.create(resource(Ticket), values)
        found = account.recent(resource(Ticket), values)

    assert [one.remote_id for one in found] == ["12"]
    assert writes(server.seen) == [("POST", {"title": "Order paper"})]
    assert server.seen[-1].query["sort"] == "created"


@pytest.mark.parametrize(
    ("status", "message", "headers", "seconds"),
    [
        (403, "API rate limit exceeded for user ID 1.", {"X_RateLimit_Remaining": "0"}, None),
        (429, "API rate limit exceeded for user ID 1.", {"Retry_After": "40"}, 40),
        (403, "You have exceeded a secondary rate limit.", {"Retry_After": "30"}, 30),
        (403, "You have exceeded a secondary rate limit.", {}, 60),
    ],
)
def test_too_many_requests_in_all_their_forms(
    status: int, message: str, headers: dict[str, str], seconds: float | None
) -> None:
    """Nothing was done, also where it is a 403; all that call for the account wait as long as is asked."""
    limiter = LocalLimiter(per_second=1_000, clock=lambda: 0.0, now=lambda: NOW)
    answer = told({"message": message, "documentation_url": ""}, status, **headers)
    with listening(lambda _seen: answer) as server, pytest.raises(RetryLater) as caught:
        client(server.url, limiter=limiter).create(resource(Ticket), {"name": "New"})

    assert (caught.value.after, caught.value.left) == (seconds, False)
    assert limiter.acquire(1) == pytest.approx(seconds or 0, abs=0.01)


def test_a_lack_of_rights_is_no_limit() -> None:
    """Another 403 is told as what it is."""
    answer = told({"message": "Resource not accessible by personal access token"}, 403)
    with listening(lambda _seen: answer) as server, pytest.raises(Forbidden, match="not accessible"):
        client(server.url).create(resource(Ticket), {"name": "New"})


def test_a_refusal_names_the_fields() -> None:
    """By the names of the common model, in GitHub's words."""
    faults = [
        {"resource": "Issue", "field": "title", "code": "missing_field"},
        {"resource": "Issue", "field": "body", "code": "custom", "message": "body is too long"},
        {"resource": "Issue", "code": "custom", "message": "try again"},
    ]
    answer = told({"message": "Validation Failed", "errors": faults, "documentation_url": ""}, 422)
    with listening(lambda _seen: answer) as server, pytest.raises(Rejected) as caught:
        client(server.url).create(resource(Ticket), {"name": "New"})

    assert caught.value.fields == {"name": "missing_field", "description": "body is too long"}
