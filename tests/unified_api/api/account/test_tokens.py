"""Link tokens: issued, used once, exchanged once; account tokens made anew."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tenants import apikeys
from tenants.models import LinkedAccount, LinkToken
from tenants.scope import scope
from tenants.vault import Secret
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api import registry
from unified_api.link import tokens
from unified_api.link.linking import LinkRefused
from unified_api.sync import clock
from unified_api.sync.models import Stream

V1 = "/api/ticketing/v1"
WISH = {
    "end_user_email_address": "ada@example.com",
    "end_user_organization_name": "Engines",
    "end_user_origin_id": "customer-9",
    "categories": ["ticketing"],
}


def asked(person: Person, path: str = f"{V1}/link-token", key: Secret | None = None, **more: Any) -> Any:
    """The answer to who asks for a link token."""
    headers = person.headers if key is None else {"Authorization": f"Bearer {key.reveal()}"}
    return Client().post(path, {**WISH, **more}, content_type="application/json", headers=headers)


def token(person: Person, **more: Any) -> Secret:
    """A link token."""
    answer = asked(person, **more)
    assert answer.status_code == 200, answer.content
    return Secret(answer.json()["link_token"])


def completed(person: Person, text: Secret, desk: stub.Desk, **more: Any) -> Secret:
    """What the customer does with a link token; the public token."""
    values = {"base_url": desk.url, "token": desk.token}
    with scope(person.tenant_id):
        return tokens.complete(text, values, **{"integration": "stub", **more})


def exchanged(person: Person, public: Secret, path: str = f"{V1}/account-token", **headers: str) -> Any:
    """The answer to who exchanges a public token."""
    return Client().get(f"{path}/{public.reveal()}", headers={**person.headers, **headers})


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass."""
    began = dt.datetime.now(dt.UTC)

    def passes(minutes: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: began + dt.timedelta(minutes=minutes))

    return passes


@pytest.mark.parametrize(
    ("link", "account"),
    [
        (f"{V1}/link-token", f"{V1}/account-token"),
        ("/api/integrations/create-link-token", "/api/integrations/account-token"),
    ],
)
def test_a_link_token_becomes_an_account(alice: Person, desk: stub.Desk, link: str, account: str) -> None:
    """With the end user of the token; the account token opens it. The same without a category in the path."""
    made = asked(alice, link).json()
    public = completed(alice, Secret(made["link_token"]), desk)
    told = exchanged(alice, public, account).json()
    details = (
        Client()
        .get(f"{V1}/account-details", headers={**alice.headers, "X-Account-Token": told["account_token"]})
        .json()
    )

    assert (made["integration_name"], made["magic_link_url"]) == (None, None)
    assert (told["id"], told["integration"]["slug"]) == (details["id"], "stub")
    assert details["end_user_email_address"] == "ada@example.com"
    assert (details["end_user_origin_id"], details["end_user_organization_name"]) == ("customer-9", "Engines")


def test_a_public_token_is_exchanged_once(alice: Person, charlie: Person, desk: stub.Desk) -> None:
    """By the tenant that it is for; who may not have the account does not use it up."""
    public = completed(alice, token(alice), desk)
    with alice.at_work():
        test = apikeys.issue("rehearsal", "test")[1].reveal()
    others = [
        exchanged(charlie, public),
        exchanged(alice, public, Authorization=f"Bearer {test}"),
        exchanged(alice, Secret("ipt_guess")),
    ]

    assert [answer.status_code for answer in others] == [404, 404, 404]
    assert [exchanged(alice, public).status_code for _ in range(2)] == [200, 404]


def test_asking_for_the_head_uses_no_public_token_up(alice: Person, desk: stub.Desk) -> None:
    """Its answer could not give the account token; 405 names the method that does."""
    public = completed(alice, token(alice), desk)
    head = Client().head(f"{V1}/account-token/{public.reveal()}", headers=alice.headers)

    assert (head.status_code, head.headers["Allow"]) == (405, "GET")
    assert exchanged(alice, public).status_code == 200


