"""Sandboxes are linked by OAuth like any other system: their owner allows it, tokens end, grants are taken back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client

from integrations.kit.oauth import challenge
from integrations.sandbox.service import granting
from tenants.models import Door, LinkedAccount
from tenants.scope import scope
from tenants.vault import Secret
from tests.integrations.sandbox.conftest import Account, MakeRemote, Remote
from tests.integrations.sandbox.test_command import called
from tests.oauth_house import kept
from tests.people import Person
from unified_api.link import applications, tokens
from unified_api.link.applications import Registration
from unified_api.link.inviting import Invitation, invite

VERIFIER: Final = "v" * 43


@dataclass
class Application:
    """An application at the sandboxes of a tenant, as it asks for tokens."""

    url: str
    client_id: str
    client_secret: str
    redirect_uri: str

    def page(self, **told: str) -> requests.Response:
        """The page of the owner, or the answer to what the owner does there."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": "s",
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
        }
        url, told = f"{self.url}/oauth/authorize", {**asked, **told}
        if "answer" in told:
            return requests.post(url, told, allow_redirects=False, timeout=120)
        return requests.get(url, told, allow_redirects=False, timeout=120)

    def code(self, remote: Remote) -> str:
        """What the owner's consent gives."""
        back = self.page(answer="allow", key=remote.key.reveal())
        return parse_qs(urlsplit(back.headers["Location"]).query)["code"][0]

    def ask(self, **form: str) -> requests.Response:
        """The token endpoint's answer."""
        pair = (self.client_id, self.client_secret)
        return requests.post(f"{self.url}/oauth/token", form, auth=pair, timeout=120)

    def exchange(self, code: str, **more: str) -> requests.Response:
        """For a code."""
        form = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": VERIFIER}
        return self.ask(grant_type="authorization_code", **{**form, **more})

    def refresh(self, token: str) -> requests.Response:
        """For a refresh token."""
        return self.ask(grant_type="refresh_token", refresh_token=token)


@pytest.fixture
def application(alice: Person, served: str) -> Application:
    """One of Alice's tenant's, as the command makes it."""
    made = called("sandbox", "application", "--tenant", str(alice.tenant_id))
    return Application(served, **made)


def opens(url: str, token: str) -> int:
    """The status that an access token gets."""
    signed = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{url}/v1/account", headers=signed, timeout=120).status_code


def test_an_end_user_links_a_sandbox_by_allowing_it(
    alice: Person, application: Application, remote: MakeRemote
) -> None:
    """From the begin address over the sandbox's page to a public token; records are read by the token then."""
    account = allowed(alice, application, remote("ticketing"))
    account.work()

    assert account.get("tickets", page_size="5")["results"]
    with alice.at_work():
        kept = LinkedAccount.objects.get().credential()
    assert set(kept) == {"access_token", "refresh_token", "expires_at"}


def test_a_token_that_is_over_is_renewed_unseen(
    alice: Person, application: Application, remote: MakeRemote
) -> None:
    """It is renewed for the call that needs it, and the caller sees none of that."""
    account = allowed(alice, application, remote("ticketing"))
    account.work()
    assert Door.objects.filter(kind=granting.ACCESS).delete()[0] == 1
    ticket = account.get("tickets", page_size="1")["results"][0]["id"]
    changed = account.send("patch", f"tickets/{ticket}", {"model": {"name": "Renewed"}})

    assert changed.status_code == 200, changed.content
    assert changed.json()["model"]["name"] == "Renewed"


def test_tokens_end_as_soon_as_is_told(application: Application, remote: MakeRemote) -> None:
    """An hour unless the behaviour says otherwise."""
    sandbox = remote("ticketing")
    assert application.exchange(application.code(sandbox)).json()["expires_in"] == 3_600
    sandbox.call("PATCH", "behaviour", {"tokenSeconds": 5})
    assert application.exchange(application.code(sandbox)).json()["expires_in"] == 5


def test_a_grant_that_its_owner_takes_back_pauses_the_account(
    alice: Person, application: Application, remote: MakeRemote
) -> None:
    """The next call finds that out, and an issue says so."""
    sandbox = remote("ticketing")
    account = allowed(alice, application, sandbox)
    assert sandbox.call("DELETE", "grants").json() == {"ended": 1}
    account.send("post", "tickets", {"model": {"name": "Too late"}})
    account.work()

    with alice.at_work():
        assert LinkedAccount.objects.get().status == "RELINK_NEEDED"


def test_the_page_lets_in_who_has_the_key_alone(application: Application, remote: MakeRemote) -> None:
    """It says so of a wrong key, goes back with `access_denied`, and is shown to no unknown application."""
    sandbox = remote("crm")
    page = application.page()
    assert (page.status_code, 'type="password"' in page.text) == (200, True)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert application.page(answer="allow", key="isb_wrong").status_code == 403
    assert "error=access_denied" in application.page(answer="deny").headers["Location"]
    strange = application.page(redirect_uri="https://evil.example/", answer="allow", key=sandbox.key.reveal())
    assert (strange.status_code, "Location" in strange.headers) == (400, False)
    unbound = application.page(code_challenge="", answer="allow", key=sandbox.key.reveal())
    assert "error=invalid_request" in unbound.headers["Location"]


def test_another_tenants_sandbox_is_not_opened(
    application: Application, charlie: Person, served: str
) -> None:
    """Whose key it is does not matter: the application is of one tenant, and so are its sandboxes."""
    made = called("sandbox", "create", "--tenant", str(charlie.tenant_id), "--category", "crm")

    assert application.page(answer="allow", key=made["key"]).status_code == 403


