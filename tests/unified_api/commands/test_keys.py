"""Nothing starts with master keys that are not the database's, and each refusal is one clear sentence."""

from __future__ import annotations

import socket

import psycopg
import pytest
from django.db import connection

from tenants.models import Tenant
from tests.canary import found
from tests.people import Person
from tests.tenants import keys
from tests.unified_api.commands.program import environment, eventually, run_program, start_program
from unified_api.management.keys import require_master_keys
from unified_api.serve.heartbeat import ages

LINK = ("link", "--tenant", "Wonder Ltd", "--integration", "stub", "--end-user", "1")


def port() -> str:
    """A port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


COMMANDS = {
    "up": ("up", "--port", "0"),
    "web": ("web", "--port", "0"),
    "worker": ("worker",),
    "beat": ("beat",),
    "link": LINK,
    "tenant create": ("tenant", "create", "Later Ltd"),
    "rotate_keys": ("rotate_keys",),
}

LOST = f"A master key is missing: {keys.OLD_ID}. The database needs {keys.OLD_ID}, and MASTER_KEYS holds {keys.NEW_ID}."
WRONG = f"MASTER_KEYS holds a key {keys.OLD_ID} that is not the database's key {keys.OLD_ID}"


@pytest.mark.parametrize(("ring", "sentence"), [(keys.NEW, LOST), (keys.WRONG, WRONG)], ids=["lost", "wrong"])
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS.keys())
def test_no_command_starts_with_keys_of_another_database(
    alice: Person, words: tuple[str, ...], ring: str, sentence: str
) -> None:
    """One sentence that says what is missing and what to do, status 1, no traceback, and no key in it."""
    done = run_program(*(port() if word == "0" else word for word in words), MASTER_KEYS=ring)

    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "CommandError" in line]
    assert sentence in line
    assert "back into MASTER_KEYS" in line
    assert "Traceback" not in done.stderr
    assert "migrating" not in done.stdout
    for material in (*keys.MATERIAL, ring.partition(":")[2]):
        assert found(material, [done.stdout, done.stderr]) == []
    assert Tenant.find("Later Ltd") is None


@pytest.mark.parametrize(
    ("ring", "reason"),
    [
        (",", "is empty"),
        ("k1", "is not `id:base64key`"),
        ("k1:%%%", "is not base64"),
        ("k1:c2hvcnQ=", "has 5 bytes; 32 are needed"),
        (f"{keys.OLD},{keys.WRONG}", "same id"),
        ("k 1:" + "A" * 43 + "=", "is no key id"),
        (keys.WRONG.partition(":")[2] + ":k1", "Line 1 of the key ring is the wrong way round"),
    ],
)
def test_a_ring_that_is_none_is_refused(database: psycopg.Connection, ring: str, reason: str) -> None:
    """Every way in which a line can be wrong, named without the key."""
    done = run_program("beat", MASTER_KEYS=ring)

    assert done.returncode == 1
    assert "isthmus.E004" in done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert found(keys.WRONG.partition(":")[2], [done.stdout, done.stderr]) == []


def test_a_beat_starts_with_the_right_keys(alice: Person) -> None:
    """Also when there are more of them than are needed."""
    process = start_program("beat", MASTER_KEYS=keys.BOTH)

    def beats() -> bool:
        with connection.cursor() as cursor:
            return "beat" in ages(cursor)

    try:
        assert eventually(beats)
    finally:
        process.kill()
        process.communicate()


def test_a_database_that_is_away_is_waited_for(database: psycopg.Connection) -> None:
    """Whether keys are right cannot be known then: who serves starts, and says that it does not know."""
    nowhere = "postgres://u:p@127.0.0.1:1/d"
    process = start_program("beat", DATABASE_URL=nowhere, MASTER_KEYS=keys.NEW, LOG_LEVEL="INFO")
    try:
        assert process.stderr is not None
        lines = iter(process.stderr)
        assert any("master_keys.unproven" in line for line in lines)
        assert any("heartbeat.lost" in line for line in lines)
    finally:
        process.kill()
        process.communicate()


def test_a_database_that_is_not_migrated_yet_is_no_warning(
    alice: Person, database: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first start of all meets one, and there is nothing to see to."""
    database.execute("ALTER TABLE tenants_tenant RENAME COLUMN sealed_under TO hidden")
    try:
        assert not require_master_keys("up")
    finally:
        database.execute("ALTER TABLE tenants_tenant RENAME COLUMN hidden TO sealed_under")
    told = capsys.readouterr().err

    assert "the database is not migrated yet" in told
    assert "warning" not in told
    assert require_master_keys("up")


def test_the_system_check_tells_it_too(alice: Person) -> None:
    """`manage.py check --database default`, by id and with a hint."""
    done = run_program("check", "--database", "default", MASTER_KEYS=keys.NEW)
    assert done.returncode == 1
    assert "(tenants.E004) A master key is missing" in done.stderr
    assert "HINT: Put the missing line back" in done.stderr


def test_a_check_of_a_database_that_is_away_is_one_sentence(database: psycopg.Connection) -> None:
    """Under an id, with a hint, instead of a traceback."""
    done = run_program("check", "--database", "default", DATABASE_URL="postgres://u:p@127.0.0.1:1/d")

    assert done.returncode == 1
    assert "(tenants.E006) The database does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_environment_of_these_tests_is_the_right_one(database: psycopg.Connection) -> None:
    """With nothing changed, a program goes on: what is refused above is refused for its keys."""
    assert environment()["MASTER_KEYS"] == keys.OLD
    assert run_program("tenant", "list", "--json").returncode == 0
    assert run_program("tenant", "create", "Later Ltd").returncode == 0
