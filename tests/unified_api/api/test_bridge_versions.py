"""/api/sync/v1/bridges/{id}/versions: what a bridge was told, since when, and by whom."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import pytest
from django.test import Client

from tests.people import Person
from tests.unified_api.api.conftest import Link
from tests.unified_api.api.test_issues import bridge_between
from unified_api.sync import clock
from unified_api.sync.models_bridge import Bridge, BridgeVersion

#: What a bridge was told, version by version.
TOLD: Final = ({"match": ["name"]}, {"match": ["name"], "audit": 2.0}, {"match": ["name"], "audit": 4.0})


def asked(person: Person, path: str, status: int = 200, **query: str) -> Any:
    """The answer to a GET below bridges."""
    answer = Client().get(f"/api/sync/v1/bridges/{path}", query, headers=person.headers)
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.fixture
def bridge(alice: Person, link: Link) -> uuid.UUID:
    """A bridge of Alice's that was told something else twice."""
    accounts = [link(alice, streams=False, end_user_origin_id=f"customer-{n}").account for n in range(2)]
    made = bridge_between(alice, *accounts)
    with alice.at_work():
        for number, configuration in enumerate(TOLD, 1):
            at = clock.now() + dt.timedelta(seconds=number)
            told = {"version": number, "configuration": configuration, "actor": f"user {number}"}
            BridgeVersion.objects.create(bridge_id=made, at=at, **told)
        Bridge.objects.filter(id=made).update(version=len(TOLD))
    return made


def test_versions_are_listed_newest_first_with_what_they_changed(alice: Person, bridge: uuid.UUID) -> None:
    """Page by page; who said it, and which one holds; also behind the end of a page, the one before is known."""
    first = asked(alice, f"{bridge}/versions", page_size="2")
    second = asked(alice, f"{bridge}/versions", page_size="2", cursor=first["next"])
    found = first["results"] + second["results"]

    assert [(one["version"], one["by"], one["is_current"]) for one in found] == [
        (3, "user 3", True),
        (2, "user 2", False),
        (1, "user 1", False),
    ]
    assert [one["differences"] for one in found] == [
        [{"place": "audit", "was": 2.0, "now": 4.0}],
        [{"place": "audit", "was": None, "now": 2.0}],
        [],
    ]
    assert second["next"] is None


def test_one_version_has_all_that_the_bridge_was_told(alice: Person, bridge: uuid.UUID) -> None:
    """With what the list says of it; a number that there is not, or that is none, is unknown."""
    one = asked(alice, f"{bridge}/versions/2")
    listed = asked(alice, f"{bridge}/versions")["results"][1]

    assert one == {**listed, "configuration": TOLD[1]}
    for unknown in ("4", "0", "-1", "two", "9" * 30, "٢"):
        asked(alice, f"{bridge}/versions/{unknown}", 404)


def test_versions_of_others_are_unknown(alice: Person, charlie: Person, bridge: uuid.UUID) -> None:
    """To another tenant, as those of a bridge that there is not; a cursor leads nobody into them."""
    cursor = asked(alice, f"{bridge}/versions", page_size="1")["next"]

    for path in (f"{bridge}/versions", f"{bridge}/versions/1", f"{uuid.uuid4()}/versions"):
        nobody = asked(charlie, path, 404, cursor=cursor)
        assert "match" not in str(nobody)