def test_a_code_is_good_once_and_for_its_application(application: Application, remote: MakeRemote) -> None:
    """Not twice, nor with another verifier, nor without the application's secret."""
    sandbox = remote("crm")
    code = application.code(sandbox)
    assert opens(application.url, application.exchange(code).json()["access_token"]) == 200
    tried, other = application.code(sandbox), application.code(sandbox)
    for refused in (
        application.exchange(code),
        application.exchange(tried, code_verifier="x" * 43),
        application.exchange(tried),
        application.exchange(other, redirect_uri="https://evil.example/"),
        application.exchange(other),
    ):
        assert (refused.status_code, refused.json()) == (400, {"error": "invalid_grant"})
    application.client_secret = "wrong"
    refused = application.exchange(application.code(sandbox))
    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_client"})


def test_a_refresh_token_that_comes_again_late_ends_the_grant(
    application: Application, remote: MakeRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once it is taken again, as its answer may have been lost; the one before the last ends everything."""
    first = application.exchange(application.code(remote("crm"))).json()
    second = application.refresh(first["refresh_token"]).json()
    third = application.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != third["refresh_token"]
    assert application.refresh(third["refresh_token"]).status_code == 200
    assert application.refresh(first["refresh_token"]).json() == {"error": "invalid_grant"}
    assert opens(application.url, third["access_token"]) == 401


def test_a_token_opens_records_alone(application: Application, remote: MakeRemote) -> None:
    """What ends, resets or changes the sandbox itself takes its key."""
    told = application.exchange(application.code(remote("crm"))).json()
    signed = {"Authorization": f"Bearer {told['access_token']}"}

    def status(method: str, path: str) -> int:
        url = f"{application.url}/v1/{path}"
        return requests.request(method, url, json={}, headers=signed, timeout=120).status_code

    owners = [("POST", "account"), ("DELETE", "account"), ("PATCH", "behaviour"), ("DELETE", "grants")]
    assert [status(*one) for one in owners] == [403] * 4
    assert [status("GET", path) for path in ("account", "behaviour", "objects/lead")] == [200] * 3


def test_an_application_is_ended_with_all_that_it_was_allowed(
    alice: Person, application: Application, remote: MakeRemote
) -> None:
    """Its secret opens nothing any more, nor do tokens that it has."""
    told = application.exchange(application.code(remote("crm"))).json()
    called("sandbox", "application", "--tenant", str(alice.tenant_id), "--end", application.client_id)

    assert opens(application.url, told["access_token"]) == 401
    assert application.refresh(told["refresh_token"]).json() == {"error": "invalid_client"}


def test_a_renewal_can_be_made_to_fail(application: Application, remote: MakeRemote) -> None:
    """The behaviour that is told strikes the token endpoint, too, and the token is good afterwards."""
    sandbox = remote("crm")
    told = application.exchange(application.code(sandbox)).json()
    sandbox.call("PATCH", "behaviour", {"failNext": 1, "failStatus": 503})

    assert application.refresh(told["refresh_token"]).status_code == 503
    assert application.refresh(told["refresh_token"]).status_code == 200


def test_a_grant_is_revoked_by_its_application(application: Application, remote: MakeRemote) -> None:
    """200 for whatever token it is; nothing opens the sandbox by it then."""
    told = application.exchange(application.code(remote("crm"))).json()
    for token in (told["refresh_token"], "unknown"):
        pair = (application.client_id, application.client_secret)
        answered = requests.post(f"{application.url}/oauth/revoke", {"token": token}, auth=pair, timeout=120)
        assert answered.status_code == 200
    assert opens(application.url, told["access_token"]) == 401


def test_a_grant_ends_with_the_account(alice: Person, application: Application, remote: MakeRemote) -> None:
    """Who deletes a linked account leaves no token behind that opens the sandbox."""
    account = allowed(alice, application, remote("crm"))
    token = kept(alice)["access_token"]
    assert opens(application.url, token) == 200
    headers = {**alice.headers, "X-Account-Token": account.token.reveal()}
    assert Client().post("/api/crm/v1/delete-account", headers=headers).status_code == 200

    assert opens(application.url, token) == 401


def allowed(person: Person, application: Application, remote: Remote) -> Account:
    """The account that a customer links by allowing it, in a browser."""
    slug = f"sandbox-{remote.category}"
    client = Secret(application.client_id), Secret(application.client_secret)
    with scope(person.tenant_id):
        applications.register(Registration(slug, *client))
        url, _ = invite(Invitation(integration=slug, end_user_origin_id="customer-1"))
    browser = Client()
    there = _opened(browser, url)
    page = requests.get(there["Location"], timeout=120)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    hidden = {name: value.replace("&amp;", "&") for name, value in hidden.items()}
    back = requests.post(
        there["Location"].partition("?")[0],
        {**hidden, "key": remote.key.reveal(), "answer": "allow"},
        allow_redirects=False,
        timeout=120,
    )
    linked = _opened(browser, back.headers["Location"])
    text = linked.content.decode()
    assert linked.status_code == 200, text
    public = Secret(text.partition("<code>")[2].partition("</code>")[0])
    with scope(person.tenant_id):
        account = tokens.exchange(public, lambda _account: True)
    assert account is not None
    return Account(person, remote, token_of(person, account))


def token_of(person: Person, account: LinkedAccount) -> Secret:
    """The account's token."""
    with person.at_work():
        found: Secret = account.token()
    return found


def _opened(browser: Client, url: str) -> Any:
    parts = urlsplit(url)
    return browser.get(f"{parts.path}?{parts.query}")
