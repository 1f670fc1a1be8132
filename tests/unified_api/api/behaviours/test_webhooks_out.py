"""Webhooks that Isthmus sends: what is told, in which form, and what becomes of it where nobody takes it."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import json
import socket
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.kit.transport import Limits
from tenants import apikeys, secrets
from tenants.scope import scope
from tenants.vault import Secret
from tests import stub
from tests.people import Person
from tests.unified_api.api import receiver
from tests.unified_api.api.account.test_scopes import say
from tests.unified_api.api.conftest import Link, Linked, caller
from tests.unified_api.api.pushing import product_of
from tests.unified_api.api.receiver import Receiver
from tests.unified_api.sync.test_interrupted import patience
from unified_api.api.concealing import conceal
from unified_api.events import hooks, messages, outbox, posting, standing
from unified_api.link import linking
from unified_api.models.base import common_models
from unified_api.models.ticketing import Tag, User
from unified_api.sync import clock, connect, issues, job, steer, tasks
from unified_api.sync.memory import changes
from unified_api.sync.models import Change, Job, Stream
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_hooks import Hook, Notice
from unified_api.sync.models_watch import Issue

URL = "/api/sync/v1/webhooks"
OF_TICKETS = ("Ticket.added", "Ticket.changed", "Ticket.removed")
#: Moves the clock on, and has hooks look.
Later = Callable[[dt.timedelta], None]


@pytest.fixture
def product() -> Iterator[Receiver]:
    """Where Alice's product listens."""
    with receiver.running() as running:
        yield running


@pytest.fixture
def quiet(alice: Person, link: Link) -> Linked:
    """An account of which nothing is read: it has what a test lands."""
    return link(alice, streams=False)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between tries, which take no time."""
    pauses: list[float] = []
    monkeypatch.setattr(connect, "OUTSIDE", replace(connect.OUTSIDE, sleep=pauses.append))
    return pauses


@pytest.fixture
def later(quiet: Linked, monkeypatch: pytest.MonkeyPatch) -> Later:
    """Time passes at once."""
    ahead = dt.timedelta()

    def pass_by(time: dt.timedelta) -> None:
        nonlocal ahead
        ahead += time
        began = dt.datetime.now(dt.UTC) + ahead
        monkeypatch.setattr(clock, "now", lambda: began)
        with scope(quiet.person.tenant_id):
            outbox.stir()
        quiet.work()

    return pass_by


def hooked(person: Person, product: Receiver, *events: str, **more: Any) -> tuple[Hook, str]:
    """A hook of a person's company, and its secret."""
    with person.at_work():
        hook, secret = hooks.add(product.url, events=events, **more)
    return hook, secret.reveal()


def state_of(person: Person, hook: Hook) -> dict[str, Any]:
    """How it goes with a hook."""
    answer = caller().get(f"{URL}/{hook.id}", headers=person.headers)
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[no-any-return]


def test_a_webhook_says_which_hook_which_account_and_what(quiet: Linked, product: Receiver) -> None:
    """Nothing else; the record as the API answers it."""
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    record = quiet.land("1", name="leak")
    quiet.work()
    details = quiet.get("account-details").json()

    [body] = product.bodies
    named = {name: value for name, value in details.items() if not name.startswith("instance_")}
    about = {"id": str(hook.id), "event": "Ticket.added", "target": product.url}
    assert body.keys() == {"hook", "linked_account", "data"}
    assert body["hook"] == {**about, "delivery_id": body["hook"]["delivery_id"]}
    assert body["linked_account"] == named
    assert body["data"] == quiet.get(f"tickets/{record}").json()


def test_the_signature_is_the_hmac_of_the_body_in_base64url(quiet: Linked, product: Receiver) -> None:
    """By the hook's own secret, over the bytes as they are."""
    made_for = [hooked(quiet.person, product, "Ticket.added")[1] for _ in range(2)]
    quiet.land("1", name="Zażółć")
    quiet.work()

    def signed(secret: str, content: bytes) -> str:
        return base64.urlsafe_b64encode(hmac.digest(secret.encode(), content, "sha256")).decode()

    made = {signed(secret, content) for secret in made_for for content, _ in product.got}
    assert len({signature for _, signature in product.got} & made) == 2


