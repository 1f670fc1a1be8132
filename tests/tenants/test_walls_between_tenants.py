"""What one tenant sees and changes of another's: nothing, behind each of the two walls alone.

Every test here runs three times (fixture `standing`). The last tests show that the switches switch.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from tenants.models import AuditEvent, LinkedAccount, Tenant
from tenants.scope import NoTenantInScope, ScopeConflict, scope
from tests.people import Person
from tests.tenants.switches import Owner, policies_off, python_off

Look = Callable[[uuid.UUID], Any]
accounts = LinkedAccount.objects

#: Ways to look at accounts. Each gives something that is empty or zero when there is nothing to see.
LOOKS: dict[str, Look] = {
    "all": lambda _: list(accounts.all()),
    "base manager": lambda _: list(LinkedAccount._base_manager.all()),
    "default manager": lambda _: list(LinkedAccount._default_manager.all()),
    "get": lambda pk: accounts.filter(pk=pk).first(),
    "values": lambda _: list(accounts.values_list("settings", flat=True)),
    "count": lambda _: accounts.count(),
    "exists": lambda _: accounts.exists(),
    "excluded exists": lambda _: accounts.exclude(pk=uuid.uuid4()).exists(),
    "contains": lambda pk: accounts.contains(LinkedAccount(pk=pk, tenant_id=pk)),
    "aggregate": lambda _: accounts.aggregate(last=models.Max("created_at"))["last"],
    "in bulk": lambda pk: accounts.in_bulk([pk]),
    "iterator": lambda _: list(accounts.iterator(chunk_size=1)),
    "locked": lambda pk: list(accounts.select_for_update().filter(pk=pk)),
    "union": lambda pk: list(accounts.all().union(accounts.filter(pk=pk), all=True)),
    "subquery": lambda _: list(accounts.filter(pk__in=accounts.values("pk"))),
    "dates": lambda _: list(accounts.datetimes("created_at", "year")),
    "update": lambda pk: accounts.filter(pk=pk).update(status_detail="seen"),
    "bulk update": lambda pk: accounts.bulk_update([LinkedAccount(pk=pk, tenant_id=pk)], ["status_detail"]),
    "delete": lambda pk: accounts.filter(pk=pk).delete()[0],
    "raw delete": lambda pk: accounts.filter(pk=pk)._raw_delete("default"),
}
looks = pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())


def foreign(owner: uuid.UUID, **more: Any) -> LinkedAccount:
    """An account that says it is somebody else's."""
    return LinkedAccount(
        tenant_id=owner, category="ticketing", integration="x", end_user_origin_id="y", **more
    )


@looks
def test_charlie_sees_nothing_of_alice(look: Look, standing: str, alice: Person, charlie: Person) -> None:
    """However Charlie looks, with the very id, Alice's account is not there, and stays as it was."""
    account, _ = alice.link()
    with charlie.at_work():
        seen = look(account.pk)

    assert not seen
    with alice.at_work():
        assert accounts.get(pk=account.pk).status_detail == ""


@looks
def test_alice_sees_her_own(look: Look, standing: str, alice: Person) -> None:
    """The same looks show the owner what is hers, so that seeing nothing means something."""
    account, _ = alice.link()
    with alice.at_work():
        assert look(account.pk)


@looks
def test_without_a_tenant_every_look_raises(look: Look, standing: str, alice: Person) -> None:
    """Nobody's query is refused, not answered with nothing."""
    account, _ = alice.link()

    with pytest.raises(NoTenantInScope), transaction.atomic():
        look(account.pk)


@looks
def test_outside_a_transaction_every_look_raises(look: Look, standing: str, alice: Person) -> None:
    """With a tenant in scope but in autocommit the query is refused, or opens a transaction of its own."""
    account, _ = alice.link()
    with scope(alice.tenant_id):
        if look in {LOOKS["bulk update"], LOOKS["delete"]}:  # Django opens a transaction for these
            assert look(account.pk)
            return
        with pytest.raises((NoTenantInScope, transaction.TransactionManagementError)):
            look(account.pk)


