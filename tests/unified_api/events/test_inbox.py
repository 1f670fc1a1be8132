"""Webhooks that come in: who is believed, what is kept, and what is read again because of them."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from django.db import DataError
from psycopg import sql

from integrations.kit import errors
from integrations.kit.webhooks import Callback, Subscribed, Subscriptions
from tenants.models import LinkedAccount
from tenants.scope import scope
from tenants.vault import VaultError
from tests.people import Person
from tests.unified_api.api.conftest import caller
from tests.unified_api.events.conftest import SIGNED, UNSIGNED, Desk, MakeDesk
from unified_api import registry
from unified_api.events import addresses, following, receiving, subscribing
from unified_api.sync import by_id, clock, issues, job, steer, streams, tasks
from unified_api.sync.models import Job, Stream
from unified_api.sync.models_account import SyncCondition
from unified_api.sync.models_watch import Issue
from unified_api.sync.models_webhooks import WebhookAddress, WebhookEvent


def told(remote_id: Any, what: str = "ticket.changed") -> dict[str, Any]:
    """An event about a record."""
    return {"what": what, "id": remote_id}


def test_only_what_the_provider_signed_is_taken(hooked: MakeDesk, charlie: Person, desk: Any) -> None:
    """By its secret, for its address, and now; what another tenant's desk signs is nothing here."""
    hers = hooked()
    his = hooked(person=charlie)
    number = desk.add(title="Printer")
    yesterday = str(int(time.time()) - 86_400)

    assert hers.send(told(number)) == 202
    assert [hers.send(told(number), **kind) for kind in ({"secret": "other"}, {"secret": his.secret})] == [
        401
    ] * 2
    assert hers.send(told(number), stamp=yesterday) == 401
    assert caller().post(hers.path, b"{}", "application/json").status_code == 401
    hers.follow()
    his.follow()
    assert (hers.names(), his.names()) == (["Printer"], [])
    assert (hers.address().accepted, hers.address().refused, his.address().accepted) == (1, 4, 0)


def test_what_is_no_delivery_is_refused_before_it_is_read(hooked: MakeDesk) -> None:
    """Another method, no length, a body that is too large, an address that nobody has: nothing of it is kept."""
    one, client = hooked(), caller()
    large = b"x" * (receiving.MOST_BYTES + 1)
    lengthless = [
        client.post(one.path, b"", "text/plain", CONTENT_LENGTH=told) for told in ("", "\xb2", "-1")
    ]

    assert [getattr(client, method)(one.path).status_code for method in ("put", "delete")] == [405] * 2
    assert ([each.status_code for each in lengthless], one.send(large)) == ([411] * 3, 413)
    for path in ("/webhooks/iwh_none", f"{one.path}x", "/webhooks/%00", f"/webhooks/{one.linked.account.id}"):
        assert client.post(path, b"{}", "application/json").status_code == 404
    assert one.events() == []
    assert (one.address().accepted, one.address().refused) == (0, 0)


def test_who_looks_before_sending_finds_the_address(hooked: MakeDesk) -> None:
    """A GET of an address that somebody has is a success, and leaves nothing behind."""
    one = hooked()

    assert [caller().get(path).status_code for path in (one.path, "/webhooks/iwh_none")] == [200, 404]
    assert (one.events(), one.address().accepted) == ([], 0)


