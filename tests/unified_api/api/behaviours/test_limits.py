"""Limits of requests, where the operator sets one."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from merge.core.http_client import _parse_retry_after, _parse_x_ratelimit_reset
from pytest_django import Settings

from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, at_once
from unified_api.sync.limit import requests_of
from unified_api.sync.models import Throttle

NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture
def limited(api: Linked, settings: Settings) -> Linked:
    """An account with two requests a minute."""
    settings.REQUESTS_PER_MINUTE = 2
    return api


def counts(api: Linked) -> Any:
    """What is kept of the account's requests."""
    return Throttle.objects.filter(holder_id=requests_of(api.account.id))


def test_more_requests_of_a_minute_than_the_limit_are_429(limited: Linked) -> None:
    """Of whatever kind; nothing is begun, and headers tell when to come again."""
    first = limited.get("tickets")
    second = limited.send("post", "tickets", {"model": {"name": "leak"}})
    third = limited.send("post", "tickets", {"model": {"name": "flood"}})
    reset = int(third.headers["X-RateLimit-Reset"])

    assert [answer.status_code for answer in (first, second, third)] == [200, 201, 429]
    assert [first.headers[name] for name in NAMES[:2]] == ["2", "1"]
    assert [third.headers[name] for name in NAMES[:2]] == ["2", "0"]
    assert "2 requests a minute" in third.json()["detail"]
    assert 1 <= int(third.headers["Retry-After"]) <= 60
    assert 0 <= reset - time.time() <= 61


def test_the_official_client_understands_when_to_come_again(limited: Linked) -> None:
    """By `Retry-After`, and without it by `X-RateLimit-Reset`."""
    for _ in range(3):
        answer = limited.get("tickets")
    told = httpx.Headers(dict(answer.headers))

    assert 0 < (_parse_retry_after(told) or 0) <= 60
    assert 0 < (_parse_x_ratelimit_reset(told) or 0) <= 61


def test_the_next_minute_begins_anew(limited: Linked) -> None:
    """With as many."""
    before = [limited.get("tickets").status_code for _ in range(3)]
    limited.stored(lambda: counts(limited).update(resets_at="2020-01-01T00:00:00Z"))
    after = [limited.get("tickets").status_code for _ in range(3)]

    assert before == after == [200, 200, 429]


def test_each_account_has_its_own(limited: Linked, alice: Person, charlie: Person, link: Link) -> None:
    """Neither another customer's nor another tenant's is used up; nor by who has no key, or no token."""
    others = [link(alice, end_user_origin_id="other", remote_identity="other"), link(charlie)]
    for name in ("Authorization", "X-Account-Token"):
        assert limited.get("tickets", {}, **{name: "Bearer nobody's"}).status_code == 401
    for _ in range(3):
        answer = limited.get("tickets")

    assert answer.status_code == 429
    assert [one.get("tickets").status_code for one in others] == [200, 200]


def test_requests_at_once_are_counted_one_by_one(limited: Linked) -> None:
    """As all processes take from one row."""
    assert limited.get("tickets").status_code == 200
    answers = at_once(lambda: limited.get("tickets").status_code)

    assert sorted(answers) == [200, 429]


def test_without_a_limit_nothing_is_counted(api: Linked) -> None:
    """No header tells of one, and no row is written."""
    answer = api.get("tickets")

    assert not {*NAMES} & {*answer.headers}
    assert not api.stored(lambda: counts(api).exists())
