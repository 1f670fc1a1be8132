"""The backup of operations.md, run as it stands there."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tests.docs.pages import page, shell_lines
from tests.people import Person
from unified_api.serve.logins import Login
from unified_api.serve.postgres import wheel_binaries


def _documented(program: str) -> list[str]:
    """The options of the page's line that calls this program."""
    (line,) = [line for line in shell_lines(page("operations.md")) if line.startswith(f"{program} ")]
    return [word for word in shlex.split(line)[1:] if word.startswith("--") and "=" not in word]


def _dump(login: Login, options: list[str], to: Path) -> subprocess.CompletedProcess[str]:
    conninfo = login.conninfo(dbname=connection.settings_dict["NAME"])
    command = [str(wheel_binaries() / "pg_dump"), *options, "--format=custom", f"--file={to}", conninfo]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Where a dump goes."""
    return tmp_path / "isthmus.dump"


def test_the_owner_dumps_the_rows_of_every_tenant(
    database: psycopg.Connection, alice: Person, charlie: Person, dump: Path
) -> None:
    """The documented command, as the owner, has every tenant in its dump."""
    assert settings.OWNER_LOGIN is not None
    done = _dump(settings.OWNER_LOGIN, _documented("pg_dump"), dump)
    assert done.returncode == 0, done.stderr

    read = [
        str(wheel_binaries() / "pg_restore"),
        "--data-only",
        "--table=tenants_tenant",
        "--file=-",
        str(dump),
    ]
    rows = subprocess.run(read, capture_output=True, text=True, check=True).stdout
    assert str(alice.tenant_id) in rows
    assert str(charlie.tenant_id) in rows


def test_a_dump_without_the_option_is_refused(database: psycopg.Connection, dump: Path) -> None:
    """Without --enable-row-security pg_dump fails instead of leaving rows out."""
    assert settings.OWNER_LOGIN is not None
    done = _dump(settings.OWNER_LOGIN, [], dump)

    assert done.returncode != 0
    assert "row-level security" in done.stderr


def test_the_app_cannot_dump(database: psycopg.Connection, alice: Person, dump: Path) -> None:
    """The role of web and workers gets no dump, with or without the option."""
    assert _dump(settings.APP_LOGIN, [], dump).returncode != 0
    assert _dump(settings.APP_LOGIN, _documented("pg_dump"), dump).returncode != 0
