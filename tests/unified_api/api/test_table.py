"""Every operation of the wire contract has a route."""

from __future__ import annotations

from tests.unified_api.api.table import table

#: The operations of each category, those at the account's level with them.
COUNTED = {"hris": 69, "crm": 98, "ticketing": 67}


def test_every_operation_of_the_contract_has_a_route() -> None:
    """All 234; a fixed segment is not taken for an id. What is missing is named."""
    known = table()
    missing = [f"{category}: {call}" for category, calls in known.items() for call, to in calls if to is None]

    assert {category: len(calls) for category, calls in known.items()} == COUNTED
    assert not missing, "\n".join(missing)
