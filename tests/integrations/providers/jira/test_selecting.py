"""What Jira is asked for where only some issues are wanted."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.kit.client import Client
from tests.emulators.engine import Emulator
from tests.emulators.vendors import jira
from tests.emulators.vendors.jira.issues import STATUSES, new_issue
from tests.integrations.providers.jira.site import resource_of, sent
from unified_api.models.ticketing import Ticket


def _found(client: Client, *wanted: tuple[str, str, Any]) -> set[str]:
    asked = resource_of(Ticket).selected(wanted)
    return {one.remote_id for page in client.pages(asked, None) for one in page.observations}


@pytest.mark.parametrize(
    ("word", "key"), [("OPEN", "new"), ("IN_PROGRESS", "indeterminate"), ("CLOSED", "done")]
)
def test_issues_are_asked_for_by_the_category_of_their_status(
    site: Emulator, client: Client, word: str, key: str
) -> None:
    """By its id, as its name is translated there."""
    by_status = {status: new_issue(site.world, jira.HELP, status=status)["id"] for status in STATUSES}
    meant = {by_status[status] for status, (_name, category) in STATUSES.items() if category == key}

    assert _found(client, ("status", "EQUALS", word)) == meant != set()
    assert _found(client, ("status", "IS_ONE_OF", [word, "undefined"])) == meant


def test_no_issue_is_found_by_a_status_that_jira_has_not(site: Emulator, client: Client) -> None:
    """The question has to be one that Jira understands all the same; so it is for nobody's issues."""
    new_issue(site.world, jira.HELP)

    assert _found(client, ("status", "EQUALS", "ON_HOLD")) == set()
    assert _found(client, ("assignees", "IS_ONE_OF", [])) == set()


def test_issues_are_asked_for_by_projects_and_assignees(site: Emulator, client: Client) -> None:
    """Ids that are numbers without quotes, which would make them names; all that is asked for has to hold."""
    who = jira.GRACE
    mine = new_issue(site.world, jira.HELP, assignee=who)["id"]
    new_issue(site.world, jira.HELP)
    wanted = (("collections", "IS_ONE_OF", [jira.HELP]), ("assignees", "IS_ONE_OF", [who, 'no"body']))

    assert _found(client, *wanted) == {mine}
    assert (
        f'project in ({jira.HELP}) AND assignee in ("{who}", "no\\"body")'
        in sent(site, "POST", "/search/jql")[-1]["jql"]
    )