def test_what_cannot_be_stored_just_now_is_to_come_again(
    hooked: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database or a key that is away, and too many events that wait, are 503 with Retry-After."""
    one = hooked()
    monkeypatch.setattr(receiving, "MOST_WAITING", 1)
    assert [one.send(told(number)) for number in (1, 2, 3)] == [202, 202, 503]
    monkeypatch.setattr(addresses, "secrets_of", _away)
    answer = caller().post(one.path, b"{}", "application/json")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert len(one.events()) == 2


def _away(*_: object) -> Any:
    raise VaultError("the key is away")


def test_a_delivery_that_comes_again_is_stored_once(hooked: MakeDesk, desk: Any) -> None:
    """By the provider's id of it, as long as it is known; without one by its body, until it is taken."""
    one, number = hooked(), desk.add(title="Printer")
    assert [one.send(told(number), Event="e1") for _ in range(3)] == [202, 200, 200]
    assert [one.send(told(number)) for _ in range(2)] == [202, 200]
    one.follow()
    desk.edit(number, title="Another printer")
    assert (one.send(told(number), Event="e1"), one.send(told(number))) == (200, 202)
    one.follow()

    assert one.names() == ["Another printer"]
    assert one.outcomes() == ["read again"] * 3
    assert desk.log.count(("GET", f"/tickets/{number}")) == 2


def test_what_comes_during_a_read_is_read_again(
    hooked: MakeDesk, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same body may tell of a change that the read under way did not see."""
    one, number = hooked(), desk.add(title="Printer")
    real, answers = by_id.read_one, list[int]()

    def meanwhile(*args: Any, **more: Any) -> bool:
        there = real(*args, **more)
        if not answers:
            desk.edit(number, title="Another printer")
            answers.append(one.send(told(number)))
        return there

    monkeypatch.setattr(by_id, "read_one", meanwhile)
    one.send(told(number))
    one.follow()

    assert (answers, one.names()) == ([202], ["Another printer"])


def test_a_vendor_that_does_not_sign_gives_hints_only(hooked: MakeDesk, desk: Any) -> None:
    """Whatever the body says of a record, what is stored is what the provider answers with."""
    one = hooked(UNSIGNED)
    number = desk.add(title="Printer")
    lie = {**told(number), "title": "Owned", "record": {"id": number, "title": "Owned"}}

    assert caller().post(one.path, lie, "application/json").status_code == 202
    one.follow()
    assert one.names() == ["Printer"]
    assert one.address().refused == 0


def test_what_an_event_names_is_read_or_not(hooked: MakeDesk, desk: Any) -> None:
    """A record that is gone is marked; a model without reads by id has its list read; strangers end as such."""
    one = hooked()
    number = desk.add(title="Printer")
    one.linked.land(number, name="Printer")
    del desk.tables["tickets"][number]
    bodies: tuple[Any, ...] = (
        told(number),
        told("4711"),
        told(1, "tag.made"),
        told(1, "robot.made"),
        b"no json",
        [1],
        {},
    )
    assert [one.send(body) for body in bodies] == [202] * len(bodies)
    with one.linked.person.at_work():
        Job.objects.filter(kind=streams.KIND).delete()
    one.follow()

    unknown = "names nothing that is listened to"
    assert one.outcomes() == ["gone", "gone", "its list is read", *[unknown] * 4]
    assert one.names() == []
    with one.linked.person.at_work():
        asked = Stream.objects.get(id=Job.objects.get(kind=streams.KIND).reference)
    assert asked.model == "ticketing.Tag"


def test_what_another_one_was_merged_into_is_taken_in_if_it_is_wanted(hooked: MakeDesk, desk: Any) -> None:
    """An event of the record that is gone leads to the one that is left, and selective sync decides on that."""
    one = hooked()
    loser, wanted, other, second = (
        desk.add(title=title) for title in ("wanted", "wanted", "other", "wanted")
    )
    with one.linked.person.at_work():
        condition = {"field": "name", "operator": "EQUALS", "value": {"value": "wanted"}}
        SyncCondition.objects.create(
            linked_account_id=one.linked.account.id,
            model="ticketing.Ticket",
            created_at=clock.now(),
            **condition,
        )
    for number in (loser, second):
        one.send(told(number))
    one.follow()
    desk.merge(loser, wanted, redirects=True)
    desk.merge(second, other, redirects=True)
    desk.edit(wanted, text="of both")
    for number in (loser, second):
        one.send(told(number), Event=f"of {number}")
    one.follow()

    there = one.linked.get("tickets").json()["results"]
    assert [row["remote_id"] for row in there] == [wanted]
    assert one.outcomes()[2:] == ["gone", "gone"]


def test_nothing_is_read_that_may_not_be(hooked: MakeDesk, desk: Any) -> None:
    """Of a stream that a person paused, of a model that is disabled, and of what selective sync leaves out."""
    one = hooked()
    numbers = [desk.add(title=title) for title in ("wanted", "other")]
    account = one.linked.account
    with one.linked.person.at_work():
        condition = {"field": "name", "operator": "EQUALS", "value": {"value": "wanted"}}
        SyncCondition.objects.create(
            linked_account_id=account.id, model="ticketing.Ticket", created_at=clock.now(), **condition
        )
    for number in numbers:
        one.send(told(number))
    one.follow()
    assert one.names() == ["wanted"]

    with one.linked.person.at_work():
        stream = Stream.objects.get(model="ticketing.Ticket")
        steer.pause(stream.id)
    desk.edit(numbers[0], title="wanted still")
    one.send(told(numbers[0]))
    one.follow()
    with one.linked.person.at_work():
        steer.resume(stream.id)
        LinkedAccount.objects.update(permissions={"ticketing.Ticket": {"read": False}})
    one.send(told(numbers[0]), Event="later")
    one.follow()
    assert one.outcomes()[2:] == ["ticketing.Ticket is not read"] * 2
    assert desk.log.count(("GET", f"/tickets/{numbers[0]}")) == 1


def test_a_paused_account_is_not_called(hooked: MakeDesk, desk: Any) -> None:
    """One whose credential is refused is paused by it; events end, and what they told of is read after a relink."""
    one, number = hooked(), desk.add(title="Printer")
    desk.token = "another one"
    one.send(told(number))
    one.follow()
    calls = len(desk.log)
    one.follow()
    one.send(told(number), Event="later")
    one.follow()

    assert one.outcomes() == [following.PAUSED] * 2
    assert len(desk.log) == calls
    assert one.linked.stored(lambda: LinkedAccount.objects.get().status) == "RELINK_NEEDED"


def test_an_event_waits_for_a_provider_that_is_away(
    hooked: MakeDesk, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often that is asked, the event is not given up, and is followed once it answers."""
    one = hooked()
    one.send(told(desk.add(title="Printer")))
    with monkeypatch.context() as away:
        away.setattr(by_id, "read_one", Mock(side_effect=errors.RetryLater("busy")))
        for _attempt in range(9):
            one.follow()
    before = one.outcomes()
    one.follow()

    assert before == [""]
    assert (one.names(), one.outcomes()) == (["Printer"], ["read again"])


def test_an_event_that_fails_holds_up_no_other(
    hooked: MakeDesk, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something unexpected happens each time: after eight attempts it is given up."""
    one = hooked()
    number = desk.add(title="Printer")
    one.send(told("bad"))
    one.send(told(number))
    real = by_id.read_one

    def stubborn(line: Any, resource: Any, remote_id: str, *args: Any, **more: Any) -> bool:
        if remote_id == "bad":
            raise DataError("odd")
        return real(line, resource, remote_id, *args, **more)

    monkeypatch.setattr(by_id, "read_one", stubborn)
    for _attempt in range(9):
        with suppress(DataError):
            one.follow()
    assert one.names() == ["Printer"]
    assert [event.attempts for event in one.events()] == [7, 0]
    assert one.outcomes()[0].startswith("given up after 8 attempts")


def test_keys_of_receivers_count(hooked: MakeDesk, desk: Any) -> None:
    """What is set up by hand at the provider is signed by the key given here; what is not active is not followed."""
    one, number = hooked(), desk.add(title="Printer")
    for event, active in (("ticket.changed", True), ("ticket.removed", False)):
        body = {"event": event, "is_active": active, "key": f"key of {event}"}
        assert one.linked.send("post", "webhook-receivers", body).status_code == 200
    sent = [
        one.send(told(number, what), secret=f"key of {what}") for what in ("ticket.changed", "ticket.removed")
    ]
    assert (*sent, one.send(told(number, "ticket.removed"))) == (202, 401, 202)
    one.follow()

    assert one.outcomes() == ["read again", "names nothing that is listened to"]
    assert one.names() == ["Printer"]


def test_an_account_shows_where_its_webhooks_arrive(hooked: MakeDesk, settings: Any) -> None:
    """Below the public address; nowhere, while nobody outside could reach it."""
    one = hooked()
    assert one.linked.get("account-details").json()["webhook_listener_url"] is None
    settings.PUBLIC_URL = "https://isthmus.example.com"

    assert one.linked.get("account-details").json()["webhook_listener_url"] == settings.PUBLIC_URL + one.path


def test_events_are_forgotten_after_a_week(hooked: MakeDesk, desk: Any) -> None:
    """Followed or not; their bodies at once. Then nothing is left to do."""
    one = hooked()
    one.send(told(desk.add(title="Printer")))
    one.follow()
    assert [bytes(event.sealed_body) for event in one.events()] == [b""]
    week = clock.now() - following.KEPT - dt.timedelta(seconds=1)
    with one.linked.person.at_work():
        assert Job.objects.filter(kind=following.KIND).exists()
        WebhookEvent.objects.update(received_at=week)
    one.follow()

    assert one.events() == []
    with one.linked.person.at_work():
        assert not Job.objects.filter(kind=following.KIND).exists()


def test_another_remote_account_begins_anew(hooked: MakeDesk) -> None:
    """What the former one sent is forgotten, and what it goes on sending reaches nobody."""
    one = hooked()
    one.send(told(1))
    with one.linked.person.at_work():
        addresses.begin_anew(one.linked.account)
        addresses.made(one.linked.account)

    assert one.send(told(2)) == 404
    assert one.events() == []


def _subscribe(one: Desk) -> None:
    """Have the desk asked for webhooks now."""
    with one.linked.person.at_work():
        job.ask(subscribing.KIND, one.linked.account.id)
    with scope(one.linked.person.tenant_id):
        lease = job.claim(subscribing.KIND, one.linked.account.id)
        assert lease
    tasks.do(lease, time.monotonic() + 20)


def test_a_subscription_is_renewed_in_time(
    hooked: MakeDesk, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it lasts for so long only; the secret that the provider chose is the one that counts."""
    settings.PUBLIC_URL = "https://isthmus.example.com"
    asked: list[str] = []

    def make(_api: Any, callback: Callback) -> Subscribed:
        asked.append(callback.url)
        return Subscribed("s1", "their own secret")

    one = hooked(replace(SIGNED, subscriptions=Subscriptions(make, lambda _api, _id: None, lasts=1_000.0)))
    _subscribe(one)
    with one.linked.person.at_work():
        again = Job.objects.get(kind=subscribing.KIND)
        assert 700 < (again.due_at - clock.now()).total_seconds() < 801

    assert asked == [settings.PUBLIC_URL + one.path]
    assert (one.address().subscription, one.send(told(1), secret="their own secret")) == ("s1", 202)
    assert one.send(told(1)) == 401


def test_nothing_is_refused_while_a_provider_changes_its_secret(
    hooked: MakeDesk, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the new one before it is known here: asked again. By the former one: taken, for an hour."""
    settings.PUBLIC_URL = "https://isthmus.example.com"
    answers: list[int] = []

    def make(_api: Any, _callback: Callback) -> Subscribed:
        secret = f"secret {len(answers)}"
        answers.append(one.send(told(1), secret=secret))
        if len(answers) == 2:
            raise errors.Uncertain("cut")
        return Subscribed("s1", secret)

    one = hooked(replace(SIGNED, subscriptions=Subscriptions(make, lambda _api, _id: None)))
    _subscribe(one)
    assert one.send(told(2), secret="secret 0") == 202
    _subscribe(one)
    assert one.send(told(3), secret="secret 1") == 503
    _subscribe(one)

    assert answers == [503] * 3
    found = [one.send(told(10 + number), secret=f"secret {number}") for number in (2, 0, 1)]
    assert found == [202, 202, 401]
    monkeypatch.setattr(clock, "now", lambda: dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    later = str(int(time.time()) + 3_600)
    again = [one.send(told(4), secret=f"secret {number}", stamp=later) for number in (2, 0)]
    assert (again, one.address().refused) == ([202, 401], 2)


def test_a_former_secret_does_not_count_again_with_a_subscription_that_brings_none(
    hooked: MakeDesk, settings: Any
) -> None:
    """The hour for which it counts is that behind the secret that took its place."""
    settings.PUBLIC_URL = "https://isthmus.example.com"
    told_by = iter(["secret 0", "secret 1", None])
    way = Subscriptions(lambda _api, _callback: Subscribed("s1", next(told_by)), lambda _api, _id: None)
    one = hooked(replace(SIGNED, subscriptions=way))
    for _ in range(2):
        _subscribe(one)
    before = one.send(told(1), secret="secret 0")
    _subscribe(one)

    assert (before, one.send(told(2), secret="secret 0"), one.send(told(3), secret="secret 1")) == (
        202,
        401,
        202,
    )


def test_what_proves_nothing_is_refused_while_a_subscription_is_put_off(
    hooked: MakeDesk, settings: Any
) -> None:
    """A provider that may be asked in an hour has no secret that is not known yet: five in a row are an issue."""
    settings.PUBLIC_URL = "https://isthmus.example.com"

    def make(_api: Any, _callback: Callback) -> Subscribed:
        raise errors.RetryLater("not now", after=3_600)

    one = hooked(replace(SIGNED, subscriptions=Subscriptions(make, lambda _api, _id: None)))
    _subscribe(one)

    assert [one.send(told(number), secret="forged") for number in range(5)] == [401] * 5
    assert one.linked.stored(lambda: Issue.objects.filter(kind=issues.SIGNATURES).count()) == 1


def test_a_process_of_the_version_before_goes_on_making_addresses(
    hooked: MakeDesk, database: psycopg.Connection
) -> None:
    """While a new version comes up, one is made without a word of the newest column."""
    one = hooked()
    columns = [
        field.attname for field in WebhookAddress._meta.concrete_fields if field.name != "sealed_former"
    ]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    before = database.execute(
        sql.SQL("DELETE FROM sync_webhookaddress RETURNING {}").format(names)
    ).fetchone()
    assert before
    values = sql.SQL(", ").join(sql.Placeholder() * len(columns))
    database.execute(
        sql.SQL("INSERT INTO sync_webhookaddress ({}) VALUES ({})").format(names, values), before
    )

    assert (one.address().sealed_former, one.send(told(1))) == (b"", 202)


def test_a_subscription_that_is_there_still_is_left_and_one_that_is_missing_is_made_anew(
    hooked: MakeDesk, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for every day, where the provider can be asked; linking again, or a week, has it made anew in any case."""
    settings.PUBLIC_URL = "https://isthmus.example.com"
    made: list[str] = []
    there: dict[str, str] = {}
    looks: list[str] = []

    def make(_api: Any, callback: Callback) -> Subscribed:
        made.append(f"s{len(made) + 1}")
        there[made[-1]] = callback.url
        return Subscribed(made[-1])

    def is_active(_api: Any, subscription: str, callback: Callback) -> bool:
        looks.append(subscription)
        if looks[3:]:
            raise errors.Misconfigured("it cannot be asked")
        return there.get(subscription) == callback.url

    way = Subscriptions(make, lambda _api, _id: None, is_active=is_active)
    one = hooked(replace(SIGNED, subscriptions=way))
    for _ in range(2):
        _subscribe(one)
        with one.linked.person.at_work():
            again = Job.objects.get(kind=subscribing.KIND)
            assert 86_000 < (again.due_at - clock.now()).total_seconds() < 86_401
    assert (made, looks) == (["s1"], ["s1"])

    del there["s1"]
    _subscribe(one)
    assert (made, one.address().subscription) == (["s1", "s2"], "s2")
    settings.PUBLIC_URL = "https://elsewhere.example.com"
    _subscribe(one)
    assert (made[-1], looks) == ("s3", ["s1", "s1", "s2"])
    _subscribe(one)
    assert (made[-1], looks[3:]) == ("s4", ["s3"])
    with one.linked.person.at_work():
        subscribing.begin(one.linked.account)
    _subscribe(one)
    week = clock.now() + dt.timedelta(days=6)
    monkeypatch.setattr(clock, "now", lambda: week)
    _subscribe(one)
    assert (made[-1], looks[4:]) == ("s6", [])


def test_a_subscription_that_is_refused_is_an_issue(hooked: MakeDesk, settings: Any) -> None:
    """Until one succeeds, made anew within the week; one that is away is only asked again, a paused account is not."""
    settings.PUBLIC_URL = "https://isthmus.example.com"
    answers: list[Exception] = [
        errors.Forbidden("no right"),
        errors.RetryLater("busy"),
        errors.Uncertain("cut"),
    ]

    def make(_api: Any, _callback: Callback) -> Subscribed:
        if answers:
            raise answers.pop(0)
        return Subscribed("s1")

    one = hooked(replace(SIGNED, subscriptions=Subscriptions(make, lambda _api, _id: None)))
    for left in (2, 1, 0):
        _subscribe(one)
        assert len(answers) == left
        with one.linked.person.at_work():
            assert Job.objects.filter(kind=subscribing.KIND).exists() is (left < 2)
            assert [issue.kind for issue in Issue.objects.filter(status="ONGOING")] == [issues.SUBSCRIPTION]
    _subscribe(one)
    with one.linked.person.at_work():
        assert not Issue.objects.filter(status="ONGOING").exists()
        assert Job.objects.get(kind=subscribing.KIND).due_at > clock.now() + dt.timedelta(days=5)


def test_without_a_public_address_nothing_is_asked_for(hooked: MakeDesk) -> None:
    """Nor of a provider that sends nothing: it has no address at all."""
    one = hooked(replace(SIGNED, subscriptions=Subscriptions(_away, _away)))
    with one.linked.person.at_work():
        subscribing.begin(one.linked.account)
        assert not Job.objects.filter(kind=subscribing.KIND).exists()
    registry._providers["stub"] = replace(registry.by_slug("stub"), webhooks=None)
    with one.linked.person.at_work():
        assert addresses.made(one.linked.account) is None
    assert one.send(told(1)) == 404
