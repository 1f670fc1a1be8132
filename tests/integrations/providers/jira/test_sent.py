"""What comes from a site by itself, and how an application is let into one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from integrations.kit import errors
from integrations.kit.auth import Finds, OAuth2
from integrations.kit.oauth import OAuthClient, TokenEndpoint, authorize_address
from integrations.kit.signatures import Delivery
from integrations.kit.token_answers import Granted
from integrations.kit.webhooks import Callback
from integrations.providers import jira as adapter
from tests.emulators.consent import CLIENT
from tests.emulators.engine import Emulator
from tests.emulators.vendors import jira
from tests.emulators.vendors.jira import applications
from tests.emulators.vendors.jira.issues import drop, new_issue, touch
from tests.emulators.vendors.jira.said import document, say
from tests.integrations.lines import LOOPBACK, Key
from tests.integrations.listener import Seen, Told, listening
from tests.integrations.providers.jira.site import (
    PROVIDER,
    START,
    account_at,
    application_at,
    everything,
    opened,
)
from unified_api.models.ticketing import Comment, Ticket

DAY = 86_400


@contextmanager
def _taking() -> Iterator[tuple[str, list[Seen]]]:
    """Where deliveries are taken, and what came."""
    seen: list[Seen] = []

    def takes(one: Seen) -> Told:
        seen.append(one)
        return Told()

    with listening(takes) as server:
        yield server.url, seen


def _delivery(seen: Seen) -> Delivery:
    return Delivery({name.lower(): value for name, value in seen.headers.items()}, seen.body)


def _hints(seen: list[Seen]) -> list[tuple[Any, str | None]]:
    assert PROVIDER.webhooks is not None
    return [(hint.model, hint.remote_id) for one in seen for hint in PROVIDER.webhooks.hints(_delivery(one))]


def test_webhooks_name_what_is_read_again(site: Emulator) -> None:
    """Of issues and comments in all projects; asked for once, whatever was there before; removed."""
    with _taking() as (url, seen), application_at(site) as client:
        client.subscribe(Callback(url, Key("former")))
        made = client.subscribe(Callback(url, Key("secret")))
        one = new_issue(site.world, jira.HELP)
        said = say(site.world, one, document("Hello"), jira.ADA)
        other = new_issue(site.world, jira.DEV)
        drop(site.world, other)
        site.deliver()
        there = len(site.world.rows("hook"))
        assert client.is_subscribed(made.id, Callback(url, Key("secret")))
        client.unsubscribe(made.id)
        assert not client.is_subscribed(made.id, Callback(url, Key("secret")))

    assert _hints(seen) == [
        (Ticket, one["id"]),
        (Comment, f"{one['id']}-{said['id']}"),
        (Ticket, other["id"]),
        (Ticket, other["id"]),
    ]
    assert (there, site.world.rows("hook")) == (1, [])


def test_webhooks_end_after_thirty_days_unless_they_are_asked_for_again(site: Emulator) -> None:
    """Long before that they are: and projects that are new are named then."""
    assert PROVIDER.webhooks is not None
    assert PROVIDER.webhooks.subscriptions is not None
    lasts = PROVIDER.webhooks.subscriptions.lasts
    with _taking() as (url, seen), application_at(site) as client:
        client.subscribe(Callback(url, Key("secret")))
        site.world.clock.forward(29 * DAY)
        new_issue(site.world, jira.HELP)
        site.deliver()
        site.world.clock.forward(2 * DAY)
        new_issue(site.world, jira.HELP)
        site.deliver()

    assert len(seen) == 1
    assert lasts is not None
    assert lasts < 30 * DAY


def test_new_projects_are_named_when_webhooks_are_asked_for_again(site: Emulator) -> None:
    """Until then nothing is told of them."""
    facts = {"key": "NEW", "name": "New", "description": "", "private": False, "count": 0, "hidden": False}
    with _taking() as (url, seen), application_at(site) as client:
        client.subscribe(Callback(url, Key("secret")))
        site.world.add("project", {"id": "10002", **facts})
        new_issue(site.world, "10002")
        site.deliver()
        client.subscribe(Callback(url, Key("secret")))
        named = new_issue(site.world, "10002")
        site.deliver()

    assert _hints(seen) == [(Ticket, named["id"])]


def test_a_token_of_a_user_can_ask_for_no_webhooks(site: Emulator) -> None:
    """The refusal says so; an administrator can set them up by hand."""
    with account_at(site) as client, pytest.raises(errors.Forbidden):
        client.subscribe(Callback("https://us.example/hook", Key("secret")))


def test_projects_on_all_pages_are_named(site: Emulator) -> None:
    """Of more than a page shows, the last one is told of as well."""
    facts = {"name": "New", "description": "", "private": False, "count": 0, "hidden": False}
    for number in range(20_000, 20_120):
        site.world.add("project", {"id": str(number), "key": f"N{number}", **facts})
    with _taking() as (url, seen), application_at(site) as client:
        client.subscribe(Callback(url, Key("secret")))
        named = new_issue(site.world, "20119")
        site.deliver()

    assert _hints(seen) == [(Ticket, named["id"])]


def test_a_site_without_projects_is_looked_at_again(site: Emulator) -> None:
    """There is nothing yet that a condition could name: no fault of the account's."""
    site.world.table("project").clear()
    with application_at(site) as client, pytest.raises(errors.RetryLater, match="no project yet"):
        client.subscribe(Callback("https://us.example/hook", Key("secret")))


