"""Which command lines need the embedded database, and what happens when its secrets are lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.homes import quick
from tests.unified_api.serve.test_up import MANAGE, environment
from unified_api.serve.embedded import needs_database
from unified_api.serve.postgres import Cluster

pytestmark = [pytest.mark.timeout(1200), pytest.mark.processes]


@pytest.mark.parametrize(
    "line", ["web --port 1", "tenant list", "check --database default", "check --database=default"]
)
def test_what_works_with_the_database_holds_it(line: str) -> None:
    """A check of the database too."""
    assert needs_database(line.split())


@pytest.mark.parametrize("line", ["", "help", "--version", "check", "check --deploy"])
def test_the_others_do_not_start_it(line: str) -> None:
    """They are quick, and work where nothing can be started."""
    assert not needs_database(line.split())


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in the embedded mode of this home."""
    command = [sys.executable, str(MANAGE), *words]
    env = {name: value for name, value in environment(home).items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation with a tenant, whose server does not run."""
    made = quick(tmp_path_factory.mktemp("embedded") / "home")
    assert run(made, "migrate", "--verbosity=0").returncode == 0
    assert run(made, "tenant", "create", "Wonder Ltd").returncode == 0
    yield made
    assert Cluster(made).wait_until_stopped()


def secret(home: Path, name: str) -> Path:
    """The file of a secret."""
    return home / "secrets" / name


@pytest.mark.parametrize("name", ["master_keys", "database_superuser"])
@pytest.mark.parametrize("words", [("up",), ("tenant", "list")])
def test_nothing_starts_without_what_the_database_needs(
    home: Path, name: str, words: tuple[str, ...]
) -> None:
    """One sentence that names the file; it is not made anew, and everything works when it is put back."""
    assert Cluster(home).wait_until_stopped()
    kept = secret(home, name).read_text()
    secret(home, name).unlink()
    try:
        done = run(home, *words)
        assert not secret(home, name).exists()
    finally:
        secret(home, name).write_text(kept)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"isthmus: {secret(home, name)} is gone, and there is a database in {home}: ")
    assert "Wonder Ltd" in run(home, "tenant", "list").stdout


@pytest.mark.parametrize("name", ["secret_key", "database_owner"])
def test_what_the_server_can_be_told_anew_is_made_anew(home: Path, name: str) -> None:
    """The passwords of the roles follow when the server starts: nothing else depends on these."""
    assert Cluster(home).wait_until_stopped()
    before = secret(home, name).read_text()
    secret(home, name).unlink()

    assert "Wonder Ltd" in run(home, "tenant", "list").stdout
    assert run(home, "migrate", "--verbosity=0").returncode == 0
    assert secret(home, name).read_text() != before


def test_a_database_that_does_not_run_can_be_checked(home: Path) -> None:
    """Its walls and keys are looked at; no traceback, as when nobody had started it."""
    done = run(home, "check", "--database", "default")

    assert (done.returncode, done.stderr) == (0, "")


def test_master_keys_are_rotated_in_place(home: Path) -> None:
    """With a new key of its own making; the old line may go afterwards."""
    done = run(home, "rotate_keys", "--new-key")
    assert done.returncode == 0, done.stderr
    ring = secret(home, "master_keys").read_text().splitlines()
    secret(home, "master_keys").write_text(ring[0])

    assert len(ring) == 2
    assert run(home, "check", "--database", "default").returncode == 0
    assert run(home, "tenant", "create", "Later Ltd").returncode == 0
