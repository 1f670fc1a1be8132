"""Writes whose outcome is unknown come to an end, and to the right one, whatever else happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from integrations.kit.endpoints import GET, PATCH, Api
from integrations.kit.lenses import choice, refs
from integrations.kit.mapping import Mapping
from integrations.kit.steps import owed
from tenants.models import LinkedAccount
from tenants.permissions import Say
from tests import stub
from tests.stub import Desk
from tests.unified_api.sync.conftest import Mirror
from tests.unified_api.sync.test_write import later, stored, submit, ticket
from unified_api import registry
from unified_api.link import linking
from unified_api.models.base import record_id
from unified_api.models.ticketing import Ticket, User
from unified_api.sync import by_id, connect, job, permissions, settle, store, tasks, values
from unified_api.sync.models import Sighting, Stream, Write, WriteState
from unified_api.sync.models_watch import Issue

Drain = Callable[[], int]


@pytest.fixture
def lagging(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> float:
    """The desk's lists lag behind its writes; by how many seconds."""
    seconds = 600.0
    tickets = replace(stub.TICKETS, read_lag=seconds)
    provider = replace(stub.PROVIDER, resources=(tickets, stub.USERS, stub.TAGS))
    monkeypatch.setitem(registry._providers, "stub", provider)
    return seconds