def test_records_are_added_changed_and_removed(api: Linked, desk: stub.Desk, product: Receiver) -> None:
    """In the order in which it happened; what comes back is added."""
    api.work()
    hooked(api.person, product, *OF_TICKETS)
    first = desk.add(title="leak")
    kept = []
    for act in (
        dict,
        lambda: desk.edit(first, title="flood"),
        lambda: kept.append(desk.tables["tickets"].pop(first)),
    ):
        act()
        api.send("post", "sync-status/resync", None)
        api.work()
    desk.tables["tickets"][first] = kept[0]
    api.send("post", "sync-status/resync", None)
    api.work()

    assert product.events() == ["Ticket.added", "Ticket.changed", "Ticket.removed", "Ticket.added"]
    told = [(one["name"], one["remote_was_deleted"]) for one in (body["data"] for body in product.bodies)]
    assert told == [("leak", False), ("flood", False), ("flood", True), ("flood", False)]


def test_names_of_models_carry_prefixes_where_categories_share_them() -> None:
    """No two models have one."""
    named = [outbox.name(model, "added").removesuffix(".added") for model in common_models()]
    prefixed = {f"CRM{one}" for one in ("Account", "Contact", "User")}
    prefixed |= {f"Ticketing{one}" for one in ("Account", "Contact", "Team", "Tag", "Attachment", "Viewer")}

    assert len(named) == len(set(named))
    assert {one for one in named if one.startswith(("CRM", "Ticketing"))} == prefixed
    assert {"Employee", "Ticket", "Comment", "Opportunity"} <= set(named)


def test_linked_carries_the_account_token_and_whether_it_is_a_relink(
    alice: Person, desk: stub.Desk, product: Receiver, link: Link
) -> None:
    """No other event carries it."""
    hooked(alice, product)
    values = {"base_url": desk.url, "token": desk.token}
    with scope(alice.tenant_id):
        made = [linking.link(linking.Request("stub", "customer-9", values)) for _ in range(2)]
    Linked.work(link(alice, streams=False))

    token = made[0].token.reveal()
    assert product.data("LinkedAccount.linked") == [
        {"account_token": token, "is_relink": False},
        {"account_token": token, "is_relink": True},
    ]
    assert {one["hook"]["event"] for one in product.bodies if token in json.dumps(one)} == {
        "LinkedAccount.linked"
    }


def test_a_sync_is_told_model_by_model_and_then_as_a_whole(
    api: Linked, desk: stub.Desk, product: Receiver
) -> None:
    """With a map by model, behind the records that it brought; one that brings nothing is not told."""
    hooked(api.person, product)
    desk.add(title="leak")
    for _ in range(2):
        api.work()
        api.send("post", "sync-status/resync", None)
    desk.add(title="flood")
    api.work()

    assert product.events("Ticket.") == ["Ticket.added", "Ticket.synced"] * 2
    assert product.events()[-1] == product.events("Linked")[0] == "LinkedAccount.sync_completed"
    first, second = product.data("LinkedAccount.sync_completed")
    assert (first["is_initial_sync"], second["is_initial_sync"]) == (True, False)
    assert (first["integration_name"], first["integration_id"]) == ("Stub", "stub")
    assert first["sync_status"].keys() == {"ticketing.Ticket", "ticketing.User", "ticketing.TicketingTag"}
    keys = {"last_sync_finished", "last_sync_result", "data_fresh_as_of", "sync_status_reason"}
    assert all(one.keys() == keys for one in first["sync_status"].values())
    synced = product.data("Ticket.synced")[0]
    assert synced["sync_status"]["model_id"] == "ticketing.Ticket"
    assert {"name", "status"} <= set(synced["synced_fields"])


