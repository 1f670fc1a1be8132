"""What is read of a site: what changed, whatever the search does, and who and what is around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Forbidden, Gone, RetryLater
from integrations.kit.observation import Page
from integrations.kit.paths import without
from integrations.providers.jira.searching import minute, zone_of
from tests.emulators.engine import Emulator
from tests.emulators.vendors import jira
from tests.emulators.vendors.jira.issues import drop, new_issue, touch
from tests.emulators.vendors.jira.people import user_shape
from tests.emulators.vendors.jira.said import document, say
from tests.emulators.world import World
from tests.integrations.providers.jira.site import (
    account_at,
    everything,
    pages_of,
    resource_of,
    sent,
)
from unified_api.models.ticketing import Collection, Comment, Tag, Team, Ticket, User


def _rename(world: World, issue: dict[str, Any], name: str) -> None:
    touch(world, issue, summary=name)


def _questions(site: Emulator) -> list[str]:
    return [body["jql"] for body in sent(site, "POST", "/search/jql")]


def _ids(pages: list[Page]) -> list[str]:
    return [one.remote_id for page in pages for one in page.observations]


def test_what_the_search_shows_late_is_found_by_a_later_run(site: Emulator, client: Client) -> None:
    """Its index is eight minutes behind; each run looks back over more than that."""
    edited = new_issue(site.world, jira.HELP, summary="edited")
    site.world.clock.forward(7_200)
    kept = new_issue(site.world, jira.HELP, summary="kept")
    site.world.lags["issue"] = 480
    site.world.remember()
    first = pages_of(client, Ticket)
    site.world.clock.forward(30)
    _rename(site.world, edited, "edited by now")
    site.world.clock.forward(60)
    early = pages_of(client, Ticket, first[-1].cursor)
    site.world.clock.forward(450)
    late = pages_of(client, Ticket, early[-1].cursor)

    assert set(_ids(first)) == {kept["id"], edited["id"]}
    assert _ids(early) == [kept["id"]]
    assert _ids(late) == [kept["id"], edited["id"]]


def test_an_issue_is_never_shown_as_the_search_has_it(site: Emulator, client: Client) -> None:
    """It is read by its id: as it is by now, or not at all once it is gone, though the search still shows both."""
    edited, gone = (new_issue(site.world, jira.HELP, summary="before") for _ in range(2))
    site.world.lags["issue"] = 300
    site.world.remember()
    site.world.clock.forward(1)
    _rename(site.world, edited, "behind")
    drop(site.world, gone)

    found = everything(client, Ticket)

    assert {one: seen.values["name"] for one, seen in found.items()} == {edited["id"]: "behind"}
    assert [body["fields"] for body in sent(site, "POST", "/search/jql")] == [["updated"]]


@pytest.mark.parametrize(
    "zone", ["Australia/Sydney", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati", "Etc/GMT+12"]
)
def test_changes_are_asked_for_in_the_users_time_zone(site: Emulator, client: Client, zone: str) -> None:
    """Wherever the user lives, what changed is found, and what did not is not."""
    for user in site.world.rows("user"):
        user["zone"] = zone
    old = new_issue(site.world, jira.HELP)
    site.world.clock.forward(1_500)
    new = new_issue(site.world, jira.HELP)
    first = pages_of(client, Ticket)
    site.world.clock.forward(300)
    _rename(site.world, new, "new")
    later = pages_of(client, Ticket, first[-1].cursor)
    assert set(_ids(first)) == {old["id"], new["id"]}
    assert _ids(later) == [new["id"]]
    there = (site.world.clock.now() - timedelta(seconds=900)).astimezone(ZoneInfo(zone))
    assert _questions(site)[-1].startswith(f'updated >= "{there:%Y/%m/%d %H:%M}" ')


def test_in_a_time_zone_that_nobody_knows_too_much_is_read_and_nothing_left_out(
    site: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked for begins where it is latest on earth."""
    monkeypatch.setattr(
        "integrations.providers.jira.searching.zone_of", lambda _word: zone_of("Mars/Olympus")
    )
    new_issue(site.world, jira.HELP)
    first = pages_of(client, Ticket)
    changed = new_issue(site.world, jira.HELP)

    assert changed["id"] in _ids(pages_of(client, Ticket, first[-1].cursor))
    assert zone_of(None).utcoffset(None) == zone_of("Mars/Olympus").utcoffset(None) == timedelta(hours=-12)


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC), "2026/10/25 01:59"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026/10/25 01:30"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026/10/25 02:30"),
        (datetime(2026, 10, 25, 2, 0, tzinfo=UTC), "2026/10/25 03:00"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026/03/29 03:00"),
    ],
)
def test_in_the_hour_that_comes_twice_the_earlier_one_is_meant(moment: datetime, told: str) -> None:
    """However a question is understood there, it begins no later than the moment."""
    zone = ZoneInfo("Europe/Berlin")
    named = datetime.fromisoformat(told.replace("/", "-")).replace(tzinfo=zone)

    assert minute(moment, zone) == told
    assert all(named.replace(fold=fold).astimezone(UTC) <= moment for fold in (0, 1))