def test_a_delete_that_is_repeated_because_its_answer_was_lost_is_done(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A delete may leave twice, and the second time the record is gone: that is what was wanted."""
    remote_id = desk.add(title="A")
    work_until_idle()
    desk.cut_after_write = 1
    done = submit(account, "delete", ticket(account, remote_id).id)

    assert done.state == WriteState.DONE
    assert ticket(account, remote_id).remote_was_deleted


def test_an_uncertain_delete_that_a_sweep_noticed_is_done(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The record was marked as deleted by somebody else before the write was settled."""
    remote_id = desk.add(title="A")
    work_until_idle()
    record = ticket(account, remote_id)
    desk.cut_after_write = 99
    unknown = submit(account, "delete", record.id)
    desk.cut_after_write = 0
    assert unknown.state == WriteState.UNCERTAIN
    with store.entry(account.id) as entry:
        entry.remove(Ticket, [record.id], store.Cause("sweep"))
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.DONE


def test_a_list_that_left_before_a_delete_does_not_bring_the_record_back(mirror: Mirror) -> None:
    """A page that was asked for while the record was there is late once it is gone."""
    mirror.land(mirror.seen("1", name="A"))
    old = mirror.seen("1", name="A")
    with store.entry(mirror.account) as entry:
        assert entry.remove_remote(Ticket, "1", store.Cause("read"), asked=mirror.moments.draw())
    tally = mirror.land(old)

    assert tally.late == [(Ticket, "1")]
    with transaction.atomic():
        assert Ticket.objects.get().remote_was_deleted


def test_an_uncertain_update_of_a_record_that_moved_ends(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """It never arrived, and may not be sent again as somebody changed the record since the caller saw it."""
    remote_id = desk.add(title="A", text="old")
    work_until_idle()
    record = ticket(account, remote_id)
    desk.cut_after_write = 1
    unknown = submit(account, "update", record.id, name="B", if_version=values.version(record))
    desk.edit(remote_id, title="A", text="edited at the desk")
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.MOVED


def _title_then_text(api: Api, remote_id: str, said: dict[str, Any], _current: Any) -> None:
    """An update by a call for each field."""
    for name in ("title", "text"):
        if name in said:
            with owed(remote_id):
                api.send("PATCH", f"/tickets/{remote_id}", {name: said[name]})


@pytest.mark.parametrize("cautious", [False, True])
def test_an_update_of_which_the_second_call_never_left_is_brought_to_its_end(
    account: LinkedAccount,
    desk: Desk,
    work_until_idle: Drain,
    monkeypatch: pytest.MonkeyPatch,
    *,
    cautious: bool,
) -> None:
    """Only what is left is sent; what the first call changed is no reason to refuse that as moved."""
    steps = PATCH("/tickets/{remote_id}", send=_title_then_text, calls=2)
    provider = replace(stub.PROVIDER, resources=(replace(stub.TICKETS, update=steps), stub.USERS, stub.TAGS))
    monkeypatch.setitem(registry._providers, "stub", provider)
    remote_id = desk.add(title="A", text="old")
    work_until_idle()
    record = ticket(account, remote_id)
    seen = {"if_version": values.version(record), "expected": {"name": "A"}} if cautious else {}
    desk.cut_after_write = 1
    unknown = submit(account, "update", record.id, name="B", description="new", **seen)
    assert [desk.tables["tickets"][remote_id][name] for name in ("title", "text")] == ["B", "old"]
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    ended = stored(unknown)
    assert (ended.state, ended.error) == (WriteState.DONE, None)
    assert (ended.sent, ended.pre_image) == (
        {"name": "B", "description": "new"},
        {"name": "A", "description": "old"},
    )
    assert desk.tables["tickets"][remote_id]["text"] == "new"
    assert len(desk.writes()) == 2


def test_an_uncertain_update_of_a_field_that_was_disabled_since_is_left_to_a_person(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """What is not read any more does not tell whether it arrived, and may not be sent again."""
    remote_id = desk.add(title="A", text="old")
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "update", ticket(account, remote_id).id, description="new")
    desk.edit(remote_id, text="old")
    sent = desk.writes()
    with transaction.atomic():
        permissions.set_own(account, {"ticketing.Ticket": Say(fields={"description": False})})
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()
    ended = stored(unknown)

    assert (ended.state, desk.writes()) == (WriteState.UNCERTAIN, sent)
    assert "description of ticketing.Ticket may not be written" in str(ended.error)
    with transaction.atomic():
        assert Issue.objects.get(subject=unknown.id).kind == "uncertain"


def test_a_create_is_not_given_up_while_lists_lag(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, lagging: float
) -> None:
    """Where a search may not show the new record yet, its absence proves nothing."""
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer")
    [(remote_id, made)] = desk.tables["tickets"].items()
    desk.tables["tickets"].clear()
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()
    assert stored(unknown).state == WriteState.UNCERTAIN

    desk.tables["tickets"][remote_id] = made
    later(unknown, lagging)
    work_until_idle()

    assert stored(unknown).state == WriteState.DONE


def test_a_twin_is_not_taken_for_what_was_created_while_searches_lag(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, lagging: float
) -> None:
    """Somebody made a record of the same name; ours was created, its answer lost, and the search does not show it."""
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer")
    (ours,) = desk.tables["tickets"]
    hidden = desk.tables["tickets"].pop(ours)
    twin = desk.add(title="Printer")
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()
    desk.tables["tickets"][ours] = hidden
    assert stored(unknown).state == WriteState.UNCERTAIN
    assert stored(unknown).remote_id is None
    later(unknown, lagging)
    work_until_idle()

    assert stored(unknown).state == WriteState.UNCERTAIN
    assert {ours, twin} <= set(str(stored(unknown).error).replace(",", " ").split())


def test_nothing_is_asked_for_a_write_while_the_account_waits_for_a_relink(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """An uncertain write waits for the new credential instead of showing the refused one again and again."""
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer")
    with transaction.atomic():
        LinkedAccount.objects.update(status="RELINK_NEEDED")
    later(unknown, settle.STILL_UNDER_WAY + 1)
    asked = len(desk.log)
    work_until_idle()
    assert (len(desk.log), stored(unknown).state) == (asked, WriteState.UNCERTAIN)

    with transaction.atomic():
        LinkedAccount.objects.update(status="COMPLETE")
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(unknown).state == WriteState.DONE


def test_a_relink_takes_up_what_waited_for_it(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Nobody waits five minutes more for a write that the new credential can settle."""
    work_until_idle()
    desk.cut_after_write = 1
    unknown = submit(account, "create", name="Printer")
    with transaction.atomic():
        LinkedAccount.objects.update(status="RELINK_NEEDED")
    later(unknown, settle.STILL_UNDER_WAY + 1)
    work_until_idle()
    assert stored(unknown).state == WriteState.UNCERTAIN

    given = {"base_url": desk.url, "token": desk.token}
    assert linking.link(linking.Request("stub", "customer-1", given)).relinked
    work_until_idle()

    assert stored(unknown).state == WriteState.DONE


def test_a_write_is_done_though_its_late_answer_cannot_be_read_again(
    account: LinkedAccount, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something newer was stored than the answer of the write: failing to read it by id does not undo the write."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    honest = store.Store.land

    def land(self: store.Store, observations: object, *args: object, **options: object) -> store.Tally:
        tally = honest(self, observations, *args, **options)  # type: ignore[arg-type]
        tally.late = list(tally.ids)
        desk.refuse = [500] * 20
        return tally

    monkeypatch.setattr(store.Store, "land", land)
    done = submit(account, "create", name="Printer")

    assert (done.state, stored(done).state) == (WriteState.DONE, WriteState.DONE)


def test_a_list_that_lags_behind_a_delete_does_not_bring_the_record_back(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, lagging: float
) -> None:
    """A page that was asked for after the delete, and shows the record still, is late."""
    remote_id = desk.add(title="A")
    work_until_idle()
    submit(account, "delete", ticket(account, remote_id).id)
    mirror = Mirror(account.id)
    tally = mirror.land(mirror.seen(remote_id, name="A"))

    assert tally.late == [(Ticket, remote_id)]
    assert ticket(account, remote_id).remote_was_deleted


def test_an_uncertain_update_of_a_set_is_compared_as_a_set(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that shows the same elements in an order of its own has done what was asked."""
    mapping = Mapping(Ticket, remote_id="id", name="title", assignees=refs("people"))
    provider = replace(stub.PROVIDER, resources=(replace(stub.TICKETS, mapping=mapping), stub.USERS))
    monkeypatch.setitem(registry._providers, "stub", provider)
    bob, charlie = desk.add("users", name="Bob"), desk.add("users", name="Charlie")
    remote_id = desk.add(title="A", people=[])
    work_until_idle()
    ids = [record_id(account.id, User, user) for user in (bob, charlie)]
    desk.cut_after_write = 1
    unknown = submit(account, "update", ticket(account, remote_id).id, assignees=ids)
    desk.edit(remote_id, people=[charlie, bob])
    later(unknown, 3)
    work_until_idle()

    assert stored(unknown).state == WriteState.DONE
    assert len(desk.writes()) == 1


@pytest.fixture
def in_two_calls(account: LinkedAccount, monkeypatch: pytest.MonkeyPatch, work_until_idle: Drain) -> None:
    """The desk ignores the status of a create, so that an update follows."""
    status = choice("state", {"OPEN": "open", "CLOSED": "done"}, after_create=True)
    mapping = Mapping(Ticket, remote_id="id", name="title", status=status)
    provider = replace(stub.PROVIDER, resources=(replace(stub.TICKETS, mapping=mapping),))
    monkeypatch.setitem(registry._providers, "stub", provider)
    work_until_idle()


def half(account: LinkedAccount, desk: Desk, status: int) -> Write:
    """A create whose second call is answered with this status; the desk takes writes again afterwards."""
    desk.after_write = lambda: setattr(desk, "refuse_writes", status)
    made = submit(account, "create", name="Printer", status="CLOSED")
    desk.after_write, desk.refuse_writes = int, None
    return made


@pytest.mark.usefixtures("in_two_calls")
def test_a_create_that_ended_half_way_is_finished(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Its maker died before what a create cannot carry was sent: that is sent when the record is found."""
    desk.cut_after_write = 1
    half = submit(account, "create", name="Printer", status="CLOSED")
    later(half, 3)
    work_until_idle()

    assert stored(half).state == WriteState.DONE
    assert [one["state"] for one in desk.tables["tickets"].values()] == ["done"]
    assert ticket(account, stored(half).remote_id or "").status == "CLOSED"


@pytest.mark.usefixtures("in_two_calls")
def test_a_create_whose_second_call_failed_is_not_done_before_it_is_finished(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The provider was away after the first call: the write stays open, and its second call is made up for."""
    made = half(account, desk, 503)
    before = made.state
    later(made, 3)
    work_until_idle()

    assert (before, stored(made).state) == (WriteState.UNCERTAIN, WriteState.DONE)
    assert [one["state"] for one in desk.tables["tickets"].values()] == ["done"]
    assert ticket(account, stored(made).remote_id or "").status == "CLOSED"


@pytest.mark.usefixtures("in_two_calls")
def test_a_second_call_that_is_refused_shows_in_the_record(account: LinkedAccount, desk: Desk) -> None:
    """What the provider will never take does not keep the write open: the record is as it stands there."""
    made = half(account, desk, 400)

    assert made.state == WriteState.DONE
    assert ticket(account, made.remote_id or "").status is None


@pytest.mark.usefixtures("in_two_calls")
def test_a_record_whose_id_is_known_is_found_whatever_it_says_by_now(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """The provider told the id before the second call failed, so an edit since does not hide the record."""
    made = half(account, desk, 503)
    desk.edit(made.remote_id or "", title="Renamed")
    later(made, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(made).state == WriteState.DONE
    assert [(one["title"], one["state"]) for one in desk.tables["tickets"].values()] == [("Renamed", "done")]


@pytest.mark.usefixtures("in_two_calls")
def test_a_record_that_was_made_and_is_gone_by_now_was_not_applied(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Somebody deleted it before it was finished; another one that says the same is not taken for it."""
    made = half(account, desk, 503)
    remote_id = made.remote_id or ""
    del desk.tables["tickets"][remote_id]
    desk.add(title="Printer", state="open")
    later(made, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert stored(made).state == WriteState.NOT_APPLIED
    assert f"made as {remote_id}" in (stored(made).error or "")


@pytest.mark.usefixtures("in_two_calls")
def test_an_unfinished_record_is_not_taken_for_another_writes(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A create that did not arrive asks for the same: it is not applied, as the record has an owner."""
    ours = half(account, desk, 503)
    desk.refuse_writes = 503
    theirs = submit(account, "create", name="Printer", status="CLOSED")
    desk.refuse_writes = None
    later(theirs, settle.STILL_UNDER_WAY + 1)
    work_until_idle()
    later(ours, 3)
    work_until_idle()

    assert stored(theirs).state == WriteState.NOT_APPLIED
    assert stored(ours).state == WriteState.DONE


def _made_in_steps(api: Api, body: dict[str, Any]) -> str:
    made = str(api.send("POST", "/tickets", {"title": body["title"]})["id"])
    with owed(made):
        _listed(api, made, body)
    return made


def _listed(api: Api, made: str, body: dict[str, Any]) -> None:
    api.send("PATCH", f"/tickets/{made}", {"state": body["state"]})


@pytest.fixture
def unseen_until_complete(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    """The desk's tickets are made by a call, and shown after another one."""
    shown = GET("/tickets/{remote_id}", item="", then=lambda _, rows: [row for row in rows if "state" in row])
    tickets = replace(stub.TICKETS, get=shown, create=_made_in_steps, complete=_listed)
    provider = replace(stub.PROVIDER, resources=(tickets, stub.USERS, stub.TAGS))
    monkeypatch.setitem(registry._providers, "stub", provider)


@pytest.mark.usefixtures("unseen_until_complete")
def test_a_create_that_broke_off_before_its_record_could_be_seen_is_completed(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """It is not taken for a record that is gone, and so not made again: what is left of it is sent."""
    made = half(account, desk, 503)
    before = made.state
    later(made, settle.STILL_UNDER_WAY + 1)
    work_until_idle()

    assert (before, stored(made).state) == (WriteState.UNCERTAIN, WriteState.DONE)
    assert [(one["title"], one["state"]) for one in desk.tables["tickets"].values()] == [("Printer", "done")]


def test_two_lost_creates_do_not_settle_on_one_record(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker stores the record as its own write's between our search and our storing it."""
    desk.cut_after_write = 2
    ours, theirs = submit(account, "create", name="Printer"), submit(account, "create", name="Printer")
    desk.tables["tickets"].popitem()
    [remote_id] = desk.tables["tickets"]
    honest = store.entry

    @contextmanager
    def overtaken(*args: Any, **options: Any) -> Iterator[store.Store]:
        with transaction.atomic():
            found = record_id(account.id, Ticket, remote_id)
            Write.objects.filter(id=theirs.id).update(state=WriteState.DONE, record_id=found)
        with honest(*args, **options) as entry:
            yield entry

    monkeypatch.setattr(store, "entry", overtaken)
    later(ours, 3)
    lease = job.claim("write", ours.id)
    assert lease
    tasks.do(lease, 0.0)

    assert stored(ours).state == WriteState.UNCERTAIN


def test_a_model_whose_lists_prove_no_absence_is_not_swept_for_ever(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first run ends like any other: sightings are forgotten, and the next complete reading is due in time."""
    provider = replace(stub.PROVIDER, resources=(replace(stub.TICKETS, sweep=False), stub.USERS, stub.TAGS))
    monkeypatch.setitem(registry._providers, "stub", provider)
    desk.add(title="A")
    work_until_idle()

    with transaction.atomic():
        stream = Stream.objects.get(model="ticketing.Ticket")
        assert not Sighting.objects.exists()
    assert (stream.sweep, stream.status) == (None, "DONE")
    assert stream.last_sweep is not None


def read_one(account: LinkedAccount, remote_id: str) -> bool:
    """Read a ticket by its id, as after a webhook; whether it is there."""
    with connect.line(account) as line:
        resource = line.client.provider.resource(Ticket)
        assert resource is not None
        return by_id.read_one(line, resource, remote_id, store.Cause("read"))


@pytest.mark.usefixtures("lagging")
def test_a_read_by_id_that_says_nothing_new_makes_no_list_late(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Else each list would have the record read by id, and each of these reads the next list be late, for ever."""
    remote_id = desk.add(title="old")
    work_until_idle()
    assert read_one(account, remote_id)
    mirror = Mirror(account.id)
    tally = mirror.land(mirror.seen(remote_id, name="new"))

    assert tally.late == []


@pytest.mark.usefixtures("lagging")
@pytest.mark.parametrize("gone", [False, True])
def test_a_list_that_may_lag_behind_a_read_by_id_is_no_news(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, *, gone: bool
) -> None:
    """What a list shows so soon afterwards may be what was there before: the record is read by id once more."""
    remote_id = desk.add(title="old")
    work_until_idle()
    desk.edit(remote_id, title="new")
    if gone:
        desk.tables["tickets"].clear()
    assert read_one(account, remote_id) is not gone
    mirror = Mirror(account.id)
    tally = mirror.land(mirror.seen(remote_id, name="old"))

    assert tally.late == [(Ticket, remote_id)]
