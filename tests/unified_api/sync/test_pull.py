"""Streams: pages, cursors, sweeps, verdicts, and what errors of the provider make of them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.db import transaction
from django.db.models import F

from integrations.kit.errors import RetryLater
from tenants.models import LinkedAccount
from tests.stub import Desk
from unified_api.models.base import record_id
from unified_api.models.ticketing import Ticket, User
from unified_api.sync import clock, failing, job, pull, steer, streams, sweep, tasks, verdict
from unified_api.sync.limit import Purpose, SharedLimiter
from unified_api.sync.models import Change, Job, Run, SetAside, Sighting, Stream
from unified_api.sync.models_watch import Issue

Drain = Callable[[], int]


def stream(model: str = "ticketing.Ticket") -> Stream:
    """The stream as stored."""
    with transaction.atomic():
        found: Stream = Stream.objects.get(model=model)
    return found


def tickets() -> dict[str, Ticket]:
    """All tickets by remote id."""
    with transaction.atomic():
        return {t.remote_id or "": t for t in Ticket.objects.filter(is_shell=False)}


def again() -> None:
    """Have the ticket stream read again now, completely."""
    with transaction.atomic():
        streams.resync(stream())


def test_a_first_run_mirrors_every_page(account: LinkedAccount, desk: Desk, work_until_idle: Drain) -> None:
    """All pages land, relations included, and the stream and its run tell what was read."""
    author = desk.add("users", name="Bob", mail="bob@example.com")
    for number in range(12):
        desk.add(title=f"Ticket {number}", state="open", author=author)
    work_until_idle()

    assert len(tickets()) == 12
    assert next(iter(tickets().values())).creator == record_id(account.id, User, author)
    assert (stream().status, stream().is_initial, stream().error) == ("DONE", False, None)
    with transaction.atomic():
        run = Run.objects.get(stream_id=stream().id)
    assert (run.seen, run.added, run.requests) == (12, 12, 3)


def test_last_sync_finished_is_above_every_stamp_of_the_run(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A reader who asks for what was modified until then gets all rows of the run, and later rows exceed it."""
    desk.add(title="A")
    work_until_idle()
    finished = stream().last_finished
    desk.add(title="B")
    again()
    work_until_idle()

    stamps = sorted(t.modified_at for t in tickets().values())
    assert finished is not None
    assert stamps[0] <= finished < stamps[1]
    assert finished.microsecond % 1000 == 0