def test_a_run_is_told_by_its_own_news(api: Linked, desk: stub.Desk, product: Receiver) -> None:
    """Not by those that another one brought before there was a hook, or that are to be told of the whole account."""
    api.work()
    hooked(api.person, product)
    api.send("post", "sync-status/resync", None)
    api.work()
    nothing = product.events()
    tickets, users = (f"ticketing.{name}" for name in ("Ticket", "User"))
    desk.add(title="leak")
    for _ in range(2):  # while another model of the account is being read
        api.stored(lambda: Stream.objects.filter(model=users).update(status="SYNCING"))
        api.stored(lambda: steer.read_everything(Stream.objects.get(model=tickets).id))
        api.work()

    assert nothing == []
    assert product.events() == ["Ticket.added", "Ticket.synced"]


def test_a_run_waits_for_no_other_stream_of_its_account_to_tell_of_them(
    api: Linked, desk: stub.Desk, product: Receiver, database: psycopg.Connection
) -> None:
    """Who holds one may wait for the mark in the feed which the run holds: it is told by the next run that ends."""
    api.work()
    hooked(api.person, product, "LinkedAccount.sync_completed")
    desk.add(title="leak")
    api.stored(lambda: Stream.objects.filter(model="ticketing.User").update(untold=True))
    api.stored(lambda: steer.read_everything(Stream.objects.get(model="ticketing.Ticket").id))
    with patience(10), database.transaction():
        database.execute("SELECT FROM sync_stream WHERE model = 'ticketing.User' FOR UPDATE")
        api.work()

    assert product.events() == ["LinkedAccount.sync_completed"]
    assert api.stored(lambda: Stream.objects.get(untold=True)).model == "ticketing.User"


def test_how_far_a_hook_is_behind_is_since_when_the_oldest_waits_that_it_was_not_told(
    quiet: Linked, product: Receiver
) -> None:
    """An entry of the log or a notice; nothing once all was told."""
    hook, _ = hooked(quiet.person, product, "Ticket.added", "Issue.new")
    quiet.land("1", name="leak")
    entry = quiet.stored(Change.objects.get)
    behind = [state_of(quiet.person, hook)["untold_since"]]
    quiet.work()
    behind.append(state_of(quiet.person, hook)["untold_since"])
    quiet.stored(
        lambda: issues.open_issue(issues.READING, quiet.account.id, "odd", linked_account_id=quiet.account.id)
    )
    notice = quiet.stored(Notice.objects.get)
    behind.append(state_of(quiet.person, hook)["untold_since"])

    assert [told and dt.datetime.fromisoformat(told) for told in behind] == [entry.at, None, notice.at]


def test_an_account_that_is_deleted_is_told_of_though_all_of_it_is_erased(
    api: Linked, product: Receiver, database: psycopg.Connection
) -> None:
    """And what waited to be told of it is erased as well."""
    product.usual = 503
    hook, _ = hooked(api.person, product)
    api.work()
    assert api.stored(Notice.objects.count) > 0
    assert api.send("post", "delete-account", None).status_code == 200
    api.work()
    product.usual = 200
    with api.person.at_work():
        hooks.resume(hook)
    api.work()

    assert product.events()[-1] == "LinkedAccount.deleted"
    assert product.bodies[-1]["linked_account"]["id"] == str(api.account.id)
    assert api.stored(Notice.objects.count) == 0


