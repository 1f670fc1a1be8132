"""Secrets that the embedded mode makes for itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tenants.vault import KeyRing
from unified_api.serve.home import kept_secret, new_master_key


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    """The first call makes it, later calls read it, and only the owner may."""
    first = kept_secret(tmp_path, "name")

    assert len(first) >= 50
    assert kept_secret(tmp_path, "name") == first
    assert (tmp_path / "secrets" / "name").stat().st_mode & 0o777 == 0o600


def test_many_at_once_get_the_same_secret(tmp_path: Path) -> None:
    """Processes that start together agree on one secret, and leave no drafts."""
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: kept_secret(tmp_path, "name"), range(64)))

    assert len(found) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["name"]


def test_a_new_master_key_is_a_ring() -> None:
    """What is made as MASTER_KEYS can be read as MASTER_KEYS."""
    assert KeyRing.parse(new_master_key()).primary.id == "k1"


def test_a_home_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    """It names the folder, and the setting for another one."""
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match=r"file cannot be used \(.+\): .* by ISTHMUS_HOME"):
        kept_secret(tmp_path / "file", "name")
