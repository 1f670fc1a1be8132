"""A real directory with its OAuth server, linked as an end user links it; and workers that renew its tokens at once."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

from django.db import connections, transaction
from django.test import Client, override_settings

from demo.servers import Canaille
from integrations.kit.auth import OAuth2
from integrations.kit.endpoints import GET, Check
from integrations.kit.oauth import TOKENS
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from tenants.models import LinkedAccount
from tenants.scope import scope
from tenants.vault import Secret
from unified_api import registry
from unified_api.link import applications
from unified_api.link.applications import Registration
from unified_api.link.inviting import Invitation, invite
from unified_api.sync import connect

#: More than any of its tokens lasts.
LONGEST = dt.timedelta(days=11)
_PATIENCE = 120.0
AUTH = OAuth2(
    authorize_url="{base_url}/oauth/authorize",
    token_url="{base_url}/oauth/token",
    scopes=("openid", "profile"),
    issuer="{base_url}",
)
#: Of the directory, no more than proves that a token opens it.
PROVIDER = Provider(
    slug="directory",
    name="Directory",
    category="hris",
    settings=(Setting("base_url", "address of the directory", kind="url"), *TOKENS),
    auth=AUTH,
    resources=(),
    check=Check(GET("/oauth/userinfo", item=""), identity=lambda me, _settings: me["sub"]),
)


@contextmanager
def known() -> Iterator[None]:
    """Its adapter is registered, and it may be called."""
    registry._providers[PROVIDER.slug] = PROVIDER
    try:
        with override_settings(
            ALLOW_PRIVATE_HOSTS=["127.0.0.1"],
            PUBLIC_URL="http://testserver",
            PROVIDER_REQUESTS_PER_SECOND=10_000,
            PROVIDER_BURST=10_000,
        ):
            yield
    finally:
        del registry._providers[PROVIDER.slug]


def link(tenant: uuid.UUID, server: Canaille) -> str:
    """Go the whole way with a browser; the page at its end."""
    with scope(tenant):
        client = Registration(
            "directory", Secret(server.client_id), Secret(server.client_secret), site=server.origin
        )
        applications.register(client)
        url, _ = invite(Invitation("directory", "customer-1", settings=server.settings))
    browser = Client()
    sent = browser.get(url.removeprefix("http://testserver"))["Location"]
    page = browser.get(server.sent_back(sent).removeprefix("http://testserver"))
    assert page.status_code == 200, page.content
    return page.content.decode()


def account_of(tenant: uuid.UUID) -> LinkedAccount:
    """The one that was linked, as it is stored."""
    with scope(tenant), transaction.atomic():
        found: LinkedAccount = LinkedAccount.objects.get()
    return found


def secrets_of(tenant: uuid.UUID) -> dict[str, str]:
    """Its credential, in the clear."""
    with scope(tenant), transaction.atomic():
        return {name: secret.reveal() for name, secret in account_of(tenant).credential().items()}


def race(tenant: uuid.UUID, *, times: int, workers: int = 2) -> list[str]:
    """Have workers find at once that the token has ended, so many times; the refresh tokens that there were, in order.

    Each time all of them call the directory with what they have then. A call that fails ends the race. A turn begins in
    another second than the one before: the directory's tokens of one second are the same text, which it fails to store.
    """
    began, turn = dt.datetime.now(dt.UTC), [0]
    outside = replace(connect.OUTSIDE, clock=lambda: began + turn[0] * LONGEST)
    turns, tokens = threading.Barrier(workers), [secrets_of(tenant)["refresh_token"]]

    def work(number: int) -> None:
        try:
            for _ in range(times):
                if turns.wait(_PATIENCE) == 0:
                    _await_another_second(secrets_of(tenant)["access_token"])
                    turn[0] += 1
                turns.wait(_PATIENCE)
                call(tenant)
                turns.wait(_PATIENCE)
                if number == 0:
                    tokens.append(secrets_of(tenant)["refresh_token"])
        except BaseException:
            turns.abort()
            raise
        finally:
            connections.close_all()

    with mock.patch.object(connect, "OUTSIDE", outside), ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))
    return tokens


@contextmanager
def later(*, turns: int) -> Iterator[None]:
    """So many times later than any of its tokens lasts, for us; the directory's own clock stands where it is."""
    outside = replace(connect.OUTSIDE, clock=lambda: dt.datetime.now(dt.UTC) + turns * LONGEST)
    with mock.patch.object(connect, "OUTSIDE", outside):
        yield


def _await_another_second(token: str) -> None:
    """Wait until a token that is made now says so."""
    claims = token.split(".")[1]
    made = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["iat"]
    while int(time.time()) <= made:
        time.sleep(0.02)


def call(tenant: uuid.UUID) -> None:
    """One call of the directory, as any worker makes it."""
    with scope(tenant), connect.line(account_of(tenant)) as line:
        line.client.check()
