"""Scopes: what may not be read is shown nowhere, what may not be written is refused before any call."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from tenants import apikeys
from tenants.models import LinkedAccount
from tenants.permissions import Say
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api import registry
from unified_api.models.ticketing import Ticket
from unified_api.sync import permissions, steer
from unified_api.sync.models import Stream, Write

DEFAULTS = "/api/sync/v1/default-scopes"


def say(model: str, *, read: bool | None = None, write: bool | None = None, **fields: Any) -> dict[str, Any]:
    """A body about one model."""
    actions = {"READ": read, "WRITE": write}
    told = {name: {"is_enabled": value} for name, value in actions.items() if value is not None}
    about = {"model_name": model, "model_permissions": told, "field_permissions": fields}
    return {"common_models": [about]}


def limit(linked: Linked, *args: Any, **more: Any) -> Any:
    """Say something for an account."""
    answer = linked.send("post", "linked-account-scopes", say(*args, **more))
    assert answer.status_code == 200, answer.content
    return answer.json()


def told(body: Any, model: str) -> dict[str, Any]:
    """What an answer says of a model."""
    [found] = [one for one in body["common_models"] if one["model_name"] == model]
    return found  # type: ignore[no-any-return]


@pytest.fixture
def ticket(api: Linked, desk: stub.Desk) -> str:
    """The id of a ticket that was read, by Ada, with something that not everybody should see."""
    ada = desk.add("users", name="Ada", mail="ada@example.com")
    desk.add(title="visible", text="secret words", state="open", author=ada)
    api.work()
    [found] = api.get("tickets").json()["results"]
    return str(found["id"])


def test_everything_is_allowed_at_first(api: Linked) -> None:
    """Every model of the category, with all of its fields."""
    body = api.get("linked-account-scopes").json()
    ticket = told(body, "Ticket")

    assert {one["model_name"] for one in body["common_models"]} >= {"Ticket", "User", "Comment"}
    assert ticket["model_permissions"] == {"READ": {"is_enabled": True}, "WRITE": {"is_enabled": True}}
    assert "description" in ticket["field_permissions"]["enabled_fields"]
    assert ticket["field_permissions"]["disabled_fields"] == []
    assert Client().get("/api/ticketing/v1/default-scopes", headers=api.person.headers).json() == body


def test_a_disabled_field_is_shown_nowhere(api: Linked, ticket: str, desk: stub.Desk) -> None:
    """Not in lists, retrieve, expand, the provider's answers and words, filters, answers to writes, nor in the log.

    Nor in an answer that is given again. Of bridges see `sync/bridge/test_scopes.py`, of filters through a relation
    `test_people_and_leads.py`.
    """
    desk.edit(next(iter(desk.tables["tickets"])), text="other secret words")
    api.send("post", "sync-status/resync", None)
    api.work()
    again = ("patch", f"tickets/{ticket}", {"model": {"name": "seen before"}})
    api.send(*again, Idempotency_Key="order-66")
    limit(api, "Ticket", disabled_fields=["description", "status"])
    limit_user = say("User", disabled_fields=["name"])["common_models"]
    both = [*say("Ticket", disabled_fields=["description", "status"])["common_models"], *limit_user]
    api.send("post", "linked-account-scopes", {"common_models": both})
    everything = {"include_remote_data": "true", "expand": "creator", "show_enum_origins": "status"}
    sync = "/api/sync/v1"
    key = api.person.headers
    answers = [
        api.get("tickets", everything),
        api.get(f"tickets/{ticket}", everything),
        api.send("patch", f"tickets/{ticket}", {"model": {"name": "seen"}}),
        api.send(*again, Idempotency_Key="order-66"),
        Client().get(f"{sync}/changes", headers=key),
        Client().get(f"{sync}/history", {"record_id": ticket}, headers=key),
        Client().get(f"{sync}/why", {"record_id": ticket, "field": "description"}, headers=key),
        Client().get(f"{sync}/records/{ticket}", headers=key),
    ]
    shown = "".join(answer.content.decode() for answer in answers)

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert "secret words" not in shown
    assert "OPEN" not in shown
    assert '"open"' not in shown
    assert '"Ada"' not in shown
    assert "ada@example.com" in shown
    assert answers[0].json()["results"][0]["description"] is None
    assert answers[0].json()["results"][0]["remote_data"][0]["data"].keys().isdisjoint({"text", "state"})
    assert api.get("tickets", {"status": "OPEN"}).json()["results"] == []


def test_an_answer_that_is_given_again_hides_what_was_disabled_since(api: Linked, desk: stub.Desk) -> None:
    """Field by field; of a model that may not be read any more it shows what its caller sent, and no more."""
    key = {"Idempotency_Key": "order-66"}
    known = desk.add(title="visible", text="secret words", state="open")
    api.work()
    [found] = api.get("tickets").json()["results"]
    sent = ("patch", f"tickets/{found['id']}", {"model": {"name": "seen"}})
    first = api.send(*sent, **key)
    limit(api, "Ticket", disabled_fields=["description"])
    without_field = api.send(*sent, **key)
    limit(api, "Ticket", read=False)
    without_model = [api.send(*sent, **key), api.send(*sent)]
    models = [answer.json()["model"] for answer in (first, without_field, *without_model)]

    assert [answer.status_code for answer in (first, without_field, *without_model)] == [200] * 4
    assert "Idempotent-Replayed" in without_field.headers
    assert [one["description"] for one in models] == ["secret words", None, None, None]
    assert [one["status"] for one in models] == ["OPEN", "OPEN", None, None]
    assert [(one["id"], one["name"]) for one in models] == [(found["id"], "seen")] * 4
    assert desk.tables["tickets"][known]["title"] == "seen"


def test_nothing_matches_in_a_model_that_may_not_be_read(api: Linked, desk: stub.Desk) -> None:
    """An upsert is refused as writes are, and nothing is made."""
    api.work()
    limit(api, "Ticket", read=False)
    answer = api.send("post", "tickets?match_by=name", {"model": {"name": "leak"}})

    assert answer.status_code == 403
    assert [one["problem_type"] for one in answer.json()["errors"]] == ["MISSING_PERMISSION"]
    assert desk.tables["tickets"] == {}


def test_a_disabled_field_is_not_stored_any_more(api: Linked, ticket: str, desk: stub.Desk) -> None:
    """It keeps what it said; allowed again, it is read at once."""
    limit(api, "Ticket", disabled_fields=["description"])
    desk.edit(next(iter(desk.tables["tickets"])), text="newer words", title="renamed")
    api.work()
    stored = api.stored(lambda: Ticket.objects.get(id=ticket))
    limit(api, "Ticket", enabled_fields=["description"])
    api.work()

    assert (stored.name, stored.description) == ("renamed", "secret words")
    assert api.get(f"tickets/{ticket}").json()["description"] == "newer words"


def test_a_disabled_field_cannot_be_written(api: Linked, ticket: str, desk: stub.Desk) -> None:
    """An error names it, and meta does not; the others can."""
    limit(api, "Ticket", disabled_fields=["description"])
    answer = api.send("patch", f"tickets/{ticket}", {"model": {"description": "mine"}})
    meta = api.get(f"tickets/meta/patch/{ticket}").json()["request_schema"]["properties"]["model"]

    assert (answer.status_code, answer.json()["errors"][0]["source"]) == (
        400,
        {"pointer": "model/description"},
    )
    assert "description" not in meta["properties"]
    assert desk.writes() == []


def test_a_model_that_may_not_be_read_is_neither_read_nor_shown(
    api: Linked, ticket: str, desk: stub.Desk
) -> None:
    """Its stream rests as DISABLED; allowed again, everything is there."""
    limit(api, "ticketing.Ticket", read=False)
    api.send("post", "sync-status/resync", None)
    desk.log.clear()
    api.work()
    statuses = {s["model_name"]: s["status"] for s in api.get("sync-status").json()["results"]}
    key = api.person.headers
    hidden = [
        api.get("tickets").json()["results"],
        Client().get("/api/sync/v1/changes", {"model": "ticketing.Ticket"}, headers=key).json()["results"],
    ]
    codes = [
        api.get(f"tickets/{ticket}").status_code,
        Client().get(f"/api/sync/v1/records/{ticket}", headers=key).status_code,
    ]
    api.send("post", "linked-account-scopes", {"common_models": []})
    api.work()

    assert statuses == {"Ticket": "DISABLED", "Tag": "DONE", "User": "DONE"}
    assert ("GET", "/tickets") in desk.log[-20:]
    assert (hidden, codes) == ([[], []], [404, 404])
    assert [one["name"] for one in api.get("tickets").json()["results"]] == ["visible"]


def test_what_may_not_be_read_is_not_asked_for(api: Linked, desk: stub.Desk) -> None:
    """Neither when the account is linked nor later."""
    limit(api, "Ticket", read=False)
    api.work()

    assert {path for _, path in desk.log} == {"/users", "/tags"}


def test_a_relation_to_what_may_not_be_read_stays_an_id(api: Linked, ticket: str) -> None:
    """The id tells nothing."""
    limit(api, "User", read=False)
    shown = api.get(f"tickets/{ticket}", {"expand": "creator"}).json()

    assert isinstance(shown["creator"], str)


def test_writes_of_a_disabled_model_are_refused(api: Linked, ticket: str, desk: stub.Desk) -> None:
    """DISABLED_MODEL_WRITE, before anything is journalled or sent; reading goes on."""
    limit(api, "Ticket", write=False)
    answers = [
        api.send("post", "tickets", {"model": {"name": "new"}}),
        api.send("patch", f"tickets/{ticket}", {"model": {"name": "new"}}),
    ]
    meta = api.get("tickets/meta/post").json()

    assert [answer.status_code for answer in answers] == [400, 400]
    assert {a.json()["errors"][0]["problem_type"] for a in answers} == {"DISABLED_MODEL_WRITE"}
    assert meta["status"]["can_make_request"] is False
    assert (api.stored(Write.objects.count), desk.writes()) == (0, [])
    assert api.get(f"tickets/{ticket}").status_code == 200


def test_a_write_that_waits_is_refused_when_its_turn_comes(api: Linked, ticket: str, desk: stub.Desk) -> None:
    """What was allowed when it was journalled may not be any more."""
    sent = api.send("patch", f"tickets/{ticket}?run_async=true", {"model": {"name": "new"}})
    limit(api, "Ticket", write=False)
    api.work()
    state = Client().get(sent.headers["Location"], headers=api.person.headers).json()

    assert (state["state"], desk.writes()) == ("rejected", [])
    assert state["problems"][0]["problem_type"] == "DISABLED_MODEL_WRITE"


def test_a_field_that_is_disabled_meanwhile_is_not_sent(api: Linked, ticket: str, desk: stub.Desk) -> None:
    """The write ends with the field that it was refused for, as it would have been refused at once by then."""
    sent = api.send("patch", f"tickets/{ticket}?run_async=true", {"model": {"description": "mine"}})
    limit(api, "Ticket", disabled_fields=["description"])
    api.work()
    state = Client().get(sent.headers["Location"], headers=api.person.headers).json()
    [problem] = state["problems"]

    assert (state["state"], desk.writes()) == ("rejected", [])
    assert (problem["problem_type"], problem["source"]) == (
        "UNSUPPORTED_FIELD",
        {"pointer": "model/description"},
    )
    assert "by its scopes" in problem["detail"]


def test_what_is_said_for_one_account_counts_more_than_for_all(
    alice: Person, link: Link, charlie: Person
) -> None:
    """Also for accounts that are linked later; other tenants are not concerned."""
    one = link(alice, end_user_origin_id="one")
    limit(one, "Ticket", enabled_fields=["description"])
    sent = say("Ticket", write=False, disabled_fields=["description", "name"])
    answer = Client().post(DEFAULTS, sent, content_type="application/json", headers=alice.headers)
    two, other = link(alice, end_user_origin_id="two"), link(charlie)
    off = [
        told(linked.get("linked-account-scopes").json(), "Ticket")["field_permissions"]["disabled_fields"]
        for linked in (one, two, other)
    ]

    assert answer.status_code == 200
    assert off == [["name"], ["name", "description"], []]
    assert told(two.get("linked-account-scopes").json(), "Ticket")["model_permissions"]["WRITE"] == {
        "is_enabled": False
    }
    assert two.send("post", "tickets", {"model": {"name": "x"}}).status_code == 400


def test_default_scopes_are_for_production_keys(alice: Person) -> None:
    """They hold for accounts that a test key does not reach."""
    with alice.at_work():
        test = apikeys.issue("rehearsal", "test")[1].reveal()
    headers = {"Authorization": f"Bearer {test}"}
    answer = Client().post(DEFAULTS, say("Ticket"), content_type="application/json", headers=headers)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"common_models": {}},
        {"common_models": [{"model_name": "Nothing"}]},
        say("Ticket", disabled_fields=["nothing"]),
        say("Ticket", disabled_fields="name"),
        say("Ticket", disabled_fields=["name"], enabled_fields=["name"]),
        {"common_models": [{"model_name": "Ticket", "model_permissions": {"READ": True}}]},
        {"common_models": [{"model_name": "Ticket", "model_permissions": []}]},
    ],
)
def test_a_mistake_changes_nothing(api: Linked, body: Any) -> None:
    """And is named."""
    answer = api.send("post", "linked-account-scopes", body)

    assert (answer.status_code, list(answer.json())) == (400, ["common_models"])
    assert api.stored(lambda: LinkedAccount.objects.get(id=api.account.id)).permissions == {}


def test_streams_of_others_go_on(api: Linked, ticket: str) -> None:
    """Only what was changed is read again."""
    before = api.stored(lambda: dict(Stream.objects.values_list("model", "mode")))
    limit(api, "Ticket", disabled_fields=["description"])
    after = api.stored(lambda: dict(Stream.objects.values_list("model", "mode")))

    assert {model for model, mode in after.items() if mode != before[model]} == {"ticketing.Ticket"}
    assert ticket


def test_what_changed_and_may_not_be_read_is_named_to_nobody(
    api: Linked, ticket: str, desk: stub.Desk
) -> None:
    """A version that is outdated by other fields as well is refused by these; by disabled ones alone, it is none."""
    version = api.get(f"tickets/{ticket}").headers["ETag"]
    desk.edit(next(iter(desk.tables["tickets"])), text="other secret words")
    api.send("post", "sync-status/resync", None)
    api.work()
    limit(api, "Ticket", disabled_fields=["description"])
    passed = api.send("patch", f"tickets/{ticket}", {"model": {"name": "seen"}}, If_Match=version)
    refused = api.send("patch", f"tickets/{ticket}", {"model": {"name": "late"}}, If_Match=version)

    assert (passed.status_code, refused.status_code) == (200, 412)
    assert [one["source"]["pointer"] for one in refused.json()["errors"]] == ["model/name"]


@pytest.mark.parametrize("said", [{"read": False}, {"disabled_fields": ["description"]}])
def test_what_may_be_read_again_reaches_who_asks_for_changes(
    api: Linked, ticket: str, said: dict[str, Any]
) -> None:
    """Once the model was read again, by `modified_after` and by the feed: also records in which nothing changed."""
    limit(api, "Ticket", **said)
    api.work()
    before = dt.datetime.now(dt.UTC).isoformat()
    changes = "/api/sync/v1/changes"
    cursor = Client().get(changes, headers=api.person.headers).json()["next"]
    limit(api, "Ticket")
    api.work()
    [found] = api.get("tickets", {"modified_after": before}).json()["results"]
    told = Client().get(changes, {"cursor": cursor}, headers=api.person.headers).json()["results"]
    api.send("post", "sync-status/resync", None)
    api.work()

    assert (found["id"], found["description"]) == (ticket, "secret words")
    assert [(one["record_id"], one["kind"]) for one in told] == [(ticket, "updated")]
    assert api.get("tickets", {"modified_after": found["modified_at"]}).json()["results"] == [found]


def test_what_an_answer_repeats_of_somebody_is_cut_as_it_is_of_them(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address of a ticket's author is in no answer about the ticket, once addresses of people may not be read."""
    quoting = replace(stub.TICKETS, quotes={"by": stub.USERS.mapping})
    provider = replace(stub.PROVIDER, resources=(quoting, stub.USERS, stub.TAGS))
    monkeypatch.setitem(registry._providers, provider.slug, provider)
    desk.add(title="leak", state="open", by={"id": "7", "name": "Ada", "mail": "ada@example.com"})
    api.work()
    asked = {"include_remote_data": "true", "include_remote_fields": "true"}
    before = api.get("tickets", asked).content.decode()
    limit(api, "User", disabled_fields=["email_address"])
    [after] = api.get("tickets", asked).json()["results"]
    limit(api, "User", read=False)
    [unread] = api.get("tickets", asked).json()["results"]

    assert "ada@example.com" in before
    assert after["remote_data"][0]["data"]["by"] == {"id": "7", "name": "Ada"}
    assert "by" not in unread["remote_data"][0]["data"]


