"""`manage.py rotate_keys`: what it shows, does and refuses, also when it is killed half-way."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management.base import CommandError
from django.db import connection
from pytest_django import Settings

from tenants import secrets
from tenants.models import AuditEvent, LinkedAccount, OperatorEvent, Tenant
from tenants.scope import scope
from tenants.vault import KeyRing, Secret
from tests.canary import every_row, found
from tests.people import Person
from tests.tenants import keys
from tests.tenants.switches import waits
from tests.unified_api.commands.conftest import Call
from tests.unified_api.commands.program import PATIENCE, eventually, run_program, start_program, start_python
from unified_api.management.commands import rotate_keys


def test_a_dry_run_shows_and_changes_nothing(call: Call, alice: Person, settings: Settings) -> None:
    """How many tenants are under which key, and how many are to be re-wrapped."""
    settings.MASTER_KEYS = keys.BOTH
    before = call("rotate_keys", "--dry-run", "--json").document

    assert before == call("rotate_keys", "--dry-run", "--json").document
    assert before["tenants_by_master_key"] == {keys.OLD_ID: 1}
    assert (before["newest"], before["outdated"]) == (keys.NEW_ID, 1)
    assert (before["needed"], before["removable"]) == ([keys.NEW_ID, keys.OLD_ID], [])
    assert "Under others: 1 tenant." in call("rotate_keys", "--dry-run").out


def test_it_rewraps_and_says_what_may_be_removed(
    call: Call, alice: Person, charlie: Person, settings: Settings
) -> None:
    """After it the older key is not needed, and without it everything opens."""
    account, _ = alice.link()
    settings.MASTER_KEYS = keys.BOTH
    printed = call("rotate_keys")
    again = call("rotate_keys", "--json").document

    assert "Re-wrapped the keys of 2 tenants." in printed.out
    assert f"Not used any more: {keys.OLD_ID}." in printed.out
    assert (again["rewrapped"], again["removable"], again["shut"]) == (0, [keys.OLD_ID], [])
    settings.MASTER_KEYS = keys.NEW
    secrets.forget_key(alice.tenant_id)
    with scope(alice.tenant_id):
        assert account.credential()
    with alice.at_work():
        event = AuditEvent.objects.get(action="tenant.key_rewrapped")
    assert (event.actor_kind, event.actor) == ("command", "manage.py rotate_keys")
    assert OperatorEvent.objects.filter(reason="manage.py rotate_keys").exists()


def test_a_key_that_others_may_lack_is_warned_of(call: Call, alice: Person, settings: Settings) -> None:
    """When nothing was under the newest key yet, and only then."""
    settings.MASTER_KEYS = keys.BOTH

    assert f"Nothing was under {keys.NEW_ID} until now" in call("rotate_keys").err
    assert "until now" not in call("rotate_keys").err


def test_a_damaged_tenant_is_told_by_status_and_sentence(
    call: Call, alice: Person, charlie: Person, settings: Settings, database: psycopg.Connection
) -> None:
    """The others are re-wrapped, and the old key is still needed."""
    settings.MASTER_KEYS = keys.BOTH
    statement = "UPDATE tenants_tenant SET sealed_key = sealed_key || 'x' WHERE id = %s"
    database.execute(statement, [alice.tenant_id])
    with pytest.raises(CommandError, match="1 tenant could not be brought under new keys; the others were"):
        call("rotate_keys")
    assert call("rotate_keys", "--dry-run", "--json").document["needed"] == [keys.NEW_ID, keys.OLD_ID]


def test_a_fresh_line_is_printed_and_nothing_else(call: Call, settings: Settings) -> None:
    """It is a ring by itself, with an id that the present ring does not have."""
    first = call("rotate_keys", "--generate").out.strip()
    settings.MASTER_KEYS = f"{first}\n{settings.MASTER_KEYS}"
    second = call("rotate_keys", "--generate", "--json").document["line"]

    assert len(list(KeyRing.parse(f"{first}\n{second}\n{keys.OLD}"))) == 3


def test_tenants_get_new_keys_of_their_own(
    call: Call, alice: Person, charlie: Person, settings: Settings
) -> None:
    """All of them, or one; then a run that only goes on has nothing to do."""
    account, _ = alice.link()

    def own_key(person: Person) -> str:
        with person.at_work():
            return secrets.unwrap(Tenant.objects.get()).primary.id

    printed = call("rotate_keys", "--tenant-keys", "--tenant", "Wonder Ltd")
    first = own_key(alice)
    assert (first != "t1", own_key(charlie)) == (True, "t1")
    moment = printed.err.rpartition("--older-than ")[2].strip()
    assert f"Tenants' own keys are from {moment} or later." in printed.out
    call("rotate_keys", "--tenant-keys", "--older-than", moment)
    assert own_key(alice) == first
    assert own_key(charlie) != "t1"
    with alice.at_work():
        account.refresh_from_db()
        assert account.credential() == {"password": Secret("password of Alice")}


def test_a_lost_key_is_given_up_by_name_only(call: Call, alice: Person, settings: Settings) -> None:
    """The way on when there is no other: the refusal ends, and the accounts are to be linked again."""
    alice.link()
    with pytest.raises(CommandError, match="MASTER_KEYS holds a key"):
        call("rotate_keys", "--give-up", keys.OLD_ID)
    settings.MASTER_KEYS = keys.NEW
    with pytest.raises(CommandError, match="A master key is missing"):
        call("rotate_keys")
    assert f"Gave up 1 tenant under {keys.OLD_ID}" in call("rotate_keys", "--give-up", keys.OLD_ID).out
    assert call("rotate_keys", "--json").document["needed"] == [keys.NEW_ID]
    with alice.at_work():
        assert LinkedAccount.objects.get().status == "RELINK_NEEDED"


def test_nothing_is_given_up_for_the_sake_of_a_wrong_key(
    call: Call, alice: Person, settings: Settings
) -> None:
    """What is erased would come under a key that is not the database's; nor is an unheard-of key a success."""
    settings.MASTER_KEYS = keys.BOTH
    Tenant.create("Later Ltd")
    wrong = keys.line(keys.NEW_ID, b"8")
    settings.MASTER_KEYS = wrong
    with pytest.raises(CommandError, match=f"a key {keys.NEW_ID} that is not the database's"):
        call("rotate_keys", "--give-up", keys.OLD_ID)
    settings.MASTER_KEYS = keys.BOTH
    assert (
        "No tenant is under k0, so there was nothing to give up."
        in call("rotate_keys", "--give-up", "k0").out
    )
    assert call("rotate_keys", "--dry-run", "--json").document["tenants_by_master_key"] == {
        keys.OLD_ID: 1,
        keys.NEW_ID: 1,
    }


