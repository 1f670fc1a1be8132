"""`manage.py sync`: steering the streams of an account, and waiting for them."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from tenants.models import AuditEvent
from tests.people import Person
from tests.stub import Desk
from tests.unified_api.commands.conftest import AtDesk, Call, Printed
from unified_api.management.commands import sync
from unified_api.models.ticketing import Ticket
from unified_api.serve.heartbeat import Heartbeat
from unified_api.sync import clock
from unified_api.sync.models import Job, Run, Stream
from unified_api.sync.waiting import workers_run


def test_waiting_without_a_worker_does_the_work_itself(call: Call, desk: Desk, linked: AtDesk) -> None:
    """A script needs no worker: what it asked for is read when the command ends, and it says how."""
    desk.add(title="Broken chair", state="open")
    printed = call("sync", linked.account_id, "--wait", "--json")

    runs = {s["model"]: s["run"] for s in printed.document["streams"]}
    assert runs["ticketing.Ticket"] | {"requests": 0} == {
        "result": "DONE",
        "error": None,
        "seen": 1,
        "added": 1,
        "changed": 0,
        "unchanged": 0,
        "removed": 0,
        "set_aside": 0,
        "requests": 0,
    }
    assert "No worker is running" in printed.err
    assert "ticketing.Tag: DONE" in printed.err


def test_the_token_is_as_good_as_the_id(call: Call, desk: Desk, linked: AtDesk) -> None:
    """Either finds the account, and a model is found by its path, name or full name."""
    for name in ("tickets", "Ticket", "ticketing.ticket"):
        printed = call("sync", linked.token, "--model", name, "--wait", "--json")
        assert [s["model"] for s in printed.document["streams"]] == ["ticketing.Ticket"]
        assert linked.token not in printed.out + printed.err


def test_people_read_a_line_per_stream(call: Call, desk: Desk, linked: AtDesk) -> None:
    """The lines tell what the run saw."""
    desk.add(title="Broken chair", state="open")
    told = call("sync", linked.account_id, "--wait").out

    assert "MODEL" in told
    assert "1 seen, 1 added" in told


def test_a_run_that_is_overtaken_by_the_command_is_not_the_one_it_waits_for(
    call: Call, desk: Desk, linked: AtDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that is read all the time has one under way when a complete read takes its place: that one failed."""
    steer = sync._steer

    def overtaking(streams: list[Stream], options: dict[str, Any]) -> list[Stream]:
        for stream in streams:
            stream.run_id = Run.objects.create(stream_id=stream.id, mode="everything", started=clock.now()).id
            stream.save(update_fields=["run_id"])
        return steer(streams, options)

    monkeypatch.setattr(sync, "_steer", overtaking)
    document = call("sync", linked.account_id, "--model", "tickets", "--full", "--wait", "--json").document

    assert [stream["run"]["result"] for stream in document["streams"]] == ["DONE"]


def test_a_run_that_fails_ends_with_exit_status_1(call: Call, desk: Desk, linked: AtDesk) -> None:
    """The command fails with a sentence that names the models, after printing its document."""
    desk.refuse = [403]
    with pytest.raises(CommandError, match=r"1 of 1 streams were not read: ticketing.Tag"):
        call("sync", linked.account_id, "--model", "tags", "--wait", "--json")


def test_a_credential_that_is_refused_ends_the_waiting(
    call: Call, alice: Person, desk: Desk, linked: AtDesk
) -> None:
    """The first refusal stops all streams of the account: none is waited for for ever."""
    desk.token = "changed meanwhile"
    with pytest.raises(CommandError, match=r"3 of 3 streams were not read"):
        call("sync", linked.account_id, "--wait")
    with pytest.raises(CommandError, match=r"refuses the credential .* link it again"):
        call("sync", linked.account_id)


