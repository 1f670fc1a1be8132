"""System checks: Isthmus does not start on a given server without its secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from unified_api import checks

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


@pytest.mark.parametrize(
    ("changed", "check", "expected"),
    [
        ({"SECRET_KEY": ""}, checks.secrets_are_given, ["isthmus.E001"]),
        ({"MASTER_KEYS": ""}, checks.secrets_are_given, ["isthmus.E002"]),
        ({"SECRET_KEY": "short"}, checks.secret_key_is_long, ["isthmus.E003"]),
        ({"MASTER_KEYS": "no ring"}, checks.master_keys_are_understood, ["isthmus.E004"]),
        ({"ALLOWED_HOSTS": []}, checks.hosts_are_named, ["isthmus.W001"]),
        ({"PUBLIC_URL": "isthmus.example.com"}, checks.public_address_is_one, ["isthmus.E005"]),
        ({"PUBLIC_URL": "https://me@isthmus.example.com"}, checks.public_address_is_one, ["isthmus.E005"]),
        ({"PUBLIC_URL": "https://example.com/isthmus"}, checks.public_address_is_one, []),
        ({}, checks.public_address_is_one, []),
        ({}, checks.secrets_are_given, []),
        ({}, checks.secret_key_is_long, []),
        ({}, checks.master_keys_are_understood, []),
        ({}, checks.hosts_are_named, []),
    ],
)
def test_what_each_check_finds(
    settings: Any, changed: dict[str, Any], check: Any, expected: list[str]
) -> None:
    """A wrong setting is reported under its id with a hint; right ones are not."""
    for name, value in changed.items():
        setattr(settings, name, value)
    found = check()

    assert [message.id for message in found] == expected
    assert all(message.hint for message in found)


@pytest.mark.processes
@pytest.mark.parametrize("command", ["up", "worker", "migrate"])
def test_a_given_server_needs_given_secrets(command: str, tmp_path: Path) -> None:
    """With DATABASE_URL and no secrets, no command starts, and the message says what to set."""
    kept = {name: os.environ[name] for name in ("PATH",)}
    env = {**kept, "DATABASE_URL": "postgres://u:p@127.0.0.1:1/d", "ISTHMUS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, MANAGE, command], env=env, capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 1
    assert "isthmus.E001" in done.stderr
    assert "Set MASTER_KEYS or MASTER_KEYS_FILE" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.processes
def test_an_empty_file_of_master_keys_is_refused(tmp_path: Path) -> None:
    """Rather than replaced by a key that opens nothing, also where the database is embedded."""
    (tmp_path / "ring").touch()
    kept = {name: os.environ[name] for name in ("PATH",)}
    env = {**kept, "ISTHMUS_HOME": str(tmp_path / "home"), "MASTER_KEYS_FILE": str(tmp_path / "ring")}
    done = subprocess.run(
        [sys.executable, MANAGE, "check"], env=env, capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 1
    assert "(isthmus.E002) MASTER_KEYS is not set, or empty" in done.stderr
    assert not (tmp_path / "home" / "secrets" / "master_keys").exists()


@pytest.mark.processes
def test_earlier_secret_keys_may_be_given() -> None:
    """Separated by spaces; none by default."""
    read = "from django.conf import settings; print(settings.SECRET_KEY_FALLBACKS)"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "unified_api.settings", "SECRET_KEY_FALLBACKS": "one  two"}
    done = subprocess.run(
        [sys.executable, "-c", read], env=env, cwd=MANAGE.parent, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "['one', 'two']"
