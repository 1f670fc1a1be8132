"""New keys of tenants: every secret is sealed anew, in any number of runs, and readable at every moment."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

import pytest
from pytest_django import Settings

from tenants import accounts, audit, rekey, secrets
from tenants.models import AuditEvent, LinkedAccount, OperatorEvent, Tenant
from tenants.rekey import rekey_all
from tenants.scope import scope
from tenants.vault import Secret, Tampered, UnknownKey, VaultError, sealed_under
from tests.canary import every_row, found
from tests.people import Person
from tests.tenants import keys
from tests.tenants.switches import Owner, waits
from tests.tenants.test_rotation import beside, closing, confirm
from tests.unified_api.commands.program import eventually


def own_keys(person: Person) -> list[str]:
    """The ids of a tenant's keys, the one that seals first."""
    with person.at_work():
        return [key.id for key in secrets.unwrap(Tenant.objects.get())]


def under(person: Person) -> set[str]:
    """The ids of the keys that a tenant's secrets are sealed under."""
    with person.at_work():
        rows = LinkedAccount.objects.exclude(sealed_token=b"").values_list(
            "sealed_token", "sealed_credential"
        )
        return {sealed_under(bytes(sealed)) for row in rows for sealed in row}


def opened(person: Person) -> list[tuple[dict[str, Secret], Secret]]:
    """Credential and token of each of a tenant's accounts, read anew, with no key remembered."""
    secrets.forget_key(person.tenant_id)
    with person.at_work():
        rows = LinkedAccount.objects.filter(deleted_at=None).order_by("end_user_origin_id")
        return [(row.credential(), row.token()) for row in rows]


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)


@pytest.fixture
def linked(alice: Person) -> list[tuple[LinkedAccount, Secret]]:
    """Three accounts of Alice's."""
    return [alice.link(end_user_origin_id=f"customer-{n}") for n in range(3)]


def test_every_secret_comes_under_a_new_key(
    alice: Person, charlie: Person, linked: list[tuple[LinkedAccount, Secret]]
) -> None:
    """What was there is read as before, the old key is gone, and the other tenant has its own as it was."""
    charlie.link()
    before = opened(alice)
    assert rekey_all([alice.tenant_id], before=now()) == []

    (key_id,) = own_keys(alice)
    assert key_id != "t1"
    assert under(alice) == {key_id}
    assert (
        opened(alice) == before == [({"password": Secret("password of Alice")}, token) for _, token in linked]
    )
    assert (own_keys(charlie), under(charlie)) == (["t1"], {"t1"})


def test_the_old_key_opens_nothing_any_more(
    alice: Person, linked: list[tuple[LinkedAccount, Secret]], database: Owner
) -> None:
    """Whoever knew it, and sees the database later, has nothing of it; nor does its envelope, put back."""
    (old_key,) = database.execute("SELECT sealed_key FROM tenants_tenant").fetchone() or [b""]
    rekey_all([alice.tenant_id], before=now())
    database.execute("UPDATE tenants_tenant SET sealed_key = %s", [old_key])

    with pytest.raises(UnknownKey):
        opened(alice)


def test_the_trail_tells_the_steps(
    alice: Person, linked: list[tuple[LinkedAccount, Secret]], database: Owner
) -> None:
    """By the ids of keys; and no key is in any row."""
    with alice.at_work():
        first = secrets.unwrap(Tenant.objects.get()).primary.text().reveal()
    rekey_all(rekey.tenants("a new key"), before=now())
    with alice.at_work():
        (new,) = secrets.unwrap(Tenant.objects.get())
        events = (
            AuditEvent.objects.filter(action__startswith="tenant.")
            .exclude(action="tenant.created")
            .order_by("at")
        )
        told = [(event.action, event.detail) for event in events]

    detail = {"before": "t1", "after": new.id}
    assert told == [("tenant.key_changed", detail), ("tenant.old_key_dropped", detail)]
    assert OperatorEvent.objects.filter(reason="a new key").exists()
    for material in (first, new.text().reveal(), *keys.MATERIAL):
        assert found(material, every_row(database)) == []


def test_a_key_of_that_moment_or_later_is_left(
    alice: Person, linked: list[tuple[LinkedAccount, Secret]]
) -> None:
    """So that a run goes on where the last one ended, and a later one begins anew."""
    moment = now()
    rekey_all([alice.tenant_id], before=moment)
    first = own_keys(alice)
    rekey_all([alice.tenant_id], before=moment)
    assert own_keys(alice) == first
    rekey_all([alice.tenant_id], before=now() + timedelta(seconds=1))
    assert own_keys(alice) != first
    assert len(opened(alice)) == 3