def test_paused_streams_are_left_alone_until_they_are_resumed(
    call: Call, alice: Person, desk: Desk, linked: AtDesk
) -> None:
    """Pausing takes the job away; asking for a paused stream is refused; resuming reads it."""
    paused = call("sync", linked.account_id, "--pause", "--json").document
    assert {s["paused_by"] for s in paused["streams"]} == {"command manage.py sync"}
    with alice.at_work():
        assert not Job.objects.filter(kind="pull").exists()
    with pytest.raises(CommandError, match=r"is paused; --resume goes on"):
        call("sync", linked.account_id, "--wait")

    resumed = call("sync", linked.account_id, "--resume", "--wait", "--json").document
    assert {s["run"]["result"] for s in resumed["streams"]} == {"DONE"}
    with alice.at_work():
        actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"stream.paused", "stream.resumed"} <= actions


def test_frequency_is_kept_and_must_be_sensible(call: Call, desk: Desk, linked: AtDesk) -> None:
    """A new frequency holds from now on; below a second it is refused."""
    document = call("sync", linked.account_id, "--model", "tags", "--frequency", "7.5", "--json").document
    assert document["streams"][0]["frequency"] == 7.5
    with pytest.raises(CommandError, match=r"every 1 s at the most often, not every 0.1 s"):
        call("sync", linked.account_id, "--frequency", "0.1")


def test_removals_that_the_brake_holds_can_be_allowed(
    call: Call, alice: Person, desk: Desk, linked: AtDesk
) -> None:
    """Too many removals wait for a person; --allow-removals lets this sweep, and only this, remove them."""
    for number in range(15):
        desk.add(title=f"Ticket {number}", state="open")
    ticket = ("sync", linked.account_id, "--model", "tickets", "--wait", "--json")
    call(*ticket)
    desk.tables["tickets"].clear()

    held = call(*ticket, "--full").document["streams"][0]
    assert (held["run"]["removed"], held["held_removals"]) == (0, 15)
    allowed = call(*ticket, "--allow-removals").document["streams"][0]
    assert (allowed["run"]["removed"], allowed["held_removals"]) == (15, 0)
    with alice.at_work():
        assert Ticket.objects.filter(remote_was_deleted=True).count() == 15
        assert Stream.objects.get(model="ticketing.Ticket").removals_allowed is False


def test_asking_without_waiting_leaves_the_work_to_workers(
    call: Call, alice: Person, desk: Desk, linked: AtDesk
) -> None:
    """The job is due, nothing has been read, and the command ends well."""
    document = call("sync", linked.account_id, "--json").document

    assert {s["run"] for s in document["streams"]} == {None}
    assert desk.log == [("GET", "/me")]
    with alice.at_work():
        assert Job.objects.filter(kind="pull").count() == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--model", "rockets"), r"no stream of 'rockets'; it has: ticketing.Tag, ticketing.Ticket"),
        (("--pause", "--wait"), r"exclude each other"),
        (("--pause", "--resume"), r"not allowed with"),
    ],
)
def test_what_makes_no_sense_is_refused(
    call: Call, desk: Desk, linked: AtDesk, words: tuple[str, ...], sentence: str
) -> None:
    """Contradictions and unknown models get a sentence."""
    with pytest.raises(CommandError, match=sentence):
        call("sync", linked.account_id, *words)


def test_an_unknown_account_is_refused(call: Call) -> None:
    """Neither an id nor a token: the sentence says where to look, and does not repeat the text."""
    with pytest.raises(CommandError, match=r"no linked account with this id or token") as refused:
        call("sync", "iat_somebodys-token")
    assert "somebodys" not in str(refused.value)


def test_a_worker_that_lives_is_seen(call: Call, desk: Desk, linked: AtDesk) -> None:
    """Streams are left to a worker for the background queue; one for other queues does not read them."""
    login = settings.APP_LOGIN
    here = connection.settings_dict["NAME"]
    for part, pulls in (("worker interactive", False), ("worker interactive background", True)):
        heart = Heartbeat(type(login)(here, login.user, login.password, login.host, login.port), part, 0.05)
        heart.start()
        try:
            _await_heart(call, part)
            assert workers_run() is pulls
        finally:
            heart.stop()
            heart.join()


def _await_heart(call: Call, part: str) -> None:
    for _ in range(400):
        shown: Printed = call("status", "--json")
        if part in shown.document["heartbeats"]:
            return
    raise AssertionError(part)
