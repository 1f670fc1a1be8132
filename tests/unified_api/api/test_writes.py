"""Creating and changing records through the API: checks, outcomes, keys and versions. What matters: never twice."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test import Client
from pytest_django import Settings

from integrations.kit.http import Patience
from tenants.models import LinkedAccount
from tests import stub
from tests.unified_api.api.conftest import Link, Linked
from unified_api.api import bulkhead, idempotency, writes
from unified_api.models.ticketing import Ticket, User
from unified_api.serve.shares import Shares
from unified_api.sync import journal, write
from unified_api.sync.models import Job, Write

KEY = {"Idempotency_Key": "order-66"}


def problems(answer: Any, kind: str = "errors") -> list[tuple[str, str | None]]:
    """Type and pointer of each problem."""
    return [(p["problem_type"], p.get("source", {}).get("pointer")) for p in answer.json()[kind]]


def ticket(api: Linked, desk: stub.Desk, **values: Any) -> str:
    """A ticket at the desk, pulled; its id."""
    remote_id = desk.add(**{"title": "leak", "state": "open", "priority": "p2", **values})
    api.work()
    desk.log.clear()
    found = api.get("tickets", {"remote_id": remote_id}).json()["results"]
    return str(found[0]["id"])


def test_create_answers_the_stored_record(api: Linked, desk: stub.Desk) -> None:
    """201, what the desk made of it, its version as ETag, and the write's id."""
    answer = api.send("post", "tickets", {"model": {"name": "leak", "priority": "LOW"}})
    body = answer.json()

    assert (answer.status_code, set(body)) == (201, {"model", "warnings", "errors"})
    assert body["model"] == api.get(f"tickets/{body['model']['id']}").json()
    assert answer.headers["ETag"] == api.get(f"tickets/{body['model']['id']}").headers["ETag"]
    assert desk.tables["tickets"][body["model"]["remote_id"]]["priority"] == "p3"
    assert api.stored(lambda: Write.objects.get(id=answer.headers["X-Isthmus-Write"])).state == "done"


def test_patch_changes_only_what_is_sent(api: Linked, desk: stub.Desk) -> None:
    """Null clears, absent stays."""
    record = ticket(api, desk, text="wet")
    answer = api.send("patch", f"tickets/{record}", {"model": {"description": None}})

    assert answer.status_code == 200
    assert (answer.json()["model"]["name"], answer.json()["model"]["description"]) == ("leak", None)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({}, [("MISSING_REQUIRED_FIELD", "model/name")]),
        ({"name": ""}, [("MISSING_REQUIRED_FIELD", "model/name")]),
        ({"name": True}, [("INCORRECT_FIELD_TYPE", "model/name")]),
        ({"name": "x", "priority": "HIGH"}, [("INVALID_FIELD_CHOICE", "model/priority")]),
        ({"name": "x", "priority": "immediately"}, [("INVALID_FIELD_CHOICE", "model/priority")]),
        ({"name": "x", "tags": ["a"]}, [("UNSUPPORTED_FIELD", "model/tags")]),
        ({"name": "x", "creator": str(uuid.uuid4())}, [("INVALID_FIELD_CHOICE", "model/creator")]),
        ({"name": "x", "creator": {"name": "Grace"}}, [("INCORRECT_FIELD_TYPE", "model/creator")]),
    ],
)
def test_what_the_account_cannot_do_is_refused(
    api: Linked, desk: stub.Desk, model: dict[str, Any], expected: list[Any]
) -> None:
    """400 that names the field; nothing is journalled, and nothing reaches the desk."""
    answer = api.send("post", "tickets", {"model": model})

    assert (answer.status_code, answer.json()["model"], problems(answer)) == (400, None, expected)
    assert desk.log == []
    assert api.stored(Write.objects.count) == 0


def test_unknown_fields_are_warned_about(api: Linked) -> None:
    """The write happens without them; a record sent back as it was read is no error."""
    model = {
        "name": "x",
        "colour": "red",
        "id": "1",
        "remote_created_at": None,
        "integration_params": {"a": 1},
    }
    answer = api.send("post", "tickets", {"model": {**model, "linked_account_params": {}}})
    pointed = ["colour", "id", "remote_created_at", "integration_params"]

    assert answer.status_code == 201
    assert problems(answer, "warnings") == [("UNSUPPORTED_FIELD", f"model/{name}") for name in pointed]