def breaking(patch: pytest.MonkeyPatch, place: Any, name: str, after: int) -> None:
    """Have a function fail once it was called so many times."""
    calls, real = [0], getattr(place, name)

    def counted(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] > after:
            raise KeyboardInterrupt
        return real(*args, **options)

    patch.setattr(place, name, counted)


@pytest.mark.parametrize(
    ("name", "after", "ring", "rows"),
    [
        ("_begin", 0, 1, 1),
        ("_reseal", 0, 2, 1),
        ("_reseal", 1, 2, 2),
        ("_reseal", 2, 2, 2),
        ("_finish", 0, 2, 1),
    ],
)
def test_it_may_end_at_any_step(
    alice: Person,
    linked: list[tuple[LinkedAccount, Secret]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    after: int,
    ring: int,
    rows: int,
) -> None:
    """Before it begins, between rows, before the end: everything opens, and the next run does the rest."""
    before, moment = opened(alice), now()
    breaking(monkeypatch, rekey, name, after)
    with pytest.raises(KeyboardInterrupt):
        rekey_all([alice.tenant_id], before=moment)
    assert (len(own_keys(alice)), len(under(alice))) == (ring, rows)
    assert opened(alice) == before
    alice.link(end_user_origin_id="customer-0")
    monkeypatch.undo()

    assert rekey_all([alice.tenant_id], before=moment) == []
    assert (len(own_keys(alice)), len(under(alice))) == (1, 1)
    assert opened(alice) == before


def test_what_was_read_before_is_opened_after(
    alice: Person, linked: list[tuple[LinkedAccount, Secret]]
) -> None:
    """A row in hand, and a key in hand, from before the change: both are read again when they do not fit."""
    with scope(alice.tenant_id):
        account, token = linked[0]
        assert account.token() == token  # the key is remembered from here on
    remembered = secrets._kept.get(alice.tenant_id)
    assert remembered is not None
    rekey_all([alice.tenant_id], before=now())
    with alice.at_work():
        fresh = LinkedAccount.objects.get(pk=account.pk)
    secrets._kept.keep(alice.tenant_id, remembered)  # as in a process that knows nothing of the change
    with scope(alice.tenant_id):
        assert fresh.token() == token
    with scope(alice.tenant_id):
        assert account.token() == token
        assert account.credential() == {"password": Secret("password of Alice")}


def test_an_account_that_was_deleted_is_passed_over(
    alice: Person, linked: list[tuple[LinkedAccount, Secret]]
) -> None:
    """What is empty stays empty."""
    with alice.at_work():
        accounts.delete(linked[0][0])
    rekey_all([alice.tenant_id], before=now())
    with alice.at_work():
        row = LinkedAccount.objects.get(pk=linked[0][0].pk)

    assert (bytes(row.sealed_token), bytes(row.sealed_credential)) == (b"", b"")
    assert len(opened(alice)) == 2


def test_a_secret_that_does_not_open_keeps_the_old_key(
    alice: Person, charlie: Person, linked: list[tuple[LinkedAccount, Secret]], database: Owner
) -> None:
    """It is told, nothing is dropped, the other tenant is done; once the row is right, the next run ends it."""
    (kept,) = database.execute(
        "SELECT sealed_credential FROM tenants_linkedaccount WHERE id = %s", [linked[1][0].pk]
    ).fetchone() or [b""]
    write = "UPDATE tenants_linkedaccount SET sealed_credential = %s WHERE id = %s"
    database.execute(write, [kept[:-1] + b"\0", linked[1][0].pk])
    moment = now()
    (shut,) = rekey_all(rekey.tenants("a new key"), before=moment)

    assert shut.tenant_id == alice.tenant_id
    assert "does not open" in shut.reason
    assert len(own_keys(alice)) == 2
    assert own_keys(charlie) != ["t1"]
    database.execute(write, [kept, linked[1][0].pk])
    assert rekey_all([alice.tenant_id], before=moment) == []
    assert len(own_keys(alice)) == 1
    assert len(opened(alice)) == 3


def test_moved_secrets_do_not_become_right_by_it(
    alice: Person, linked: list[tuple[LinkedAccount, Secret]], database: Owner
) -> None:
    """An envelope of another row is not sealed anew where it was put."""
    database.execute(
        "UPDATE tenants_linkedaccount SET sealed_credential ="
        " (SELECT sealed_credential FROM tenants_linkedaccount WHERE id = %s) WHERE id = %s",
        [linked[0][0].pk, linked[1][0].pk],
    )
    assert len(rekey_all([alice.tenant_id], before=now())) == 1
    with alice.at_work(), pytest.raises(Tampered):
        LinkedAccount.objects.get(pk=linked[1][0].pk).credential()


def test_a_tenant_that_is_gone_or_erased_is_nobody(alice: Person, database: Owner) -> None:
    """Deleted since it was looked up, or without a key."""
    assert rekey_all([uuid.uuid4()], before=now()) == []
    database.execute("UPDATE tenants_tenant SET sealed_key = ''")
    assert rekey.tenants("a look") == []


def test_both_rotations_go_together(
    alice: Person, linked: list[tuple[LinkedAccount, Secret]], settings: Settings
) -> None:
    """A tenant with two keys of its own is re-wrapped with both."""
    with scope(alice.tenant_id):
        rekey._begin(alice.tenant_id, now())
    settings.MASTER_KEYS = keys.BOTH
    with scope(alice.tenant_id):
        assert secrets.rewrap(alice.tenant_id)
    settings.MASTER_KEYS = keys.NEW

    assert len(own_keys(alice)) == 2
    assert len(opened(alice)) == 3


def test_a_rotation_waits_for_a_change_of_the_tenants_own_key(
    alice: Person, linked: list[tuple[LinkedAccount, Secret]], settings: Settings, database: Owner
) -> None:
    """Else it would put the old key back alone, and what was sealed under the new one would be lost."""
    settings.MASTER_KEYS = keys.BOTH

    def rewrap() -> bool:
        with scope(alice.tenant_id):
            return secrets.rewrap(alice.tenant_id)

    with ThreadPoolExecutor(1) as pool:
        with alice.at_work():
            rekey._begin(alice.tenant_id, now())
            rewrapping = pool.submit(closing(rewrap))
            assert eventually(lambda: waits(database))
        assert (
            rewrapping.result(120) is False
        )  # what was stored meanwhile is under the newest master key already

    assert len(own_keys(alice)) == 2
    assert len(opened(alice)) == 3


def test_an_old_key_is_not_dropped_while_a_row_is_under_it(
    alice: Person, linked: list[tuple[LinkedAccount, Secret]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever left it there: both keys stay, it is told, and the next run goes on."""
    moment = now()
    monkeypatch.setattr(rekey, "_reseal", lambda *_: None)
    (shut,) = rekey_all([alice.tenant_id], before=moment)

    assert shut.reason == "3 rows of tenants.LinkedAccount are still under an old key; try again."
    assert (len(own_keys(alice)), len(opened(alice))) == (2, 3)
    monkeypatch.undo()
    assert rekey_all([alice.tenant_id], before=moment) == []
    assert (len(own_keys(alice)), len(opened(alice))) == (1, 3)


def test_a_key_and_its_trail_are_one(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the event cannot be stored, the key stays as it was."""

    def fail(*_: Any, **__: Any) -> None:
        raise ArithmeticError

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(ArithmeticError):
        rekey_all([alice.tenant_id], before=now())

    assert own_keys(alice) == ["t1"]


def test_secrets_are_read_and_sealed_all_the_time(alice: Person) -> None:
    """Reading rows old and new, linking again and for the first time: nothing fails, and nothing is left behind."""
    rows = [
        alice.link(end_user_origin_id=f"customer-{n}", credential={"n": Secret(str(n))})[0] for n in range(6)
    ]
    turns, later = cycle(range(6)), iter(range(10**6))
    changed: list[int] = []

    def read_old() -> None:
        secrets.forget_key(alice.tenant_id)
        with scope(alice.tenant_id):
            confirm(all(row.credential() == {"n": Secret(str(n))} for n, row in enumerate(rows)))

    def read_new() -> None:
        with alice.at_work():
            found = LinkedAccount.objects.filter(end_user_origin_id__startswith="customer").order_by(
                "end_user_origin_id"
            )
            confirm([row.credential() for row in found] == [{"n": Secret(str(n))} for n in range(6)])

    def relink() -> None:
        number = next(turns)
        alice.link(end_user_origin_id=f"customer-{number}", credential={"n": Secret(str(number))})

    def come() -> None:
        alice.link(end_user_origin_id=f"later-{next(later)}")

    def rekey_again(await_turn: Callable[..., None]) -> None:
        await_turn()
        confirm(rekey_all([alice.tenant_id], before=now()) == [])
        changed.append(1)

    with beside(read_old, read_new, relink, come) as await_turn:
        for _ in range(5):
            rekey_again(await_turn)

    (key_id,) = own_keys(alice)
    assert under(alice) == {key_id}
    assert len(opened(alice)) > 6


def test_a_secret_is_sealed_in_the_transaction_that_stores_it(alice: Person) -> None:
    """Else the key might be changed between the two."""
    with scope(alice.tenant_id), pytest.raises(Exception, match="outside a transaction"):
        secrets.seal_text("canary", row=uuid.uuid4(), purpose="credential")
    assert issubclass(UnknownKey, VaultError)
