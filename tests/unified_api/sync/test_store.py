"""The store: what landing an observation does to records, shells and the change log."""

from __future__ import annotations

import datetime as dt
import uuid
import zlib
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import transaction

from tests.unified_api.sync.conftest import Mirror
from unified_api.models.base import CommonModel, record_id
from unified_api.models.ticketing import Ticket, User
from unified_api.sync import store
from unified_api.sync.models import Change, Identity, RemoteData


def ticket(mirror: Mirror, remote_id: str = "1") -> Ticket:
    """The record as stored."""
    with transaction.atomic():
        found: Ticket = Ticket.objects.get(id=record_id(mirror.account, Ticket, remote_id))
    return found


def log() -> list[Change]:
    """The change log in order."""
    with transaction.atomic():
        return list(Change.objects.order_by("position"))


def test_a_first_observation_becomes_a_record_and_one_entry_of_the_log(mirror: Mirror) -> None:
    """What a provider says for the first time is stored, logged as created without values, and stamped by the feed."""
    tally = mirror.land(mirror.seen("1", name="Printer on fire", status="OPEN"))

    assert (tally.seen, tally.added, tally.changed) == (1, 1, 0)
    assert ticket(mirror).name == "Printer on fire"
    [entry] = log()
    assert entry.kind == "created"
    assert entry.fields == {}
    assert entry.at == ticket(mirror).modified_at == ticket(mirror).created_at


def test_an_unchanged_page_writes_nothing(mirror: Mirror, database: psycopg.Connection) -> None:
    """Landing the same answer again leaves every row, the log and the feed head as they were."""
    row = "SELECT xmin::text, ctid::text FROM"
    where = f"{row} ticketing_ticket UNION ALL {row} sync_feedhead"
    mirror.land(mirror.seen("1", name="A"), mirror.seen("2", name="B"))
    before = database.execute(where).fetchall()

    tally = mirror.land(mirror.seen("1", name="A"), mirror.seen("2", name="B"))

    assert tally.unchanged == 2
    assert database.execute(where).fetchall() == before
    assert len(log()) == 2


def test_only_what_changed_is_logged(mirror: Mirror) -> None:
    """A changed field is logged with old and new value; the others are not named."""
    mirror.land(mirror.seen("1", name="A", status="OPEN"))
    tally = mirror.land(mirror.seen("1", name="A", status="CLOSED"))

    assert tally.changed == 1
    assert log()[-1].fields == {"status": ["OPEN", "CLOSED"]}
    assert ticket(mirror).modified_at > ticket(mirror).created_at


def test_absent_is_not_null(mirror: Mirror) -> None:
    """A field that an answer does not speak of keeps its value; one that it calls null loses it."""
    mirror.land(mirror.seen("1", name="A", description="kept", status="OPEN"))
    mirror.land(mirror.seen("1", name="B", status=None))

    stored = ticket(mirror)
    assert (stored.name, stored.description, stored.status) == ("B", "kept", None)


def test_a_list_answer_that_began_before_a_newer_answer_arrived_is_late(mirror: Mirror) -> None:
    """An old page that is stored after a newer read changes nothing and is named for reading by id."""
    old = mirror.moments.draw()
    mirror.land(mirror.seen("1", name="new", shape="get"))

    tally = mirror.land(mirror.seen("1", name="old", started=old))

    assert tally.late == [(Ticket, "1")]
    assert ticket(mirror).name == "new"


def test_a_list_answer_with_a_lower_version_is_late(mirror: Mirror) -> None:
    """A lagging list that shows an older version of the provider's own is not believed."""
    mirror.land(mirror.seen("1", name="second", version="0002"))

    tally = mirror.land(mirror.seen("1", name="first", version="0001"))

    assert tally.late == [(Ticket, "1")]
    assert ticket(mirror).name == "second"


def test_a_read_by_id_counts_even_when_its_version_is_lower(mirror: Mirror) -> None:
    """A restored backup at the provider may lower versions; a read by id goes by its moment alone."""
    mirror.land(mirror.seen("1", name="second", version="0002"))
    mirror.land(mirror.seen("1", name="restored", version="0001", shape="get"))

    assert ticket(mirror).name == "restored"