def test_issues_are_told_when_they_begin_return_are_muted_and_end(api: Linked, product: Receiver) -> None:
    """As the API answers them."""
    hooked(api.person, product, *(one for one in outbox.events() if one.startswith("Issue.")))
    subject = uuid.uuid4()
    for _ in range(2):
        with api.person.at_work():
            issue = issues.open_issue(issues.READING, subject, "odd", linked_account_id=api.account.id)
            issues.open_issue(issues.READING, subject, "odd", linked_account_id=api.account.id)
            issues.mute(issue, muted=True)
            issues.close(issue)
        api.work()

    ended = ["Issue.muted", "Issue.resolved"]
    assert product.events() == ["Issue.new", *ended, "Issue.reopened", *ended]
    shown = caller().get(f"/api/crm/v1/issues/{issue.id}", headers=api.person.headers).json()
    assert product.bodies[-1]["data"] == shown
    assert product.bodies[-1]["linked_account"]["id"] == str(api.account.id)


def test_an_issue_of_a_bridge_is_told_to_hooks_of_test_accounts_only_where_both_are(
    alice: Person, link: Link, product: Receiver
) -> None:
    """Else to the others, as one of its production account."""
    test, real = (
        link(alice, streams=False, end_user_origin_id=str(kind), is_test=kind) for kind in (True, False)
    )
    hook = {kind: hooked(alice, product, "Issue.new", is_test=kind)[0].id for kind in (True, False)}
    for other in (test, real):
        ids = {"account_a": test.account.id, "account_b": other.account.id}
        with alice.at_work():
            sync = Bridge.objects.create(**ids, model="x", configuration={}, created_at=clock.now())
            issues.open_issue("budget", sync.id, "odd", bridge_id=sync.id)
        test.work()

    heard = [(one["hook"]["id"], one["linked_account"]["id"]) for one in product.bodies]
    assert heard == [(str(hook[True]), str(test.account.id)), (str(hook[False]), str(real.account.id))]


def test_an_asynchronous_passthrough_is_told_with_its_answer(api: Linked, product: Receiver) -> None:
    """Under its receipt."""
    hooked(api.person, product, "AsyncPassthrough.resolved")
    receipt = api.send("post", "async-passthrough", {"method": "GET", "path": "/me"}).json()
    api.work()

    fetched = api.get(f"async-passthrough/{receipt['async_passthrough_receipt_id']}").json()
    assert product.data("AsyncPassthrough.resolved") == [{**receipt, **fetched}]


@pytest.mark.parametrize("first", [[500, 0], [503, 502]])
def test_what_fails_is_tried_twice_more_after_one_and_two_seconds(
    quiet: Linked, product: Receiver, slept: list[float], first: list[int]
) -> None:
    """On 5xx and where the line breaks; each time the same bytes."""
    product.answers = first
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    quiet.land("1", name="leak")
    quiet.work()

    assert (slept, len(set(product.got)), len(product.got)) == ([1.0, 2.0], 1, 3)
    assert (state_of(quiet.person, hook)["delivered"], state_of(quiet.person, hook)["failures"]) == (1, 0)


