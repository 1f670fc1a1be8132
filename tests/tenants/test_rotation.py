"""Re-wrapping the keys of all tenants: once, in any number of runs, while secrets are read and sealed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from tenants import audit, rotation, secrets
from tenants.models import AuditEvent, LinkedAccount, OperatorEvent, Tenant
from tenants.rotation import Rotated, in_use, rotate
from tenants.scope import scope
from tenants.vault import KeyRing, Secret, Tampered, UnknownKey
from tests.canary import every_row, found
from tests.people import Person
from tests.tenants import keys
from tests.tenants.switches import Owner


def people(number: int) -> list[tuple[uuid.UUID, LinkedAccount, Secret]]:
    """So many tenants, each with an account and the password that belongs to it."""
    made = []
    for n in range(number):
        tenant, password = Tenant.create(f"tenant {n}"), Secret(f"password {n}")
        person = Person(f"{n}", tenant.id, Secret(""))
        made.append((tenant.id, person.link(credential={"password": password})[0], password))
    return made


def readable(made: list[tuple[uuid.UUID, LinkedAccount, Secret]]) -> bool:
    """Whether every credential opens, with no key remembered from before."""
    for tenant_id, account, password in made:
        secrets.forget_key(tenant_id)
        with scope(tenant_id):
            assert account.credential() == {"password": password}
    return True


def test_every_tenant_comes_under_the_newest_key(database: Owner, settings: Settings) -> None:
    """After it the old key is not needed by anybody; each tenant's trail says so, by ids alone."""
    made = people(3)
    settings.MASTER_KEYS = keys.BOTH
    told: list[tuple[int, int]] = []

    assert in_use("a look") == {keys.OLD_ID: 3}
    assert rotate("a rotation", lambda done, of: told.append((done, of))) == Rotated(3, [])
    assert in_use("a look") == {keys.NEW_ID: 3}
    assert told == [(1, 3), (2, 3), (3, 3)]
    settings.MASTER_KEYS = keys.NEW
    assert readable(made)
    for tenant_id, _, _ in made:
        with Person("", tenant_id, Secret("")).at_work():
            event = AuditEvent.objects.get(action="tenant.key_rewrapped")
            assert event.detail == {"before": keys.OLD_ID, "after": keys.NEW_ID}
    assert OperatorEvent.objects.filter(reason="a rotation").exists()


def test_a_second_rotation_finds_nothing_to_do(database: Owner, settings: Settings) -> None:
    """No row is touched twice."""
    people(2)
    settings.MASTER_KEYS = keys.BOTH
    rotate("a rotation")

    assert rotate("again") == Rotated(0, [])