def test_what_the_provider_drops_in_silence_is_warned_about(api: Linked, desk: stub.Desk) -> None:
    """A value that is answered with what stood there before is no success of the whole; another spelling is one."""
    record = ticket(api, desk)
    for spell, warned in ((lambda _title: "leak", [("NOT_TAKEN", "model/name")]), (str.upper, [])):
        desk.spell = spell
        answer = api.send("patch", f"tickets/{record}", {"model": {"name": "flood", "priority": "LOW"}})
        assert (answer.status_code, problems(answer, "warnings")) == (200, warned)
    desk.spell = lambda _title: ""
    made = api.send("post", "tickets", {"model": {"name": "flood"}})

    assert (made.status_code, problems(made, "warnings")) == (201, [("NOT_TAKEN", "model/name")])


def test_a_relation_to_another_accounts_record_is_refused(api: Linked, link: Link) -> None:
    """Also within the tenant: the remote id would mean somebody else there."""
    stranger = link(api.person, end_user_origin_id="customer-2").land("7", model=User, name="Grace")
    mine = api.land("7", model=User, name="Grace")
    refused = api.send("post", "tickets", {"model": {"name": "x", "creator": str(stranger)}})
    taken = api.send("post", "tickets", {"model": {"name": "x", "creator": str(mine)}})

    assert problems(refused) == [("INVALID_FIELD_CHOICE", "model/creator")]
    assert taken.json()["model"]["creator"] == str(mine)


@pytest.mark.parametrize("body", [{}, {"model": []}, [], "x", None])
def test_a_body_without_a_model_is_malformed(api: Linked, body: Any) -> None:
    """400 in DRF's shape."""
    answer = api.send("post", "tickets", body)

    assert answer.status_code == 400
    assert set(answer.json()) <= {"model", "detail"}


def test_what_is_not_offered_is_404_or_405(api: Linked, desk: stub.Desk) -> None:
    """The desk has no comments; nobody can create users through the contract."""
    assert api.send("post", "comments", {"model": {"body": "hello"}}).status_code == 404
    assert api.send("post", "users", {"model": {"name": "Grace"}}).status_code == 405
    assert api.send("patch", f"tickets/{uuid.uuid4()}", {"model": {}}).status_code == 404


def test_a_refusal_of_the_provider_is_400(api: Linked, desk: stub.Desk) -> None:
    """With the provider's words; the same key gets the same answer."""
    desk.refuse = [422]
    answers = [api.send("post", "tickets", {"model": {"name": "x"}}, **KEY) for _ in range(2)]

    assert [a.status_code for a in answers] == [400, 400]
    assert problems(answers[0]) == [("PROVIDER_ERROR", None)]
    assert answers[0].json() == answers[1].json()
    assert len(desk.log) == 1


def test_a_refused_credential_is_relink_needed(api: Linked, desk: stub.Desk) -> None:
    """400 with RELINK_NEEDED, and the next write is refused before any call."""
    desk.token = "another"
    first = api.send("post", "tickets", {"model": {"name": "x"}})
    calls = len(desk.log)
    second = api.send("post", "tickets", {"model": {"name": "x"}})

    assert [(a.status_code, problems(a)) for a in (first, second)] == [(400, [("RELINK_NEEDED", None)])] * 2
    assert len(desk.log) == calls
    assert api.stored(lambda: LinkedAccount.objects.get(id=api.account.id)).status == "RELINK_NEEDED"


def test_a_provider_that_wants_to_be_asked_later_is_503(api: Linked, desk: stub.Desk) -> None:
    """With Retry-After, nothing changed; the same request with the same key may then succeed."""
    desk.refuse = [429] * 10
    first = api.send("post", "tickets", {"model": {"name": "x"}}, **KEY)
    desk.refuse = []
    second = api.send("post", "tickets", {"model": {"name": "x"}}, **KEY)
    api.work()

    assert (first.status_code, int(first.headers["Retry-After"]) > 0) == (503, True)
    assert problems(first) == [("RETRY_LATER", None)]
    assert (second.status_code, "Idempotent-Replayed" in second.headers) == (201, False)
    assert len(desk.tables["tickets"]) == 1