def test_a_run_cut_off_between_pages_goes_on_behind_the_last_one(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A slice that ends after each page reads no page twice and skips none."""
    for number in range(12):
        desk.add(title=f"Ticket {number}")
    for _ in range(10):
        if lease := job.claim_next(job.BACKGROUND) or job.claim_next(job.BULK):
            tasks.do(lease, 0.0)
    work_until_idle()

    assert len(tickets()) == 12
    assert [path for _, path in desk.log].count("/tickets") == 3


def test_a_deletion_is_found_by_the_sweep_and_confirmed_by_id(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A record that the complete list no longer shows is asked for by id before it is marked as deleted."""
    gone, stays = desk.add(title="gone"), desk.add(title="stays")
    work_until_idle()
    del desk.tables["tickets"][gone]
    again()
    work_until_idle()

    assert ("GET", f"/tickets/{gone}") in desk.log
    assert tickets()[gone].remote_was_deleted
    assert not tickets()[stays].remote_was_deleted
    with transaction.atomic():
        assert not Sighting.objects.exists()


def test_a_deletion_that_the_list_tells_is_taken_at_its_word(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Nobody asks by id; who comes back is restored, and one that was never known is not made."""
    gone, stranger = desk.add(title="gone"), desk.add(title="never seen", deleted=True)
    work_until_idle()
    desk.edit(gone, deleted=True, title=None)
    again()
    work_until_idle()
    marked = tickets()[gone]
    with transaction.atomic():
        run = Run.objects.filter(stream_id=stream().id).latest("started")
    desk.edit(gone, deleted=False, title="back")
    again()
    work_until_idle()

    assert (marked.remote_was_deleted, marked.name, run.removed) == (True, "gone", 1)
    assert stranger not in tickets()
    assert (tickets()[gone].remote_was_deleted, tickets()[gone].name) == (False, "back")
    assert not [path for _, path in desk.log if path.startswith("/tickets/")]


def test_many_deletions_are_found_a_few_at_a_time(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many records are gone, only some of them are held in memory at once, and none is forgotten."""
    monkeypatch.setattr(sweep, "AT_ONCE", 3)
    ids = [desk.add(title=f"Ticket {number}") for number in range(12)]
    work_until_idle()
    for remote_id in ids[:8]:
        del desk.tables["tickets"][remote_id]
    again()
    work_until_idle()

    assert sorted(r for r, t in tickets().items() if t.remote_was_deleted) == sorted(ids[:8])


def test_a_field_that_turned_null_keeps_the_stream_from_being_green(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """In every run until it says something again, also in one of few rows; or until nobody has missed it for a week."""
    ids = [desk.add(title=f"Ticket {number}", text="It is on fire") for number in range(12)]

    def read(text: str | None) -> tuple[str, bool]:
        for one in ids:
            desk.edit(one, text=text)
        again()
        work_until_idle()
        return stream().status, "description turned null in every row." in (stream().error or "")

    assert read("It is on fire") == ("DONE", False)
    assert [read(None), read(None)] == [("PARTIALLY_SYNCED", True)] * 2
    last = Run(stream_id=stream().id, started=clock.now(), seen=0)
    with transaction.atomic():
        assert verdict._lost(last) == ["description"]
        last.seen, last.nulls = 1, {}
        assert verdict._lost(last) == []
    assert read("It is out") == ("DONE", False)
    assert read(None) == ("PARTIALLY_SYNCED", True)
    with transaction.atomic():
        Run.objects.filter(stream_id=stream().id).update(started=F("started") - dt.timedelta(days=8))
    assert read(None) == ("DONE", False)


def test_the_brake_holds_a_sweep_that_would_remove_too_much(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Half of forty tickets gone at once is held for a person, whose permission lets the next sweep remove them."""
    ids = [desk.add(title=f"Ticket {number}") for number in range(40)]
    work_until_idle()
    for remote_id in ids[:20]:
        del desk.tables["tickets"][remote_id]
    again()
    work_until_idle()

    assert (stream().held_removals, stream().status) == (20, "PARTIALLY_SYNCED")
    assert "--allow-removals" in (stream().error or "")
    assert not any(t.remote_was_deleted for t in tickets().values())
    [issue] = ongoing()
    assert (issue.kind, issue.subject, issue.details["held"]) == ("removals", stream().id, 20)

    with transaction.atomic():
        steer.allow_removals(stream().id)
    assert ongoing() == []
    work_until_idle()

    assert sum(t.remote_was_deleted for t in tickets().values()) == 20
    assert (stream().held_removals, stream().status) == (0, "DONE")


def ongoing() -> list[Issue]:
    """What waits for a person."""
    with transaction.atomic():
        return list(Issue.objects.filter(status="ONGOING"))


def test_held_removals_are_told_until_the_records_are_back(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """One issue, however often the sweep meets them gone; it ends when they are there again."""
    for number in range(20):
        desk.add(title=f"Ticket {number}")
    work_until_idle()
    hidden = desk.tables["tickets"]
    desk.tables["tickets"] = {}
    for _ in range(2):
        again()
        work_until_idle()
    [issue] = ongoing()
    assert "20 records of ticketing.Ticket are gone" in issue.description

    desk.tables["tickets"] = hidden
    again()
    work_until_idle()
    assert ongoing() == []
    assert stream().held_removals == 0


def test_a_sweep_whose_sightings_were_lost_removes_nothing_and_begins_again(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A crash of the database empties the unlogged table; the sweep notices instead of removing everything."""
    for number in range(12):
        desk.add(title=f"Ticket {number}")
    work_until_idle()
    again()
    lease = job.claim("pull", stream().id)
    assert lease
    tasks.do(lease, 0.0)
    with transaction.atomic():
        Sighting.objects.all().delete()
    work_until_idle()

    assert not any(t.remote_was_deleted for t in tickets().values())
    assert stream().last_sweep is None

    again()
    work_until_idle()

    assert stream().last_sweep is not None


def test_a_sweep_looks_up_what_it_met_whatever_the_statistics_say(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Planned as a join from statistics of a time before the sweep, ten thousand records took a minute to compare."""
    desk.add(title="A")
    work_until_idle()
    unseen = sweep._unseen(stream(), Ticket, {"id": uuid.uuid4(), "began": 2**60})
    with transaction.atomic():
        plan = unseen.explain()

        assert unseen.count() == 1
    assert "SubPlan" in plan
    assert "Join" not in plan
    assert "Loop" not in plan


def test_a_record_that_does_not_map_is_set_aside_and_the_page_goes_on(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """One bad record costs neither its page nor its deletion: it is kept with a reason until it maps."""
    bad = desk.add(title="bad", updated="0000-00-00T00:00:00")
    desk.tables["tickets"][bad]["updated"] = "0000-00-00"
    desk.add(title="good")
    work_until_idle()

    with transaction.atomic():
        [aside] = SetAside.objects.all()
    assert (aside.remote_id, stream().status) == (bad, "PARTIALLY_SYNCED")
    assert "updated" in aside.reason
    assert [t.name for t in tickets().values()] == ["good"]

    desk.edit(bad, title="mended")
    again()
    work_until_idle()

    with transaction.atomic():
        assert not SetAside.objects.exists()
    assert stream().status == "DONE"


def test_an_unknown_word_passes_through_and_is_counted(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A state that the adapter has no word for is stored as the provider says it."""
    desk.add(title="A", state="in limbo")
    work_until_idle()

    [ticket] = tickets().values()
    assert ticket.status == "in limbo"
    with transaction.atomic():
        assert Run.objects.get(stream_id=stream().id).unknown_words == {"status: in limbo": 1}


def test_a_refused_credential_pauses_the_account_and_linking_again_goes_on(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A 401 marks the account as to be linked again; nothing more is asked of the provider until that happens."""
    desk.add(title="A")
    desk.token = "another one now"
    work_until_idle()
    asked = len(desk.log)
    work_until_idle()

    with transaction.atomic():
        account.refresh_from_db()
    assert account.status == "RELINK_NEEDED"
    assert "NeedsReauthorisation" in (stream().error or "")
    assert len(desk.log) == asked


def test_an_outage_is_retried_and_leaves_the_account_linked(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that is down puts the stream off; when it is back, the run is completed."""
    desk.add(title="A")
    desk.refuse = [500] * 60
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    work_until_idle()

    assert stream().status == "FAILED"
    assert "RetryLater" in (stream().error or "")
    with transaction.atomic():
        account.refresh_from_db()
        waiting = Job.objects.get(kind="pull", reference=stream().id)
        assert waiting.due_at - (stream().last_finished or waiting.due_at) > dt.timedelta(seconds=1)
    assert account.status == "COMPLETE"

    desk.refuse = []
    with transaction.atomic():
        job.ask("pull", stream().id)
    work_until_idle()

    assert stream().status == "DONE"
    assert len(tickets()) == 1


def test_a_provider_that_stays_down_is_asked_ever_later_but_at_least_once_a_minute() -> None:
    """A stream that is read every second does not knock every second for good."""
    down = RetryLater("down")
    delays = [failing.delay_after(down, 1.0, attempts) for attempts in (1, 2, 3, 5, 9)]

    assert delays == [2.0, 4.0, 8.0, 32.0, failing.LONGEST_OUTAGE]
    assert failing.delay_after(RetryLater("busy", after=7.0), 1.0, 9) == 7.0


def test_a_paused_stream_is_not_read_until_it_is_resumed(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Pausing strikes out the work that is due, resuming brings it back."""
    with transaction.atomic():
        streams.pause(stream(), "olga")
    desk.add(title="A")
    work_until_idle()
    assert (tickets(), stream().status) == ({}, "PAUSED")

    with transaction.atomic():
        streams.resume(stream())
    work_until_idle()

    assert len(tickets()) == 1


def test_an_overtaken_worker_commits_nothing(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """A worker that slept through its lease finds its fence passed: neither rows nor cursor of it are kept."""
    desk.add(title="A")
    lease = job.claim("pull", stream().id)
    assert lease
    with transaction.atomic():
        Job.objects.filter(id=lease.id).update(leased_until=clock.now())
    assert job.claim("pull", stream().id)
    tasks.do(lease, 0.0)

    assert tickets() == {}
    with transaction.atomic():
        assert not Change.objects.exists()
        assert Stream.objects.get(model="ticketing.Ticket").cursor is None


def test_a_stream_without_an_account_is_struck_out(account: LinkedAccount, work_until_idle: Drain) -> None:
    """A job whose stream is gone ends quietly."""
    with transaction.atomic():
        job.ask("pull", uuid.uuid4())
    work_until_idle()

    with transaction.atomic():
        assert Job.objects.filter(kind="pull").count() == 3


def test_a_run_that_waits_for_its_budget_has_not_failed(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is counted and no issue opens, however often; the run goes on where it was when there is room."""
    for number in range(12):
        desk.add(title=f"Ticket {number}", state="open")
    spent = iter([0.0, *[300.0] * 6])
    monkeypatch.setattr(SharedLimiter, "acquire", lambda _self, _cost: next(spent, 0.0))
    for _ in range(20):
        work_until_idle()
        with transaction.atomic():
            Job.objects.update(due_at=clock.now(), leased_until=None)
            seen = list(Stream.objects.values_list("failures", "status"))
        assert all(one[0] == 0 and one[1] != "FAILED" for one in seen)

    assert next(spent, None) is None
    assert len(tickets()) == 12
    with transaction.atomic():
        assert not Issue.objects.exists()
        assert set(Run.objects.values_list("result", flat=True)) == {"DONE"}


def test_only_the_first_reading_of_everything_leaves_the_most(account: LinkedAccount) -> None:
    """Later complete readings also find what changed, so that they may not stop long before changes would."""
    assert pull._purpose(Stream(is_initial=True)) is Purpose.EVERYTHING
    assert pull._purpose(Stream(is_initial=False, sweep=uuid.uuid4())) is Purpose.CHANGES