def test_what_is_edited_while_pages_are_read_is_on_one_of_them(site: Emulator, client: Client) -> None:
    """Though tokens count, and nobody tells how many there are: each page begins in the minute of the last one."""
    for number in range(230):
        new_issue(site.world, jira.HELP, summary=f"Issue {number}")
        site.world.clock.forward(number % 2)
    first = pages_of(client, Ticket)
    for one in site.world.rows("issue"):
        touch(site.world, one, summary="changed")
        site.world.clock.forward(1)
    for one in site.world.rows("issue")[:3]:
        site.faults.meanwhile("POST *search/jql", partial(_rename, issue=one, name="again"))
    later = pages_of(client, Ticket, first[-1].cursor)

    assert set(_ids(first)) == set(_ids(later)) == set(site.world.table("issue"))
    assert len(first) == 3


def test_a_minute_with_more_issues_than_a_page_has_is_read_to_its_end(site: Emulator, client: Client) -> None:
    """As after an import: the token is followed, and then it goes on by minutes."""
    first = pages_of(client, Ticket)
    site.world.clock.forward(900)
    for number in range(250):
        new_issue(site.world, jira.HELP, summary=f"Imported {number}")
    site.world.clock.forward(90)
    last = new_issue(site.world, jira.HELP, summary="After it")
    later = pages_of(client, Ticket, first[-1].cursor)

    assert len(set(_ids(later))) == 251
    assert _ids(later)[-1] == last["id"]


def test_a_token_that_ended_has_the_list_begin_again(site: Emulator, client: Client) -> None:
    """Seven days after it was given; no record is taken for deleted by that."""
    for _ in range(150):
        new_issue(site.world, jira.HELP)
    pages = client.pages(resource_of(Ticket), None)
    next(pages)
    site.world.clock.forward(8 * 86_400)
    with pytest.raises(RetryLater, match="from its beginning") as caught:
        next(pages)

    assert caught.value.astray


def test_comments_that_an_issue_does_not_show_are_read_in_pages(site: Emulator, client: Client) -> None:
    """An issue shows two of them and says that there are more; one that shows all is not asked."""
    busy, quiet, silent = (new_issue(site.world, jira.HELP) for _ in range(3))
    for number in range(103):
        say(site.world, busy, document(f"Comment {number}"), jira.GRACE)
    there = say(site.world, quiet, document("Once"), jira.ADA, visibility={"type": "role", "value": "Agents"})
    found = everything(client, Comment)
    asked = site.asked("GET", f"/rest/api/3/issue/{busy['id']}/comment")

    assert len(found) == 104
    assert found[f"{quiet['id']}-{there['id']}"].values["is_private"] is True
    assert {one.values["ticket"] for one in found.values()} == {busy["id"], quiet["id"]}
    assert [dict(one.query)["startAt"] for one in asked] == ["0", "100"]
    assert not site.asked("GET", f"/rest/api/3/issue/{silent['id']}/comment")


def test_a_user_may_hide_the_address(site: Emulator, client: Client) -> None:
    """Grace is known by her account id alone; applications are users, and who left is not active."""
    found = everything(client, User)
    told = {one: (seen.values["email_address"], seen.values["is_active"]) for one, seen in found.items()}

    assert told[jira.GRACE] == (None, True)
    assert told[jira.ADA] == (jira.EMAIL, True)
    assert told[jira.ALAN] == ("alan@example.com", False)
    assert client.read(resource_of(User), jira.GRACE).values["name"] == "Grace Hopper"
    assert len(found) == 4


def test_a_moved_issue_is_the_same(site: Emulator, client: Client) -> None:
    """Its key changes with its project, its id does not."""
    moved = new_issue(site.world, jira.HELP)
    before = client.read(resource_of(Ticket), moved["id"])
    touch(site.world, moved, project=jira.DEV, key="DEV-1")
    behind = client.read(resource_of(Ticket), moved["id"])

    assert (before.values["collections"], behind.values["collections"]) == ([jira.HELP], [jira.DEV])
    assert [one.values["ticket_url"].rpartition("/")[2] for one in (before, behind)] == ["HELP-1", "DEV-1"]