def test_an_id_is_never_given_to_a_second_key(settings: Settings) -> None:
    """Though the first one was removed from the ring on the same day: a backup may still name it."""
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    first, later = rotate_keys._fresh_id(now), rotate_keys._fresh_id(now + timedelta(seconds=1))
    settings.MASTER_KEYS = keys.line(first, b"1")
    again = rotate_keys._fresh_id(now)

    assert (first, later, again) == ("k20260131T120000Z", "k20260131T120001Z", "k20260131T120000Z-2")


def test_a_moment_that_is_none_is_refused(call: Call) -> None:
    """With an example of one."""
    with pytest.raises(CommandError, match="'soon' is no moment; write it as 2026-"):
        call("rotate_keys", "--tenant-keys", "--older-than", "soon")


@pytest.mark.parametrize("words", [["--tenant", "x"], ["--older-than", "2026-01-31T12:00:00Z"]])
def test_words_that_mean_nothing_are_refused(call: Call, words: list[str]) -> None:
    """They belong to tenants' own keys."""
    with pytest.raises(CommandError, match="go with --tenant-keys"):
        call("rotate_keys", *words)


def test_a_ring_that_is_given_is_not_changed_from_here(call: Call, alice: Person) -> None:
    """The way that there is instead is named."""
    with pytest.raises(CommandError, match=r"rotate_keys --generate"):
        call("rotate_keys", "--new-key")


def test_a_key_of_its_own_is_put_on_top_of_the_file(
    call: Call, alice: Person, settings: Settings, tmp_path: Path
) -> None:
    """In embedded mode the command makes the key, and processes that run already know it when it is used."""
    file = tmp_path / "secrets" / "master_keys"
    file.parent.mkdir()
    file.write_text(keys.OLD)
    settings.HOME, settings.MASTER_KEYS_FILE, settings.MASTER_KEYS_KEPT = tmp_path, file, True
    account, _ = alice.link()
    document = call("rotate_keys", "--new-key", "--json").document

    ring = KeyRing.parse(file.read_text())
    assert [key.id for key in ring] == [document["new_key"], keys.OLD_ID]
    assert document["tenants_by_master_key"] == {document["new_key"]: 1}
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["master_keys"]
    assert found(ring.primary.text().reveal(), [str(document)]) == []
    secrets.forget_key(alice.tenant_id)
    with scope(alice.tenant_id):
        assert account.credential()


