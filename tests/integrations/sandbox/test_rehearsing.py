"""What a product developer rehearses with a sandbox, through the API and the ordinary kit."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from integrations.sandbox.service.endpoint import Endpoint
from tenants import apikeys
from tenants.models import ApiKey, LinkedAccount
from tenants.scope import scope
from tests.integrations.listener import Told, listening
from tests.integrations.sandbox.conftest import Account, MakeAccount, MakeRemote, linked
from tests.people import Person
from unified_api.link.linking import LinkRefused, Request, link
from unified_api.models.base import record_id
from unified_api.models.ticketing import Ticket
from unified_api.sync import job, steer, tasks
from unified_api.sync.models import Run, Stream, Write

TITLE = "Coffee machine is empty"


@pytest.fixture
def desk(account: MakeAccount) -> Account:
    """An account at a ticketing sandbox, of which nothing was read yet."""
    return account("ticketing")


def behave(one: Account, **told: Any) -> None:
    """Tell a sandbox how to behave, with the account's token."""
    sent = {"method": "PUT", "path": "/behaviour", "data": json.dumps(told)}
    answer = one.send("post", "passthrough", sent)
    assert (answer.status_code, answer.json()["status"]) == (200, 200), answer.content


def titled(one: Account, title: str = TITLE) -> list[dict[str, Any]]:
    """The sandbox's own tickets of this title."""
    return [row for row in one.remote.all("ticket") if row["subject"] == title]


def read(one: Account, model: str = "ticketing.Ticket", *, full: bool = False) -> None:
    """Have a model read now, to the end."""
    with one.person.at_work():
        stream = Stream.objects.get(model=model)
        (steer.read_everything if full else steer.read_now)(stream.id)
    do(one, "pull", stream.id)


def settle(one: Account) -> None:
    """Have writes of unknown outcome looked at now."""
    with one.person.at_work():
        left = list(Write.objects.filter(finished_at=None))
    assert left
    for write in left:
        do(one, "write", write.id)


def do(one: Account, kind: str, reference: uuid.UUID) -> None:
    """Do a job, due or not, until it rests."""
    with scope(one.person.tenant_id):
        lease = job.claim(kind, reference)
    while lease:
        tasks.do(lease, time.monotonic() + 20)
        with scope(one.person.tenant_id), transaction.atomic():
            busy = Stream.objects.filter(id=reference, status="SYNCING").exists()
        with scope(one.person.tenant_id):
            lease = job.claim(kind, reference) if busy else None


def test_writes_arrive_and_come_back(desk: Account) -> None:
    """A create and an update answer with the record as the sandbox has it, in the common words."""
    made = desk.send("post", "tickets", {"model": {"name": TITLE, "status": "ON_HOLD", "tags": ["kitchen"]}})
    record = made.json()["model"]
    changed = desk.send("patch", f"tickets/{record['id']}", {"model": {"status": "CLOSED", "due_date": None}})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert (record["name"], record["status"], record["tags"]) == (TITLE, "ON_HOLD", ["kitchen"])
    assert changed.json()["model"]["status"] == "CLOSED"
    [there] = titled(desk)
    assert (there["id"], there["state"]) == (record["remote_id"], "solved")


def test_a_file_of_the_sandbox_is_downloaded(desk: Account, served: str) -> None:
    """It comes through the API as it is."""
    read(desk, "ticketing.Attachment")
    [shown] = [row for row in desk.get("attachments")["results"] if row["file_name"] == "log-1.txt"]
    file = desk.fetch(f"attachments/{shown['id']}/download")

    assert shown["file_url"].startswith(served)
    assert b"".join(file.streaming_content) == b"This is log-1.txt.\n"


