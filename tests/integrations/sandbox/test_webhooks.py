"""Webhooks of a sandbox, from the change there to the record here, and what is tried with their addresses."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from integrations.sandbox.models import SandboxDelivery, SandboxWebhook
from integrations.sandbox.service import announcing, delivering
from tenants.scope import scope
from tests.canary import every_row, found
from tests.integrations.listener import Told, listening
from tests.integrations.sandbox.conftest import Account, MakeAccount, MakeRemote
from tests.integrations.sandbox.test_rehearsing import TITLE, behave, read
from unified_api.events import following, receiving, subscribing
from unified_api.sync import clock, issues, job, tasks
from unified_api.sync.models import Job, Run
from unified_api.sync.models_watch import Issue
from unified_api.sync.models_webhooks import WebhookAddress, WebhookEvent

TICKET = "objects/ticket/ticket-1003"
WEBHOOKS = {announcing.KIND, following.KIND, subscribing.KIND}


@pytest.fixture
def desk(account: MakeAccount, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account at a ticketing sandbox that has been subscribed to, and whose tickets were read.

    What is held, or sent again, is not due before a test says so, however slow the machine is.
    """
    monkeypatch.setattr(announcing, "_HELD", timedelta(hours=1))
    monkeypatch.setattr(delivering, "_AGAIN", timedelta(hours=1))
    one = account("ticketing")
    work(one)
    read(one)
    return one


def work(one: Account, *, kinds: set[str] = WEBHOOKS) -> None:
    """Do what webhooks have to do by now, one after the other, and nothing that reads by the clock."""
    for kind in (subscribing.KIND, announcing.KIND, following.KIND):
        with one.person.at_work():
            due = Job.objects.filter(kind=kind, tenant_id=one.person.tenant_id)
            if kind == subscribing.KIND:  # what was subscribed to rests for days
                due = due.filter(due_at__lte=clock.now())
            references = list(due.values_list("reference", flat=True)) if kind in kinds else []
        for reference in references:
            with scope(one.person.tenant_id):
                lease = job.claim(kind, reference)
            if lease:
                tasks.do(lease, time.monotonic() + 20)


def names(one: Account, **query: str) -> list[str]:
    """The names of tickets, as the API has them."""
    return [row["name"] for row in one.get("tickets", page_size="100", **query)["results"]]


def stored(one: Account, model: type[Any]) -> list[Any]:
    """All rows of a tenant's table."""
    with one.person.at_work():
        return list(model.objects.order_by("id"))


def listener(one: Account) -> str:
    """The path at which webhooks of the account arrive."""
    url: str = one.get("account-details")["webhook_listener_url"]
    return url[url.index("/webhooks/") :]


def test_a_change_arrives_without_a_read_of_lists(desk: Account) -> None:
    """A new record, another value and a removal: each is told, and read again by its id."""
    runs = len(stored(desk, Run))
    made = desk.remote.call("POST", "objects/ticket", {"subject": TITLE, "state": "new"}).json()["id"]
    desk.remote.call("PATCH", TICKET, {"subject": f"{TITLE} again"})
    work(desk)

    assert {TITLE, f"{TITLE} again"} <= {*names(desk)}
    desk.remote.call("DELETE", f"objects/ticket/{made}")
    work(desk)
    assert TITLE not in names(desk)
    assert [
        row["remote_id"] for row in desk.get("tickets", include_deleted_data="true", name=TITLE)["results"]
    ] == [made]
    assert len(stored(desk, Run)) == runs
    assert [event.outcome for event in stored(desk, WebhookEvent)].count("read again") == 2


def test_a_sandbox_that_begins_anew_tells_of_what_was_touched(desk: Account) -> None:
    """And of nothing else."""
    before = sorted(names(desk))
    desk.remote.call("PATCH", TICKET, {"subject": TITLE})
    work(desk)
    assert TITLE in names(desk)
    desk.remote.call("POST", "account")
    work(desk)

    assert sorted(names(desk)) == before
    assert len(stored(desk, WebhookEvent)) == 2


