"""Custom fields over the API: shown in the wire contract's form, and pushed by a product that has declared them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, caller
from tests.unified_api.api.pushing import product_of
from tests.unified_api.api.test_product import Both, bridge, only
from unified_api.engine.values import Side
from unified_api.sync import targets

RISK = "field_mappings.churn_risk"


def mapping(person: Person, *arguments: Any) -> None:
    """The command, for a person's tenant."""
    call_command("mapping", *map(str, arguments), "--tenant", str(person.tenant_id))


def test_they_are_shown_in_the_contracts_form(api: Linked, desk: stub.Desk, capsys: Any) -> None:
    """An account's own apart from those of all accounts; what is not mapped is left out."""
    common = ("--model", "ticketing.Ticket")
    mapping(api.person, "add", "--account", api.account.id, *common, "--target", "mine", "--read", "x_a.b")
    mapping(api.person, "add", "--integration", "stub", *common, "--target", "ours", "--read", "x_c[0]")
    desk.add(title="leak", state="open", x_a={"b": 1}, x_c=["first"], x_d=2)
    api.work()
    (shown,) = api.get("tickets").json()["results"]

    assert shown["field_mappings"] == {
        "organization_defined_targets": {"ours": {"value": "first"}},
        "linked_account_defined_targets": {"mine": {"value": 1}},
    }
    assert shown == api.get(f"tickets/{shown['id']}").json()
    mapping(api.person, "list")
    assert "x_c[0]" in capsys.readouterr().out


def test_a_change_of_one_is_in_the_feed_with_its_values(api: Linked, desk: stub.Desk) -> None:
    """As any other field's, under the name that bridges and the history have for it."""
    common = ("--model", "ticketing.Ticket", "--target", "risk", "--read", "x_risk")
    mapping(api.person, "add", "--account", api.account.id, *common)
    number = desk.add(title="leak", state="open", x_risk="low")
    api.work()
    desk.edit(number, x_risk="high")
    api.send("post", "sync-status/resync", None)
    api.work()
    told = caller().get("/api/sync/v1/changes", {"model": "ticketing.Ticket"}, headers=api.person.headers)
    *_, last = told.json()["results"]

    assert last["fields"]["field_mappings.risk"] == {"old": "low", "new": "high", "is_hidden": False}


def test_a_mapping_is_removed_with_its_values(api: Linked, desk: stub.Desk, capsys: Any) -> None:
    """The reader of what was modified sees that they are gone; what is unknown is said."""
    common = ("--model", "ticketing.Ticket", "--target", "risk", "--read", "x_risk")
    mapping(api.person, "add", "--account", api.account.id, *common)
    desk.add(title="leak", state="open", x_risk=1)
    api.work()
    (before,) = api.get("tickets").json()["results"]
    (made,) = api.stored(lambda: list(targets.of(api.account)))
    mapping(api.person, "remove", made.id)
    (after,) = api.get("tickets", {"modified_after": before["modified_at"]}).json()["results"]

    assert after["field_mappings"]["linked_account_defined_targets"] == {}
    assert after["modified_at"] > before["modified_at"]
    with pytest.raises(CommandError, match="no field mapping with this id"):
        mapping(api.person, "remove", made.id)


@pytest.fixture
def both(alice: Person, link: Link, desk: stub.Desk) -> Both:
    """A product and a desk with a custom field in common."""
    product, other = product_of(alice, link, "ticketing"), link(alice)
    with alice.at_work():
        targets.add(product.linked.account, "ticketing.Ticket", "churn_risk")
        targets.add(other.account, "ticketing.Ticket", "churn_risk", jmes_path="x_risk", remote_path="x_risk")
    words = (("status", Side.B, "ON_HOLD", "OPEN"),)
    return bridge(
        product, other, desk, "ticketing.Ticket", fields=("name", "status", RISK), winner="a", words=words
    )


def pushed(both: Both, value: Any) -> Any:
    """Push the ticket with a risk."""
    targets_ = {"linked_account_defined_targets": {"churn_risk": {"value": value}}}
    return both.product.push("ticketing.Ticket", "1", {"name": "Printer", "field_mappings": targets_})


def test_a_products_own_travel_both_ways(both: Both) -> None:
    """What it pushes arrives under the desk's name for it, and what is edited there it reads."""
    assert pushed(both, "high").status_code == 201
    both.round()
    assert only(both.desk.tables["tickets"])["x_risk"] == "high"

    both.desk.edit(only(both.desk.tables["tickets"])["id"], x_risk="low")
    both.round()
    (read,) = both.product.linked.get("tickets").json()["results"]
    assert read["field_mappings"]["linked_account_defined_targets"] == {"churn_risk": {"value": "low"}}

    writes = len(both.desk.writes())
    both.round()
    assert len(both.desk.writes()) == writes


def test_their_past_can_be_asked_for(both: Both) -> None:
    """What happened to one, and why it is what it is, as of any field."""
    pushed(both, "high")
    pushed(both, "low")
    (read,) = both.product.linked.get("tickets").json()["results"]
    query = f"record_id={read['id']}&field={RISK}"
    (entry, *_) = both.product.call("get", f"sync/v1/history?{query}").json()["results"]
    why = both.product.call("get", f"sync/v1/why?{query}")

    assert (entry["fields"][RISK]["old"], entry["fields"][RISK]["new"]) == ("high", "low")
    assert (why.status_code, why.json()["value"]) == (200, "low")


def test_a_target_that_nobody_declared_is_warned_about(both: Both) -> None:
    """It is left out, as any key that is not known."""
    told = {"linked_account_defined_targets": {"mood": "good"}}
    answer = both.product.push("ticketing.Ticket", "1", {"name": "Printer", "field_mappings": told}).json()

    assert [one["source"]["pointer"] for one in answer["warnings"]] == ["model/field_mappings.mood"]
    assert answer["model"]["field_mappings"]["linked_account_defined_targets"] == {}


def test_a_tenant_maps_its_own_accounts_alone(api: Linked, charlie: Person) -> None:
    """Another tenant's account is not there."""
    about = ("--model", "ticketing.Ticket", "--target", "risk", "--read", "x_risk")
    with pytest.raises(CommandError, match="no such linked account"):
        mapping(charlie, "add", "--account", api.account.id, *about)
