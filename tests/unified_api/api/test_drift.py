"""/api/sync/v1/drift: what the audits of a bridge found."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.test import Client

from tests.people import Person
from tests.unified_api.api.conftest import Link
from tests.unified_api.api.test_issues import bridge_between
from unified_api.sync import clock
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_watch import DriftAudit

URL = "/api/sync/v1/drift"


def asked(person: Person, status: int = 200, **query: str) -> Any:
    """The answer to GET drift."""
    answer = Client().get(URL, query, headers=person.headers)
    assert answer.status_code == status, answer.content
    return answer.json()


def bridge_of(person: Person, link: Link) -> uuid.UUID:
    """A bridge of a person's tenant with three audits, of which the last is under way."""
    accounts = [link(person, streams=False, end_user_origin_id=f"customer-{n}").account for n in range(2)]
    bridge = bridge_between(person, *accounts)
    with person.at_work():
        for number in range(3):
            started = clock.now() + dt.timedelta(seconds=number)
            DriftAudit.objects.create(
                bridge_id=bridge, started=started, finished=started if number < 2 else None, to_b=number
            )
    return bridge


def test_audits_are_listed_newest_first(alice: Person, link: Link) -> None:
    """Page by page; the one that is under way has no end yet."""
    bridge = str(bridge_of(alice, link))
    first = asked(alice, bridge_id=bridge, page_size="2")
    second = asked(alice, bridge_id=bridge, page_size="2", cursor=first["next"])

    assert [one["to_b"] for one in first["results"] + second["results"]] == [2, 1, 0]
    assert [one["finished"] is None for one in first["results"]] == [True, False]
    assert first["results"][0]["bridge_id"] == bridge
    assert second["next"] is None


def test_another_tenants_bridge_is_unknown(alice: Person, charlie: Person, link: Link) -> None:
    """404, as for one that there is not; without a bridge, or with two, the parameter is named."""
    bridge = str(bridge_of(alice, link))

    asked(charlie, 404, bridge_id=bridge)
    asked(alice, 404, bridge_id=str(uuid.uuid4()))
    assert list(asked(alice, 400)) == ["bridge_id"]
    assert list(asked(alice, 400, bridge_id=f"{bridge},{uuid.uuid4()}")) == ["bridge_id"]


def done(person: Person, bridge: str, verb: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Status and answer of a verb of a bridge."""
    url = f"/api/sync/v1/bridges/{bridge}/{verb}"
    answer = Client().post(url, body, content_type="application/json", headers=person.headers)
    return answer.status_code, answer.json()


def test_an_audit_is_begun_in_place_of_the_one_under_way(alice: Person, charlie: Person, link: Link) -> None:
    """As deep as one says; not of a bridge that has not begun, nor of somebody else's."""
    bridge = str(bridge_of(alice, link))
    early, told = done(alice, bridge, "audit", {})
    with alice.at_work():
        Bridge.objects.filter(id=bridge).update(cursor=0)
    status, begun = done(alice, bridge, "audit", {"depth": 7})
    listed = asked(alice, bridge_id=bridge)["results"]

    assert (early, "has not begun" in told["detail"]) == (409, True)
    assert (status, begun["finished"]) == (202, None)
    assert [one["id"] for one in listed if one["finished"] is None] == [begun["id"]]
    assert len(listed) == 3
    with alice.at_work():
        assert DriftAudit.objects.get(id=begun["id"]).place["depth"] == 7
    assert done(alice, bridge, "audit", {"depth": -1})[0] == 400
    assert done(charlie, bridge, "audit", {})[0] == 404