def test_a_file_is_uploaded(desk: Account, settings: Settings) -> None:
    """What is at the address that a caller names is in the sandbox afterwards, byte by byte."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    content = bytes(range(256))
    read(desk)
    with listening(lambda _: Told(body=content, headers={"Content-Type": "image/png"})) as elsewhere:
        about = {"file_name": "plan.png", "ticket": _ticket(desk), "file_url": f"{elsewhere.url}/plan.png"}
        made = desk.send("post", "attachments", {"model": about}).json()["model"]

    assert (made["file_name"], made["content_type"]) == ("plan.png", "image/png")
    there = desk.remote.call("GET", f"objects/attachment/{made['remote_id']}/content")
    assert (there.content, there.headers["Content-Type"]) == (content, "image/png")


def _ticket(one: Account) -> str:
    """The id of the first ticket."""
    return str(record_id(uuid.UUID(one.get("account-details")["id"]), Ticket, "ticket-1001"))


def test_a_write_whose_connection_broke_is_settled_and_never_doubled(desk: Account) -> None:
    """It was carried out before the break: 202 at first, then the record, and one of it."""
    read(desk)
    behave(desk, dropNext=1)
    answer = desk.send("post", "tickets", {"model": {"name": TITLE}})
    assert answer.status_code == 202
    assert len(titled(desk)) == 1
    settle(desk)

    assert len(titled(desk)) == 1
    assert [row["name"] for row in desk.get("tickets", name=TITLE)["results"]] == [TITLE]


def test_a_failure_is_told_and_nothing_is_done(desk: Account) -> None:
    """A 500 leaves the outcome of a write unknown; it is found not to be there, and the sandbox is well again."""
    behave(desk, failNext=1)
    answer = desk.send("post", "tickets", {"model": {"name": TITLE}})

    assert answer.status_code == 202
    assert titled(desk) == []
    assert desk.send("post", "tickets", {"model": {"name": f"{TITLE} again"}}).status_code == 201


def test_of_a_share_every_so_manieth_request_is_hit(desk: Account) -> None:
    """The half, so one and not the next, by status and message of choice."""
    behave(desk, failShare=0.5, failStatus=502)
    statuses = [desk.remote.call("GET", "account").status_code for _ in range(6)]

    assert statuses == [200, 502] * 3


def test_a_rate_limit_counts_down_and_says_when(desk: Account) -> None:
    """Beyond the limit 429 with Retry-After; where the behaviour is told, it does not count."""
    behave(desk, requestsPerMinute=2)
    answers = [desk.remote.call("GET", "account") for _ in range(5)]
    spent = next(answer for answer in answers if answer.status_code == 429)

    assert answers[0].headers["X-RateLimit-Remaining"] == "1"
    assert 0 < int(spent.headers["Retry-After"]) <= 60
    assert desk.remote.call("GET", "behaviour").json()["requestsPerMinute"] == 2


def test_latency_comes_before_every_answer(desk: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many seconds as were told."""
    waited: list[float] = []
    behave(desk, latencyMs=1500)
    monkeypatch.setattr(Endpoint, "sleep", staticmethod(waited.append))
    desk.remote.call("GET", "account")

    assert waited == [1.5]


def test_vanished_records_are_held_by_the_brake_and_come_back(desk: Account) -> None:
    """Half of them gone is more than a read may take away; when they are there again, nothing was lost."""
    read(desk)
    before = len(desk.get("tickets", page_size="100")["results"])
    behave(desk, vanishedShare=0.5)
    assert len(desk.remote.all("ticket")) < 0.7 * before
    read(desk, full=True)
    assert len(desk.get("tickets", page_size="100")["results"]) == before
    behave(desk)
    read(desk, full=True)

    assert len(desk.get("tickets", page_size="100")["results"]) == before


def test_a_deleted_record_is_found_by_a_complete_read(desk: Account) -> None:
    """It is marked as deleted there, and others stay."""
    read(desk)
    gone = desk.remote.all("ticket")[0]["id"]
    desk.remote.call("DELETE", f"objects/ticket/{gone}")
    read(desk, full=True)

    shown = {row["remote_id"]: row for row in desk.get("tickets", page_size="100")["results"]}
    every = desk.get("tickets", page_size="100", include_deleted_data="true")["results"]
    assert gone not in shown
    assert [row["remote_was_deleted"] for row in every if row["remote_id"] == gone] == [True]


def test_changes_are_read_alone(desk: Account) -> None:
    """After the first read only what changed since is asked for, and arrives."""
    read(desk)
    desk.remote.call("PATCH", "objects/ticket/ticket-1003", {"state": "working", "subject": TITLE})
    read(desk)
    with desk.person.at_work():
        last = Run.objects.latest("started")

    [row] = desk.get("tickets", name=TITLE)["results"]
    assert (row["remote_id"], row["status"]) == ("ticket-1003", "IN_PROGRESS")
    assert (last.mode, last.changed, last.seen <= 2) == ("changes", 1, True)  # and the newest of before


