"""Secrets that the embedded mode makes for itself."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tenants.vault import KeyRing
from unified_api.serve.home import kept_secret, new_master_key, put_on_top, secret_file


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


@pytest.mark.parametrize("name", ["master_keys", "database_superuser"])
def test_what_a_database_needs_is_not_made_a_second_time(tmp_path: Path, name: str) -> None:
    """Its loss is one sentence, and nothing is written in its place."""
    kept_secret(tmp_path, name)
    (tmp_path / "postgres").mkdir()
    assert kept_secret(tmp_path, name)
    secret_file(tmp_path, name).unlink()

    with pytest.raises(
        ImproperlyConfigured, match=rf"{name} is gone, and there is a database .* Put the file back"
    ):
        kept_secret(tmp_path, name)
    assert not secret_file(tmp_path, name).exists()


@pytest.mark.parametrize("name", ["secret_key", "database_owner"])
def test_what_can_be_made_again_is(tmp_path: Path, name: str) -> None:
    """The server's roles get their passwords when it starts, so a new one is as good."""
    (tmp_path / "postgres").mkdir()
    assert kept_secret(tmp_path, name)


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    """As a full disk or a power cut may have left it."""
    secret_file(tmp_path, "master_keys").parent.mkdir()
    secret_file(tmp_path, "master_keys").write_text("\n")
    with pytest.raises(ImproperlyConfigured, match="is empty"):
        kept_secret(tmp_path, "master_keys")


def test_bytes_that_are_no_text_are_no_secret(tmp_path: Path) -> None:
    """One sentence, without the bytes, also not as its cause."""
    secret_file(tmp_path, "master_keys").parent.mkdir()
    secret_file(tmp_path, "master_keys").write_bytes(b"\xe0\xff")
    with pytest.raises(ImproperlyConfigured, match="is no text") as told:
        kept_secret(tmp_path, "master_keys")
    assert told.value.__suppress_context__


def test_a_ring_stays_its_owners_when_root_changes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else those that serve could not read it any more."""
    kept_secret(tmp_path, "name")
    found = secret_file(tmp_path, "name").stat()
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda _path, *owner: given.append(owner))
    put_on_top(tmp_path, "name", "newest")

    assert given == [(found.st_uid, found.st_gid)]


def test_a_line_is_put_where_a_link_leads(tmp_path: Path) -> None:
    """Whoever keeps the ring elsewhere, on a disk that is backed up for example, finds the new key there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "ring").write_text("oldest")
    secret_file(tmp_path, "name").parent.mkdir()
    secret_file(tmp_path, "name").symlink_to(elsewhere / "ring")
    put_on_top(tmp_path, "name", "newest")

    assert (elsewhere / "ring").read_text() == "newest\noldest\n"
    assert secret_file(tmp_path, "name").is_symlink()
    assert [path.name for path in elsewhere.iterdir()] == ["ring"]


def test_a_secret_is_on_disk_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced before it gets its name, and the name before anybody gets the secret."""
    done: list[str] = []
    sync, link = os.fsync, os.link

    def synced(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def linked(*names: Path) -> None:
        done.append("name")
        link(*names)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", linked)
    kept_secret(tmp_path, "name")

    assert done == ["file", "name", "folder"]


def test_many_lines_put_on_top_at_once_are_all_there(tmp_path: Path) -> None:
    """None is lost, the last one is first, only the owner may read, and no draft is left."""
    kept_secret(tmp_path, "name", lambda: "oldest")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: put_on_top(tmp_path, "name", f"line {n}"), range(32)))
    put_on_top(tmp_path, "name", "newest")
    lines = secret_file(tmp_path, "name").read_text().splitlines()

    assert (lines[0], lines[-1]) == ("newest", "oldest")
    assert set(lines[1:-1]) == {f"line {n}" for n in range(32)}
    assert secret_file(tmp_path, "name").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["name"]


def test_a_line_that_cannot_be_written_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs no key."""
    kept_secret(tmp_path, "name", lambda: "oldest")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ImproperlyConfigured, match="No space left"):
        put_on_top(tmp_path, "name", "newest")
    assert secret_file(tmp_path, "name").read_text() == "oldest"
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["name"]
