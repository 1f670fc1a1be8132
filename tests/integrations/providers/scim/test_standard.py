"""What the standard leaves open to a server, and no server at hand does: shown by one that a test tells what to say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Rejected, Uncertain
from integrations.kit.http import Patience
from integrations.kit.offered import of_account
from integrations.providers.scim.emails import read_work_email, write_work_email
from tests.integrations.lines import connection
from tests.integrations.listener import Seen, Told, listening, told
from unified_api import registry
from unified_api.models.hris import Employee, Group

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ADA = {
    "schemas": [CORE],
    "id": "1",
    "userName": "ada",
    "name": {"givenName": "Ada", "honorificPrefix": "Dr."},
    "costume": "red",
    "active": True,
}


@dataclass
class Service:
    """A user or more, without versions. patch: what it says of that; None: nothing of itself. size: of its pages.

    group: the only one, as it is shown.
    """

    patch: bool | None = None
    size: int = 100
    users: list[dict[str, Any]] = field(default_factory=lambda: [dict(ADA)])
    taken: bool = False
    fails: bool = False
    group: dict[str, Any] = field(default_factory=lambda: {"id": "g", "displayName": "Staff"})
    seen: list[Seen] = field(default_factory=list)

    def __call__(self, seen: Seen) -> Told:
        """Answer as a server does."""
        self.seen.append(seen)
        if seen.path == "/ServiceProviderConfig" and self.patch is not None:
            return told({"patch": {"supported": self.patch}})
        if seen.path.startswith("/Groups"):
            page = {"totalResults": 1, "Resources": [self.group]}
            return told(page if seen.path == "/Groups" else self.group)
        if not seen.path.startswith("/Users"):
            return told({"detail": "not here", "status": "404"}, 404)
        if seen.method == "POST" and (self.taken or self.fails):
            taken = {"scimType": "uniqueness", "detail": "ada is there", "status": "409"}
            return told(taken, 409) if self.taken else Told(500, b"<html>Technical problem</html>")
        if seen.method == "PUT":
            self.users[0] = {"id": "1", **json.loads(seen.body)}
        return told(self._page(seen) if seen.path == "/Users" else self.users[0])

    def _page(self, seen: Seen) -> dict[str, Any]:
        start = int(seen.query.get("startIndex", 1))
        shown = self.users[start - 1 : start - 1 + self.size]
        told = {"Resources": shown} if self.users else {}
        return {"totalResults": len(self.users), "startIndex": start, **told}

    def sent(self, method: str) -> list[Any]:
        """The bodies of requests."""
        return [json.loads(one.body) for one in self.seen if one.method == method]


@contextmanager
def account_at(service: Service, **settings: str) -> Iterator[tuple[Client, Any]]:
    """An account there, and what it can do with people."""
    with listening(service) as server:
        known, secrets = registry.by_slug("scim").accept({"base_url": server.url, "token": "x", **settings})
        provider = of_account(registry.by_slug("scim"), known)
        with Client(provider, connection(known, secrets), patience=Patience(attempts=1)) as client:
            yield client, provider.resource(Employee)


def test_pages_are_turned_by_the_place_of_the_next_record() -> None:
    """The first is 1, and the server says how many come."""
    service = Service(size=2, users=[{**ADA, "id": str(number)} for number in range(1, 6)])
    with account_at(service) as (client, people):
        pages = list(client.pages(people, None))

    assert [[one.remote_id for one in page.observations] for page in pages] == [["1", "2"], ["3", "4"], ["5"]]
    assert [s.query for s in service.seen if s.path == "/Users"] == [
        {"startIndex": "1"},
        {"startIndex": "3"},
        {"startIndex": "5"},
    ]


def test_a_list_that_is_empty_may_be_left_out() -> None:
    """Nobody is there, and nobody has the name."""
    with account_at(Service(users=[])) as (client, people):
        (page,) = client.pages(people, None)
        assert client.recent(people, {"username": "ada"}) == []

    assert (page.observations, page.complete) == ((), True)


def test_changes_are_asked_for_where_the_account_says_that_the_server_finds_them() -> None:
    """By a filter on the last change, to the second; a complete run asks for all."""
    service = Service()
    with account_at(service, filters_changes="yes") as (client, people):
        cursor = {"since": datetime(2026, 1, 31, 12, 2, tzinfo=UTC).isoformat()}
        changes = list(client.pages(people, cursor))
        whole = list(client.pages(people, cursor, full=True))

    asked = [s.query.get("filter") for s in service.seen if s.path == "/Users"]
    assert asked == ['meta.lastModified ge "2026-01-31T12:00:00Z"', None]
    assert (changes[-1].complete, whole[-1].complete) == (False, True)


@pytest.mark.parametrize("said", [{}, {"filters_changes": "no"}])
def test_else_all_is_read_each_time(said: dict[str, str]) -> None:
    """A server that ignores a filter, or refuses it, is not asked by one."""
    service = Service()
    with account_at(service, **said) as (client, people):
        cursor = list(client.pages(people, None))[-1].cursor
        assert list(client.pages(people, {"since": "2026-01-31T12:00:00+00:00", **cursor}))[-1].complete

    assert not any("filter" in seen.query for seen in service.seen)


def test_a_server_that_tells_nothing_of_itself_is_read_and_patched() -> None:
    """Without schemas what is absent is not spoken of; one attribute is changed by its path."""
    service = Service()
    with account_at(service) as (client, people):
        read = client.read(people, "1").values
        client.update(people, "1", {"first_name": "Eve", "employee_number": "7"})

    assert set(read) == {"username", "first_name", "employment_status"}
    assert service.sent("PATCH")[0]["Operations"] == [
        {"op": "replace", "path": "name", "value": {"givenName": "Eve", "honorificPrefix": "Dr."}},
        {
            "op": "replace",
            "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
            "value": "7",
        },
    ]


def test_without_patch_all_that_is_known_is_put() -> None:
    """So that what Isthmus does not map stays."""
    service = Service(patch=False)
    with account_at(service) as (client, people):
        client.update(people, "1", {"first_name": "Eve"})

    assert service.sent("PATCH") == []
    assert service.sent("PUT") == [{**ADA, "name": {"givenName": "Eve", "honorificPrefix": "Dr."}}]


def test_what_has_to_be_unique_is_refused_by_its_name() -> None:
    """As the standard has it: 409, and the word for it."""
    with account_at(Service(taken=True)) as (client, people), pytest.raises(Rejected) as caught:
        client.create(people, {"username": "ada"})

    assert caught.value.fields["username"] == "ada is there"


@pytest.mark.parametrize(
    ("there", "due"),
    [({"displayName": "Ada", "title": "Boss"}, Uncertain), ({"name": {"givenName": "Eve"}}, Rejected)],
)
def test_a_server_that_fails_on_a_create_is_asked_who_has_the_name(there: dict[str, Any], due: Any) -> None:
    """Who says all that was sent may be the new one, whatever the server added; another one is in the way."""
    service = Service(fails=True, users=[{**ADA, **there}])
    with account_at(service) as (client, people), pytest.raises(due):
        client.create(people, {"username": "ADA", "first_name": "Ada"})


def test_of_several_addresses_the_one_for_work_is_read_and_written() -> None:
    """A private one never is; else the primary one, else the first; all that is said of it stays."""
    home, first = {"value": "h@x", "type": "home", "primary": True}, {"value": "a@x"}
    work, primary = {"value": "w@x", "type": "Work", "display": "W"}, {"value": "p@x", "primary": True}
    told = [[home], [home, first], [home, first, primary], [home, first, primary, work]]

    assert [read_work_email({"emails": emails}) for emails in told] == [None, "a@x", "p@x", "w@x"]
    assert write_work_email("n@x", {"emails": [home, work]}) == {"emails": [home, {**work, "value": "n@x"}]}
    assert write_work_email("n@x", {"emails": [home]}) == {"emails": [home, {"value": "n@x"}]}
    assert write_work_email(None, {"emails": [home, work]}) == {"emails": [home]}


def test_who_joins_a_group_that_shows_no_members_takes_nobodys_place() -> None:
    """A server need not tell members; where it tells them, the list is sent with one more."""
    unseen, seen = Service(), Service(group={"id": "g", "members": [{"value": "2"}]})
    for service in (unseen, seen):
        with account_at(service) as (client, people):
            client.update(people, "1", {"groups": ["g"]})

    assert unseen.sent("PATCH")[0]["Operations"] == [
        {"op": "add", "path": "members", "value": [{"value": "1"}]}
    ]
    assert seen.sent("PATCH")[0]["Operations"] == [
        {"op": "replace", "path": "members", "value": [{"value": "2"}, {"value": "1"}]}
    ]


@pytest.mark.parametrize(
    ("patch", "there", "wanted"), [(None, [{"value": "g"}], []), (False, [], ["g"]), (False, None, ["g"])]
)
def test_a_group_that_shows_no_members_is_not_written_whole(
    *, patch: bool | None, there: Any, wanted: list[str]
) -> None:
    """Who leaves, and who joins where a PUT is all that there is, would have it replaced: that is refused."""
    service = Service(patch=patch, users=[{**ADA, **({} if there is None else {"groups": there})}])
    with account_at(service) as (client, people), pytest.raises(Rejected) as caught:
        client.update(people, "1", {"groups": wanted})

    assert "does not show the members of group g" in caught.value.fields["groups"]
    assert [service.sent(method) for method in ("PATCH", "PUT")] == [[], []]


def test_a_name_is_a_string_in_the_filter_whatever_is_in_it() -> None:
    """As JSON spells it, so that no quote ends it; what its quotes would do to the filter, nobody finds out."""
    service = Service(users=[{**ADA, "userName": 'a"b\\c'}], group={"id": "g", "displayName": 'Team "Ä"'})
    with account_at(service) as (client, people):
        found = client.recent(people, {"username": 'a"b\\c'})
        teams = client.provider.resource(Group)
        assert teams is not None
        groups = client.recent(teams, {"name": 'Team "Ä"'})

    assert ([one.remote_id for one in found], [one.remote_id for one in groups]) == (["1"], ["g"])
    assert [s.query["filter"] for s in service.seen if "filter" in s.query] == [
        'userName eq "a\\"b\\\\c"',
        'displayName eq "Team \\"Ä\\""',
    ]