def test_a_condition_that_jira_does_not_take_is_told(site: Emulator) -> None:
    """Nothing is subscribed to then, and changes are found by the search."""
    project = next(iter(site.world.rows("project")))
    site.world.table("project").clear()
    site.world.add("project", {**project, "id": "10000)"})
    with (
        application_at(site) as client,
        pytest.raises(errors.Misconfigured, match="not supported in webhook"),
    ):
        client.subscribe(Callback("https://us.example/hook", Key("secret")))


def test_a_signature_that_comes_has_to_be_right(site: Emulator) -> None:
    """An administrator's webhooks are signed; those of an application are not, and are hints all the same."""
    assert PROVIDER.webhooks is not None
    proof = PROVIDER.webhooks.proof
    hook = {"events": ["jira:issue_created"], "ends": START.timestamp() + 900 * DAY, "secret": "s3cret"}
    with _taking() as (url, seen), application_at(site) as client:
        client.subscribe(Callback(url, Key("other")))
        site.world.add("hook", {"url": url, **hook})
        new_issue(site.world, jira.HELP)
        site.deliver()
    told = [_delivery(one) for one in seen]

    assert [proof.holds(one, [Key("s3cret")], START) for one in told] == [True, True]
    assert [proof.holds(one, [Key("wrong")], START) for one in told] == [True, False]
    assert len({PROVIDER.webhooks.name_of(one) for one in told}) == 2


def test_an_event_without_ids_has_the_list_read() -> None:
    """A comment without its issue, and whatever else may come."""
    assert PROVIDER.webhooks is not None
    bodies = (
        b'{"webhookEvent": "comment_created", "comment": {"id": "7"}}',
        b'{"webhookEvent": "jira:issue_updated"}',
    )
    found = [hint for body in bodies for hint in PROVIDER.webhooks.hints(Delivery({}, body))]

    assert [(hint.model, hint.remote_id) for hint in found] == [(Comment, None), (Ticket, None)]


def _endpoint(site: Emulator, /, **settings: str) -> TokenEndpoint:
    """Where tokens are asked for, at the emulated site."""
    auth = PROVIDER.auth
    assert isinstance(auth, OAuth2)
    assert auth.finds is not None
    finds = Finds(f"{site.url}/oauth/token/accessible-resources", auth.finds.read)
    there = replace(auth, token_url=f"{site.url}/oauth/token", finds=finds)
    client, clock = OAuthClient(*CLIENT), site.world.clock
    return TokenEndpoint(there, client, settings, guard=LOOPBACK, clock=clock.now, sleep=clock.forward)


