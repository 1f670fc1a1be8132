"""The console's page of OAuth applications: a form that keeps what it is given sealed, and shows none of it."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User

from tenants import applications
from tenants.models import AuditEvent, OAuthApplication
from tests.oauth_house import CLIENT_ID, CLIENT_SECRET, House, house
from tests.people import Person
from tests.unified_api.admin.conftest import Operator, operator, text

__all__ = ["house"]  # a fixture
LIST = "tenants/oauthapplication/"


def test_an_operator_registers_replaces_and_forgets_one(grace: Operator, alice: Person, house: House) -> None:
    """It is the chosen tenant's; pages show its last characters; forgetting is asked again."""
    grace.enter(alice)
    form = {"system": "house", "address": house.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert "client_secret" in text(grace.get(f"{LIST}add/"))
    for scopes in ("", "read"):
        assert grace.post(f"{LIST}add/", **form, asks_for=scopes).status_code == 302
    with alice.at_work():
        row = OAuthApplication.objects.get()
        client = applications.client(row)
    assert client is not None
    assert (client.id.reveal(), client.secret.reveal(), row.scopes) == (CLIENT_ID, CLIENT_SECRET, ["read"])
    for page in (grace.get(LIST), grace.get(f"{LIST}{row.id}/change/")):
        assert row.hint in text(page)
        assert CLIENT_ID not in text(page)

    assert "have to be linked again" in text(grace.act(OAuthApplication, "forget", row))
    grace.act(OAuthApplication, "forget", row, confirmed="yes")
    with alice.at_work():
        trail = AuditEvent.objects.filter(action__startswith="oauth_application").order_by("at")
        assert list(trail.values_list("action", "actor")) == [
            ("oauth_application.kept", "grace"),
            ("oauth_application.kept", "grace"),
            ("oauth_application.removed", "grace"),
        ]
        assert not OAuthApplication.objects.exists()


def test_what_does_not_fit_is_said_in_the_form(grace: Operator, alice: Person, house: House) -> None:
    """Nothing is kept, and the secret does not come back."""
    grace.enter(alice)
    form = {"system": "house", "address": "", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    page = grace.post(f"{LIST}add/", **form, asks_for="")
    assert "at an address of their own" in text(page)
    assert CLIENT_SECRET not in text(page)
    with alice.at_work():
        assert not OAuthApplication.objects.exists()


def test_who_may_only_look_registers_none(grace: Operator, alice: Person, house: House) -> None:
    """The right to change applications is Django's."""
    viewer = operator("viewer", is_superuser=False)
    granted = Permission.objects.filter(codename__in=["view_tenant", "view_oauthapplication"])
    User.objects.get(username="viewer").user_permissions.set(granted)
    viewer.enter(alice)
    assert viewer.get(LIST).status_code == 200
    assert viewer.get(f"{LIST}add/").status_code == 403
