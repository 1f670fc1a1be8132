"""What GitHub shows, and what is meant by it, where its emulator cannot be brought to say it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.kit.errors import Forbidden
from tests.integrations.listener import Seen, Told, listening, told
from tests.integrations.providers.github.hub import (
    HOME,
    Hub,
    client,
    examples,
    hub,
    ids,
    resource,
)
from unified_api.models.ticketing import Collection, Comment, Tag, Team, Ticket, User


def test_who_may_not_look_any_more_deletes_nothing() -> None:
    """A 404 while the repository is hidden as well is a lack of permission, and so are issues that are switched off."""
    off = told({"message": "Issues are disabled for this repo"}, 410)
    with listening(Hub()) as server:
        for model, remote_id in ((Ticket, "1"), (Comment, "5"), (Tag, "bug"), (Collection, "acme/support")):
            with pytest.raises(Forbidden):
                client(server.url).read(resource(model), remote_id)
        server.answers = Hub({f"GET {HOME}/issues/1": off, f"GET {HOME}/issues": off})
        with pytest.raises(Forbidden, match="switched off"):
            client(server.url).read(resource(Ticket), "1")
        with pytest.raises(Forbidden, match="switched off"):
            ids(client(server.url), Ticket)


def test_what_changed_in_one_second_goes_by_the_addresses_of_pages() -> None:
    """A whole page of one second leaves no later moment to go on from; the host in an address is not called."""
    second = {**examples(Ticket)[2], "updated_at": "2026-11-01T00:00:00Z"}
    issues = [{**second, "number": number} for number in range(1, 251)]

    def listed(seen: Seen) -> Told:
        page = int(seen.query.get("page", 1))
        link = f'<http://elsewhere.example/issues?state=all&since=x&per_page=100&page={page + 1}>; rel="next"'
        shown = told(issues[(page - 1) * 100 : page * 100])
        return replace(shown, headers={"Link": link}) if page * 100 < len(issues) else shown

    repository = hub()
    repository.told[f"GET {HOME}/issues"] = listed
    with listening(repository) as server:
        pages = list(client(server.url).pages(resource(Ticket), None))

    assert {int(one.remote_id) for page in pages for one in page.observations} == set(range(1, 251))
    assert pages[-1].complete


def test_a_later_run_asks_for_what_changed_in_whole_seconds() -> None:
    """By the clock of GitHub, with an overlap; closed issues are asked for as well."""
    repository = hub()
    repository.told[f"GET {HOME}/issues"] = told(examples(Ticket), Date="Fri, 30 Jan 2026 09:00:00 GMT")
    with listening(repository) as server:
        account, tickets = client(server.url), resource(Ticket)
        (first,) = account.pages(tickets, None)
        (second,) = account.pages(tickets, first.cursor)

    assert not second.complete
    assert server.seen[-1].query == {
        "state": "all",
        "sort": "updated",
        "direction": "asc",
        "per_page": "100",
        "since": "2026-01-30T08:58:00Z",
    }


@pytest.mark.parametrize(("word", "state"), [("CLOSED", "closed"), ("IN_PROGRESS", "all")])
def test_no_state_is_asked_for_that_github_does_not_know(word: str, state: str) -> None:
    """Of another word the list is asked for everything, none of which says it."""
    repository = hub()
    repository.told[f"GET {HOME}/issues"] = told(examples(Ticket))
    with listening(repository) as server:
        list(client(server.url).pages(resource(Ticket).selected([("status", "EQUALS", word)]), None))

    assert server.seen[-1].query["state"] == state


def test_users_come_with_what_their_profiles_show() -> None:
    """The list has logins alone; somebody whose profile is not shown is known by that."""
    ada, grace = ({**one, "name": None, "email": None} for one in examples(User))
    repository = hub()
    repository.told |= {
        f"GET {HOME}/assignees": told([ada, grace]),
        "GET /users/ada": told(examples(User)[0]),
    }
    with listening(repository) as server:
        (page,) = client(server.url).pages(resource(User), None)

    assert [one.values["name"] for one in page.observations] == ["Ada Lovelace", "grace-h"]
    assert [one.values["email_address"] for one in page.observations] == ["ada@example.com", None]


def test_an_owner_without_teams_is_no_failure_of_the_others() -> None:
    """A user has none: the list is not there, which is said of this model alone."""
    with listening(hub()) as server:
        account = client(server.url)
        with pytest.raises(Forbidden, match="no list of Team"):
            ids(account, Team)
        assert ids(account, Collection) == ["acme/support"]


def test_the_account_is_known_by_its_repository() -> None:
    """By number, so that a rename is no other account; every request names the version that it speaks."""
    with listening(hub()) as server:
        assert client(server.url).check() == f"{server.url}/repositories/1296269"

    headers = server.seen[0].headers
    assert headers["Authorization"] == "Bearer t0ken"
    assert (headers["Accept"], headers["X-GitHub-Api-Version"]) == (
        "application/vnd.github+json",
        "2022-11-28",
    )
    assert headers["User-Agent"]
