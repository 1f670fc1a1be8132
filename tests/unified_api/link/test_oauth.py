"""Linking by OAuth: the whole way with a browser, and everybody who would like to take another one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from integrations.kit.setting import Setting
from tenants.models import AuditEvent, Door, LinkedAccount, OAuthAttempt
from tenants.scope import scope
from tenants.tokens import digest
from tenants.vault import Secret
from tests.canary import every_row, found
from tests.integrations.listener import told
from tests.oauth_house import AUTH, CLIENT_SECRET, PROVIDER, House, register
from tests.people import Person
from tests.tenants.switches import Owner
from unified_api import registry
from unified_api.link import oauth, tokens
from unified_api.link.inviting import Invitation, invite
from unified_api.sync import clock
from unified_api.sync.models import Job


class Browser:
    """An end user's browser, with cookies of its own."""

    def __init__(self) -> None:
        self.client = Client()

    def open(self, url: str) -> HttpResponse:
        """A page of Isthmus."""
        return self.client.get(url.removeprefix("http://testserver"))  # type: ignore[return-value] # what a client answers is one

    def sent(self, url: str) -> str:
        """Where a begin address sends it."""
        page = self.open(url)
        assert page.status_code == 302, page.content
        return page["Location"]

    def allow(self, url: str) -> str:
        """What the provider sends it back to, once everything is allowed."""
        return requests.get(self.sent(url), allow_redirects=False, timeout=120).headers["Location"]

    def link(self, url: str) -> HttpResponse:
        """Go the whole way."""
        return self.open(self.allow(url))


def invited(person: Person, house: House, **more: Any) -> str:
    """The address at which a customer of this person begins; the application is registered."""
    register(person, house)
    given = {"integration": "house", "end_user_origin_id": "customer-1", "settings": {"base_url": house.url}}
    with scope(person.tenant_id):
        return invite(Invitation(**{**given, **more}))[0]


def left_open(person: Person, house: House) -> str:
    """The address at which one begins by a link token that says no settings."""
    register(person, house)
    wish = tokens.Wish("customer-1", "", "", ("ticketing",), dt.timedelta(minutes=5), integration="house")
    with scope(person.tenant_id):
        return f"http://testserver{oauth.BEGIN}{tokens.issue(wish)[1].reveal()}"


def refused(page: HttpResponse, sentence: str) -> None:
    """A page that says why nothing was linked, and keeps itself to itself."""
    assert (page.status_code, sentence in page.content.decode()) == (400, True), page.content
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "no-referrer"


def accounts_of(person: Person) -> list[LinkedAccount]:
    """The person's linked accounts."""
    with person.at_work():
        return list(LinkedAccount.objects.all())


def test_an_end_user_links_by_allowing_it(
    alice: Person, house: House, no_broker: None, database: Owner
) -> None:
    """The page shows a public token, by which the tenant gets the account; all that is secret is sealed."""
    page = Browser().link(invited(alice, house))
    text = page.content.decode()
    public = Secret(text.partition("<code>")[2].partition("</code>")[0])
    with scope(alice.tenant_id):
        account = tokens.exchange(public, lambda _account: True)
    assert account is not None
    with alice.at_work():
        kept = {name: secret.reveal() for name, secret in account.credential().items()}
        renewal = Job.objects.filter(kind="oauth renewal", reference=account.id).count()
        left = OAuthAttempt.objects.count()
        trail = list(AuditEvent.objects.filter(action="account.linked").values_list("actor_kind", "actor"))

    [grant] = house.grants
    assert (page.status_code, account.remote_identity, account.settings) == (
        200,
        "house-1",
        {"base_url": house.url},
    )
    assert (kept["access_token"], kept["refresh_token"]) == (grant.access, grant.refresh)
    assert (renewal, left) == (1, 0)
    assert trail == [("system", "oauth")]
    verifier = house.forms[0]["code_verifier"]
    rows = every_row(database)
    for secret in (grant.access, grant.refresh, CLIENT_SECRET, verifier, house.forms[0]["code"]):
        assert found(secret, rows) == []


