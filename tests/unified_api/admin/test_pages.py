"""Every page of the console shows its rows, and nothing that is sealed."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client

from tests.people import Person
from tests.unified_api.admin.conftest import SEALED, Operator, furnish, owned, text, where
from unified_api.admin import lists, show
from unified_api.models.base import CommonModel
from unified_api.models.ticketing import Ticket
from unified_api.sync.models import Change, Run, Stream, Write

CANARY = "canary of wonder"


def page_of(row: models.Model) -> str:
    """The path of a row's own page."""
    key = row.position if isinstance(row, Change) else row.pk
    return f"{where(type(row))}/{key}/change/"


def test_every_list_and_every_row_is_shown(grace: Operator, alice: Person) -> None:
    """Each model with a page has a list that holds its row, and a page for the row; none shows sealed bytes."""
    rows = furnish(alice, CANARY)
    grace.enter(alice)
    for model in owned():
        listed, shown = grace.get(f"{where(model)}/"), grace.get(page_of(rows[model]))
        assert (listed.status_code, shown.status_code) == (200, 200), model
        assert str(rows[model].pk) in text(listed) or page_of(rows[model]) in text(listed), model
        for page in (text(listed), text(shown)):
            assert repr(SEALED) not in page
            assert SEALED.decode() not in page
            assert "memory at" not in page


def test_a_row_that_is_not_there_leads_back(grace: Operator, alice: Person) -> None:
    """A link that has gone stale sends to the front page with a sentence."""
    grace.enter(alice)
    for model in owned():
        for key in ("00000000-0000-0000-0000-000000000000", "nonsense"):
            assert grace.get(f"{where(model)}/{key}/change/").status_code == 302


def test_pages_that_are_no_tenants_need_none(grace: Operator, alice: Person) -> None:
    """Operators and their looks across tenants are seen without choosing a tenant."""
    grace.get("tenant/")
    for model in set(admin.site._registry) - set(owned()):
        assert grace.get(f"{where(model)}/").status_code == 200
    assert "console: tenants" in text(grace.get("tenants/operatorevent/"))


@pytest.mark.parametrize("model", [Ticket, Stream, Run, Write])
def test_nothing_is_added_changed_or_deleted_by_hand(
    grace: Operator, alice: Person, model: type[models.Model]
) -> None:
    """There is no form to add, change or delete a row."""
    rows = furnish(alice, CANARY)
    grace.enter(alice)
    for path in (f"{where(model)}/add/", f"{where(model)}/{rows[model].pk}/delete/"):
        assert grace.get(path).status_code == 403
    assert grace.post(page_of(rows[model]), name="changed").status_code == 403


def test_a_row_is_found_by_its_ids_only(grace: Operator, alice: Person) -> None:
    """A search is an exact match of an id or a remote id; anything else finds nothing."""
    ticket = furnish(alice, CANARY)[Ticket]
    assert isinstance(ticket, Ticket)
    grace.enter(alice)
    for term, found in ((str(ticket.pk), True), (CANARY, True), ("canary", False), ("%", False)):
        assert (str(ticket.pk) in text(grace.get("ticketing/ticket/", q=term))) is found


def test_a_list_counts_up_to_a_bound(grace: Operator, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of millions is not counted: it says that there are more, and to search."""
    furnish(alice, CANARY)
    monkeypatch.setattr(lists, "BOUND", 1)
    grace.enter(alice)

    assert "1 or more" in " ".join(text(grace.get("ticketing/ticket/")).split())


def test_an_account_can_be_looked_at_alone(grace: Operator, alice: Person) -> None:
    """A filter by account shows its rows; one by nonsense shows none."""
    ticket = furnish(alice, CANARY)[Ticket]
    assert isinstance(ticket, CommonModel)
    grace.enter(alice)

    assert str(ticket.pk) in text(grace.get("ticketing/ticket/", linked_account_id=ticket.linked_account_id))
    assert str(ticket.pk) not in text(grace.get("ticketing/ticket/", linked_account_id="nonsense"))


def test_references_are_links_with_names(grace: Operator, alice: Person) -> None:
    """A list names the account of each row, and leads to it."""
    rows = furnish(alice, CANARY)
    account = next(row for model, row in rows.items() if model.__name__ == "LinkedAccount")
    grace.enter(alice)

    listed = text(grace.get("sync/stream/"))
    assert f'<a href="/admin/tenants/linkedaccount/{account.pk}/change/">{CANARY} at somewhere</a>' in listed


def test_history_is_the_tenants_own_trail(grace: Operator, alice: Person) -> None:
    """What Django calls history leads to the audit trail, and for records to the change log."""
    rows = furnish(alice, CANARY)
    grace.enter(alice)
    of_stream = grace.get(f"sync/stream/{rows[Stream].pk}/history/")
    of_ticket = grace.get(f"ticketing/ticket/{rows[Ticket].pk}/history/")

    assert of_stream["Location"] == f"/admin/tenants/auditevent/?q={rows[Stream].pk}"
    assert of_ticket["Location"] == f"/admin/sync/change/record/{rows[Ticket].pk}/"
    for answer in (of_stream, of_ticket):
        assert grace.client.get(answer["Location"]).status_code == 200


def test_json_is_readable_and_sensitive_fields_are_hidden() -> None:
    """One value per line, escaped, and what stands under a sensitive name is not shown, however deep."""
    shown = show.readable({"name": "<b>", "was": [{"ssn": "123"}]}, {"ssn"})

    assert '"ssn": "(hidden)"' in shown.replace("&quot;", '"')
    assert "123" not in shown
    assert "&lt;b&gt;" in shown
    assert shown.count("\n") > 3


def test_signing_in_works_and_its_style_is_served(grace: Operator) -> None:
    """A stranger is sent to the login page, whose style sheets the application serves itself."""
    stranger = Client()
    sent = stranger.get("/admin/ticketing/ticket/")
    assert sent["Location"].startswith("/admin/login/?next=")

    page = stranger.get(sent["Location"])
    assert page.status_code == 200
    for sheet in ("admin/css/base.css", "admin/css/login.css", "console/console.css"):
        assert f"/static/{sheet}" in page.content.decode()
        answer = stranger.get(f"/static/{sheet}")
        assert answer.status_code == 200
        answer.close()


def test_a_nul_in_a_query_is_a_bad_request(grace: Operator, alice: Person) -> None:
    """No text of Postgres holds one: no list, filter or search of the console fails on it."""
    grace.client.raise_request_exception = False
    furnish(alice, CANARY)
    grace.enter(alice)
    for page in admin.site._registry.values():
        filters = [f if isinstance(f, str) else f[0] for f in page.list_filter if isinstance(f, str | tuple)]
        for name in [*(f"{filtered}__exact" for filtered in filters), "q", "o", "p", "unknown"]:
            found = grace.get(f"{where(page.model)}/", **{name: "a\x00b"})
            assert found.status_code == 400, (page, name)
    assert grace.get("tenant/", q="\x00").status_code == 400
    assert grace.get("tenants/tenant/\x00/change/").status_code in {302, 404}


def test_a_nul_at_the_door_is_no_failure(grace: Operator) -> None:
    """Who is not signed in gets the form again."""
    nobody = Client(raise_request_exception=False)
    assert nobody.get("/admin/login/", {"next": "/admin/\x00"}).status_code in {200, 400}
    sent = nobody.post("/admin/login/", {"username": "a\x00", "password": "\x00", "next": "/admin/\x00"})
    assert sent.status_code in {200, 400}
