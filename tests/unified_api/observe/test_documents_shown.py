"""Who is shown the document of a bridge: the tenant by its keys, and an operator who looks at that tenant."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tenants import apikeys
from tenants.models import ApiKey
from tests import stub
from tests.people import Person
from tests.unified_api.admin.conftest import Operator, grace, operator, text
from tests.unified_api.api.conftest import Link, desk, link
from tests.unified_api.sync.bridge.conftest import PLAIN
from tests.unified_api.sync.conftest import no_broker
from unified_api import registry
from unified_api.sync.bridge import setup

__all__ = ["desk", "grace", "link", "no_broker"]  # fixtures
TITLE = "ticketing.Ticket between Stub and Plain"


@pytest.fixture
def bridge(alice: Person, link: Link, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch) -> uuid.UUID:
    """A bridge between two accounts of Alice's customer."""
    monkeypatch.setitem(registry._providers, PLAIN.slug, PLAIN)
    a, b = link(alice).account, link(alice, integration=PLAIN.slug).account
    with alice.at_work():
        return setup.create(setup.Wish(a, b, "ticketing.Ticket", "a", ("name", "status"))).id


def url(bridge: uuid.UUID) -> str:
    """Where the API has the document."""
    return f"/api/sync/v1/bridges/{bridge}/document"


def test_the_api_gives_it_in_two_forms(bridge: uuid.UUID, alice: Person) -> None:
    """As a page that fetches nothing, or as Markdown; another form is named."""
    page, plain = (
        Client().get(url(bridge), query, headers=alice.headers) for query in ({}, {"format": "markdown"})
    )
    refused = Client().get(url(bridge), {"format": "pdf"}, headers=alice.headers)

    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert (plain.status_code, plain.headers["Content-Type"]) == (200, "text/markdown; charset=utf-8")
    assert plain.content.decode().startswith(f"# Bridge: {TITLE}")
    assert (refused.status_code, list(refused.json())) == (400, ["format"])


def test_nobody_else_is_given_it(bridge: uuid.UUID, alice: Person, charlie: Person) -> None:
    """Another tenant's key and a test key get 404, as for a bridge that there is not; without a key it is 401."""
    with alice.at_work():
        _, key = apikeys.issue("tests", kind=ApiKey.Kind.TEST)
    tester = Person("tester", alice.tenant_id, key)
    strangers = [(url(bridge), charlie), (url(bridge), tester), (url(uuid.uuid4()), alice)]
    answers = [Client().get(where, headers=who.headers) for where, who in strangers]

    assert [(one.status_code, one.json()) for one in answers] == [(404, {"detail": "Not found."})] * 3
    assert Client().get(url(bridge)).status_code == 401


def test_the_console_shows_it_to_who_looks_at_the_tenant(
    bridge: uuid.UUID, grace: Operator, alice: Person, charlie: Person
) -> None:
    """By a link on the bridge's page; not to who looks at another tenant, or may not look at bridges."""
    grace.enter(alice)
    path = f"sync/bridge/{bridge}/document/"
    shown = grace.get(path)

    assert f"/admin/{path}" in text(grace.get(f"sync/bridge/{bridge}/change/"))
    assert TITLE in text(shown)
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    grace.enter(charlie)
    assert grace.get(path).status_code == 404
    nobody = operator("nobody", is_superuser=False)
    User.objects.get(username="nobody").user_permissions.add(Permission.objects.get(codename="view_tenant"))
    nobody.enter(alice)
    assert nobody.get(path).status_code == 403