def test_a_slow_provider_is_not_asked_again_while_the_caller_waits(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller would give up, repeat the request, and have two records."""
    monkeypatch.setattr(write, "WAITED_FOR", Patience(total=0.0))
    desk.refuse = [429, 429]
    answer = api.send("post", "tickets", {"model": {"name": "New"}})

    assert (answer.status_code, len(desk.log)) == (503, 1)


def test_an_unknown_outcome_is_202(api: Linked, desk: stub.Desk) -> None:
    """The model as sent, a warning, and where to look; the worker finds the record, and the key then answers it."""
    desk.cut_after_write = 1
    answer = api.send("post", "tickets", {"model": {"name": "leak", "priority": "LOW"}}, **KEY)
    where = answer.headers["Location"]
    state = Client().get(where, headers=api.person.headers).json()

    assert (answer.status_code, state["state"]) == (202, "uncertain")
    assert (answer.json()["model"]["name"], answer.json()["model"]["id"]) == ("leak", None)
    assert problems(answer, "warnings") == [("UNCERTAIN_OUTCOME", None)]
    assert where in answer.json()["warnings"][0]["detail"]
    assert len(desk.tables["tickets"]) == 1


def test_a_settled_write_is_replayed(api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write whose answer was lost and then found: the repeated request gets the record, and none is made twice."""
    monkeypatch.setattr(idempotency, "PATIENCE", 0.0)
    api.work()
    desk.cut_after_write = 1
    first = api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY)
    between = api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY)
    api.stored(lambda: Job.objects.update(due_at="2020-01-01T00:00:00Z", leased_until=None))
    api.work()
    after = api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY)

    assert [a.status_code for a in (first, between, after)] == [202, 202, 201]
    assert after.headers["Idempotent-Replayed"] == "true"
    assert after.json()["model"]["remote_id"] in desk.tables["tickets"]
    assert desk.writes() == [("POST", "/tickets")]


def test_the_same_key_replays(api: Linked, desk: stub.Desk) -> None:
    """Status, body and ETag as the first time; the desk is asked once. Another body, or path, is 400."""
    first, second = (api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY) for _ in range(2))
    desk.edit(first.json()["model"]["remote_id"], title="changed meanwhile")
    api.work()
    third = api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY)
    other = api.send("post", "tickets", {"model": {"name": "other"}}, **KEY)

    assert first.json() == second.json() == third.json()
    assert (second.status_code, second.headers["Idempotent-Replayed"]) == (201, "true")
    assert "Idempotent-Replayed" not in first.headers
    assert (other.status_code, list(other.json())) == (400, ["Idempotency-Key"])
    assert desk.writes() == [("POST", "/tickets")]


def test_a_key_replays_after_a_change_of_the_secret_key(
    api: Linked, desk: stub.Desk, settings: Settings
) -> None:
    """As long as the earlier one is among the fallbacks; another body is another request as before."""
    first = api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY)
    earlier, settings.SECRET_KEY = settings.SECRET_KEY, "another secret key, long enough for anybody"
    settings.SECRET_KEY_FALLBACKS = [earlier]
    again = api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY)
    other = api.send("post", "tickets", {"model": {"name": "other"}}, **KEY)

    assert (again.status_code, again.json()) == (201, first.json())
    assert (other.status_code, list(other.json())) == (400, ["Idempotency-Key"])
    assert desk.writes() == [("POST", "/tickets")]


def test_keys_are_the_accounts_own(api: Linked, link: Link, desk: stub.Desk) -> None:
    """Another account may use the same key; after a day the key is free again."""
    other = link(api.person, end_user_origin_id="customer-2")
    answers = [who.send("post", "tickets", {"model": {"name": "leak"}}, **KEY) for who in (api, other)]
    api.stored(lambda: Write.objects.update(journalled_at="2020-01-01T00:00:00Z"))
    later = api.send("post", "tickets", {"model": {"name": "another"}}, **KEY)

    assert [a.status_code for a in (*answers, later)] == [201, 201, 201]
    assert len(desk.tables["tickets"]) == 3


