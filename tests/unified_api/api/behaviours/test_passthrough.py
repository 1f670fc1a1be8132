"""Passthrough where it waits, and where it fills in what it knows of the account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.kit.auth import Basic
from integrations.kit.setting import Setting
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api import registry
from unified_api.api.account import placeholders
from unified_api.sync import passthrough

SHELF = "a/b c"


@pytest.fixture
def api(alice: Person, link: Link, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch) -> Linked:
    """An account with a setting more."""
    settings = (
        *stub.PROVIDER.settings,
        Setting("shelf", "a shelf"),
        Setting("lane", "a lane", required=False, default="left"),
        Setting("hall", "a hall", required=False),
    )
    monkeypatch.setitem(registry._providers, "stub", replace(stub.PROVIDER, settings=settings))
    return link(alice, settings={"base_url": desk.url, "shelf": SHELF})


def call(api: Linked, **body: Any) -> Any:
    """POST passthrough."""
    return api.send("post", "passthrough", body)


def test_a_read_that_is_not_answered_in_time_is_408(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And points at the asynchronous form; a write is 200 with 504 inside, as clients repeat a 408."""
    monkeypatch.setattr(passthrough, "SECONDS", 0.2)
    desk.delay = 1.0
    read = call(api, method="GET", path="/me")
    write = call(api, method="POST", path="/tickets", data='{"title": "once"}')

    assert read.status_code == 408
    assert "no answer came in time" in read.json()["detail"]
    assert "async-passthrough" in read.json()["detail"]
    assert (write.status_code, write.json()["status"]) == (200, 504)


def test_settings_are_filled_in_for_the_accounts_own_address(api: Linked, desk: stub.Desk) -> None:
    """In `path` as one step of it, in `data` as they are; also those that have a default."""
    found = call(api, method="GET", path="/{{LINKED_ACCOUNT_ATTR.shelf}}/{{ LINKED_ACCOUNT_ATTR.lane }}")
    data = '{"title": "{{LINKED_ACCOUNT_ATTR.lane}} of {{LINKED_ACCOUNT_ATTR.base_url}} {{OTHER}}"}'
    made = call(api, method="POST", path="/tickets", data=data, base_url_override=desk.url)

    assert found.json()["path"] == "/a%2Fb%20c/left"
    assert ("GET", "/a%2Fb%20c/left") in desk.log
    assert made.json()["response"]["title"] == f"left of {desk.url} {{{{OTHER}}}}"


def test_the_subdomain_of_the_accounts_address_is_filled_in(api: Linked, desk: stub.Desk) -> None:
    """Where it has one: neither an IP address nor a bare domain does."""
    told = {"method": "GET", "path": "/{{API_URL_SUBDOMAIN}}/x"}
    refused = call(api, **told)
    api.account.settings = {"base_url": "https://Acme.desk.example.com:8443/api"}

    assert placeholders.fill(told, api.account) == {**told, "path": "/acme/x"}
    assert (refused.status_code, list(refused.json())) == (400, ["path"])


@pytest.mark.parametrize(
    "name", ["API_KEY", "USERNAME", " PASSWORD ", "LINKED_ACCOUNT_ATTR.token", "LINKED_ACCOUNT_ATTR.shelf"]
)
@pytest.mark.parametrize("key", ["path", "data"])
def test_what_names_the_credential_is_refused(api: Linked, desk: stub.Desk, name: str, key: str) -> None:
    """It would be put where it can be read back, a setting that is half of it as well; nothing is called."""
    provider = registry.by_slug("stub")
    registry._providers["stub"] = replace(provider, auth=Basic("shelf", "token"))
    answer = call(api, **{"method": "POST", "path": "/x", "data": "", key: f"/{{{{{name}}}}}"})

    assert (answer.status_code, list(answer.json())) == (400, [key])
    assert "credentials are added by Isthmus" in answer.json()[key][0]
    assert desk.token not in answer.content.decode()
    assert desk.log == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"base_url_override": "http://127.0.0.1:9"}, "own address alone"),
        ({"base_url_override": "no address"}, "own address alone"),
        ({"path": "/{{LINKED_ACCOUNT_ATTR.hall}}"}, "there is base_url, shelf, lane"),
        ({"path": "/{{LINKED_ACCOUNT_ATTR.__class__}}"}, "no setting of this account"),
        ({"path": "{{LINKED_ACCOUNT_ATTR.lane}}" * 101}, "at most 100"),
        ({"path": "/", "data": '{"a": "{{LINKED_ACCOUNT_ATTR.shelf}}"}'}, "mean something else"),
    ],
)
def test_what_cannot_be_filled_in_is_refused(
    api: Linked, desk: stub.Desk, body: dict[str, Any], says: str
) -> None:
    """A setting for another host, one that there is none of, more than there is room for, or that would break out."""
    answer = call(api, **{"method": "POST", "path": "/{{LINKED_ACCOUNT_ATTR.lane}}", **body})
    [[sentence]] = answer.json().values()

    assert (answer.status_code, says in sentence) == (400, True), sentence
    assert desk.log == []


@pytest.mark.parametrize("shelf", ["..", ".", "x" * 501])
def test_a_setting_is_no_step_up(api: Linked, desk: stub.Desk, shelf: str) -> None:
    """Whoever linked the account chose it, and not what the tenant calls."""
    api.account.settings = {"base_url": desk.url, "shelf": shelf}
    api.stored(api.account.save)
    answer = call(api, method="GET", path="/safe/{{LINKED_ACCOUNT_ATTR.shelf}}/x")

    assert (answer.status_code, list(answer.json())) == (400, ["path"])
    assert desk.log == []