def test_an_equal_read_by_id_still_protects_against_older_pages(mirror: Mirror) -> None:
    """A read that found nothing new advances the moment until which the record is known."""
    mirror.land(mirror.seen("1", name="A"))
    old = mirror.moments.draw()
    mirror.land(mirror.seen("1", name="A", shape="get"))

    tally = mirror.land(mirror.seen("1", name="older", started=old))

    assert tally.late == [(Ticket, "1")]


def test_a_return_to_the_value_that_the_list_showed_before_is_seen(mirror: Mirror) -> None:
    """After a read by id changed the row, a list that shows the former state again is news, not a known digest."""
    mirror.land(mirror.seen("1", name="A"))
    mirror.land(mirror.seen("1", name="B", shape="get"))
    mirror.land(mirror.seen("1", name="A"))

    assert ticket(mirror).name == "A"


def test_a_list_is_distrusted_until_a_write_has_settled(mirror: Mirror) -> None:
    """Where lists lag behind writes, a differing page that began within the lag is late."""
    mirror.land(mirror.seen("1", name="written", shape="write"))
    with store.entry(mirror.account) as entry:
        entry.settle(Ticket, record_id(mirror.account, Ticket, "1"), 3600.0)

    tally = mirror.land(mirror.seen("1", name="before the write"))

    assert tally.late == [(Ticket, "1")]


def test_a_reference_to_an_unseen_record_makes_a_shell(mirror: Mirror) -> None:
    """A relation has its final id at once, behind which stands a shell that the log does not speak of."""
    mirror.land(mirror.seen("1", name="A", creator="7", assignees=["7", "8"]))

    with transaction.atomic():
        shells = {u.remote_id: u for u in User.objects.filter(is_shell=True)}
    assert set(shells) == {"7", "8"}
    assert ticket(mirror).creator == shells["7"].id
    assert ticket(mirror).assignees == [shells["7"].id, shells["8"].id]
    assert [e.model for e in log()] == ["ticketing.Ticket"]


def test_a_shell_that_is_seen_at_last_is_created(mirror: Mirror) -> None:
    """The record behind a shell is logged as created, and keeps the id that its references have."""
    mirror.land(mirror.seen("1", creator="7"))
    before = ticket(mirror).creator
    mirror.land(mirror.seen("7", model=User, name="Bob"))

    with transaction.atomic():
        bob = User.objects.get(id=before)
    assert (bob.name, bob.is_shell) == ("Bob", False)
    assert log()[-1].kind == "created"
    assert bob.created_at == log()[-1].at


def test_a_removed_record_is_kept_and_restored_when_it_is_seen_again(mirror: Mirror) -> None:
    """A deletion marks the record; an unchanged answer that shows it again restores it."""
    mirror.land(mirror.seen("1", name="A"))
    with store.entry(mirror.account) as entry:
        assert entry.remove(Ticket, [ticket(mirror).id], store.Cause("sweep")) == 1
    assert ticket(mirror).remote_was_deleted
    assert ticket(mirror).name == "A"

    mirror.land(mirror.seen("1", name="A"))

    assert not ticket(mirror).remote_was_deleted
    assert [e.kind for e in log()] == ["created", "deleted", "restored"]


def test_a_record_seen_since_is_not_removed(mirror: Mirror) -> None:
    """A refusal by id that was asked for before a newer answer arrived does not count."""
    asked = mirror.moments.draw()
    mirror.land(mirror.seen("1", name="A"))
    with store.entry(mirror.account) as entry:
        assert not entry.remove_remote(Ticket, "1", store.Cause("sweep"), asked=asked)

    assert not ticket(mirror).remote_was_deleted


def test_the_same_record_twice_on_a_page_is_one_record(mirror: Mirror) -> None:
    """A page that shifted while it was read shows a record twice; the later state stands."""
    mirror.land(mirror.seen("1", name="A"), mirror.seen("1", name="B"))

    assert ticket(mirror).name == "B"


def test_a_change_outside_the_mapping_moves_the_record_and_is_kept(mirror: Mirror) -> None:
    """What the mapping does not cover still moves `modified_at`, and the new raw answer replaces the old."""
    first = mirror.seen("1", name="A")
    mirror.land(first)
    before = ticket(mirror).modified_at
    second = mirror.seen("1", name="A")
    second.raw["unmapped"] = "new"
    mirror.land(second)

    assert ticket(mirror).modified_at > before
    assert log()[-1].fields == {}
    with transaction.atomic():
        assert RemoteData.objects.count() == 1


