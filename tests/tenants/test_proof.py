"""A ring that is not the database's is found by looking at a few rows, and named; nothing is garbage."""

from __future__ import annotations

import pytest
from django.core import checks
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tenants import proof, secrets
from tenants.checks import check_master_keys
from tenants.models import OperatorEvent, Tenant
from tenants.proof import SAMPLE, doubts
from tenants.rotation import rotate
from tenants.vault import BadKeyRing
from tests.canary import found
from tests.people import Person
from tests.tenants import keys
from tests.tenants.switches import Owner


def tenants(number: int) -> list[Tenant]:
    """So many tenants."""
    return [Tenant.create(f"tenant {n}") for n in range(number)]


def test_the_right_keys_leave_no_doubt(alice: Person, settings: Settings) -> None:
    """In use or not, in any order; and the look is on record."""
    for ring in (keys.OLD, keys.BOTH, f"{keys.OLD}\n{keys.NEW}"):
        settings.MASTER_KEYS = ring
        assert doubts("a start") == []
    assert {event.reason for event in OperatorEvent.objects.all()} == {"a start"}


def test_any_ring_is_right_for_an_empty_database(database: Owner, settings: Settings) -> None:
    """Nothing was sealed yet."""
    settings.MASTER_KEYS = keys.NEW
    assert doubts("a start") == []


def test_a_missing_key_is_named_with_those_that_are_there(alice: Person, settings: Settings) -> None:
    """Which the database needs, which the ring holds, what to do."""
    settings.MASTER_KEYS = keys.BOTH
    Tenant.create("Later Ltd")
    settings.MASTER_KEYS = keys.NEW
    (doubt,) = doubts("a start")

    assert (doubt.certain, doubt.id) == (True, "tenants.E004")
    assert doubt.sentence == (
        f"A master key is missing: {keys.OLD_ID}. The database needs {keys.NEW_ID}, {keys.OLD_ID}, and MASTER_KEYS"
        f" holds {keys.NEW_ID}."
    )
    assert "Put the missing line back" in doubt.hint


def test_another_key_of_the_right_id_is_found(alice: Person, charlie: Person, settings: Settings) -> None:
    """Its id is no proof; opening is. The keys themselves are not told."""
    settings.MASTER_KEYS = f"{keys.NEW}\n{keys.WRONG}"
    (doubt,) = doubts("a start")

    assert (doubt.certain, doubt.id) == (True, "tenants.E005")
    assert f"a key {keys.OLD_ID} that is not the database's key {keys.OLD_ID}: of 2 tenants" in doubt.sentence
    for material in keys.MATERIAL:
        assert found(material, [repr(doubt)]) == []


def test_one_damaged_tenant_stops_nobody(alice: Person, charlie: Person, database: Owner) -> None:
    """A key that opens others is the right one: the damaged row is named as a warning."""
    database.execute(
        "UPDATE tenants_tenant SET sealed_key = sealed_key || 'x' WHERE id = %s", [alice.tenant_id]
    )
    (doubt,) = doubts("a start")

    assert (doubt.certain, doubt.id) == (False, "tenants.W001")
    assert str(alice.tenant_id) in doubt.sentence
    assert str(charlie.tenant_id) not in doubt.sentence


def test_a_damaged_tenant_that_was_left_behind_stops_nobody(
    alice: Person, charlie: Person, settings: Settings, database: Owner
) -> None:
    """After a rotation it is the only one under the old key; the new key is proven, and seals."""
    settings.MASTER_KEYS = keys.BOTH
    database.execute(
        "UPDATE tenants_tenant SET sealed_key = sealed_key || 'x' WHERE id = %s", [alice.tenant_id]
    )
    rotate("a rotation")
    assert [doubt.id for doubt in doubts("a start")] == ["tenants.W001"]

    settings.MASTER_KEYS = f"{keys.OLD}\n{keys.NEW}"  # what seals has to be proven
    assert [doubt.id for doubt in doubts("a start")] == ["tenants.E005"]


def test_an_erased_key_is_no_doubt(alice: Person, charlie: Person, database: Owner) -> None:
    """Whose key was erased needs no master key."""
    database.execute("UPDATE tenants_tenant SET sealed_key = '' WHERE id = %s", [alice.tenant_id])
    assert doubts("a start") == []


def test_the_cost_does_not_grow_with_tenants(
    database: Owner, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, a few keys are opened, by as many statements, all by the index."""
    opened: list[Tenant] = []

    def opens(tenant: Tenant) -> bool:
        opened.append(tenant)
        return True

    monkeypatch.setattr(secrets, "opens", opens)
    tenants(SAMPLE - 1)
    with CaptureQueriesContext(connection) as few:
        doubts("a start")
    tenants_before, opened[:] = len(opened), []
    for n in range(3 * SAMPLE):
        Tenant.create(f"further {n}")
    with CaptureQueriesContext(connection) as many:
        doubts("a start")

    assert len(few) == len(many)
    assert (tenants_before, len(opened)) == (SAMPLE - 1, SAMPLE)


def test_the_ids_are_found_by_jumping_through_the_index(database: Owner) -> None:
    """Not by reading every tenant."""
    database.execute("SET enable_seqscan = off")
    try:
        rows = database.execute(f"EXPLAIN {proof._IDS.replace('%s', '50')}".encode()).fetchall()
    finally:
        database.execute("RESET enable_seqscan")
    plan = "\n".join(row[0] for row in rows)

    assert "using tenant_sealed_under" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


def test_a_ring_that_is_none_is_an_error_of_its_own(alice: Person, settings: Settings) -> None:
    """The configuration is to be put right first."""
    settings.MASTER_KEYS = ""
    with pytest.raises(BadKeyRing, match="empty"):
        doubts("a start")


@pytest.mark.parametrize(
    ("ring", "expected"),
    [(keys.OLD, []), (keys.NEW, ["tenants.E004"]), (keys.WRONG, ["tenants.E005"]), ("no ring", [])],
)
def test_the_system_check_tells_the_same(
    alice: Person, settings: Settings, ring: str, expected: list[str]
) -> None:
    """By ids, each with a hint; a ring that is none has an id of its own already (isthmus.E004)."""
    settings.MASTER_KEYS = ring
    found = check_master_keys(databases=["default"])

    assert [message.id for message in found] == expected
    assert all(message.hint and message.level == checks.ERROR for message in found)
    assert check_master_keys(databases=None) == []


def test_a_database_that_is_away_or_empty_is_not_asked(
    alice: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch, database: Owner
) -> None:
    """It says so by another check, or has to be migrated first."""
    settings.MASTER_KEYS = keys.NEW
    database.execute("ALTER TABLE tenants_tenant RENAME COLUMN sealed_under TO hidden")
    try:
        assert check_master_keys(databases=["default"]) == []
    finally:
        database.execute("ALTER TABLE tenants_tenant RENAME COLUMN hidden TO sealed_under")
    assert [m.id for m in check_master_keys(databases=["default"])] == ["tenants.E004"]
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "not it")
    with pytest.raises(DatabaseError):
        doubts("a start")
    assert check_master_keys(databases=["default"]) == []
