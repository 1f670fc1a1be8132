"""What operators do: streams, accounts and keys are steered, and every step is on record."""

from __future__ import annotations

import pytest

from tenants import apikeys
from tenants.models import ApiKey, AuditEvent, LinkedAccount
from tests.people import Person
from tests.unified_api.admin.conftest import Operator, text
from unified_api.admin import actions
from unified_api.sync import streams
from unified_api.sync.models import Job, Stream


@pytest.fixture
def stream(alice: Person, grace: Operator) -> Stream:
    """A stream of Alice's customer; Grace has chosen Alice's tenant."""
    account, _ = alice.link()
    with alice.at_work():
        made: Stream = Stream.objects.create(linked_account_id=account.id, model="ticketing.Ticket")
        streams.resume(made)
    grace.enter(alice)
    return made


def trail(alice: Person) -> list[tuple[str, str, str]]:
    """What Grace did to Alice's things."""
    with alice.at_work():
        events = AuditEvent.objects.filter(actor="grace").exclude(action="console.entered").order_by("at")
        return [(e.actor_kind, e.action, e.subject) for e in events]


def test_a_stream_is_paused_and_resumed(grace: Operator, alice: Person, stream: Stream) -> None:
    """Pausing takes the job away and says who did it; resuming asks for it again."""
    assert grace.act(Stream, "pause", stream).status_code == 302
    with alice.at_work():
        assert Stream.objects.get().paused_by == "operator grace"
        assert not Job.objects.exists()
    grace.act(Stream, "resume", stream)
    with alice.at_work():
        assert Stream.objects.get().paused_by is None
        assert Job.objects.get().reference == stream.id

    assert trail(alice) == [
        ("operator", "stream.paused", str(stream.id)),
        ("operator", "stream.resumed", str(stream.id)),
    ]


def test_reading_everything_again_is_asked_twice(grace: Operator, alice: Person, stream: Stream) -> None:
    """The first click shows what it means; only the second does it."""
    asked = grace.act(Stream, "read_everything", stream)
    assert "as many requests as the first time" in text(asked)
    assert trail(alice) == []

    grace.act(Stream, "read_everything", stream, confirmed="yes")
    with alice.at_work():
        assert Stream.objects.get().mode == "everything"
    assert trail(alice) == [("operator", "stream.resynced", str(stream.id))]


def test_removals_are_allowed_for_one_sweep(grace: Operator, alice: Person, stream: Stream) -> None:
    """The stream is read again from the start, and this time may remove what is gone."""
    grace.act(Stream, "allow_removals", stream, confirmed="yes")
    with alice.at_work():
        assert Stream.objects.get().removals_allowed is True
    assert trail(alice) == [("operator", "stream.removals_allowed", str(stream.id))]


def test_an_account_is_paused_with_all_its_streams(grace: Operator, alice: Person, stream: Stream) -> None:
    """Pausing an account pauses its streams; resuming resumes them."""
    with alice.at_work():
        account = LinkedAccount.objects.get()
    grace.act(LinkedAccount, "pause", account)
    with alice.at_work():
        assert Stream.objects.get().paused_by == "operator grace"
    grace.act(LinkedAccount, "resume", account)
    with alice.at_work():
        assert Stream.objects.get().paused_by is None
    assert [action for _, action, _ in trail(alice)] == [
        "stream.paused",
        "account.paused",
        "stream.resumed",
        "account.resumed",
    ]


def test_a_key_is_revoked_after_a_second_question(grace: Operator, alice: Person, stream: Stream) -> None:
    """A revoked key opens nothing, which cannot be undone, so it is asked twice."""
    with alice.at_work():
        key = ApiKey.objects.get()
    assert "cannot be undone" in text(grace.act(ApiKey, "revoke", key))
    assert apikeys.authenticate(alice.api_key) is not None
    grace.act(ApiKey, "revoke", key, confirmed="yes")

    assert apikeys.authenticate(alice.api_key) is None
    assert trail(alice) == [("operator", "api_key.revoked", str(key.id))]


def test_reading_now_only_asks(grace: Operator, alice: Person, stream: Stream) -> None:
    """The stream's job becomes due; its cursor and schedule stay."""
    grace.act(Stream, "read_now", stream)
    with alice.at_work():
        assert Job.objects.get().asked == 2


def test_one_action_steers_no_more_than_it_should(
    grace: Operator, alice: Person, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many rows at once are refused with a sentence, and none is steered."""
    monkeypatch.setattr(actions, "MOST", 0)
    grace.act(Stream, "pause", stream)

    assert "Choose 0 at the most at a time." in text(grace.get("sync/stream/"))
    assert trail(alice) == []