def test_what_changed_outside_the_mapping_after_a_write_moves_the_record(mirror: Mirror) -> None:
    """A list's answer that says more than the write's did is news; one that says the same as that is none."""
    mirror.land(mirror.seen("1", name="A"))
    written = replace(mirror.seen("1", name="B", shape="write"), path="/tickets/1")
    mirror.land(written)
    with transaction.atomic():
        assert Ticket.objects.get().digest is None
    echoed = mirror.seen("1", name="B")
    mirror.land(replace(echoed, raw={**echoed.raw}))
    assert [c.fields for c in log()][1:] == [{"name": ["A", "B"]}]

    mirror.land(replace(mirror.seen("1", name="C", shape="write"), path="/tickets/1"))
    before = ticket(mirror).modified_at
    mirror.land(replace(mirror.seen("1", name="C"), raw={"id": "1", "name": "C", "unmapped": "new"}))

    assert ticket(mirror).modified_at > before
    assert log()[-1].fields == {}


def test_a_read_by_id_keeps_what_it_shows_outside_the_mapping(mirror: Mirror) -> None:
    """The first one is kept and moves nothing; a later one that shows more moves the record."""
    mirror.land(mirror.seen("1", name="A"))
    read = replace(mirror.seen("1", name="A", shape="get"), path="/tickets/1")
    mirror.land(read)
    mirror.land(replace(mirror.seen("1", name="A", shape="get"), path="/tickets/1"))
    assert [c.kind for c in log()] == ["created"]

    later = mirror.seen("1", name="A", shape="get")
    mirror.land(replace(later, raw={**later.raw, "unmapped": "new"}, path="/tickets/1"))

    with transaction.atomic():
        kept = RemoteData.objects.get(path="/tickets/1")
        assert [(c.kind, c.fields) for c in log()][1:] == [("updated", {})]
    assert b"new" in zlib.decompress(kept.body)


def test_lists_that_show_one_record_differently_do_not_move_it_in_turns(
    mirror: Mirror, database: psycopg.Connection
) -> None:
    """What stands in its own list and inside another is the same record: one entry, and both raw answers kept."""
    for _ in range(3):
        own = mirror.seen("1", name="A")
        inside = replace(own, raw={"id": "1", "name": "A", "terse": True}, path="/collections")
        mirror.land(own)
        mirror.land(inside)

    with transaction.atomic():
        assert [c.kind for c in log()] == ["created"]
        assert sorted(RemoteData.objects.values_list("path", flat=True)) == ["/collections", "/tickets"]


def test_the_raw_answer_of_another_list_is_kept_current(mirror: Mirror) -> None:
    """A second list does not move the record by what it alone shows; what it showed last is kept."""
    own = mirror.seen("1", name="A")
    mirror.land(own)
    for note in ("old", "new"):
        mirror.land(replace(mirror.seen("1", name="A"), raw={"id": "1", "note": note}, path="/collections"))

    with transaction.atomic():
        kept = RemoteData.objects.get(path="/collections")
        assert [c.kind for c in log()] == ["created"]
    assert b"new" in zlib.decompress(kept.body)


def test_what_a_digest_of_an_earlier_release_stands_for_is_told_once(mirror: Mirror) -> None:
    """A digest of another length says nothing: equal answers replace it, and the log stays as it is."""
    mirror.land(mirror.seen("1", name="A"))
    with transaction.atomic():
        Ticket.objects.update(digest=b"x" * 24)
    mirror.land(mirror.seen("1", name="A"))

    with transaction.atomic():
        assert [c.kind for c in log()] == ["created"]
        assert len(bytes(Ticket.objects.get().digest)) != 24