@pytest.mark.parametrize(
    "write",
    [
        lambda owner: foreign(owner).save(),
        lambda owner: foreign(owner).save(force_insert=True),
        lambda owner: accounts.bulk_create([foreign(owner)]),
        lambda owner: accounts.bulk_create([foreign(owner), foreign(owner, is_test=True)]),
        lambda owner: accounts.create(tenant_id=owner, end_user_origin_id="y"),
        lambda owner: accounts.update(tenant_id=owner),
        lambda owner: Tenant(id=owner, name="stolen", sealed_key=b"").save(force_insert=True),
        lambda owner: AuditEvent(tenant_id=owner, action="forged").save(),
    ],
)
def test_charlie_writes_nothing_as_alice(
    write: Callable[[uuid.UUID], Any], standing: str, alice: Person, charlie: Person
) -> None:
    """A row of another tenant is refused on its way in, and a row of one's own never becomes another's."""
    charlie.link()

    with pytest.raises((ScopeConflict, DatabaseError)), charlie.at_work():
        write(alice.tenant_id)
    with alice.at_work():
        assert not accounts.exists()


def test_charlie_cannot_change_a_row_that_he_was_handed(
    standing: str, alice: Person, charlie: Person
) -> None:
    """An object that was loaded for Alice is neither saved nor deleted for Charlie."""
    account, _ = alice.link()
    pk = account.pk
    account.status_detail = "changed"
    for change in (account.save, lambda: account.save(update_fields=["status_detail"]), account.delete):
        with suppress(ScopeConflict, DatabaseError), charlie.at_work():
            change()  # to the database alone, deleting what it does not show is no error

    with alice.at_work():
        assert accounts.get(pk=pk).status_detail == ""


def test_threads_have_tenants_of_their_own(standing: str, alice: Person, charlie: Person) -> None:
    """Two tenants at work at the same moment each see their own, and a new thread has no tenant at all."""
    alice.link(end_user_origin_id="of Alice")
    charlie.link(end_user_origin_id="of Charlie")
    seen: dict[str, Any] = {}
    together = threading.Barrier(2)

    def look(person: Person) -> None:
        with person.at_work():
            together.wait(120)
            seen[person.name] = list(accounts.values_list("end_user_origin_id", flat=True))
        connection.close()

    def look_without() -> None:
        try:
            with transaction.atomic():
                seen["nobody"] = list(accounts.all())
        except NoTenantInScope as error:
            seen["nobody"] = type(error)
        connection.close()

    with scope(alice.tenant_id):
        threads = [threading.Thread(target=look, args=(person,)) for person in (alice, charlie)]
        threads.append(threading.Thread(target=look_without))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)

    assert seen == {"Alice": ["of Alice"], "Charlie": ["of Charlie"], "nobody": NoTenantInScope}


def test_a_connection_forgets_its_last_tenant(standing: str, alice: Person) -> None:
    """After a transaction of Alice, the next one on the same connection is nobody's."""
    alice.link()
    with alice.at_work():
        before = connection.connection
        assert accounts.count() == 1

    with pytest.raises(NoTenantInScope), transaction.atomic():
        accounts.count()
    assert connection.connection is before


def test_a_savepoint_keeps_the_tenant(standing: str, alice: Person, charlie: Person) -> None:
    """Rolling back a part of a transaction does not change whose it is."""
    charlie.link()
    with alice.at_work():
        with suppress(ZeroDivisionError), transaction.atomic():
            accounts.create(category="ticketing", integration="x", end_user_origin_id="y")
            raise ZeroDivisionError
        with transaction.atomic():
            assert accounts.count() == 0


def test_with_both_walls_off_charlie_sees_everything(
    restored_walls: Owner, alice: Person, charlie: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switches of these tests really switch: without either wall nothing is kept apart."""
    account, _ = alice.link()
    policies_off(restored_walls)
    python_off(monkeypatch)
    with charlie.at_work():
        assert [found.pk for found in accounts.all()] == [account.pk]
        accounts.bulk_create([foreign(alice.tenant_id)])
    assert accounts.count() == 2
