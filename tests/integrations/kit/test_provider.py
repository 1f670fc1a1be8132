"""Providers as data: contradictions are one sentence at import, settings are judged by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.kit.auth import Basic, Bearer, OAuth2
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, PUT, Check, Marked, Since
from integrations.kit.errors import InvalidSettings
from integrations.kit.lenses import at, choice, instant
from integrations.kit.mapping import Mapping
from integrations.kit.oauth import TOKENS
from integrations.kit.offered import of_account
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from unified_api.models.ticketing import Tag, Ticket, User

LIST = GET("/tickets", items="rows")
ONE = GET("/tickets/{remote_id}")
MAPPING = Mapping(
    Ticket,
    name="title",
    status=choice("state", {"OPEN": "open", "CLOSED": "done"}),
    creator=at("author", create_only=True),
    remote_updated_at=instant("changed", read_only=True),
)
TICKETS = Resource(
    mapping=MAPPING,
    list=LIST,
    get=ONE,
    create=POST("/tickets"),
    update=PATCH("/tickets/{remote_id}"),
    recent=LIST,
    recognise=("name",),
    required=("status",),
)
SETTINGS = (
    Setting("base_url", "Address", kind="url"),
    Setting("username", "Who"),
    Setting("password", "Secret", secret=True),
    Setting("queue", "Where to", required=False, default="1", kind="number"),
)
FIXED = OAuth2(authorize_url="https://desk.example/authorize", token_url="https://desk.example/token")


def provider(**changes: Any) -> Provider:
    """A good provider, with changes."""
    facts: dict[str, Any] = {
        "slug": "desk",
        "name": "Desk",
        "category": "ticketing",
        "settings": SETTINGS,
        "auth": Basic(),
        "resources": (TICKETS,),
        "check": Check(LIST),
    }
    return Provider(**{**facts, **changes})


def test_capabilities_are_derived() -> None:
    """What has an endpoint is possible; what has a writing lens may be sent."""
    assert [TICKETS.can(what) for what in ("list", "get", "create", "update", "delete")] == [True] * 4 + [
        False
    ]
    assert TICKETS.writable("create") == {"name", "status", "creator"}
    assert TICKETS.writable("update") == {"name", "status"}
    assert TICKETS.requires("create") == {"name", "status"}
    assert TICKETS.requires("update") == frozenset()
    assert TICKETS.words("status") == ("OPEN", "CLOSED")
    assert TICKETS.words("name") is None
    assert replace(TICKETS, create=None).writable("create") == frozenset()
    assert not TICKETS.incremental


def test_resources_are_found_by_class_and_by_name() -> None:
    """Both spellings of a model lead to the same resource."""
    assert provider().resource(Ticket) is provider().resource("ticketing.Ticket") is TICKETS
    assert provider().resource(User) is None


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Mapping(Ticket, titel="title"), "Ticket has no field titel; it has name"),
        (lambda: Mapping(Ticket, status=choice("s", {"BROKEN": "x"})), "has no word BROKEN; it has OPEN"),
        (lambda: GET("/x", items="a", item="b"), "give one of them"),
        (lambda: GET("/x", items="a", among="kinds"), "among= are for what of= fills in"),
        (lambda: GET("/x", first=True), "need items="),
        (lambda: GET("/x", item="a", find=lambda _api, _id: None), "find= is all"),
        (lambda: Marked("x", GET("/x")), "needs a GET with items="),
        (lambda: PATCH("/x", answer="", send=lambda *_told: None), "send= is all"),
        (lambda: replace(TICKETS, changes=LIST), "changes= has since="),
        (Since, "param= or by newest_first="),
        (lambda: Since(newest_first={"sort": "x"}), "where to stop"),
        (lambda: PATCH("/x", conditional=True, repeatable=True), "drop one of the two"),
        (lambda: Setting("x", "", default="1"), "required setting has no default"),
        (lambda: Setting("x", "", required=False, secret=True, default="1"), "a secret has no default"),
        (lambda: replace(TICKETS, list=GET("/x")), "list= needs a GET with items="),
        (lambda: replace(TICKETS, get=None), "give get= too"),
        (lambda: replace(TICKETS, recent=None), "give both"),
        (lambda: replace(TICKETS, required=("tags",)), "required= names"),
        (lambda: provider(settings=(*SETTINGS, SETTINGS[0])), "same name"),
        (lambda: provider(auth=Bearer()), "auth needs"),
        (lambda: provider(settings=(*SETTINGS, Setting("key", "", secret=True))), "auth= ignores it"),
        (lambda: provider(settings=(SETTINGS[0], *TOKENS), auth=FIXED), "base_url says where tokens go"),
        (lambda: provider(resources=(TICKETS, TICKETS)), "same model"),
        (lambda: provider(category="crm"), "not of category crm"),
    ],
)
def test_contradictions_fail_at_import(wrong: Any, sentence: str) -> None:
    """The constructor refuses, and says what contradicts what."""
    with pytest.raises(TypeError, match=sentence):
        wrong()


def test_what_may_be_repeated() -> None:
    """PUT and DELETE by nature, others when declared, nothing that is conditional."""
    assert PUT("/x").may_repeat
    assert DELETE("/x").may_repeat
    assert not POST("/x").may_repeat
    assert not PATCH("/x").may_repeat
    assert POST("/x", repeatable=True).may_repeat
    assert not PUT("/x", repeatable=False).may_repeat
    assert not DELETE("/x", conditional=True).may_repeat


GIVEN = {"base_url": " https://desk.example/sub/ ", "username": " ada ", "password": " kept as it is "}


def test_settings_and_secrets_are_told_apart() -> None:
    """Settings are trimmed and filled in, secrets are not touched."""
    settings, secrets = provider().accept(GIVEN)

    assert settings == {"base_url": "https://desk.example/sub", "username": "ada", "queue": "1"}
    assert secrets == {"password": " kept as it is "}


def test_every_wrong_setting_is_named() -> None:
    """Unknown, missing and malformed ones at once, without their values."""
    with pytest.raises(InvalidSettings) as caught:
        provider().accept({"base_url": "ftp://x", "queue": "one", "pasword": "hunter2", "username": " "})

    assert set(caught.value.fields) == {"base_url", "queue", "pasword", "username", "password"}
    assert "hunter2" not in str(caught.value)
    assert "known are base_url, username, password, queue" in caught.value.fields["pasword"]


def test_a_flag_is_yes_or_no() -> None:
    """However it is written."""
    flagged = provider(settings=(*SETTINGS, Setting("filters", "", required=False, kind="flag")))

    assert flagged.accept({**GIVEN, "filters": " Yes "})[0]["filters"] == "yes"
    with pytest.raises(InvalidSettings, match="must be yes or no"):
        flagged.accept({**GIVEN, "filters": "true"})


def test_changes_are_asked_for_only_where_an_account_says_that_it_can() -> None:
    """An account without the flag has its lists read whole."""
    since = Since(param="since", offered="filters")
    told = provider(resources=(replace(TICKETS, changes=replace(LIST, since=since)),))

    assert [one.incremental for one in of_account(told, {"filters": "yes"}).resources] == [True]
    for settings in ({}, {"filters": "no"}):
        assert [one.incremental for one in of_account(told, settings).resources] == [False]
    assert of_account(provider(), {}).resources == (TICKETS,)


@pytest.mark.parametrize(
    "url",
    [
        "desk.example",
        "javascript:x",
        "https://",
        "http://a:b@c/",
        "https://x/?a=1",
        "https://x/#a",
        "http://[",
        "http://x:99999/",
        "file:///etc",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    """Only http and https, with a host, without credentials, query or fragment."""
    with pytest.raises(InvalidSettings) as caught:
        provider().accept({**GIVEN, "base_url": url})
    assert set(caught.value.fields) == {"base_url"}


def test_tags_have_no_statuses() -> None:
    """Words are asked for by field; a field that is not mapped has none."""
    assert Resource(mapping=Mapping(Tag, name="name")).words("colour") is None
