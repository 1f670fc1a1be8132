"""Reading a sandbox end to end: linked, synced, listed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.sandbox.conftest import Account, MakeAccount
from unified_api.models.base import CommonModel, common_models, model_id, relations, wire_fields


def listed(one: Account, model: type[CommonModel]) -> list[Any]:
    """What the API lists of a model, below other records where it has no list of its own."""
    if model.wire.alone:
        return list(one.get(model.wire.path, page_size="100")["results"])
    above = next(field for field in relations(model).values() if field.below)
    [first] = [m for m in common_models() if model_id(m) == above.to]
    below = [(row["id"], _room(row, first)) for row in listed(one, first)]
    return [row for key, room in below for row in one.get(f"{room}/{key}/{model.wire.path}")["results"]]


def _room(row: dict[str, Any], model: type[CommonModel]) -> str:
    """Where the records of a model stand that have others below them."""
    if model.wire.alone:
        return model.wire.path
    return f"custom-object-classes/{row['object_class']}/{model.wire.path}"


@pytest.mark.parametrize("category", ["ticketing", "hris", "crm"])
def test_every_model_is_read(category: str, account: MakeAccount) -> None:
    """A linked sandbox fills every model of its category, and every field of it, and sets nothing aside."""
    one = account(category)
    one.work()

    statuses = one.get("sync-status", page_size="100")["results"]
    assert {status["status"] for status in statuses} == {"DONE"}
    assert len(statuses) == len(common_models(category))
    for model in common_models(category):
        if model.wire.contract:
            shown = listed(one, model)
            assert shown, model
            fields = {
                name for name, field in wire_fields(model).items() if field.contract and not field.sensitive
            }
            blank = {name for name in fields if all(row[name] in (None, [], {}) for row in shown)}
            assert blank == set(), model
