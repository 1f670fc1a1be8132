"""Ids that `manage.py import_merge` brings: each is one record's, whatever a source says."""

from __future__ import annotations

import uuid
from pathlib import Path

from tenants.vault import Secret
from tests.people import Person
from tests.stub import Desk
from tests.unified_api.api.conftest import Linked
from tests.unified_api.commands.conftest import Call
from tests.unified_api.commands.elsewhere import Elsewhere, accredit, identities, row
from unified_api.models.base import record_id
from unified_api.models.ticketing import Tag, Ticket
from unified_api.sync.models import Identity
from unified_api.sync.moments import Moments


def test_one_id_is_one_record(
    call: Call, alice: Person, desk: Desk, there: Elsewhere, tmp_path: Path
) -> None:
    """Of several remote ids with one id, be they of two models, the first keeps it; the others get own ones."""
    account_id, one = there.account(), uuid.uuid4()
    number, other = desk.add(title="first"), desk.add(title="second")
    tag = desk.add("tags", name="third")
    there.rows = {"tickets": [row(number, one), row(other, one)], "tags": [row(tag, one)]}
    [told] = call(*there.words(alice, tmp_path)).document["accounts"]
    linked = accredit(alice, desk)
    linked.work()

    assert identities(alice) == {number: one}
    assert [told["models"][m]["refused"] for m in ("ticketing.Ticket", "ticketing.Tag")] == [1, 1]
    assert f"has the id of ticketing.Ticket '{number}'" in told["problems"][0]
    assert {row["id"] for row in linked.get("tickets").json()["results"]} == {
        str(one),
        str(record_id(account_id, Ticket, other)),
    }
    assert linked.get("tags").json()["results"][0]["id"] == str(record_id(account_id, Tag, tag))


def test_an_id_that_follows_from_another_record_is_not_given_twice(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """A source that gives a record the id that another one of its list would have by itself mixes no two records."""
    account_id = there.account()
    stolen = record_id(account_id, Ticket, "2")
    there.rows = {"tickets": [row("1", stolen), row("2", stolen)]}
    call(*there.words(alice, tmp_path))

    found = identities(alice)
    assert found["1"] == stolen
    assert found["2"] not in {stolen, None}


def test_an_id_that_came_to_be_shared_is_told(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """A further run finds it, and changes nothing."""
    there.account()
    there.rows = {"tickets": [row("1", one := uuid.uuid4())]}
    call(*there.words(alice, tmp_path))
    with alice.at_work():
        Identity.objects.create(
            linked_account_id=uuid.uuid4(), model="ticketing.Tag", remote_id="9", record_id=one
        )
    [told] = call(*there.words(alice, tmp_path)).document["accounts"]

    assert "has the id of ticketing.Tag '9'" in told["problems"][0]
    assert identities(alice) == {"1": one, "9": one}


def test_an_id_of_another_record_here_is_refused(
    call: Call, alice: Person, charlie: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """Whatever the tenant's account and model; what other tenants have is neither known nor in the way."""
    mine, _ = alice.link(integration="stub", end_user_origin_id="customer-0")
    theirs, token = charlie.link(integration="stub", end_user_origin_id="customer-0")
    taken = Linked(alice, mine, Secret(""), Moments()).land("9", name="Mine")
    foreign = Linked(charlie, theirs, token, Moments()).land("9", name="Theirs")
    there.account()
    there.rows = {"tags": [row("1", taken)], "tickets": [row("2", foreign)]}
    [told] = call(*there.words(alice, tmp_path)).document["accounts"]

    assert identities(alice) == {"2": foreign}
    assert told["problems"] == [
        f"ticketing.Tag '1' ({taken} there) has the id of ticketing.Ticket '9' of linked account {mine.id}"
    ]


def test_a_record_that_was_read_here_keeps_the_id_that_it_has(
    call: Call, alice: Person, desk: Desk, there: Elsewhere, tmp_path: Path
) -> None:
    """What is created after the first read has an id of ours, which a further run does not take away."""
    there.account()
    call(*there.words(alice, tmp_path))
    linked = accredit(alice, desk)
    number = desk.add(title="Since")
    linked.work()
    there.rows = {"tickets": [row(number)]}
    [told] = call(*there.words(alice, tmp_path)).document["accounts"]

    assert identities(alice) == {}
    assert "is known here as" in told["problems"][0]


def test_rows_that_are_none_are_told_and_left_out(
    call: Call, alice: Person, there: Elsewhere, tmp_path: Path
) -> None:
    """One bad record does not hold up its page."""
    there.account()
    there.rows = {"tickets": [row("1", "no id"), row("a\0b"), row(["x"]), row(""), 7, row("2")]}
    [told] = call(*there.words(alice, tmp_path)).document["accounts"]

    assert list(identities(alice)) == ["2"]
    assert told["models"]["ticketing.Ticket"] == {"kept": 1, "same": 0, "refused": 5, "nameless": 0}
