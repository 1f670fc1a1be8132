"""The console's walls: an operator sees the chosen tenant, and of all others nothing but their names."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import InternalError, models
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse
from pytest_django import Settings

from tenants.models import ApiKey, AuditEvent, LinkedAccount, OperatorEvent
from tests.people import Person
from tests.unified_api.admin.conftest import Operator, furnish, operator, owned, text, where
from unified_api.admin import walls
from unified_api.sync.models import Change, Stream

OURS, THEIRS = "canary of wonder", "canary of chocolate"


def patterns(found: list[URLPattern | URLResolver] | Any) -> Iterator[URLPattern]:
    """All routes of the console."""
    for one in found:
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns)
        else:
            yield one


def addresses(rows: dict[type[models.Model], models.Model]) -> Iterator[str]:
    """Every address of the console, with these rows' ids wherever an address takes one."""
    for pattern in patterns(admin.site.urls[0]):
        if not pattern.name:
            continue
        for values in _values(pattern, rows):
            try:
                yield reverse(f"admin:{pattern.name}", kwargs=values)
            except NoReverseMatch:
                assert pattern.name == "app_list", pattern.name


def _values(pattern: URLPattern, rows: dict[type[models.Model], models.Model]) -> Iterator[dict[str, Any]]:
    takes = set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
    owner = next(row for model, row in rows.items() if model.__name__ == "Tenant")
    bridge = next(row for model, row in rows.items() if model.__name__ == "Bridge")
    for model, row in (_of_its_model(pattern, rows) or rows).items():
        key = row.position if isinstance(row, Change) else row.pk
        known = {
            "object_id": str(key),
            "app_label": model._meta.app_label,
            "tenant_id": owner.pk,
            "bridge_id": bridge.pk,
            "row_id": row.pk,
            "record_id": row.pk,
            "deed": "approve",
            "id": "1",
            "url": "nowhere",
        }
        yield {name: known[name] for name in takes}


def _of_its_model(
    pattern: URLPattern, rows: dict[type[models.Model], models.Model]
) -> dict[type[models.Model], models.Model]:
    """The row of the model that a page of an object is about: other models' ids lead nowhere there."""
    return {
        model: row
        for model, row in rows.items()
        if str(pattern.name).startswith(f"{model._meta.app_label}_{model._meta.model_name}_")
    }


def test_no_page_shows_another_tenants_rows(grace: Operator, alice: Person, charlie: Person) -> None:
    """With Wonder chosen, every address of the console with Chocolate's ids shows nothing of Chocolate."""
    furnish(alice, OURS)
    theirs = furnish(charlie, THEIRS)
    grace.enter(alice)
    asked = sorted(set(addresses(theirs)) - {"/admin/logout/"})
    assert len(asked) > 100
    for address in asked:
        page = grace.client.get(address)
        assert page.status_code in {200, 302, 403, 404, 405}, address
        assert THEIRS not in page.content.decode(), address
        assert ("Chocolate Inc" in page.content.decode()) is (address == "/admin/tenant/"), address


def test_no_search_or_filter_reaches_another_tenants_rows(
    grace: Operator, alice: Person, charlie: Person
) -> None:
    """Their ids and texts, typed into searches and filters, find nothing."""
    furnish(alice, OURS)
    theirs = furnish(charlie, THEIRS)
    grace.enter(alice)
    account = str(theirs[LinkedAccount].pk)
    for model in owned():
        for query in (
            {"q": str(theirs[model].pk)},
            {"q": THEIRS},
            {"linked_account_id": account},
            {"q": account},
        ):
            page = text(grace.get(f"{where(model)}/", **query))
            assert f"/{theirs[model].pk}/change/" not in page, (model, query)


def test_no_action_reaches_another_tenants_rows(grace: Operator, alice: Person, charlie: Person) -> None:
    """Their ids, ticked in a forged form, are not acted upon."""
    theirs = furnish(charlie, THEIRS)
    grace.enter(alice)
    grace.act(Stream, "pause", theirs[Stream])
    grace.act(ApiKey, "revoke", theirs[ApiKey], confirmed="yes")
    with charlie.at_work():
        assert Stream.objects.get().paused_by is None
        assert ApiKey.objects.get(id=theirs[ApiKey].pk).revoked_at is not None  # as furnished
        assert not AuditEvent.objects.filter(action__in=["stream.paused", "api_key.revoked"]).exists()


def test_without_a_tenant_every_tenants_page_sends_to_the_chooser(grace: Operator, alice: Person) -> None:
    """Nobody's rows are shown before a tenant is chosen; the chooser leads back to the page."""
    rows = furnish(alice, OURS)
    for model in owned():
        for path in (f"{where(model)}/", f"{where(model)}/{rows[model].pk}/change/"):
            sent = grace.get(path)
            assert sent.status_code == 302
            assert sent["Location"].startswith("/admin/tenant/?next=%2Fadmin%2F")
    entered = grace.post(f"tenant/{alice.tenant_id}/enter/", next="/admin/ticketing/ticket/")
    assert entered["Location"] == "/admin/ticketing/ticket/"


