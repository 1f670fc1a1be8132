"""API keys, made and replaced over the API."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest
from django.test import Client

from tenants import apikeys
from tenants.models import ApiKey, AuditEvent
from tenants.vault import Secret
from tests.people import Person
from tests.unified_api.api.conftest import at_once

V1 = "/api/hris/v1"


def asked(path: str, key: str, name: Any) -> Any:
    """The answer to who asks for a key."""
    headers = {"Authorization": f"Bearer {key}"}
    return Client().post(f"{V1}/{path}", {"name": name}, content_type="application/json", headers=headers)


def opens(key: str) -> bool:
    """Whether a key is good for anything."""
    return Client().get(f"{V1}/issues", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_a_key_is_shown_once_and_of_the_kind_of_its_maker(alice: Person) -> None:
    """A test key cannot make itself a production key."""
    with alice.at_work():
        test = apikeys.issue("rehearsal", "test")[1].reveal()
    real, rehearsal = asked("generate-key", alice.api_key.reveal(), "ci"), asked("generate-key", test, "ci")

    assert (real.status_code, real.json()["name"]) == (200, "ci")
    assert [one.json()["key"][:9] for one in (real, rehearsal)] == ["isk_live_", "isk_test_"]
    assert opens(real.json()["key"])
    assert opens(rehearsal.json()["key"])


def test_a_name_is_given_once(alice: Person) -> None:
    """A request that is repeated makes no second key; who wants another one for the name replaces it."""
    key = alice.api_key.reveal()
    again = [asked("generate-key", key, "ci") for _ in range(2)][1]

    assert (again.status_code, list(again.json())) == (400, ["name"])


def test_a_name_that_is_asked_for_twice_at_once_is_given_once(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is made before both have looked, or one had to wait for the other."""
    issue, both = apikeys.issue, threading.Barrier(2)

    def late(*args: Any, **more: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=1)
        return issue(*args, **more)

    monkeypatch.setattr(apikeys, "issue", late)
    answers = at_once(lambda: asked("generate-key", alice.api_key.reveal(), "ci"))

    assert sorted(answer.status_code for answer in answers) == [200, 400]


@pytest.mark.parametrize("name", [None, 7, ["ci"]])
def test_a_key_has_a_name(alice: Person, name: Any) -> None:
    """A text."""
    for path in ("generate-key", "regenerate-key"):
        answer = asked(path, alice.api_key.reveal(), name)
        assert (answer.status_code, list(answer.json())) == (400, ["name"])


def test_a_replaced_key_opens_nothing(alice: Person) -> None:
    """The new one does; what happened stands in the trail."""
    first = asked("generate-key", alice.api_key.reveal(), "ci").json()["key"]
    second = asked("regenerate-key", first, "ci").json()["key"]
    with alice.at_work():
        types = set(AuditEvent.objects.values_list("event_type", flat=True))

    assert (opens(first), opens(second)) == (False, True)
    assert types >= {
        "CREATED_REMOTE_PRODUCTION_API_KEY",
        "DELETED_REMOTE_PRODUCTION_API_KEY",
        "REGENERATED_PRODUCTION_API_KEY",
    }


def test_a_right_is_handed_on_by_keys_that_have_it(alice: Person) -> None:
    """A plain key neither gets the right to read sensitive fields by another one's name, nor ends that one."""
    with alice.at_work():
        payroll = apikeys.issue("payroll", may_read_sensitive=True)[1].reveal()
    refused = asked("regenerate-key", alice.api_key.reveal(), "payroll")
    is_left = opens(payroll)
    made = asked("regenerate-key", payroll, "payroll")
    with alice.at_work():
        [key] = apikeys.in_force("payroll", "production")

    assert (refused.status_code, is_left) == (403, True)
    assert (made.status_code, key.may_read_sensitive) == (200, True)


def test_only_a_key_that_there_is_can_be_replaced(alice: Person, charlie: Person) -> None:
    """Not another tenant's, nor one of the other kind."""
    with charlie.at_work():
        charlies = apikeys.issue("secret plans")[1]
    with alice.at_work():
        apikeys.issue("rehearsal", "test")
    answers = [asked("regenerate-key", alice.api_key.reveal(), n) for n in ("secret plans", "rehearsal")]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert opens(charlies.reveal())


def test_no_answer_and_no_trail_holds_a_key_but_the_one_that_makes_it(alice: Person) -> None:
    """Neither the text nor its digest."""
    text = asked("generate-key", alice.api_key.reveal(), "ci").json()["key"]
    with alice.at_work():
        events = [str(vars(event)) for event in AuditEvent.objects.all()]
        rows = [str(vars(key)) for key in ApiKey.objects.all()]

    assert text not in str([*events, *rows])
    assert text not in repr(Secret(text))