def test_a_receiver_that_is_silent_for_ten_seconds_has_failed(
    quiet: Linked, product: Receiver, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it would go on."""
    assert posting.LIMITS.total == 10.0
    monkeypatch.setattr(posting, "LIMITS", Limits(connect=5.0, read=0.05, total=0.05))
    product.delay = 0.3
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    quiet.land("1", name="leak")
    quiet.work()

    told = state_of(quiet.person, hook)
    assert (told["failures"], told["problem"]) == (1, "no answer came in time")
    assert slept == [1.0, 2.0]


@pytest.mark.parametrize("status", [302, 400, 404, 429])
def test_what_is_refused_is_not_tried_again_at_once_and_nothing_is_passed_over(
    quiet: Linked, product: Receiver, slept: list[float], later: Later, status: int
) -> None:
    """Redirects are not followed. It comes first when the receiver is back."""
    product.usual, product.location = status, f"{product.url}/elsewhere"
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    for number in ("1", "2"):
        quiet.land(number, name=number)
        quiet.work()
    refused = state_of(quiet.person, hook)
    product.usual = 200
    later(dt.timedelta(minutes=2))

    assert (refused["failures"], refused["rests"], slept) == (1, False, [])
    assert [one["name"] for one in product.data("Ticket.added")] == ["1", "1", "2"]
    assert state_of(quiet.person, hook)["failures"] == 0


def test_a_hook_that_fails_for_a_day_is_an_issue_and_then_rests_until_it_is_resumed(
    quiet: Linked, product: Receiver, slept: list[float], later: Later
) -> None:
    """Then all that changed meanwhile is told."""
    product.usual = 503
    hook, _ = hooked(quiet.person, product, *OF_TICKETS)
    quiet.land("1", name="leak")
    quiet.work()
    seen = []
    for _ in range(28):
        later(dt.timedelta(hours=1))
        issue = quiet.stored(lambda: Issue.objects.filter(kind=issues.DELIVERY).first())
        seen.append((issue is not None and issue.status, state_of(quiet.person, hook)["rests"]))
    tries = len(product.got)
    quiet.land("2", name="flood")
    later(dt.timedelta(days=1))
    assert len(product.got) == tries
    product.usual = 200
    assert caller().post(f"{URL}/{hook.id}/resume", headers=quiet.person.headers).json()["rests"] is False
    quiet.work()

    assert seen[0] == (False, False)
    assert ("ONGOING", False) in seen
    assert (seen[23], seen[-1]) == (("ONGOING", True), ("ONGOING", True))
    assert [one["name"] for one in product.data("Ticket.added")][tries:] == ["leak", "flood"]
    assert quiet.stored(Issue.objects.get).status == "RESOLVED"


def test_who_answers_410_is_sent_nothing_more(quiet: Linked, product: Receiver, later: Later) -> None:
    """At once, and an issue says so."""
    product.usual = 410
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    quiet.land("1", name="leak")
    quiet.work()
    later(dt.timedelta(days=2))

    assert state_of(quiet.person, hook)["rests"] is True
    assert len(product.got) == 1
    assert "410" in quiet.stored(Issue.objects.get).description


def test_who_is_killed_between_post_and_mark_posts_the_same_again(
    quiet: Linked, product: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the same id, by which the receiver knows it; nothing is lost."""
    hooked(quiet.person, product, *OF_TICKETS)
    mark, kills = standing.passed, [1, 3]

    def killed(*args: Any, **more: Any) -> None:
        if len(product.got) in kills:
            kills.remove(len(product.got))
            raise job.Overtaken  # nothing is marked, and nothing given back
        mark(*args, **more)

    monkeypatch.setattr(standing, "passed", killed)
    for name in ("leak", "flood"):
        quiet.land("1", name=name)
    for _ in range(3):
        quiet.work()
        quiet.stored(lambda: Job.objects.update(leased_until=None))  # the dead worker's lease ends

    ids = [one["hook"]["delivery_id"] for one in product.bodies]
    assert product.events() == ["Ticket.added", "Ticket.added", "Ticket.changed", "Ticket.changed"]
    assert (ids[0] == ids[1], ids[2] == ids[3], len(set(ids))) == (True, True, 2)


def test_an_error_of_ours_stands_at_the_hook_and_loses_nothing(
    quiet: Linked, product: Receiver, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged as any other, and what it held up is sent once it is mended."""
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    quiet.land("1", name="leak")
    with monkeypatch.context() as broken:
        broken.setattr(messages, "conceal", None)
        with pytest.raises(TypeError):
            quiet.work()
    told = state_of(quiet.person, hook)
    later(dt.timedelta(minutes=2))

    assert (told["failures"], "TypeError" in told["problem"]) == (1, True)
    assert [one["name"] for one in product.data("Ticket.added")] == ["leak"]


def test_an_event_that_isthmus_itself_cannot_tell_is_passed_over_after_three_errors_and_a_person_told_which(
    quiet: Linked, product: Receiver, later: Later, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands behind it is sent. What the receiver refuses meanwhile does not count among these."""
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    for number, name in enumerate(("leak", "flood")):
        quiet.land(str(number), name=name)

    def fails_at_one(account: Any, model: Any, found: list[dict[str, Any]]) -> None:
        conceal(account, model, found)
        if found[0]["name"] == "leak":
            found[0]["name"] = 2**64  # no JSON that this serialiser makes

    product.usual = 503
    quiet.work()
    later(dt.timedelta(hours=1))
    refused = state_of(quiet.person, hook)["failures"]
    product.usual, product.got = 200, []
    monkeypatch.setattr(messages, "conceal", fails_at_one)
    failures = []
    for _ in range(3):
        with pytest.raises(TypeError):
            later(dt.timedelta(hours=1))
        failures.append(state_of(quiet.person, hook)["failures"])
    later(dt.timedelta(hours=1))

    assert (refused, failures) == (2, [1, 2, 0])
    assert [one["name"] for one in product.data("Ticket.added")] == ["flood"]
    issue = quiet.stored(lambda: Issue.objects.get(status="ONGOING"))
    assert str(uuid.uuid5(hook.id, "1")) in issue.description


@pytest.mark.parametrize("is_erased", [False, True])
def test_a_hook_is_well_again_once_nothing_is_left_of_what_failed(
    quiet: Linked, product: Receiver, later: Later, slept: list[float], *, is_erased: bool
) -> None:
    """Be it that it may not be read any more, or that it is erased; its issue ends as well."""
    product.usual = 503
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    quiet.land("1", name="leak")
    quiet.work()
    for _ in range(2):
        later(dt.timedelta(hours=1))
    failed = state_of(quiet.person, hook)["failures"]
    said = say("Ticket", read=False)
    path, body = ("delete-account", None) if is_erased else ("linked-account-scopes", said)
    assert quiet.send("post", path, body).status_code == 200
    quiet.work()
    later(dt.timedelta(hours=1))
    told = state_of(quiet.person, hook)

    assert failed == 3
    assert (told["failures"], told["failing_since"], told["retry_at"], told["problem"]) == (0, None, None, "")
    assert quiet.stored(Issue.objects.get).status == "RESOLVED"


@pytest.mark.parametrize("status", [200, 404])
def test_a_secret_that_is_sealed_anew_during_a_delivery_stays(
    quiet: Linked, product: Receiver, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A delivery stores what it knows, and nothing else of what it read."""
    product.usual = status
    hook, secret = hooked(quiet.person, product, "Ticket.added")
    quiet.land("1", name="leak")
    post = posting.post

    def resealed_behind(*args: Any) -> posting.Outcome:
        outcome = post(*args)
        with quiet.person.at_work():
            secrets.put(Secret(secret), hook, "sealed_secret")
            Hook.objects.filter(id=hook.id).update(sealed_secret=hook.sealed_secret)
        return outcome

    monkeypatch.setattr(posting, "post", resealed_behind)
    quiet.work()

    stored = quiet.stored(lambda: Hook.objects.get(id=hook.id))
    assert (stored.delivered, stored.failures) == ((1, 0) if status == 200 else (0, 1))
    assert bytes(stored.sealed_secret) == hook.sealed_secret


def test_what_may_not_be_read_is_told_to_nobody(quiet: Linked, product: Receiver) -> None:
    """A disabled field is null, of a disabled model there is no event: by the scopes of the moment it is sent."""
    hooked(quiet.person, product, *OF_TICKETS, "User.added")
    quiet.land("1", name="leak", description="secret words")
    quiet.land("7", model=User, name="Ada")
    says = [say("Ticket", disabled_fields=["description"]), say("User", read=False)]
    told = {"common_models": [one for each in says for one in each["common_models"]]}
    assert quiet.send("post", "linked-account-scopes", told).status_code == 200
    quiet.work()

    assert [(one["name"], one["description"]) for one in product.data("Ticket.added")] == [("leak", None)]
    assert product.events("User") == []


def test_sensitive_fields_and_ignored_records_stay_hidden(
    alice: Person, link: Link, product: Receiver
) -> None:
    """Who is ignored is removed, and blank; nothing that waited to be told of them is told."""
    made = product_of(alice, link)
    hooked(alice, product, "Employee.added", "Employee.changed", "Employee.removed")
    made.push("hris.Employee", "1", {"first_name": "Ada", "ssn": "078-05-1120"})
    made.linked.work()
    made.push("hris.Employee", "1", {"first_name": "Augusta"})
    record = product.data("Employee.added")[0]["id"]
    answer = made.call("post", f"hris/v1/employees/ignore/{record}", {"reason": "GDPR"})
    assert answer.status_code == 200, answer.content
    made.linked.work()

    assert product.events() == ["Employee.added", "Employee.removed"]
    assert not [content for content, _ in product.got if b"078-05" in content or b"Augusta" in content]
    [removed] = product.data("Employee.removed")
    assert (removed["id"], removed["first_name"], removed["remote_id"]) == (record, None, None)


def test_nobody_hears_of_another_tenants_records(
    quiet: Linked, charlie: Person, link: Link, product: Receiver
) -> None:
    """Nor sees, tries, resumes or removes its hooks."""
    with receiver.running() as his:
        hook, _ = hooked(quiet.person, product, "Ticket.added")
        hooked(charlie, his, "Ticket.added")
        quiet.land("1", name="leak")
        quiet.work()
        asked = [
            caller().get(f"{URL}/{hook.id}", headers=charlie.headers),
            caller().delete(f"{URL}/{hook.id}", headers=charlie.headers),
            caller().post(f"{URL}/{hook.id}/test", headers=charlie.headers),
            caller().post(f"{URL}/{hook.id}/resume", headers=charlie.headers),
        ]
        listed = caller().get(URL, headers=charlie.headers).json()["results"]

        assert (len(product.got), len(his.got)) == (1, 0)
        assert [answer.status_code for answer in asked] == [404] * 4
        assert [one["url"] for one in listed] == [his.url]


def test_test_accounts_are_told_to_hooks_of_test_keys_alone(
    alice: Person, link: Link, product: Receiver
) -> None:
    """And production accounts to the others; a test key does not see these."""
    accounts = {kind: link(alice, end_user_origin_id=str(kind), is_test=kind) for kind in (False, True)}
    with alice.at_work():
        test = apikeys.issue("rehearsal", "test")[1].reveal()
    keys = {False: alice.headers, True: {"Authorization": f"Bearer {test}"}}
    sent = {"data": {"url": product.url, "events": ["Ticket.added"]}, "content_type": "application/json"}
    made = {kind: caller().post(URL, headers=keys[kind], **sent).json() for kind in keys}  # type: ignore[arg-type]
    for kind, linked in accounts.items():
        linked.land("1", name=str(kind))
        linked.work()

    told = {body["hook"]["id"]: body["data"]["name"] for body in product.bodies}
    assert told == {made[kind]["id"]: str(kind) for kind in keys}
    seen = caller().get(URL, headers=keys[True]).json()["results"]
    assert [one["id"] for one in seen] == [made[True]["id"]]


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/x",
        "http://[::ffff:10.0.0.1]/",
        "http://1.1.1.1/in-clear",
        "https://user:word@1.1.1.1/",
        "ftp://1.1.1.1/",
        "nonsense",
        "https://:443",
        "https://1.1.1.1:99999/",
        f"https://{'a' * 70}.example/",
    ],
)
def test_an_address_that_may_not_be_called_is_refused(api: Linked, url: str) -> None:
    """Private ones, unless the operator allows them; what is not encrypted; and what is none."""
    told = {"data": {"url": url}, "content_type": "application/json"}
    answer = caller().post(URL, headers=api.person.headers, **told)  # type: ignore[arg-type]

    assert (answer.status_code, answer.json().keys()) == (400, {"url"})
    assert api.stored(Hook.objects.count) == 0


def test_an_address_that_has_become_private_is_not_called(
    quiet: Linked, product: Receiver, settings: Any, slept: list[float]
) -> None:
    """The guard is asked with every delivery."""
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    settings.ALLOW_PRIVATE_HOSTS = []
    quiet.land("1", name="leak")
    quiet.work()

    assert product.got == []
    assert "private network" in state_of(quiet.person, hook)["problem"]


def test_nothing_is_sent_in_clear_to_an_address_that_has_become_public(
    quiet: Linked, product: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it may begin with http:// is asked of the address that is really called, with every delivery."""
    hook, _ = hooked(quiet.person, product, "Ticket.added")
    monkeypatch.setattr(posting, "resolve", lambda _host, port: [(socket.AF_INET, ("1.1.1.1", port))])
    quiet.land("1", name="leak")
    quiet.work()

    assert product.got == []
    assert "only https:// is called" in state_of(quiet.person, hook)["problem"]


def test_the_secret_is_shown_once_and_sealed(
    api: Linked, product: Receiver, database: psycopg.Connection
) -> None:
    """It is in no later answer, and in no row."""
    told = {"data": {"url": product.url}, "content_type": "application/json"}
    made = caller().post(URL, headers=api.person.headers, **told)  # type: ignore[arg-type]
    secret = made.json()["secret"]
    later = [caller().get(path, headers=api.person.headers) for path in (URL, f"{URL}/{made.json()['id']}")]

    assert made.status_code == 201
    assert not [one for one in later if secret in one.content.decode()]
    assert (
        database.execute("SELECT 1 FROM sync_hook h WHERE h::text LIKE %s", [f"%{secret}%"]).fetchall() == []
    )


def test_a_hook_can_be_tried_and_removed(quiet: Linked, product: Receiver) -> None:
    """A test is one message of no meaning; what waits for a removed hook is forgotten."""
    hook, _ = hooked(quiet.person, product)
    product.answers = [500]
    failed, tried = (
        caller().post(f"{URL}/{hook.id}/test", headers=quiet.person.headers).json() for _ in "12"
    )
    quiet.land("1", name="leak")
    removed = caller().delete(f"{URL}/{hook.id}", headers=quiet.person.headers)
    quiet.work()

    assert (failed["is_delivered"], failed["status"]) == (False, 500)
    assert tried == {"is_delivered": True, "status": 200, "problem": None}
    assert product.events() == ["Webhook.test"] * 2
    assert removed.json()["id"] == str(hook.id)
    assert (quiet.stored(Hook.objects.count), quiet.stored(Notice.objects.count)) == (0, 0)


def test_without_hooks_a_write_asks_no_more_of_the_database(quiet: Linked, product: Receiver) -> None:
    """Whether there is one is told by the statement that moves the log's end."""

    def cost(number: str) -> int:
        with CaptureQueriesContext(connection) as sent:
            quiet.land(number, name=number, model=Tag)
        return len(sent)

    cost("0")
    without = cost("1")
    hook, _ = hooked(quiet.person, product)
    with quiet.person.at_work():
        hooks.remove(hook)
    again = cost("2")
    hooked(quiet.person, product)

    assert without == again < cost("3")


def test_what_nobody_wants_moves_the_cursor_and_nothing_else(
    quiet: Linked, product: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also across several stretches of the log, and then a wanted event is found."""
    monkeypatch.setattr(changes, "LOOKED_AT", 2)
    hook, _ = hooked(quiet.person, product, "User.added")
    for number in range(5):
        quiet.land(str(number), name="leak")
    quiet.land("7", model=User, name="Ada")
    lease = job.claim_next(job.BACKGROUND)
    assert lease
    tasks.do(lease, 0.0)
    first = quiet.stored(lambda: Hook.objects.get(id=hook.id).cursor)
    quiet.work()

    assert first == 2  # its slice was over, and nobody waited for the rest
    assert product.events() == ["User.added"]
    assert quiet.stored(lambda: Hook.objects.get(id=hook.id).cursor) == 6