def test_pages_out_of_order_bring_everything(desk: Account) -> None:
    """Shuffled lists are another order of the same records, and are read like any."""
    in_order = [row["id"] for row in desk.remote.all("ticket")]
    behave(desk, shuffled=True)
    shuffled = [row["id"] for row in desk.remote.all("ticket")]
    read(desk)

    assert shuffled != in_order
    assert sorted(shuffled) == sorted(in_order)
    assert len(desk.get("tickets", page_size="100")["results"]) == len(in_order)


def test_a_behaviour_that_is_none_is_refused_by_name(desk: Account) -> None:
    """With what is due; and PATCH keeps what PUT forgets."""
    told = desk.remote.call("PUT", "behaviour", {"latencyMs": "long", "colour": "red", "failShare": 2})
    assert (told.status_code, set(told.json()["errors"])) == (422, {"latencyMs", "colour", "failShare"})
    desk.remote.call("PUT", "behaviour", {"dropNext": 3})
    desk.remote.call("PATCH", "behaviour", {"shuffled": True})
    both = desk.remote.call("GET", "behaviour").json()
    desk.remote.call("PUT", "behaviour", {"shuffled": True})

    assert (both["dropNext"], both["shuffled"]) == (3, True)
    assert desk.remote.call("GET", "behaviour").json()["dropNext"] == 0


def test_test_accounts_are_linked_at_sandboxes_only(alice: Person, remote: MakeRemote) -> None:
    """A test account at a sandbox is one, and so may be a production account; elsewhere a test account is refused."""
    rehearsal = linked(alice, remote("crm"), is_test=True)
    with alice.at_work():
        assert LinkedAccount.objects.get().is_test
    assert rehearsal.get("account-details")["account_type"] == "TEST"
    wish = Request("roundup", "customer-2", {"base_url": "https://bugs.example.com"}, is_test=True)
    with scope(alice.tenant_id), pytest.raises(LinkRefused, match="no sandbox"):
        link(wish)


def test_a_sandbox_that_is_elsewhere_is_named_with_its_setting(
    alice: Person, remote: MakeRemote, settings: Settings
) -> None:
    """Who runs the web server on another port learns which address was called, and by which setting to change it."""
    sandbox, settings.SANDBOX_URL = remote("ticketing"), "http://127.0.0.1:9/sandbox"

    with pytest.raises(LinkRefused, match=r"called at http://127\.0\.0\.1:9/sandbox, which is SANDBOX_URL"):
        linked(alice, sandbox)


def test_a_test_key_issues_no_link_to_another_system(alice: Person) -> None:
    """A link token that names one is refused at once."""
    with alice.at_work():
        _, key = apikeys.issue("test", ApiKey.Kind.TEST)
    about = dict.fromkeys(("end_user_email_address", "end_user_organization_name", "end_user_origin_id"), "x")
    for slug, status in (("roundup", 400), ("sandbox-ticketing", 200)):
        told = Client().post(
            "/api/ticketing/v1/link-token",
            json.dumps({**about, "categories": ["ticketing"], "integration": slug}),
            "application/json",
            headers={"Authorization": f"Bearer {key.reveal()}"},
        )
        assert told.status_code == status, told.content


def test_a_resync_is_allowed(alice: Person, remote: MakeRemote) -> None:
    """Of a test account too."""
    rehearsal = linked(alice, remote("ticketing"), is_test=True)

    assert rehearsal.send("post", "sync-status/resync", {}).status_code == 200


def test_a_relink_with_the_key_of_another_sandbox_is_refused(alice: Person, remote: MakeRemote) -> None:
    """The account is its sandbox; a key of another category is refused as well."""
    linked(alice, remote("ticketing"))

    with pytest.raises(LinkRefused, match="account"):
        linked(alice, remote("ticketing"))
    stranger = remote("crm")
    stranger.category = "ticketing"
    with pytest.raises(LinkRefused, match="not of ticketing"):
        linked(alice, stranger)


def test_the_guard_opens_for_the_account_alone(desk: Account, served: str, settings: Settings) -> None:
    """An address of this installation that a caller names for a file is not called, though the sandbox is."""
    assert settings.ALLOW_PRIVATE_HOSTS == []
    read(desk)
    body = {"model": {"file_name": "a.txt", "ticket": _ticket(desk), "file_url": f"{served}/v1/account"}}
    answer = desk.send("post", "attachments", body)

    assert answer.status_code == 400
    assert "private" in answer.content.decode()