def test_deletions_are_seen_by_id_and_by_what_a_complete_list_lacks(site: Emulator, client: Client) -> None:
    """A whole project that goes tells nobody of its issues."""
    kept = new_issue(site.world, jira.DEV)
    gone = [new_issue(site.world, jira.HELP) for _ in range(3)]
    first = pages_of(client, Ticket)
    for one in gone:
        drop(site.world, one, silent=True)
    changes, whole = pages_of(client, Ticket, first[-1].cursor), pages_of(client, Ticket)
    with pytest.raises(Gone):
        client.read(resource_of(Ticket), gone[0]["id"])

    assert (_ids(changes), _ids(whole)) == ([kept["id"]], [kept["id"]])
    assert (changes[-1].complete, whole[-1].complete) == (False, True)


def test_who_is_not_known_any_more_deletes_nothing(site: Emulator) -> None:
    """A 404 counts only where the credential still sees the site."""
    one = new_issue(site.world, jira.HELP)
    client = account_at(site)
    site.faults.refuse(404, "GET */issue/*")
    site.faults.refuse(404, "GET */myself")
    with pytest.raises(Forbidden):
        client.read(resource_of(Ticket), one["id"])


def test_too_many_requests_are_waited_for(site: Emulator, client: Client) -> None:
    """As long as Retry-After says; a limit's end that is told as a date is no obstacle."""
    new_issue(site.world, jira.HELP)
    began = site.world.clock.now()
    site.faults.refuse(
        429,
        "POST *search/jql",
        headers={
            "Retry-After": "45",
            "RateLimit-Reason": "jira-burst-based",
            "X-RateLimit-Reset": "2026-01-31T10:00Z",
        },
    )
    found = everything(client, Ticket)

    assert len(found) == 1
    assert (site.world.clock.now() - began).total_seconds() >= 45


def test_what_is_around_issues(site: Emulator, client: Client) -> None:
    """Projects, labels, and who the account is."""
    new_issue(site.world, jira.HELP, labels=["printer"])
    projects = everything(client, Collection)

    assert client.check() == site.url
    assert [one.values["access_level"] for one in projects.values()] == ["PRIVATE", "COMPANY"][::-1]
    assert set(everything(client, Tag)) == {"printer"}


@pytest.mark.parametrize("kind", ["people", "com.atlassian.servicedesk:sd-request-participants"])
def test_people_in_own_fields_are_ids_whatever_the_kind(site: Emulator, client: Client, kind: str) -> None:
    """So that none shows a name or an address that an account's scopes keep back."""
    who = user_shape(site.world, site.world.get("user", jira.ADA))
    schema = {"id": "customfield_10020", "name": "Helpers", "kind": kind, "schema": "array", "options": ()}
    site.world.add("field", schema)
    told = [who] if kind == "people" else [{"approver": who, "decision": "approved"}]
    one = new_issue(site.world, jira.HELP, custom={"customfield_10020": told})
    shown = client.read(resource_of(Ticket), one["id"]).raw["fields"]["customfield_10020"]

    assert shown == ([jira.ADA] if kind == "people" else [{"approver": jira.ADA, "decision": "approved"}])


def test_what_an_issue_tells_of_others_is_kept_back_as_theirs_is() -> None:
    """Of the one above, those below, and those that it is linked with."""
    told = {"summary": "Secret", "status": {"name": "To Do"}, "priority": {"name": "High"}}
    links = [
        {"type": "blocks", "inwardIssue": {"id": "3", "fields": told}},
        {"outwardIssue": {"fields": told}},
    ]
    record = {"fields": {"summary": "Own", "parent": {"fields": told}, "subtasks": [{"fields": told}]}}
    record["fields"]["issuelinks"] = links  # type: ignore[assignment]
    for place in resource_of(Ticket).hidden_places({"ticketing.Ticket": {"name", "status", "priority"}}, ()):
        record = without(record, place)

    assert "Secret" not in str(record)
    assert "To Do" not in str(record)
    assert "blocks" in str(record)


def test_groups_are_teams(site: Emulator, client: Client) -> None:
    """Known by their ids, as their names change; one that is gone is gone."""
    groups = {one["id"]: one["name"] for one in site.world.rows("group")}
    seen = everything(client, Team)
    first = next(iter(groups))
    read = client.read(resource_of(Team), first)
    del site.world.table("group")[first]

    assert {one: seen[one].values["name"] for one in seen} == groups
    assert read.values == seen[first].values
    with pytest.raises(Gone):
        client.read(resource_of(Team), first)