def test_nothing_secret_is_logged(
    alice: Person,
    house: House,
    no_broker: None,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither on a good way, nor when a page fails with an error that nobody expected, whose request is logged."""
    caplog.set_level("DEBUG")
    browser, url = Browser(), invited(alice, house)
    back = browser.allow(url)
    browser.open(back)
    browser.client.raise_request_exception = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oauth, "finish", lambda *_: 1 / 0)
        patch.setattr(oauth, "tenant_of", lambda _state: alice.tenant_id)
        assert browser.open(back).status_code == 500
    query = parse_qs(urlsplit(back).query)
    written = caplog.text + "".join(capsys.readouterr())
    secret = [query["code"][0], query["state"][0], url.rpartition("/")[2]]
    secret += [house.grants[0].access, house.grants[0].refresh, CLIENT_SECRET]

    assert "ZeroDivisionError" in written
    assert [text for text in secret if text in written] == []


def test_a_way_back_is_good_once(alice: Person, house: House, no_broker: None) -> None:
    """The same answer of a provider, opened again, finds nothing; so does one that was cut off in between."""
    browser, url = Browser(), invited(alice, house)
    house.instead.append(told({}, 503))
    back = browser.allow(url)
    refused(browser.open(back), "out of order")
    refused(browser.open(back), "unknown, was used, or is too old")
    assert accounts_of(alice) == []

    again = browser.allow(url)  # the link token was not used up by that
    assert browser.open(again).status_code == 200
    refused(browser.open(again), "unknown, was used, or is too old")
    refused(browser.open(url), "unknown, used up or expired")
    assert len(accounts_of(alice)) == 1


def test_whoever_is_sent_a_provider_s_address_links_nothing(
    alice: Person, house: House, no_broker: None
) -> None:
    """An attacker begins, and has a victim allow it: the victim's browser did not begin, so nothing is linked.

    Nor is the state used up by that: the browser that began can still end it.
    """
    attacker, victim, url = Browser(), Browser(), invited(alice, house)
    back = attacker.allow(url)
    refused(victim.open(back), "begun in another browser")
    victim.sent(url)  # a cookie of another attempt
    refused(victim.open(back), "begun in another browser")
    assert (accounts_of(alice), house.asked) == ([], [])
    assert attacker.open(back).status_code == 200


def test_a_stolen_code_is_no_use(alice: Person, house: House, no_broker: None) -> None:
    """Put into the attacker's own way back, the provider finds it bound to another verifier."""
    victim, attacker, url = Browser(), Browser(), invited(alice, house)
    stolen = parse_qs(urlsplit(victim.allow(url)).query)["code"][0]
    own = attacker.allow(url)
    mine = parse_qs(urlsplit(own).query)["code"][0]
    refused(attacker.open(own.replace(mine, stolen)), "does not know the code")
    assert accounts_of(alice) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda back: back.replace("&iss=", "&was="), "Another server answered"),
        (lambda back: back.replace("iss=http", "iss=https"), "Another server answered"),
        (lambda back: f"{back}&iss=https://evil.example", "names iss more than once"),
        (lambda back: f"{back}&code=other", "names code more than once"),
        (lambda back: f"{back}&state=other", "names state more than once"),
        (lambda back: back.replace("code=", "kode="), "without a code"),
        (lambda back: f"{back}&error=access_denied", "was not opened (access_denied)"),
        (lambda back: f"{back}&error=<script>", "was not opened (no reason given)"),
    ],
)
def test_answers_that_were_tampered_with(
    alice: Person, house: House, no_broker: None, change: Any, sentence: str
) -> None:
    """Another issuer, a parameter twice, an error: no code is exchanged, and nothing of the address is shown."""
    browser = Browser()
    page = browser.open(change(browser.allow(invited(alice, house))))
    refused(page, sentence)
    assert b"<script>" not in page.content
    assert (accounts_of(alice), house.asked) == ([], [])


def test_it_is_too_late_after_ten_minutes(
    alice: Person, house: House, no_broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not ended by then is forgotten when somebody begins again."""
    browser, url = Browser(), invited(alice, house)
    back = browser.allow(url)
    later = dt.datetime.now(dt.UTC) + oauth.LASTS
    monkeypatch.setattr(clock, "now", lambda: later)
    refused(browser.open(back), "unknown, was used, or is too old")
    browser.sent(url)
    with alice.at_work():
        assert OAuthAttempt.objects.count() == 1
    assert Door.objects.filter(kind=oauth.STATE_DOOR).count() == 1


def test_few_ways_are_open_at_once(alice: Person, house: House, no_broker: None) -> None:
    """Who begins again and again fills no table: the oldest way back is closed."""
    browser, url = Browser(), invited(alice, house)
    first = browser.allow(url)
    for _ in range(oauth.MOST_OPEN):
        browser.sent(url)
    with alice.at_work():
        assert OAuthAttempt.objects.count() == oauth.MOST_OPEN
    refused(browser.open(first), "unknown, was used, or is too old")


def test_the_application_is_for_its_own_site(alice: Person, house: House, no_broker: None) -> None:
    """A customer who names a server of their own is sent nowhere, and gets no secret of the tenant's there."""
    url = left_open(alice, house)
    for there in ("https://evil.example", house.url.replace("127.0.0.1", "localhost")):
        page = Browser().open(f"{url}?base_url={there}")
        refused(page, "has no OAuth application at House at")
    assert house.asked == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "base_url: is required"),
        ("?base_url=javascript:alert(1)", "must be an address"),
        ("?base_url={0}&next=https://evil.example", "next: is no setting"),
        ("?base_url={0}&access_token=mine", "access_token is secret"),
        ("?base_url={0}%00", "cannot be stored"),
        ("?base_url={0}&integration=stub", "is for house alone"),
    ],
)
def test_what_is_wrong_with_a_begin_address_is_said(
    alice: Person, house: House, query: str, sentence: str
) -> None:
    """Settings are taken, and nothing else; nobody is sent to the provider."""
    url = left_open(alice, house)
    refused(Browser().open(url + query.format(house.url)), sentence)