def test_a_rotation_that_ended_half_way_is_gone_on_with(
    database: Owner, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done stays done, the rest follows, and at no moment is a secret unreadable."""
    made = people(4)
    settings.MASTER_KEYS = keys.BOTH

    def break_off(done: int, _found: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate("a rotation", break_off)
    assert in_use("a look") == {keys.NEW_ID: 2, keys.OLD_ID: 2}
    assert readable(made)
    assert rotate("again") == Rotated(2, [])
    assert readable(made)


def test_more_tenants_than_are_looked_up_at_once(
    database: Owner, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, each once."""
    monkeypatch.setattr(rotation, "LOOK", 2)
    people(5)
    settings.MASTER_KEYS = keys.BOTH

    assert rotate("a rotation") == Rotated(5, [])


def test_a_key_and_its_trail_are_one(
    alice: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the event cannot be stored, the key stays as it was."""
    settings.MASTER_KEYS = keys.BOTH

    def fail(*_: Any, **__: Any) -> None:
        raise ArithmeticError

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(ArithmeticError):
        rotate("a rotation")

    assert in_use("a look") == {keys.OLD_ID: 1}


def test_what_does_not_open_is_left_and_told(database: Owner, settings: Settings) -> None:
    """A damaged key stops nobody else's, and an erased one is nobody's."""
    (one, _, _), (other, _, _), *rest = people(4)
    settings.MASTER_KEYS = keys.BOTH
    database.execute("UPDATE tenants_tenant SET sealed_key = sealed_key || 'x' WHERE id = %s", [one])
    database.execute("UPDATE tenants_tenant SET sealed_key = '' WHERE id = %s", [other])
    done, shut = rotate("a rotation")

    assert done == 2
    assert [each.tenant_id for each in shut] == [one]
    assert "does not open" in shut[0].reason
    assert in_use("a look") == {keys.OLD_ID: 1, keys.NEW_ID: 2}
    assert readable(rest)


def test_two_rotations_at_once_do_each_tenant_once(database: Owner, settings: Settings) -> None:
    """Together they do what there is to do."""
    made = people(12)
    settings.MASTER_KEYS = keys.BOTH
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(closing(rotate), ["one", "another"]))

    assert sum(done for done, _ in both) == 12
    assert readable(made)


def closing(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same, which leaves no connection of its thread open."""

    def ran(*args: Any) -> Any:
        try:
            return run(*args)
        finally:
            connections.close_all()

    return ran


def confirm(well: bool) -> None:  # noqa: FBT001 - one flag
    """For a thread: what is asserted there."""
    assert well


@contextmanager
def beside(*works: Callable[[], None]) -> Iterator[Callable[..., None]]:
    """Do each of these over and over in a thread of its own while the block lasts; raises what they raise.

    The block gets a function that waits until each was done once more.
    """
    end, turn, counts = threading.Event(), threading.Condition(), [0] * len(works)

    def again(number: int) -> None:
        while not end.is_set():
            works[number]()
            with turn:
                counts[number] += 1
                turn.notify_all()

    def await_turn(*_: Any) -> None:
        with turn:
            before = list(counts)
            assert turn.wait_for(
                lambda: all(now > then for now, then in zip(counts, before, strict=True)), 120
            )

    with ThreadPoolExecutor(len(works)) as pool:
        running = [pool.submit(closing(again), number) for number in range(len(works))]
        try:
            yield await_turn
        finally:
            end.set()
            for each in running:
                each.result()


def test_secrets_are_read_and_sealed_all_the_time(database: Owner, settings: Settings) -> None:
    """Reading, linking again, linking for the first time, new tenants: nothing fails while keys are re-wrapped."""
    made = people(12)
    settings.MASTER_KEYS = keys.BOTH
    later: list[tuple[uuid.UUID, LinkedAccount, Secret]] = []
    turns = cycle(made)

    def relink() -> None:
        tenant_id, _, password = next(turns)
        Person("", tenant_id, Secret("")).link(credential={"password": password})

    def come() -> None:
        tenant, password = Tenant.create(f"later {len(later)}"), Secret("later")
        account, _ = Person("", tenant.id, password).link(credential={"password": password})
        later.append((tenant.id, account, password))

    with beside(lambda: confirm(readable(made)), relink, come) as await_turn:
        rotated = rotate("a rotation", await_turn)

    assert rotated == Rotated(12, [])
    assert in_use("a look") == {keys.NEW_ID: 12 + len(later)}
    settings.MASTER_KEYS = keys.NEW
    for tenant_id, account, _ in made:
        with Person("", tenant_id, Secret("")).at_work():
            account.refresh_from_db()
    assert readable([*made, *later])


def test_no_key_is_seen_anywhere(alice: Person, settings: Settings, database: Owner) -> None:
    """Not in a row, a trail, or what is returned: neither master keys nor the tenant's own."""
    with alice.at_work():
        tenants_key = secrets.unwrap(Tenant.objects.get()).primary.text().reveal()
    settings.MASTER_KEYS = keys.BOTH
    rotated = rotate("a rotation")
    shown = [*every_row(database), repr(rotated)]

    for material in (*keys.MATERIAL, tenants_key):
        assert found(material, shown) == []


def test_a_key_of_another_tenant_is_not_rewrapped(
    alice: Person, charlie: Person, settings: Settings, database: Owner
) -> None:
    """Swapped in the database, it is told as tampered with, and given to nobody."""
    database.execute(
        "UPDATE tenants_tenant SET sealed_key = (SELECT sealed_key FROM tenants_tenant WHERE id = %s) WHERE id = %s",
        [alice.tenant_id, charlie.tenant_id],
    )
    settings.MASTER_KEYS = keys.BOTH
    done, shut = rotate("a rotation")

    assert (done, [each.tenant_id for each in shut]) == (1, [charlie.tenant_id])


def test_going_back_to_an_older_envelope_gains_nothing(
    alice: Person, settings: Settings, database: Owner
) -> None:
    """It holds the same tenant's key: with the old master key it opens and is re-wrapped again, without it not."""
    account, _ = alice.link()
    (older,) = database.execute("SELECT sealed_key FROM tenants_tenant").fetchone() or [b""]
    settings.MASTER_KEYS = keys.BOTH
    rotate("a rotation")
    database.execute("UPDATE tenants_tenant SET sealed_key = %s", [older])
    secrets.forget_key(alice.tenant_id)
    settings.MASTER_KEYS = keys.NEW
    with alice.at_work(), pytest.raises(UnknownKey):
        account.credential()
    settings.MASTER_KEYS = f"{keys.NEW}\n{keys.WRONG}"
    with alice.at_work(), pytest.raises(Tampered):
        account.credential()
    settings.MASTER_KEYS = keys.BOTH

    assert rotate("again") == Rotated(1, [])
    assert KeyRing.parse(keys.BOTH).primary.id in in_use("a look")