def test_deliveries_that_come_twice_or_late_do_no_harm(desk: Account) -> None:
    """The first one of a change is followed; what is overtaken shows what is there now, not what it told of."""
    behave(desk, doubledWebhookShare=1, webhooksShuffled=True)
    for title in ("one", "two", TITLE):
        desk.remote.call("PATCH", TICKET, {"subject": title})
    work(desk)
    with desk.person.at_work():
        assert SandboxDelivery.objects.count() == 4  # of the first and the third
        SandboxDelivery.objects.update(due_at="2026-01-01T00:00:00Z")
    assert (TITLE in names(desk), "one" in names(desk)) == (True, False)
    work(desk)

    assert (TITLE in names(desk), "one" in names(desk), "two" in names(desk)) == (True, False, False)
    [address] = stored(desk, WebhookAddress)
    assert (address.accepted, len(stored(desk, WebhookEvent))) == (6, 3)


def test_a_delivery_that_is_lost_is_found_by_reading(desk: Account) -> None:
    """Webhooks only make it faster."""
    behave(desk, lostWebhookShare=1)
    desk.remote.call("PATCH", TICKET, {"subject": TITLE})
    work(desk)

    assert (TITLE in names(desk), stored(desk, SandboxDelivery)) == (False, [])
    read(desk)
    assert TITLE in names(desk)