def test_a_key_is_not_free_while_the_outcome_of_its_write_is_open(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a day as before: the same request is told how it stands, another one is refused, and nothing is sent."""
    monkeypatch.setattr(idempotency, "PATIENCE", 0.0)
    desk.cut_after_write = 1
    sent = [api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY)]
    api.stored(lambda: Write.objects.update(journalled_at="2020-01-01T00:00:00Z"))
    sent += [api.send("post", "tickets", {"model": {"name": name}}, **KEY) for name in ("leak", "another")]

    assert [answer.status_code for answer in sent] == [202, 202, 400]
    assert desk.writes() == [("POST", "/tickets")]


@pytest.mark.parametrize("key", ["", "x" * 256, "ü"])
def test_a_key_that_cannot_be_kept_is_malformed(api: Linked, key: str) -> None:
    """400 that names the header."""
    answer = api.send("post", "tickets", {"model": {"name": "x"}}, Idempotency_Key=key)

    assert (answer.status_code, list(answer.json())) == (400, ["Idempotency-Key"])


def test_parallel_requests_with_one_key_write_once(api: Linked, desk: stub.Desk) -> None:
    """The later ones wait for the first, and get its answer."""
    desk.delay = 0.3
    answers: list[Any] = []

    def call() -> None:
        answers.append(api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY))
        connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["model"]["id"] for a in answers}) == 1
    assert desk.writes() == [("POST", "/tickets")]


def test_few_requests_of_a_tenant_wait_at_once(
    api: Linked, charlie: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many is told at once how the write stands; others wait as long as they did, for the same write."""
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        api.work()

    def repeat(crowd: Any) -> Any:
        with ExitStack() as waiting:
            for _ in range(bulkhead.PLACES.of_tenant):
                waiting.enter_context(bulkhead.PLACES.one(crowd.tenant_id))
            return api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY)

    monkeypatch.setattr(idempotency, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    api.send("post", "tickets?run_async=true", {"model": {"name": "leak"}}, **KEY)
    refused, at_once = repeat(api.person), not waited
    found = repeat(charlie)

    assert (refused.status_code, at_once, problems(refused, "warnings")) == (
        202,
        True,
        [("UNCERTAIN_OUTCOME", None)],
    )
    assert (found.status_code, len(waited)) == (201, 1)
    assert bulkhead.PLACES.taken == 0


def test_if_match(api: Linked, desk: stub.Desk) -> None:
    """The version that was read goes through; a stale one is 412 with the fields that differ, before any call."""
    record = ticket(api, desk)
    version = api.get(f"tickets/{record}").headers["ETag"]
    first = api.send("patch", f"tickets/{record}", {"model": {"status": "CLOSED"}}, If_Match=version)
    desk.log.clear()
    second = api.send("patch", f"tickets/{record}", {"model": {"status": "OPEN"}}, If_Match=version)
    third = api.send("patch", f"tickets/{record}", {"model": {"status": "OPEN"}}, If_Match="*")

    assert (first.status_code, second.status_code, third.status_code) == (200, 412, 200)
    assert ("RECORD_MOVED", "model/status") in problems(second)
    assert second.headers["ETag"] == first.headers["ETag"]


def test_if_match_sees_what_was_not_pulled_yet(api: Linked, desk: stub.Desk) -> None:
    """The record moved at the desk since our last pull: it is read again before the write, and the write is refused."""
    record = ticket(api, desk)
    version = api.get(f"tickets/{record}").headers["ETag"]
    desk.edit("1", title="flood")
    answer = api.send("patch", f"tickets/{record}", {"model": {"status": "CLOSED"}}, If_Match=version)

    assert (answer.status_code, desk.writes()) == (412, [])
    assert ("RECORD_MOVED", "model/name") in problems(answer)


@pytest.mark.parametrize("stale", ['"1"', '"²"', '"99999999999999999999"', "x", '""'])
def test_an_odd_version_is_stale(api: Linked, desk: stub.Desk, stale: str) -> None:
    """412, never 500."""
    record = ticket(api, desk)
    answer = api.send("patch", f"tickets/{record}", {"model": {"status": "CLOSED"}}, If_Match=stale)

    assert (answer.status_code, desk.writes()) == (412, [])


def test_a_record_gone_at_the_provider_is_404(api: Linked, desk: stub.Desk) -> None:
    """It is marked as deleted here, too."""
    record = ticket(api, desk)
    desk.tables["tickets"].clear()
    answer = api.send("patch", f"tickets/{record}", {"model": {"status": "CLOSED"}})

    assert (answer.status_code, problems(answer)) == (404, [("RECORD_GONE", None)])
    assert api.get(f"tickets/{record}").json()["remote_was_deleted"] is True


def test_run_async_answers_at_once(api: Linked, desk: stub.Desk) -> None:
    """202 with the model as sent; the worker writes."""
    answer = api.send("post", "tickets?run_async=true", {"model": {"name": "leak"}})
    before = len(desk.log)
    api.work()
    state = api.get("tickets").json()["results"]

    assert (answer.status_code, before, answer.json()["warnings"]) == (202, 0, [])
    assert [t["name"] for t in state] == ["leak"]


def test_debug_mode_adds_logs(api: Linked) -> None:
    """An entry of the contract's form."""
    answer = api.send("post", "tickets?is_debug_mode=true", {"model": {"name": "leak"}}).json()

    assert set(answer["logs"][0]) == {"log_id", "dashboard_view", "log_summary"}
    assert answer["logs"][0]["log_summary"]["status_code"] == 201


def test_an_error_of_ours_after_journalling_is_202(api: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write is in the journal and will be seen through, so nobody may be invited to repeat it."""

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(writes, "perform", broken)
    answer = api.send("post", "tickets", {"model": {"name": "leak"}})

    assert answer.status_code == 202
    assert problems(answer, "warnings") == [("UNCERTAIN_OUTCOME", None)]


def test_a_full_bulkhead_is_503_for_writes_alone(api: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is journalled, the caller is told to come back, and reads go on."""
    monkeypatch.setattr(bulkhead, "_slots", Shares(1))
    monkeypatch.setattr(bulkhead, "PATIENCE", 0.01)
    with bulkhead.slot(uuid.uuid4()):
        answer = api.send("post", "tickets", {"model": {"name": "leak"}}, **KEY)
        read = api.get("tickets")

    assert (answer.status_code, "Retry-After" in answer.headers, read.status_code) == (503, True, 200)
    assert api.stored(Write.objects.count) == 0


def test_the_state_of_a_write(api: Linked, charlie: Any) -> None:
    """Told to the tenant's keys, and to nobody else."""
    made = api.send("post", "tickets", {"model": {"name": "leak"}})
    path = f"/api/sync/v1/writes/{made.headers['X-Isthmus-Write']}"
    mine = Client().get(path, headers=api.person.headers).json()

    assert (mine["state"], mine["is_final"], mine["record_id"]) == ("done", True, made.json()["model"]["id"])
    assert Client().get(path, headers=charlie.headers).status_code == 404
    assert api.stored(Ticket.objects.get).name == "leak"


def test_the_journal_lists_writes_with_the_newest_first(api: Linked, charlie: Any) -> None:
    """By account, record, bridge and state, in pages; another tenant's is empty."""
    made = [api.send("post", "tickets", {"model": {"name": name}}) for name in ("one", "two", "three")]
    ids = [one.headers["X-Isthmus-Write"] for one in made][::-1]
    record = made[0].json()["model"]["id"]

    def listed(headers: Any = api.person.headers, **query: Any) -> list[str]:
        answer = Client().get("/api/sync/v1/writes", query, headers=headers)
        assert answer.status_code == 200, answer.content
        return [write["id"] for write in answer.json()["results"]]

    first = Client().get("/api/sync/v1/writes", {"page_size": 2}, headers=api.person.headers).json()
    assert listed() == ids
    assert [write["id"] for write in first["results"]] + listed(cursor=first["next"]) == ids
    assert listed(record_id=record) == ids[2:]
    assert listed(state="done", linked_account_id=str(api.account.id)) == ids
    assert (listed(state="uncertain"), listed(bridge_id=record)) == ([], [])
    assert listed(charlie.headers) == []


def test_a_journal_that_nobody_knows_to_be_written_is_no_invitation_to_repeat(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is lost in the commit that journals: 202 and where to look, as a worker may carry it out."""
    enter_and_claim = journal.enter_and_claim

    def commit_and_lose(intent: journal.Intent, **more: Any) -> None:
        enter_and_claim(intent, **more)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(journal, "enter_and_claim", commit_and_lose)
    answer = api.send("post", "tickets", {"model": {"name": "Printer"}})
    assert answer.status_code == 202
    assert answer.json()["warnings"][0]["problem_type"] == "UNCERTAIN_OUTCOME"

    api.stored(lambda: Job.objects.update(due_at="2020-01-01T00:00:00Z", leased_until=None))
    api.work()
    state = Client().get(answer.headers["Location"], headers=api.headers).json()

    assert state["state"] == "done"
    assert desk.writes() == [("POST", "/tickets")]
