"""What a write costs in requests: as many as the client makes, by what adapters say of themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from integrations.kit import costs
from integrations.kit.client import Client
from integrations.kit.endpoints import DELETE, GET, PATCH, Api, Download, Marked, Stamp
from integrations.kit.hosted import HostedResource
from integrations.kit.lenses import choice, each, instant, only
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByPage
from integrations.kit.provider import Resource
from tests.integrations import metered
from tests.integrations.kit.test_client import TAGS, TICKETS, Tracker, _noted, client, server, tracker
from tests.integrations.listener import Listener
from unified_api.models.ticketing import Ticket

__all__ = ["client", "server", "tracker"]  # fixtures

SAID: Final[dict[str, Any]] = {"name": "New", "status": "CLOSED"}
STATES: Final = {"OPEN": "open", "CLOSED": "done"}
#: Each is read by two requests; a create leaves the status to an update; a stamp is waited for.
JOINED: Final = replace(TICKETS, get=GET("/tickets/{remote_id}", then=_noted, calls=2))
LATE: Final = replace(
    TICKETS,
    mapping=Mapping(Ticket, name="title", status=choice("state", STATES, table="states", after_create=True)),
)
STAMPED: Final = replace(
    TICKETS, update=PATCH("/tickets/{remote_id}", conditional=True, stamp=Stamp(instant("changed")))
)
#: Not asked for by name; and by a mark first.
NEWEST: Final = replace(
    TICKETS,
    recent=GET("/tickets", items="rows", params={"newest": "1"}, paging=ByPage(size=2), pages=2),
)
MARKED: Final = replace(NEWEST, marked=Marked("mark", GET("/tags", items="rows", params={"id": "{mark}"})))


def _remove(api: Api, remote_id: str, fields: dict[str, Any], current: Any) -> None:
    assert (fields, str(current["id"])) == ({}, remote_id)
    path = f"/tickets/{remote_id}"
    api.send("DELETE", path, headers={"If-Match": api.etag(path)})


#: Deleted by a function.
STEPPED: Final = replace(TICKETS, delete=DELETE("/tickets/{remote_id}", send=_remove, calls=2))


@pytest.mark.parametrize(("resource", "spare"), [(TICKETS, 0), (JOINED, 0), (STAMPED, 1)])
def test_an_update_costs_its_condition_its_looks_and_itself(
    client: Client, tracker: Tracker, resource: Resource, spare: int
) -> None:
    """And the account's own words, once; of a record that may have changed just now a second look is counted."""
    tracker.ticket(1, note=1)

    metered.update(client, resource, "1", SAID, spare=spare)
    assert costs.of_write(resource, "update", ["name"]) == costs.of_write(resource, "update", SAID) - 1


@pytest.mark.parametrize(("resource", "spare"), [(TICKETS, 0), (JOINED, 1), (LATE, 0)])
def test_a_create_costs_its_read_and_what_it_leaves_to_an_update(
    client: Client, resource: Resource, spare: int
) -> None:
    """A new record has nothing to join yet, which nobody knows beforehand."""
    metered.create(client, resource, SAID, spare=spare)


def test_a_create_in_steps_costs_what_its_adapter_says(client: Client) -> None:
    """Here a door that opens once, and the call through it."""
    metered.create(client, replace(TAGS, create_calls=2), {"name": "red"})


@pytest.mark.parametrize("resource", [TICKETS, JOINED, STEPPED])
def test_a_delete_costs_the_look_before_it(client: Client, tracker: Tracker, resource: Resource) -> None:
    """The shell looks; behind the condition, or before a function, the record is read again."""
    tracker.ticket(1, note=1)

    metered.delete(client, resource, "1")
    assert tracker.rows == {}


@pytest.mark.parametrize(("resource", "rows"), [(TICKETS, 1), (NEWEST, 5), (MARKED, 5)])
def test_a_search_costs_its_pages(
    client: Client, tracker: Tracker, server: Listener, resource: Resource, rows: int
) -> None:
    """What it names is found on one of them; among the newest all are looked at; a mark is asked for first."""
    for number in range(1, rows + 1):
        tracker.ticket(number)
    client.recent(resource, {"name": "T1"})

    assert len(server.seen) == costs.of_search(resource)


def test_words_in_lists_and_lone_values_are_looked_up_too() -> None:
    """Each of the account's own lists once, however many fields have their words from it."""
    word = choice("", {}, table="words")
    mapping = Mapping(
        Ticket, name="title", tags=each("tags", word), assignees=only(choice("who", {}, table="people"))
    )
    resource = replace(TICKETS, mapping=mapping)
    plain = costs.of_write(resource, "update", ["name"])

    assert costs.of_write(resource, "update", ["tags", "assignees", "unknown"]) == plain + 2


def test_what_has_no_server_costs_nothing_and_files_cost_their_way() -> None:
    """What is kept here is written without a request; a file is fetched where it is, or asked for its address first."""
    kept = HostedResource.of(Ticket)
    here, told = (
        replace(TICKETS, download=Download("/x")),
        replace(TICKETS, download=Download("/x", address="url")),
    )

    assert [costs.of_write(kept, one, SAID) for one in ("create", "update", "delete")] == [0, 0, 0]
    assert costs.of_search(kept) == 0
    assert [costs.of_download(one) for one in (TICKETS, here, told, kept)] == [0, 1, 2, 1]
    assert costs.of_write(TAGS, "update", ["name"]) == costs.of_write(TAGS, "delete", []) == 0