def test_a_public_token_lasts_ten_minutes(alice: Person, desk: stub.Desk, later: Any) -> None:
    """Not a second longer."""
    public = completed(alice, token(alice), desk)
    later(10.1)

    assert exchanged(alice, public).status_code == 404


def test_a_link_token_links_once(alice: Person, desk: stub.Desk) -> None:
    """Also where two use it at once; a wrong password does not use it up."""
    text = token(alice)
    right, desk.token = desk.token, "another"
    with scope(alice.tenant_id), pytest.raises(LinkRefused, match="Check user name"):
        tokens.complete(text, {"base_url": desk.url, "token": right}, integration="stub")
    desk.token = right
    came: list[str] = []

    def use() -> None:
        try:
            came.append(completed(alice, text, desk).reveal())
        except LinkRefused as error:
            came.append(str(error))
        finally:
            connection.close()

    both = [threading.Thread(target=use) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(word[:4] for word in came) == ["This", "ipt_"]


def test_a_link_token_expires(alice: Person, desk: stub.Desk, later: Any) -> None:
    """After 30 minutes, or as many as were asked for."""
    usual, long = token(alice), token(alice, link_expiry_mins=120)
    later(60)

    with pytest.raises(LinkRefused, match="expired"):
        completed(alice, usual, desk)
    assert exchanged(alice, completed(alice, long, desk)).status_code == 200


def test_a_link_token_for_an_end_user_with_one_account_links_that_again(api: Linked, desk: stub.Desk) -> None:
    """Same id and token, and the answer says which integration it is."""
    answer = asked(api.person, end_user_origin_id=api.account.end_user_origin_id).json()
    told = exchanged(api.person, completed(api.person, Secret(answer["link_token"]), desk)).json()

    assert answer["integration_name"] == "Stub"
    assert (told["id"], told["account_token"]) == (str(api.account.id), api.token.reveal())


def test_a_link_token_may_be_for_one_integration(alice: Person, desk: stub.Desk) -> None:
    """And for no other, whatever its holder says."""
    text = token(alice, integration="stub")

    with pytest.raises(LinkRefused, match="alone"):
        completed(alice, text, desk, integration="product")
    assert exchanged(alice, completed(alice, text, desk, integration="")).status_code == 200


def test_test_keys_issue_links_of_test_accounts(
    alice: Person, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose tokens they can exchange; and sandboxes are all that these link."""
    with alice.at_work():
        test = apikeys.issue("rehearsal", "test")[1]
    text = Secret(asked(alice, key=test).json()["link_token"])
    with pytest.raises(LinkRefused, match="no sandbox"):
        completed(alice, text, desk)
    monkeypatch.setitem(registry._providers, "stub", replace(stub.PROVIDER, home=lambda: desk.url))
    told = exchanged(alice, completed(alice, text, desk), Authorization=f"Bearer {test.reveal()}").json()
    with alice.at_work():
        assert LinkedAccount.objects.get(id=told["id"]).is_test


def test_a_test_key_links_no_production_account_again(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it change one: a link token for that account is refused, another one tells of none and links none."""
    monkeypatch.setitem(registry._providers, "stub", replace(stub.PROVIDER, home=lambda: desk.url))
    person = api.person
    whom: dict[str, Any] = {"end_user_origin_id": api.account.end_user_origin_id}
    with person.at_work():
        test = apikeys.issue("rehearsal", "test")[1]
    scopes = [{"model_id": "ticketing.Ticket", "enabled_actions": ["READ"]}]
    open_one = asked(person, key=test, common_models=scopes, **whom).json()
    named = asked(person, key=test, integration="stub", **whom)
    with pytest.raises(LinkRefused, match="never becomes"):
        completed(person, Secret(open_one["link_token"]), desk)
    with person.at_work():
        account = LinkedAccount.objects.get()

    assert open_one["integration_name"] is None
    assert (named.status_code, list(named.json())) == (400, ["integration"])
    assert (account.is_test, account.permissions, account.end_user_email_address) == (False, {}, "")


def test_a_production_key_links_no_test_account_again(alice: Person, link: Link, desk: stub.Desk) -> None:
    """Which stays the test key's: the production key links another end user's account."""
    rehearsal = link(alice, is_test=True)
    whom: dict[str, Any] = {"end_user_origin_id": rehearsal.account.end_user_origin_id}
    text = Secret(asked(alice, **whom).json()["link_token"])
    with pytest.raises(LinkRefused, match="link that one as a test account"):
        completed(alice, text, desk)

    assert asked(alice, integration="stub", **whom).status_code == 400
    assert exchanged(alice, completed(alice, token(alice), desk)).status_code == 200


def test_an_account_can_be_linked_without_being_read_and_with_fewer_rights(
    alice: Person, desk: stub.Desk
) -> None:
    """As the link token says."""
    scopes = [
        {"model_id": "ticketing.Ticket", "enabled_actions": ["READ"], "disabled_fields": ["description"]}
    ]
    more = {"common_models": scopes, "are_syncs_disabled": True}
    told = exchanged(alice, completed(alice, token(alice, **more), desk)).json()
    with alice.at_work():
        account = LinkedAccount.objects.get(id=told["id"])
        statuses = set(Stream.objects.filter(linked_account_id=account.id).values_list("status", flat=True))

    assert account.permissions == {"ticketing.Ticket": {"write": False, "hidden": ["description"]}}
    assert statuses == {"PAUSED"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("categories", []),
        ("categories", ["ats"]),
        ("categories", "ticketing"),
        ("categories", [["ticketing"]]),
        ("end_user_origin_id", " "),
        ("end_user_email_address", None),
        ("integration", "nobody"),
        ("link_expiry_mins", 29),
        ("link_expiry_mins", 721),
        ("link_expiry_mins", True),
        ("language", "fr"),
        ("common_models", [{"model_id": "ticketing.Nothing"}]),
        ("common_models", [{"model_id": "Ticket", "disabled_fields": ["nothing"]}]),
        ("category_common_model_scopes", {"ticketing": "all"}),
    ],
)
def test_a_mistake_is_named(alice: Person, desk: stub.Desk, key: str, value: Any) -> None:
    """By its key, and nothing is issued."""
    answer = asked(alice, **{key: value})
    with alice.at_work():
        issued = LinkToken.objects.count()

    assert (answer.status_code, list(answer.json()), issued) == (400, [key], 0)


def test_a_new_account_token_takes_the_place_of_the_old_one(api: Linked) -> None:
    """Which opens nothing any more."""
    told = api.send("post", "account-token/regenerate", None).json()
    headers = {**api.person.headers, "X-Account-Token": told["account_token"]}

    assert told["linked_account_id"] == str(api.account.id)
    assert api.get("account-details").status_code == 401
    assert Client().get(f"{V1}/account-details", headers=headers).status_code == 200


def test_a_deleted_account_has_no_public_token(alice: Person, desk: stub.Desk, link: Link) -> None:
    """Nor anything else that leads to it."""
    public, again = completed(alice, token(alice), desk), completed(alice, token(alice), desk)
    told = exchanged(alice, public).json()
    headers = {**alice.headers, "X-Account-Token": told["account_token"]}
    Client().post(f"{V1}/delete-account", headers=headers)

    assert exchanged(alice, again).status_code == 404


def test_integrations_are_listed(alice: Person, desk: stub.Desk) -> None:
    """For everybody, and with an API key in pages."""
    every = [one["slug"] for one in Client().get("/api/integrations").json()]
    url, first = "/api/organizations/integrations", {"page_size": 1}
    page = Client().get(url, first, headers=alice.headers).json()
    second = Client().get(url, {**first, "cursor": page["next"]}, headers=alice.headers).json()
    back = Client().get(url, {**first, "cursor": second["previous"]}, headers=alice.headers).json()

    assert "stub" in every
    assert [one["results"][0]["slug"] for one in (page, second, back)] == [*every[:2], every[0]]
