"""Asking a sandbox for some of its records, and for the fields that it has."""

from __future__ import annotations

from typing import Any

from integrations.kit.client import Client
from integrations.kit.observation import Observation
from integrations.kit.provider import Resource
from integrations.sandbox.spelling import CHANGED, CREATED, OWN, kind_of
from tests.integrations.sandbox.conftest import MakeAccount
from unified_api.models.base import common_models
from unified_api.sync.comparing import OPERATORS


def observed(client: Client, resource: Resource) -> list[Observation]:
    """All records of a list, which may be asked for some."""
    found: list[Observation] = []
    state: dict[str, Any] | None = None
    while True:
        page, state = client.search(resource, state)
        found += page
        if state is None:
            return found


def wanted(operator: str, value: Any) -> Any:
    """Something for which a record with this value is found."""
    if operator == "IS_ONE_OF":
        return value if isinstance(value, list) else [value]
    return value[1:-1] if operator == "CONTAINS" else value


def holds(operator: str, known: Any, told: Any) -> bool:
    """Whether a value is what was asked for; of a list one of its items is enough."""
    if isinstance(known, list):
        return bool(set(known) & set(told))
    return known is not None and OPERATORS[operator](known, told)


def test_a_list_shows_what_it_is_asked_for_and_nothing_else(client: Client) -> None:
    """By every field and operator that the adapter names, in the same sense as selective sync."""
    for resource in client.provider.resources:
        every = observed(client, resource)
        for name, operator in resource.selects:
            known = next(v for one in every if (v := one.values.get(name)))
            told = wanted(operator, known)
            found = observed(client, resource.selected([(name, operator, told)]))
            there = {one.remote_id for one in every if holds(operator, one.values.get(name), told)}
            assert {one.remote_id for one in found} == there != set(), (resource.model, name, operator)


def test_every_field_is_described_and_has_values(account: MakeAccount) -> None:
    """Where the wire contract has a call for it: all that an object has, with its value beside the record."""
    crm = account("crm")
    crm.work()
    for model in common_models("crm"):
        if not model.wire.remote_fields or not model.wire.alone:
            continue
        path = model.wire.path
        classes = crm.get(f"{path}/remote-field-classes", page_size="100")["results"]
        row = crm.get(path, include_remote_fields="true", page_size="1")["results"][0]
        shown = {one["remote_field_class"]["remote_key_name"] for one in row["remote_fields"]}
        theirs = crm.remote.call("GET", f"objects/{kind_of(model)}/{row['remote_id']}").json()
        assert {one["remote_key_name"] for one in classes} - {CREATED, CHANGED} == set(theirs) - {*OWN}
        assert shown - {CREATED, CHANGED} == set(theirs) - {*OWN}


def test_a_described_field_says_what_it_can_hold(account: MakeAccount) -> None:
    """Its kind, its words as the system has them, and whether a new record needs it."""
    desk = account("ticketing")
    desk.work()
    told = desk.get("tickets/remote-field-classes", page_size="100")["results"]
    by_key = {one["remote_key_name"]: one for one in told}
    state, due = by_key["state"], by_key["dueDate"]

    assert (due["field_type"], by_key["assigneeKeys"]["field_type"]) == ("datetime", "list")
    assert {"new", "reopened", "solved"} < {one["value"] for one in state["field_choices"]}
    assert (by_key["subject"]["is_required"], due["is_required"]) == (True, False)
    assert {one["remote_key_name"] for one in told if not one["is_common_model_field"]} == {
        one["remote_key_name"] for one in told if one["is_custom"]
    }


def test_what_its_company_has_made_for_itself_is_listed_read_and_written(account: MakeAccount) -> None:
    """Fields beside those of the system: custom ones, with values, which a write of the record sets."""
    crm = account("crm")
    crm.work()
    own = crm.get("accounts/remote-field-classes", is_custom="true")["results"]
    row = crm.get("accounts", include_remote_fields="true", remote_id="account-1001")["results"][0]
    before = {one["remote_field_class"]["remote_key_name"]: one["value"] for one in row["remote_fields"]}
    tier = next(one["id"] for one in own if one["remote_key_name"] == "x_tier")
    sent = {"remote_fields": [{"remote_field_class": tier, "value": "bronze"}]}
    answer = crm.send("patch", f"accounts/{row['id']}", {"model": sent})
    told = answer.json()["model"]["remote_fields"]
    after = {one["remote_field_class"]["remote_key_name"]: one["value"] for one in told}

    assert [one["remote_key_name"] for one in own] == ["x_products", "x_renewalDay", "x_tier"]
    assert (before["x_tier"], before["x_products"]) == ("gold", ["desk"])
    assert (answer.status_code, after) == (
        200,
        {**before, "x_tier": "bronze", "changedOn": after["changedOn"]},
    )
    assert crm.remote.call("GET", f"objects/account/{row['remote_id']}").json()["x_tier"] == "bronze"