def _exchanged(site: Emulator, /, **settings: str) -> Granted:
    endpoint = _endpoint(site, **settings)
    return endpoint.found(
        endpoint.exchange(applications.CODE, verifier="v", redirect_uri="https://us.example/b")
    )


def test_an_application_is_let_into_a_site(site: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token says which one when it is asked, and the site is called below its id; issues lead to its own pages."""
    new_issue(site.world, jira.HELP)
    granted = _exchanged(site)
    address = granted.told["base_url"]
    local = {"site": granted.told["site"], "base_url": address.replace("https://api.atlassian.com", site.url)}
    monkeypatch.setattr(adapter, "_API", site.url)
    with opened(site, local, {"access_token": granted.access_token}, 1) as client:
        identity = client.check()
        (one,) = everything(client, Ticket).values()

    assert address == f"https://api.atlassian.com/ex/jira/{jira.CLOUD}"
    assert identity == jira.CLOUD
    assert one.values["ticket_url"] == f"{applications.SITE}/browse/HELP-1"
    assert site.exchanges[-1].request.path.startswith("/rest/api/3/")


def test_of_several_sites_the_one_that_was_named_is_meant(site: Emulator) -> None:
    """Without a name, or with another one, nothing is linked, and what can be named is told."""
    site.world.add(
        "site", {"site": {"id": "another-id", "url": "https://other.atlassian.net", "name": "other"}}
    )
    named = _exchanged(site, site="https://OTHER.atlassian.net").told
    for settings in ({}, {"site": "https://third.atlassian.net"}):
        with pytest.raises(errors.Misconfigured, match=r"acme\.atlassian\.net, https://other"):
            _exchanged(site, **settings)

    assert named["base_url"].endswith("/ex/jira/another-id")


def test_a_refresh_token_is_good_for_one_time(site: Emulator) -> None:
    """The next one comes with the answer; who asks with the former one again has lost the grant."""
    first = applications.granted(site.world)
    second = _endpoint(site).refresh(first["refresh_token"])
    assert second.refresh_token is not None
    third = _endpoint(site).refresh(second.refresh_token)
    with pytest.raises(errors.NeedsReauthorisation):
        _endpoint(site).refresh(first["refresh_token"])

    assert len({first["refresh_token"], second.refresh_token, third.refresh_token}) == 3
    assert third.told == {}


def test_an_application_that_is_refused_pauses_no_account(site: Emulator) -> None:
    """A wrong secret is the application's fault, and the grant stays."""
    first = applications.granted(site.world)
    endpoint = _endpoint(site)
    endpoint._client = OAuthClient("an-application", "wrong")
    with pytest.raises(errors.Misconfigured):
        endpoint.refresh(first["refresh_token"])

    assert _endpoint(site).refresh(first["refresh_token"]).refresh_token


def test_an_access_token_ends_within_the_hour(site: Emulator) -> None:
    """It is refused then, which has it renewed."""
    with application_at(site) as client:
        client.check()
        site.world.clock.forward(3_601)
        with pytest.raises(errors.NeedsReauthorisation):
            client.check()


def test_end_users_are_asked_for_lasting_access() -> None:
    """By the audience that Atlassian wants, and without a challenge, which is not documented there."""
    assert isinstance(PROVIDER.auth, OAuth2)
    address = authorize_address(
        PROVIDER.auth, {}, client_id="app", redirect_uri="https://us.example/b", state="s", verifier="v"
    )

    assert address.startswith("https://auth.atlassian.com/authorize?")
    assert "audience=api.atlassian.com" in address
    assert "offline_access" in address
    assert "challenge" not in address


def test_a_touched_issue_is_told_once(site: Emulator) -> None:
    """Each delivery has a name of its own, which stays when it comes again."""
    one = new_issue(site.world, jira.HELP)
    with _taking() as (url, seen), application_at(site) as client:
        client.subscribe(Callback(url, Key("secret")))
        touch(site.world, one, summary="Touched")
        site.deliver()

    assert [name for name, _ in _hints(seen)] == [Ticket]