def test_choosing_is_on_record(grace: Operator, alice: Person, charlie: Person) -> None:
    """The look across tenants, entering and leaving each leave an entry with the operator's name."""
    assert "Chocolate Inc" in text(grace.get("tenant/"))
    assert "Chocolate Inc" not in text(grace.get("tenant/", q="wonder"))
    grace.enter(alice)
    grace.post("tenant/leave/")

    looks = OperatorEvent.objects.order_by("at").values_list("actor_kind", "actor", "reason")
    assert list(looks) == [
        ("operator", "grace", "console: tenants"),
        ("operator", "grace", "console: tenants 'wonder'"),
    ]
    with alice.at_work():
        trail = AuditEvent.objects.filter(actor="grace").order_by("at").values_list("actor_kind", "action")
        assert list(trail) == [("operator", "console.entered"), ("operator", "console.left")]


def test_the_band_names_the_tenant_on_every_page(grace: Operator, alice: Person) -> None:
    """Who is looked at stands on each page, with a way out; after leaving, that nobody is."""
    assert "No tenant is chosen." in text(grace.get(""))
    grace.enter(alice)
    for path in ("", "tenant/", "ticketing/", "sync/stream/", "auth/user/", "password_change/"):
        assert re.search(r"tenant-band.*Wonder Ltd.*Leave", text(grace.get(path)), re.DOTALL), path
    grace.post("tenant/leave/")
    assert "No tenant is chosen." in text(grace.get(""))


@pytest.mark.parametrize("path", ["tenant/{}/enter/", "tenant/leave/"])
def test_a_link_cannot_choose_for_the_operator(grace: Operator, alice: Person, path: str) -> None:
    """Entering and leaving are forms, protected like all forms: a mere link does nothing."""
    assert grace.get(path.format(alice.tenant_id)).status_code == 405


def test_entering_leads_to_no_other_site(grace: Operator, alice: Person) -> None:
    """A `next` that leads elsewhere is not followed."""
    entered = grace.post(f"tenant/{alice.tenant_id}/enter/", next="https://elsewhere.example/")
    assert entered["Location"] == "/admin/"


def test_a_tenant_that_is_not_there_cannot_be_entered(grace: Operator) -> None:
    """An unknown id gets 404, and nothing is chosen."""
    assert grace.post(f"tenant/{uuid.uuid4()}/enter/").status_code == 404
    assert "No tenant is chosen." in text(grace.get(""))


def test_a_chosen_tenant_that_is_gone_sends_to_the_chooser(grace: Operator) -> None:
    """A session that outlives its tenant chooses again, on every page."""
    session = grace.client.session
    session[walls.CHOSEN] = str(uuid.uuid4())
    session.save()

    assert grace.get("sync/stream/")["Location"].startswith("/admin/tenant/")
    assert "No tenant is chosen." in text(grace.get(""))


def test_rights_are_djangos(alice: Person, database: Any) -> None:
    """Without rights nothing is seen, not even the chooser; who may only view is offered no action."""
    furnish(alice, OURS)
    nobody = operator("nobody", is_superuser=False)
    assert nobody.get("tenant/").status_code == 403
    assert nobody.post(f"tenant/{alice.tenant_id}/enter/").status_code == 403

    viewer = operator("viewer", is_superuser=False)
    granted = Permission.objects.filter(codename__in=["view_tenant", "view_stream"])
    User.objects.get(username="viewer").user_permissions.set(granted)
    viewer.enter(alice)
    assert OURS in text(viewer.get("sync/stream/"))
    assert 'value="pause"' not in text(viewer.get("sync/stream/"))
    assert viewer.get("ticketing/ticket/").status_code == 403


def test_looking_writes_nothing(alice: Person, grace: Operator) -> None:
    """A page that is only opened runs in a transaction that cannot write."""

    def careless(_request: HttpRequest) -> HttpResponse:
        Stream.objects.create(linked_account_id=uuid.uuid4(), model="ticketing.Ticket")
        return HttpResponse()

    request = RequestFactory().get("/")
    request.session = {walls.CHOSEN: str(alice.tenant_id)}  # type: ignore[assignment] # enough of a session
    request.user = operator_user()
    with pytest.raises(InternalError, match="read-only transaction"):
        walls.behind(careless)(request)


def operator_user() -> Any:
    """Grace, as stored."""
    return User.objects.get(username="grace")


def test_a_login_outlives_a_change_of_the_secret_key(grace: Operator, settings: Settings) -> None:
    """As long as the earlier key is among the fallbacks; without it the operator signs in again."""
    earlier, settings.SECRET_KEY = settings.SECRET_KEY, "another secret key, long enough for anybody"
    settings.SECRET_KEY_FALLBACKS = [earlier]
    assert grace.get("").status_code == 200
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a third secret key, long enough for anybody", []
    assert grace.get("").status_code == 302