def test_it_tells_how_it_goes(
    call: Call, alice: Person, charlie: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the answer, now and then."""
    monkeypatch.setattr(rotate_keys, "TELL_EVERY", 0.0)
    settings.MASTER_KEYS = keys.BOTH
    printed = call("rotate_keys", "--json")

    assert "1 of 2 tenants re-wrapped" in printed.err
    assert printed.document["rewrapped"] == 2


@contextmanager
def held(tenant: Tenant) -> Iterator[None]:
    """Hold a tenant's row, so that whoever would change it waits."""
    assert django_settings.OWNER_LOGIN is not None
    conninfo = django_settings.OWNER_LOGIN.conninfo(dbname=connection.settings_dict["NAME"])
    with psycopg.connect(conninfo) as holder:
        holder.execute("SELECT 1 FROM tenants_tenant WHERE id = %s FOR UPDATE", [tenant.pk])
        yield


def test_killed_half_way_it_is_gone_on_with(database: psycopg.Connection, settings: Settings) -> None:
    """By kill -9 in the middle of a tenant: all secrets stay readable, and a second run does exactly the rest."""
    tenants = sorted((Tenant.create(f"tenant {n}") for n in range(9)), key=lambda tenant: tenant.pk)
    people = [Person(tenant.name, tenant.pk, Secret("")) for tenant in tenants]
    accounts = [person.link()[0] for person in people]
    settings.MASTER_KEYS = keys.BOTH

    def under(key_id: str) -> int:
        query = "SELECT count(*) FROM tenants_tenant WHERE sealed_under = %s"
        (number,) = database.execute(query, [key_id]).fetchone() or (0,)
        return int(number)

    def all_open() -> bool:
        for person, account in zip(people, accounts, strict=True):
            secrets.forget_key(person.tenant_id)
            with scope(person.tenant_id):
                assert account.credential() == {"password": Secret(f"password of {person.name}")}
        return True

    with held(tenants[5]):
        first = start_program("rotate_keys", "--json", MASTER_KEYS=keys.BOTH)
        try:
            assert eventually(lambda: waits(database))
            assert under(keys.NEW_ID) == 5
            assert all_open()
        finally:
            first.kill()
            killed = first.communicate()
    assert first.returncode == -signal.SIGKILL
    assert all_open()
    second = run_program("rotate_keys", "--json", MASTER_KEYS=keys.BOTH)
    assert second.returncode == 0
    assert '"rewrapped": 4' in second.stdout
    assert (under(keys.NEW_ID), under(keys.OLD_ID)) == (9, 0)
    settings.MASTER_KEYS = keys.NEW
    assert all_open()
    shown = [*map(str, killed), second.stdout, second.stderr, *every_row(database)]
    for material in keys.MATERIAL:
        assert found(material, shown) == []


def test_every_process_may_rotate_while_another_one_serves(alice: Person, settings: Settings) -> None:
    """A process that was started before, with both keys, reads and seals what is under the new one."""
    settings.MASTER_KEYS = f"{keys.OLD}\n{keys.NEW}"  # here the new key is not first yet
    account, _ = alice.link()
    done: subprocess.CompletedProcess[str] = run_program("rotate_keys", MASTER_KEYS=keys.BOTH)
    assert done.returncode == 0
    secrets.forget_key(alice.tenant_id)
    alice.link(credential={"password": Secret("another")})
    with alice.at_work():
        assert LinkedAccount.objects.get(pk=account.pk).credential() == {"password": Secret("another")}


def test_a_process_that_serves_needs_no_restart(database: psycopg.Connection, tmp_path: Path) -> None:
    """Its ring is in a file: a new key, two rotations and the end of the old key pass by while it opens and seals."""
    people = [Person(f"{n}", Tenant.create(f"tenant {n}").pk, Secret("")) for n in range(5)]
    for person in people:
        person.link()
    file = tmp_path / "ring"
    file.write_text(keys.OLD)
    ring = {"MASTER_KEYS": "", "MASTER_KEYS_FILE": str(file)}
    tenants = [str(person.tenant_id) for person in people]
    serving = start_python("-m", "tests.unified_api.commands.serving", *tenants, **ring)
    assert serving.stdin is not None
    assert serving.stdout is not None
    try:
        assert serving.stdout.readline() == f"round with {keys.OLD_ID}\n"
        put_on_top(tmp_path, file, keys.NEW)
        for more in ((), ("--tenant-keys",)):
            done = run_program("rotate_keys", *more, **ring)
            assert done.returncode == 0, done.stderr
            assert serving.poll() is None
        put_on_top(tmp_path, file, None)
        rounds = (line for line in serving.stdout if line == f"round with {keys.NEW_ID}\n")
        assert len(list(islice(rounds, 3))) == 3
        assert "Under others: 0 tenants" in run_program("rotate_keys", "--dry-run", **ring).stdout
    finally:
        serving.stdin.close()
        ended = serving.wait(PATIENCE)
        told = serving.stderr.read() if serving.stderr else ""
        for pipe in (serving.stdout, serving.stderr):
            if pipe:
                pipe.close()
    assert (ended, told) == (0, "")


def put_on_top(folder: Path, file: Path, line: str | None) -> None:
    """Put a line on top of the ring, or take all but the first away."""
    lines = file.read_text().splitlines()
    draft = folder / "draft"
    draft.write_text("\n".join([line, *lines] if line else lines[:1]))
    draft.replace(file)