def test_a_killed_worker_loses_no_event(desk: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """It had taken the event, and died before it read; who has the job next reads."""
    desk.remote.call("PATCH", TICKET, {"subject": TITLE})
    work(desk, kinds={announcing.KIND})
    with monkeypatch.context() as patch:
        patch.setattr(following.Following, "_read", _die)
        patch.setattr(tasks, "_give_back", lambda _lease: None)
        with pytest.raises(KeyboardInterrupt):
            work(desk)
    [event] = stored(desk, WebhookEvent)
    assert (event.taken_at is not None, event.ended_at, TITLE in names(desk)) == (True, None, False)
    with desk.person.at_work():
        Job.objects.filter(kind=following.KIND).update(leased_until=None)
    work(desk)

    assert TITLE in names(desk)
    [event] = stored(desk, WebhookEvent)
    assert (event.outcome, bytes(event.sealed_body)) == ("read again", b"")


def _die(*_: object) -> str:
    raise KeyboardInterrupt


def test_a_wrong_signature_is_counted_and_never_followed(desk: Account) -> None:
    """When all are wrong, that is an issue; it ends with the first one that is right."""
    behave(desk, forgedWebhookShare=1)
    for number in range(receiving.WORTH_A_LOOK):
        desk.remote.call("PATCH", TICKET, {"subject": f"forged {number}"})
    work(desk)
    [address] = stored(desk, WebhookAddress)
    [issue] = stored(desk, Issue)

    assert (address.accepted, address.refused, stored(desk, WebhookEvent)) == (0, 5, [])
    assert (issue.kind, issue.status, issue.linked_account_id) == (
        issues.SIGNATURES,
        "ONGOING",
        address.linked_account_id,
    )
    assert not [name for name in names(desk) if name.startswith("forged")]
    behave(desk)
    desk.remote.call("PATCH", TICKET, {"subject": TITLE})
    work(desk)
    assert TITLE in names(desk)
    assert [issue.status for issue in stored(desk, Issue)] == ["RESOLVED"]
    assert [address.refused_in_row for address in stored(desk, WebhookAddress)] == [0]


def test_a_delivery_that_is_not_taken_is_sent_again_a_few_times(
    desk: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ever later, where too many wait already; after six attempts it is lost."""
    monkeypatch.setattr(receiving, "MOST_WAITING", 0)
    for title in ("one", "two"):
        desk.remote.call("PATCH", TICKET, {"subject": title})
    work(desk, kinds={announcing.KIND})
    [waiting] = stored(desk, SandboxDelivery)
    assert (waiting.attempts, waiting.due_at - waiting.at > timedelta(minutes=59)) == (1, True)
    with desk.person.at_work():
        SandboxDelivery.objects.update(attempts=delivering.ATTEMPTS - 1, due_at=waiting.at)
    work(desk, kinds={announcing.KIND})

    assert stored(desk, SandboxDelivery) == []
    assert [address.accepted for address in stored(desk, WebhookAddress)] == [1]


def _account(one: Account) -> uuid.UUID:
    return uuid.UUID(one.get("account-details")["id"])


def test_the_end_of_an_account_ends_its_webhooks(desk: Account) -> None:
    """The sandbox is told; what is sent there later is 404, and what waited is erased."""
    path = listener(desk)
    desk.remote.call("PATCH", TICKET, {"subject": TITLE})
    work(desk, kinds={announcing.KIND})
    desk.send("post", "delete-account", None)
    work(desk)
    desk.work()

    assert stored(desk, SandboxWebhook) == stored(desk, WebhookEvent) == stored(desk, WebhookAddress) == []
    assert Client().post(path, b"{}", "application/json").status_code == 404


def test_who_answers_that_it_is_gone_is_told_no_more(desk: Account) -> None:
    """As vendors do; so a sandbox that outlives its account stops by itself."""
    behave(desk, dropNext=1, failShare=0)
    desk.remote.call("PUT", "behaviour", {"failShare": 1})
    desk.send("post", "delete-account", None)
    assert len(stored(desk, SandboxWebhook)) == 1
    desk.remote.call("PUT", "behaviour", {})
    desk.remote.call("PATCH", TICKET, {"subject": TITLE})
    work(desk)

    assert stored(desk, SandboxWebhook) == stored(desk, SandboxDelivery) == []


def test_subscribing_again_leaves_one(desk: Account) -> None:
    """A relink asks anew, under the same address."""
    account_id = _account(desk)
    with desk.person.at_work():
        job.ask(subscribing.KIND, account_id)
        before = SandboxWebhook.objects.get().id
    work(desk)

    assert [hook.id == before for hook in stored(desk, SandboxWebhook)] == [False]
    assert [str(hook.id) for hook in stored(desk, SandboxWebhook)] == [
        address.subscription for address in stored(desk, WebhookAddress)
    ]


def test_a_subscription_that_somebody_removed_is_made_anew_within_a_week(desk: Account) -> None:
    """Nobody tells that it is gone: each is asked for again in good time."""
    account_id = _account(desk)
    with desk.person.at_work():
        due = Job.objects.get(kind=subscribing.KIND, reference=account_id).due_at
    [hook] = desk.remote.call("GET", "webhooks").json()["webhooks"]
    assert desk.remote.call("DELETE", f"webhooks/{hook['id']}").ok
    with desk.person.at_work():
        Job.objects.filter(kind=subscribing.KIND).update(due_at=clock.now())
    work(desk)

    assert timedelta(days=5) < due - clock.now() < timedelta(days=7)
    assert len(desk.remote.call("GET", "webhooks").json()["webhooks"]) == 1


def test_under_a_new_name_of_the_installation_the_former_address_is_given_up(
    desk: Account, settings: Settings
) -> None:
    """When it is asked for anew, and not before."""
    account_id = _account(desk)
    for name in ("https://old.example.com", "https://new.example.com"):
        settings.PUBLIC_URL = name
        with desk.person.at_work():
            job.ask(subscribing.KIND, account_id)
        work(desk)

        [shown] = desk.remote.call("GET", "webhooks").json()["webhooks"]
        assert shown["url"].startswith(name)


def test_no_row_and_no_line_tells_how_webhooks_are_opened(
    desk: Account, database: Any, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the key in the address nor the secret that signs; the sandbox's list does not show the secret either."""
    desk.remote.call("PATCH", TICKET, {"subject": TITLE})
    key = listener(desk).rpartition("/")[2]
    for path in (f"/webhooks/{key}", f"/webhooks/{key}/more", f"/webhooks/{key}x"):
        Client().post(path, b"{}", "application/json")
        Client().get(path)
    work(desk)
    told = [*every_row(database), caplog.text, *capsys.readouterr()]

    assert found(key, told[: len(every_row(database))]) == []
    assert "iwh_..." in capsys.readouterr().err + "".join(told[-2:])
    shown = desk.remote.call("GET", "webhooks").json()["webhooks"]
    assert [set(one) for one in shown] == [{"id", "url"}]


ELSEWHERE = (
    "http://169.254.169.254/latest/meta-data",
    "http://127.0.0.1:5432/",
    "{home}/admin/",
    "{home}/sandbox/v1/account",
    "{home}/webhooks/../admin/",
    "{home}/webhooks/iwh_short",
    "{home}/webhooks/iwh_aaaaaaaaaaaaaaaaaaaaaaaa?x=1",
    "{home}/webhooks/iwh_aaaaaaaaaaaaaaaaaaaaaaaa/../../admin",
    "{home}/webhooks/iwh_aaaaaaaaaaaaaaaaaaaaaaaa%2f..",
    "{home}@evil.example/webhooks/iwh_aaaaaaaaaaaaaaaaaaaaaaaa",
    "{home}.evil.example/webhooks/iwh_aaaaaaaaaaaaaaaaaaaaaaaa",
    "{home}/webhooks/iwh_aaaaaaaaaaaaaaaaaaaaaaaa\r\nHost: evil",
    "https://hooks.example.com/webhooks/iwh_aaaaaaaaaaaaaaaaaaaaaaaa",
    "file:///etc/passwd",
    "",
    7,
)


def test_a_sandbox_sends_nothing_anywhere_else(remote: MakeRemote, served: str, settings: Settings) -> None:
    """No other host, port or path can be registered, however it is spelled; nor by who names an operator's own host."""
    settings.ALLOW_PRIVATE_HOSTS = ["169.254.169.254", "127.0.0.1"]
    home, desk = served.removesuffix("/sandbox"), remote("ticketing")
    for told in ELSEWHERE:
        url = told.format(home=home) if isinstance(told, str) else told
        answer = desk.call("POST", "webhooks", {"url": url, "secret": "s" * 20})
        assert (answer.status_code, set(answer.json()["errors"])) == (422, {"url"}), url
    assert desk.call("GET", "webhooks").json() == {"webhooks": []}


def test_what_is_registered_is_bounded(remote: MakeRemote, served: str) -> None:
    """Five addresses, secrets that are none are refused, and a webhook that is not there is 404."""
    desk, home = remote("ticketing"), served.removesuffix("/sandbox")

    def register(number: int, secret: Any = "s" * 20, **more: Any) -> int:
        url = f"{home}/webhooks/iwh_{number:030}"
        return desk.call("POST", "webhooks", {"url": url, "secret": secret, **more}).status_code

    assert [register(number) for number in (1, 2, 3, 4, 5, 5, 6)] == [201] * 6 + [422]
    assert [register(1, secret) for secret in ("short", "é" * 20, None, "s" * 500)] == [422] * 4
    assert register(1, colour="red") == 422
    for webhook in ("nothing", str(uuid.uuid4())):
        assert desk.call("DELETE", f"webhooks/{webhook}").status_code == 404


def test_deliveries_go_to_this_installation_whatever_it_is_called(desk: Account, settings: Settings) -> None:
    """Under its public name an address is known, and sent where the installation reaches itself."""
    account_id = _account(desk)
    with listening(lambda _: Told()) as elsewhere:
        settings.PUBLIC_URL = elsewhere.url
        with desk.person.at_work():
            job.ask(subscribing.KIND, account_id)
        work(desk)
        [shown] = desk.remote.call("GET", "webhooks").json()["webhooks"][-1:]
        desk.remote.call("PATCH", TICKET, {"subject": TITLE})
        work(desk)

    assert shown["url"].startswith(elsewhere.url)
    assert elsewhere.seen == []
    assert TITLE in names(desk)


def test_an_installation_under_a_new_name_still_delivers(desk: Account, settings: Settings) -> None:
    """What was registered under the old name is sent where the installation reaches itself."""
    account_id = _account(desk)
    settings.PUBLIC_URL = "https://old.example.com"
    with desk.person.at_work():
        job.ask(subscribing.KIND, account_id)
    work(desk)
    [registered] = desk.remote.call("GET", "webhooks").json()["webhooks"]
    settings.PUBLIC_URL = "https://new.example.com"
    desk.remote.call("PATCH", TICKET, {"subject": TITLE})
    work(desk)

    assert registered["url"].startswith("https://old.example.com")
    assert TITLE in names(desk)