def test_a_paused_stream_tells_once_it_goes_on(api: Linked, ticket: str) -> None:
    """What may be read again meanwhile is read from the start then, and reaches who asks for changes."""
    limit(api, "Ticket", disabled_fields=["description"])
    api.work()
    [stream] = api.stored(lambda: list(Stream.objects.filter(model="ticketing.Ticket")))
    api.stored(lambda: steer.pause(stream.id))
    before = dt.datetime.now(dt.UTC).isoformat()
    limit(api, "Ticket")
    api.work()
    unsaid = api.get("tickets", {"modified_after": before}).json()["results"]
    api.stored(lambda: steer.resume(stream.id))
    api.work()

    assert unsaid == []
    assert [one["id"] for one in api.get("tickets", {"modified_after": before}).json()["results"]] == [ticket]


def test_what_only_comes_inside_others_is_read_anew_with_them(alice: Person, link: Link) -> None:
    """A model without a stream of its own: where more of it may be read, the streams that bring it along start over."""
    helpdesk = link(alice, integration="django-helpdesk", settings={"base_url": "http://127.0.0.1:9"})

    def modes(**allowed: bool) -> dict[str, str]:
        Stream.objects.update(mode="incremental")
        permissions.set_own(helpdesk.account, {"ticketing.Comment": Say(fields=allowed)})
        return dict(Stream.objects.values_list("model", "mode"))

    helpdesk.stored(lambda: Stream.objects.filter(model="ticketing.Comment").delete())
    helpdesk.stored(lambda: modes(body=False))
    widened = helpdesk.stored(lambda: modes(body=True))

    assert [model for model, mode in widened.items() if mode == "everything"] == ["ticketing.Ticket"]
