"""GitHub's emulator, driven by a client library that others wrote: it takes this one for GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from github import Auth, Github, GithubException, UnknownObjectException
from github.Repository import Repository

from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors import github as desk
from tests.emulators.vendors.github.issues import new_comment
from tests.emulators.world import Clock


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A GitHub."""
    with emulating(desk.vendor, Clock(datetime(2026, 1, 31, 9, 30, tzinfo=UTC))) as running:
        yield running


def repository(emulator: Emulator, role: str = "admin") -> Repository:
    """The repository, as PyGithub has it for somebody in this role."""
    token = Auth.Token(desk.TOKENS[role])
    hub = Github(
        auth=token,
        base_url=emulator.url,
        retry=0,
        per_page=5,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    return hub.get_repo(f"{desk.OWNER}/{desk.NAME}")


def test_an_issue_is_made_discussed_and_closed(emulator: Emulator) -> None:
    """With labels, an assignee and a reason; what is read again is what was written."""
    held = repository(emulator)
    issue = held.create_issue(
        "The printer smokes", body="Since today.", labels=["Bug"], assignees=["grace-h", "nobody"]
    )
    said = issue.create_comment("Switched off.")
    said.edit("Switched off for now.")
    issue.edit(state="closed", state_reason="not_planned", title="The printer smoked")
    shown = held.get_issue(issue.number)

    assert (shown.title, shown.state, shown.state_reason) == ("The printer smoked", "closed", "not_planned")
    assert ([one.name for one in shown.labels], [one.login for one in shown.assignees]) == (
        ["bug"],
        ["grace-h"],
    )
    assert [one.body for one in shown.get_comments()] == ["Switched off for now."]
    assert shown.closed_by is not None
    assert shown.closed_by.login == "ada"
    assert held.get_label("question").color


def test_lists_have_pages_and_pull_requests(emulator: Emulator) -> None:
    """Pages are followed to the end; closed ones are shown to who asks, by change and since a moment."""
    for number in range(13):
        desk.ghost(emulator.world, f"Issue {number}", pull=number == 7)
        emulator.world.clock.forward(60)
    desk.edit(emulator.world, 3, state="closed", state_reason="completed")
    held = repository(emulator)
    changed = held.get_issues(
        state="all", sort="updated", direction="asc", since=datetime(2026, 1, 31, 9, 42, tzinfo=UTC)
    )

    assert len(list(held.get_issues())) == 12
    assert [one.number for one in held.get_issues(state="all") if one.pull_request] == [8]
    assert [one.number for one in changed] == [13, 3]


def test_lists_come_behind_where_a_test_says_so(emulator: Emulator) -> None:
    """They show what was there so many seconds ago; an issue by its number is shown as it is."""
    world, held = emulator.world, repository(emulator)
    world.lags["issue"] = 8.0
    first = held.create_issue("First")
    world.clock.forward(8)
    held.create_issue("Second")
    first.edit(title="First of all")
    behind = [one.title for one in held.get_issues(direction="asc")]
    world.clock.forward(8)

    assert (behind, held.get_issue(1).title) == (["First"], "First of all")
    assert [one.title for one in held.get_issues(direction="asc")] == ["First of all", "Second"]


def test_what_is_gone_and_what_may_not_be_done(emulator: Emulator) -> None:
    """410 and 404, a redirect to where an issue was transferred, 403, and labels that are dropped."""
    for title in ("deleted", "transferred", "kept"):
        desk.ghost(emulator.world, title)
    new_comment(emulator.world, desk.at(emulator.world, 3), None, "Hello")
    desk.delete(emulator.world, 1)
    desk.transfer(emulator.world, 2)
    held, reader = repository(emulator), repository(emulator, "read")

    with pytest.raises(GithubException) as deleted:
        held.get_issue(1)
    with pytest.raises(UnknownObjectException):
        held.get_issue(99)
    with pytest.raises(GithubException) as denied:
        reader.get_issue(3).edit(title="Mine")
    with pytest.raises(UnknownObjectException):
        repository(emulator, "none")
    assert (deleted.value.status, denied.value.status) == (410, 403)
    assert held.get_issue(2).title == "transferred"
    assert list(reader.create_issue("New", labels=["bug"]).labels) == []


def test_webhooks_are_made_by_administrators(emulator: Emulator) -> None:
    """And shown without their secret."""
    held = repository(emulator)
    config = {"url": "https://isthmus.example/webhooks", "content_type": "json", "secret": "s3cret"}
    made = held.create_hook("web", config, ["issues"], active=True)

    assert [(one.id, one.config["secret"]) for one in held.get_hooks()] == [(made.id, "********")]
    with pytest.raises(UnknownObjectException):
        list(repository(emulator, "write").get_hooks())