def test_a_change_keeps_what_stands_in_every_other_kind_of_column(mirror: Mirror) -> None:
    """A row is read under lock and written whole: times, lists, references and JSON come back as they were."""
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=dt.UTC)
    shown: dict[str, Any] = {
        "tags": ["a, b", '"', "ü"],
        "permissions": [{"id": 1, "who": None}],
        "due_date": moment,
        "assignees": ["7", "8"],
        "creator": "9",
        "description": "\\x00 is text",
    }
    mirror.land(mirror.seen("1", name="old", **shown))
    before = ticket(mirror)
    mirror.land(mirror.seen("1", name="new", **shown))

    after = ticket(mirror)
    assert (before.name, after.name) == ("old", "new")
    assert {name: getattr(after, name) for name in shown} == {name: getattr(before, name) for name in shown}
    assert (after.due_date, after.permissions) == (moment, [{"id": 1, "who": None}])
    assert [list(entry.fields) for entry in log()][1:] == [["name"]]


def test_an_imported_id_outlives_its_remote_id(mirror: Mirror) -> None:
    """Where the identity table names another id, records and references use that one."""
    imported = uuid.uuid4()
    with transaction.atomic():
        Identity.objects.create(
            linked_account_id=mirror.account, model="ticketing.User", remote_id="7", record_id=imported
        )
    mirror.land(mirror.seen("1", creator="7"), mirror.seen("7", model=User, name="Bob"))

    assert ticket(mirror).creator == imported
    with transaction.atomic():
        assert User.objects.get(id=imported).name == "Bob"


def test_nothing_of_a_failed_transaction_stays(mirror: Mirror) -> None:
    """An error within the transaction takes back records, log and head."""

    def fail_after_landing() -> None:
        with store.entry(mirror.account) as entry:
            entry.land([mirror.seen("1", name="A")], store.Cause("pull"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_landing()

    assert log() == []


def test_rows_inside_others_are_stored_and_not_counted(mirror: Mirror) -> None:
    """A run's figures are of its own model, also where each ticket brings its users along."""
    user = mirror.seen("7", model=User, name="Bob", email_address=None)
    tally = mirror.land(replace(mirror.seen("1", name="A"), embedded=(user,)))

    assert (tally.seen, tally.added, tally.nulls) == (1, 1, {})
    assert set(tally.ids) == {(Ticket, "1"), (User, "7")}
    with transaction.atomic():
        assert User.objects.get().name == "Bob"


def test_what_may_be_read_again_is_told_also_where_it_stands_inside_others(mirror: Mirror) -> None:
    """Of a model without lists of its own nobody else would tell."""
    answer = replace(mirror.seen("1", name="A"), embedded=(mirror.seen("7", model=User, name="Bob"),))
    mirror.land(answer)
    known = len(log())
    with store.entry(mirror.account) as entry:
        entry.land([answer], store.Cause("pull"))
    unsaid = len(log())
    with store.entry(mirror.account) as entry:
        entry.land([answer], store.Cause("pull", shown_anew=True))

    assert (unsaid, len(log())) == (known, known + 2)


def test_an_answer_that_speaks_of_a_record_twice_is_not_late_for_itself(mirror: Mirror) -> None:
    """A user who stands in two tickets of one page is one record, with what either says of it."""
    began, ended = mirror.moments.draw(), mirror.moments.draw()
    tally = mirror.land(
        mirror.seen("7", model=User, started=began, arrived=ended, name="Bob"),
        mirror.seen("7", model=User, started=began, arrived=ended, email_address="bob@example.com"),
    )

    assert tally.late == []
    with transaction.atomic():
        bob = User.objects.get()
    assert (bob.name, bob.email_address) == ("Bob", "bob@example.com")


def test_confirming_a_thousand_records_takes_a_few_statements(
    mirror: Mirror, django_assert_max_num_queries: object
) -> None:
    """A new version of a mapping that changes nothing is not a statement for each record."""
    first, second = mirror.page(1000), mirror.page(1000)
    mirror.land(*first)
    with django_assert_max_num_queries(20), store.entry(mirror.account) as entry:  # type: ignore[operator]
        tally = entry.land(second, store.Cause("pull"), mapping_version="2")

    assert tally.unchanged == 1000


@pytest.mark.parametrize("model", [Ticket, User])
def test_a_thousand_records_land_in_a_few_statements(
    mirror: Mirror, model: type[CommonModel], django_assert_max_num_queries: object
) -> None:
    """The number of statements does not grow with the number of records."""
    page = mirror.page(1000, model=model)
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        tally = mirror.land(*page)

    assert tally.added == 1000