def test_settings_of_an_invitation_are_not_the_reader_s_to_change(
    alice: Person, house: House, no_broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept with the token, and not in the address; what it leaves open is said there."""
    room, floor = (Setting(name, "where in the house", required=False) for name in ("room", "floor"))
    provider = replace(PROVIDER, settings=(*PROVIDER.settings, room, floor))
    monkeypatch.setitem(registry._providers, "house", provider)
    url = invited(alice, house, settings={"base_url": house.url, "room": "attic"})
    assert "?" not in url
    for query in ("?room=cellar", "?base_url=https://evil.example&room=cellar"):
        refused(Browser().open(url + query), "room than this address")
    assert house.asked == []

    assert Browser().link(f"{url}?base_url={house.url}/&floor=2").status_code == 200
    [account] = accounts_of(alice)
    assert account.settings == {"base_url": house.url, "room": "attic", "floor": "2"}


def test_another_tenants_application_is_not_used(alice: Person, charlie: Person, house: House) -> None:
    """Each has to register one; a link token leads to its own tenant's."""
    register(charlie, house)
    with scope(alice.tenant_id), pytest.raises(Exception, match="has no OAuth application at House"):
        invite(Invitation("house", "customer-1", settings={"base_url": house.url}))


def test_linking_again_compares_the_remote_account(alice: Person, house: House, no_broker: None) -> None:
    """The same account keeps its id; who allows it in another one is refused, and the first goes on."""
    url = invited(alice, house)
    Browser().link(url)
    [first] = accounts_of(alice)
    house.account = "house-2"
    refused(Browser().link(invited(alice, house)), "this credential opens")
    house.account = "house-1"
    assert Browser().link(invited(alice, house)).status_code == 200
    [again] = accounts_of(alice)
    with alice.at_work():
        kept = again.credential()["access_token"].reveal()

    assert again.id == first.id
    assert kept == house.grants[-1].access


def test_where_the_issuer_is_not_known_the_origin_counts(
    alice: Person, house: House, no_broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An issuer that is named has to be where the end user was sent; without one the answer is taken."""
    provider = replace(PROVIDER, auth=replace(AUTH, issuer=""))
    monkeypatch.setitem(registry._providers, "house", provider)
    browser, url = Browser(), invited(alice, house)
    refused(
        browser.open(browser.allow(url).partition("&iss=")[0] + "&iss=https://evil.example"), "Another server"
    )
    assert browser.open(browser.allow(url).partition("&iss=")[0]).status_code == 200


def test_nobody_begins_where_nobody_could_come_back(alice: Person, house: House, settings: Settings) -> None:
    """Without an address of this installation the sentence says what to set."""
    register(alice, house)
    settings.PUBLIC_URL, settings.SANDBOX_URL = "", "http://sandbox.example/elsewhere"
    with scope(alice.tenant_id), pytest.raises(Exception, match="set PUBLIC_URL"):
        invite(Invitation("house", "customer-1", settings={"base_url": house.url}))


def test_the_cookie_is_for_this_way_alone(alice: Person, house: House, settings: Settings) -> None:
    """No script reads it, no other page gets it, and behind TLS it goes nowhere without."""
    url = invited(alice, house)
    settings.PUBLIC_URL = "https://testserver"
    page = Browser().open(url)
    [cookie] = page.cookies.values()
    with alice.at_work():
        attempt = OAuthAttempt.objects.get()

    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["max-age"], cookie.key) == (oauth.CALLBACK, 600, oauth.cookie_of(attempt))
    assert bytes(attempt.browser) == digest("oauth browser", Secret(cookie.value))
