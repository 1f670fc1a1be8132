"""OAuth 2 against a real server: the code, rotation, workers that renew at once, revocation."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from demo.servers import Canaille
from integrations.kit import errors, oauth
from tests.integrations.lines import LOOPBACK
from tests.people import Person
from tests.real import directory
from tests.tenants.switches import Owner
from tests.unified_api.sync.conftest import no_broker, work_until_idle
from unified_api.sync import renewing
from unified_api.sync.models_watch import Issue

__all__ = ["no_broker", "work_until_idle"]  # fixtures
#: How often two workers renew at once; `make renewals` has a thousand.
TIMES = int(os.environ.get("ISTHMUS_RENEWALS", "8"))


@pytest.fixture(autouse=True)
def _known(no_broker: None) -> Iterator[None]:
    """The adapter is registered."""
    with directory.known():
        yield


def test_the_whole_life_of_a_link(
    alice: Person, canaille: Canaille, database: Owner, work_until_idle: Callable[[], int]
) -> None:
    """A code with PKCE links; every renewal rotates, whoever comes at once; what is revoked there is paused here.

    Nobody calls meanwhile: the worker finds out that renews ahead.
    """
    page = directory.link(alice.tenant_id, canaille)
    account = directory.account_of(alice.tenant_id)
    assert "Directory is linked" in page
    assert (account.status, account.remote_identity) == ("COMPLETE", canaille.username)

    tokens = directory.race(alice.tenant_id, times=TIMES)
    assert len(set(tokens)) == TIMES + 1
    assert directory.account_of(alice.tenant_id).status == "COMPLETE"

    canaille.revoke(directory.secrets_of(alice.tenant_id)["access_token"])
    database.execute("UPDATE sync_job SET due_at = now() WHERE kind = %s", [renewing.KIND])
    with directory.later(turns=TIMES + 1):
        work_until_idle()
    paused = directory.account_of(alice.tenant_id)
    assert paused.status == "RELINK_NEEDED"
    assert "what the end user allowed is over" in paused.status_detail
    with alice.at_work():
        assert Issue.objects.get(status="ONGOING").kind == "credential"

    directory.link(alice.tenant_id, canaille)
    directory.call(alice.tenant_id)
    with alice.at_work():
        assert not Issue.objects.filter(status="ONGOING").exists()


def test_the_server_refuses_what_it_should(canaille: Canaille) -> None:
    """Another verifier, a code or a refresh token once more, a wrong secret: each is understood as what it is."""
    verifier = "a-verifier-that-is-long-enough-to-be-one-by-the-rules"
    right, wrong = endpoint(canaille, canaille.client_secret), endpoint(canaille, "wrong")
    with pytest.raises(errors.ApplicationRefused):
        wrong.exchange(code(canaille, verifier), verifier=verifier, redirect_uri=canaille.callback)
    with pytest.raises(errors.NeedsReauthorisation):
        right.exchange(code(canaille, verifier), verifier=verifier[::-1], redirect_uri=canaille.callback)

    once = code(canaille, verifier)
    first = right.exchange(once, verifier=verifier, redirect_uri=canaille.callback)
    with pytest.raises(errors.NeedsReauthorisation):
        right.exchange(once, verifier=verifier, redirect_uri=canaille.callback)
    assert first.refresh_token
    second = right.refresh(first.refresh_token)
    assert second.refresh_token not in {None, first.refresh_token}
    with pytest.raises(errors.NeedsReauthorisation):
        right.refresh(first.refresh_token)
    assert right.by_client().access_token


def endpoint(server: Canaille, secret: str) -> oauth.TokenEndpoint:
    """Its token endpoint, for a client with this secret."""
    auth, client = directory.AUTH, oauth.OAuthClient(server.client_id, secret)
    return oauth.TokenEndpoint(
        auth, client, server.settings, guard=LOOPBACK, clock=lambda: dt.datetime.now(dt.UTC), sleep=time.sleep
    )


def code(server: Canaille, verifier: str) -> str:
    """A code that somebody allowed."""
    asked = {
        "client_id": server.client_id,
        "redirect_uri": server.callback,
        "state": "s",
        "verifier": verifier,
    }
    back = server.sent_back(oauth.authorize_address(directory.AUTH, server.settings, **asked))
    query = parse_qs(urlsplit(back).query)
    assert oauth.is_from(directory.AUTH, server.settings, query["iss"][0])
    return query["code"][0]
