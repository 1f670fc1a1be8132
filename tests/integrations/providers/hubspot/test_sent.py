"""What a portal sends by itself, how an account is linked, and what it tells of its limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from integrations.kit.auth import OAuth2, Revokes
from integrations.kit.errors import NeedsReauthorisation
from integrations.kit.http import Answer
from integrations.kit.oauth import authorize_address
from integrations.kit.signatures import Delivery
from integrations.kit.token_answers import read
from tests.emulators.engine import Emulator
from tests.emulators.vendors.hubspot import links, objects
from tests.integrations.lines import NOW, Key, Learner
from tests.integrations.listener import Seen, Told, listening
from tests.integrations.providers.hubspot.portal import PROVIDER, account_at
from unified_api.models.crm import Account, Contact, CustomObject, Engagement, Note, Opportunity


def test_webhooks_are_proved_and_name_what_is_read_again(portal: Emulator) -> None:
    """Version 3 of the signature: method, address, body and time; fresh, and under the app's secret."""
    world, seen = portal.world, list[Seen]()

    def takes(one: Seen) -> Told:
        seen.append(one)
        return Told()

    with listening(takes) as server:
        url = f"{server.url}/webhooks/iwh_1"
        world.add("hook", {"url": url, "secret": "s3cret"})
        ada, acme = (
            objects.new(world, "contacts", firstname="Ada"),
            objects.new(world, "companies", name="Acme"),
        )
        other = objects.new(world, "companies", name="Acme Inc.")
        links.associate(world, "contacts", ada["id"], "companies", acme["id"], [])
        objects.merge(world, "companies", acme, other)
        objects.archive(world, "contacts", ada)
        objects.new(world, "notes", hs_timestamp="0")
        objects.new(world, "calls", hs_timestamp="0")
        assert set(portal.deliver()) == {200}
    webhooks = PROVIDER.webhooks
    assert webhooks is not None
    told = [Delivery({k.lower(): v for k, v in one.headers.items()}, one.body, url) for one in seen]
    now = world.clock.now()
    proof = webhooks.proof
    named = [(hint.word, hint.model, hint.remote_id) for one in told for hint in webhooks.hints(one)]

    assert all(proof.holds(one, [Key("s3cret")], now) for one in told)
    assert not any(proof.holds(one, [Key("other")], now) for one in told)
    assert not any(proof.holds(one, [Key("s3cret")], now + timedelta(seconds=301)) for one in told)
    assert not any(
        proof.holds(Delivery(one.headers, one.body, f"{url}x"), [Key("s3cret")], now) for one in told
    )
    assert ("contact.associationChange", Contact, ada["id"]) in named
    assert {remote_id for word, _, remote_id in named if word == "company.merge"} == {acme["id"], other["id"]}
    assert ("contact.deletion", Contact, ada["id"]) in named
    assert ("note.creation", Note, world.rows("notes")[0]["id"]) in named
    assert ("call.creation", Engagement, f"calls-{world.rows('calls')[0]['id']}") in named


@pytest.mark.parametrize(
    ("number", "model", "named"),
    [
        ("0-1", Contact, "5"),
        ("0-2", Account, "5"),
        ("0-3", Opportunity, "5"),
        ("2-77", CustomObject, "2-77-5"),
        ("0-5", None, "5"),
    ],
)
def test_events_of_any_kind_are_known_by_the_number_of_the_kind(number: str, model: Any, named: str) -> None:
    """As apps are asked to have them: the word is the same for all kinds."""
    event = f'[{{"subscriptionType": "object.deletion", "objectTypeId": "{number}", "objectId": 5}}]'
    assert PROVIDER.webhooks is not None
    (hint,) = PROVIDER.webhooks.hints(Delivery({}, event.encode()))

    assert (hint.model, hint.remote_id) == (model, named)


def test_what_remains_of_ten_seconds_is_learnt(portal: Emulator) -> None:
    """The header tells the length of the window in milliseconds."""
    limiter = Learner()

    with account_at(portal, limiter=limiter) as client:
        client.check()

    assert limiter.learnt == [(189, portal.world.clock.now() + timedelta(seconds=10))]


def test_an_application_asks_for_what_the_adapter_uses() -> None:
    """At HubSpot's own address, without a code challenge, for the scopes of what is read and written."""
    auth = PROVIDER.auth
    assert isinstance(auth, OAuth2)
    told = {"client_id": "c", "redirect_uri": "https://isthmus.example/oauth", "state": "s", "verifier": "v"}
    url = urlsplit(authorize_address(auth, {}, **told))
    query = dict(parse_qsl(url.query))

    assert (url.netloc, url.path) == ("app.hubspot.com", "/oauth/authorize")
    assert "code_challenge" not in query
    assert {"oauth", "crm.objects.contacts.write", "crm.schemas.deals.read"} <= set(query["scope"].split())


def test_a_refresh_token_is_ended_beside_where_it_is_renewed() -> None:
    """As RFC 7009 has it, by an application that proves itself in the body, as HubSpot wants both."""
    auth = PROVIDER.auth
    assert isinstance(auth, OAuth2)

    assert auth.revokes == Revokes(f"{auth.token_url}/revoke")
    assert (auth.proof, urlsplit(auth.token_url).netloc) == ("body", "api.hubapi.com")


def test_a_grant_that_is_over_is_known_by_its_word() -> None:
    """It stands where others have a status."""
    assert isinstance(PROVIDER.auth, OAuth2)
    body = b'{"status": "BAD_REFRESH_TOKEN", "message": "missing or unknown refresh token"}'
    with pytest.raises(NeedsReauthorisation):
        read(
            Answer(400, {}, body, 1, 2),
            where="/",
            revoked=PROVIDER.auth.revoked,
            refused=(),
            tells={},
            now=NOW,
            clean=str,
        )
