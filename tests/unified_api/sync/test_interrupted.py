"""What happens between two commits: death, deadlocks, a relink, long calls. Nothing is lost or done twice."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from integrations.kit import errors
from integrations.kit.client import Client
from tenants import accounts
from tenants.models import LinkedAccount
from tenants.vault import Secret
from tests.stub import TICKETS, Desk
from tests.unified_api.sync.conftest import Mirror
from unified_api.models.base import record_id
from unified_api.models.ticketing import Tag, Ticket
from unified_api.sync import clock, connect, job, steer, streams, tasks
from unified_api.sync.models import Job, SetAside, Sighting, Stream

Drain = Callable[[], int]


def stream(model: str = "ticketing.Ticket") -> Stream:
    """The stream as stored."""
    with transaction.atomic():
        found: Stream = Stream.objects.get(model=model)
    return found


def claimed(model: str = "ticketing.Ticket") -> job.Lease:
    """The stream's job, held."""
    lease = job.claim(streams.KIND, stream(model).id)
    assert lease is not None
    return lease


def ticket(account: LinkedAccount, remote_id: str) -> Ticket:
    """The ticket as stored."""
    with transaction.atomic():
        found: Ticket = Ticket.objects.get(id=record_id(account.id, Ticket, remote_id))
    return found


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """No statement of this thread waits longer for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{seconds}s'")
        yield
        cursor.execute("RESET lock_timeout")


@pytest.fixture
def overtake(monkeypatch: pytest.MonkeyPatch, account: LinkedAccount) -> Callable[..., None]:
    """While the next page is on its way, a read by id of one of its records is stored: the page is late for it."""

    def arrange(remote_id: str, model: type[Ticket | Tag] = Ticket) -> None:
        honest = Client.pages

        def pages(client: Client, *args: object, **options: object) -> Iterator[object]:
            for page in honest(client, *args, **options):  # type: ignore[arg-type]
                other = Mirror(account.id)
                other.land(other.seen(remote_id, model=model, name="newer", shape="get"))
                yield page

        monkeypatch.setattr(Client, "pages", pages)

    return arrange


def test_a_late_record_is_read_again_by_whoever_comes_after_a_death(
    account: LinkedAccount,
    desk: Desk,
    overtake: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker dies after the page landed and before its late record was read: the cursor still stands before it."""
    remote_id = desk.add(title="true")
    overtake(remote_id)

    def die(*_args: object, **_options: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(Client, "read", die)
    with pytest.raises(ZeroDivisionError):
        tasks.do(claimed(), time.monotonic() + 20)

    assert stream().cursor is None


def test_a_late_record_without_a_read_by_id_waits_for_the_next_list(
    account: LinkedAccount, desk: Desk, overtake: Callable[..., None]
) -> None:
    """A model that the provider only lists does not fail when something newer than its page was stored."""
    remote_id = desk.add("tags", name="true")
    overtake(remote_id, Tag)
    tasks.do(claimed("ticketing.Tag"), time.monotonic() + 20)

    assert (stream("ticketing.Tag").status, stream("ticketing.Tag").error) == ("DONE", None)


def test_a_late_record_that_cannot_be_read_by_id_is_set_aside(
    account: LinkedAccount, desk: Desk, overtake: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the provider refuses to show alone costs neither the page nor the run."""
    remote_id = desk.add(title="true")
    overtake(remote_id)

    def refuse(*_args: object) -> None:
        raise errors.Forbidden("not this one", request="GET /tickets/1")

    monkeypatch.setattr(Client, "read", refuse)
    tasks.do(claimed(), time.monotonic() + 20)

    assert stream().status == "PARTIALLY_SYNCED"
    with transaction.atomic():
        assert SetAside.objects.get().remote_id == remote_id


def test_a_refused_credential_waits_for_no_other_job(
    account: LinkedAccount, desk: Desk, database: psycopg.Connection
) -> None:
    """All streams are refused at once; none takes another's job, which would be a deadlock with the feed's head."""
    other = stream("ticketing.User").id
    desk.token = "another one now"
    lease = claimed()
    with database.transaction(), patience(2):
        database.execute("SELECT 1 FROM sync_job WHERE reference = %s FOR UPDATE", [other])
        tasks.do(lease, time.monotonic() + 20)

    with transaction.atomic():
        account.refresh_from_db()
    assert account.status == "RELINK_NEEDED"


def test_an_old_credential_that_is_refused_does_not_stop_a_new_one(
    account: LinkedAccount, desk: Desk
) -> None:
    """The account was linked again while a call with the former credential was under way."""
    accounts.link(
        category="ticketing",
        integration="stub",
        end_user_origin_id="customer-1",
        settings={"base_url": desk.url},
        credential={"token": Secret("new")},
        remote_identity=desk.account,
    )
    connect.pause(account, "refused")

    with transaction.atomic():
        account.refresh_from_db()
    assert account.status == "COMPLETE"


def test_a_resync_of_an_account_waits_for_work_under_way_before_it_takes_a_stream(
    account: LinkedAccount, database: psycopg.Connection
) -> None:
    """Work holds its job before its stream; who takes them the other way round is caught in a deadlock with it."""
    held = stream("ticketing.Tag")
    with database.transaction(), patience(1):
        database.execute("SELECT 1 FROM sync_job WHERE reference = %s FOR UPDATE", [held.id])
        with pytest.raises(Exception, match="lock timeout"), transaction.atomic():
            steer.read_account_again(account.id)
        database.execute("SELECT 1 FROM sync_stream WHERE id = %s FOR UPDATE NOWAIT", [held.id])


def test_a_call_that_takes_long_keeps_its_lease(account: LinkedAccount, desk: Desk) -> None:
    """Every request renews the lease, so that many of them for one page do not pass the job to another worker."""
    lease = claimed()
    with connect.line(account, lease) as line:
        with transaction.atomic():
            Job.objects.filter(id=lease.id).update(leased_until=clock.now())
        line.client.recent(TICKETS, {"name": "x"})

    assert job.claim(streams.KIND, lease.reference) is None


def test_a_worker_that_wakes_after_its_lease_sends_nothing_more(account: LinkedAccount, desk: Desk) -> None:
    """Whoever was overtaken does not even ask the provider, least of all write to it."""
    lease = claimed()
    with transaction.atomic():
        Job.objects.filter(id=lease.id).update(leased_until=clock.now())
    claimed()
    with connect.line(account, lease) as line, pytest.raises(job.Overtaken):
        line.client.create(TICKETS, {"name": "too late"})

    assert desk.log == []


def test_a_resync_forgets_what_the_sweep_under_way_has_seen(account: LinkedAccount, desk: Desk) -> None:
    """Sightings of a sweep that nobody will end do not stay."""
    for number in range(12):
        desk.add(title=f"Ticket {number}")
    tasks.do(claimed(), 0.0)
    with transaction.atomic():
        assert Sighting.objects.exists()
        steer.read_everything(stream().id)
        assert not Sighting.objects.exists()


def test_a_list_without_filter_shows_each_time_what_is_gone(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Where every run reads the complete list, a deletion is seen by the next run and not the next day."""
    gone = desk.add(title="gone")
    work_until_idle()
    del desk.tables["tickets"][gone]
    with transaction.atomic():
        job.ask(streams.KIND, stream().id)
    work_until_idle()

    assert ticket(account, gone).remote_was_deleted


def test_a_worker_that_lost_the_database_gives_its_job_back_when_it_is_there_again(
    tenant: uuid.UUID, no_broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart of Postgres delays what was under way by seconds, and not by a whole lease."""
    monkeypatch.setattr(tasks, "LOOK", 0.0)
    honest, away = (
        job.put_off,
        [OperationalError("server closed the connection"), OperationalError("starting up")],
    )

    def lose(*_args: object) -> None:
        raise OperationalError("server closed the connection")

    def put_off(lease: job.Lease, delay: float) -> None:
        if away:
            raise away.pop()
        honest(lease, delay)

    monkeypatch.setitem(tasks.HANDLERS, "pull", lose)
    monkeypatch.setattr(job, "put_off", put_off)
    job.ask("pull", uuid.uuid4())
    lease = job.claim_next(job.BACKGROUND)
    assert lease
    with pytest.raises(OperationalError):
        tasks.do(lease, time.monotonic() + 20)

    assert away == []
    assert job.claim(lease.kind, lease.reference)


def test_work_asked_for_during_a_failure_is_not_put_off(tenant: uuid.UUID, no_broker: None) -> None:
    """A setting that is mended while its stream fails is tried at once."""
    reference = uuid.uuid4()
    job.ask("pull", reference)
    lease = job.claim_next(job.BACKGROUND)
    assert lease
    job.ask("pull", reference)
    job.put_off(lease, 600.0)

    assert job.claim_next(job.BACKGROUND)
