"""The ring in a file is read again when the file changes, and only what can be right is taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from tenants.masters import RingFile, master_keys
from tenants.models import Tenant
from tenants.vault import BadKeyRing, KeyRing, sealed_under
from tests.canary import found
from tests.people import Person
from tests.tenants import keys


def ids(ring: KeyRing) -> list[str]:
    """The ids of a ring, in order."""
    return [key.id for key in ring]


def write(path: Path, text: str) -> None:
    """Replace the file, as an administrator's tool does."""
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the old key."""
    path = tmp_path / "ring"
    path.write_text(keys.OLD)
    return path


def test_a_key_that_is_added_is_known_at_once(file: Path) -> None:
    """At the end, at the top; and one that is removed is forgotten."""
    live = RingFile(file, keys.OLD)
    seen = [ids(live.ring())]
    for text in (f"{keys.OLD}\n{keys.NEW}", keys.BOTH, keys.NEW):
        write(file, text)
        seen.append(ids(live.ring()))

    assert seen == [
        [keys.OLD_ID],
        [keys.OLD_ID, keys.NEW_ID],
        [keys.NEW_ID, keys.OLD_ID],
        [keys.NEW_ID],
    ]


@pytest.mark.parametrize(
    "text", ["", "no ring", keys.NEW[:20], keys.WRONG, f"{keys.NEW}\n{keys.WRONG}", "\udcff"]
)
def test_what_cannot_be_right_is_not_taken(file: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A half-written file, or another key of a known id: it is told without the key, and the ring stays."""
    live = RingFile(file, keys.OLD)
    file.write_bytes(text.encode(errors="surrogateescape"))

    assert live.ring().text().reveal() == keys.OLD
    told = capsys.readouterr()
    assert "master_keys.kept" in told.out + told.err
    for material in keys.MATERIAL:
        assert found(material, [*told]) == []


def test_it_is_told_once_and_looked_at_again_when_it_is_put_right(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong file is no line in the log for each request."""
    live = RingFile(file, keys.OLD)
    for text in ("no ring", None):
        if text is None:
            file.unlink()
        else:
            write(file, text)
        for _ in range(3):
            live.ring()
        told = capsys.readouterr()
        assert (told.out + told.err).count("master_keys.kept") == 1

    write(file, keys.BOTH)
    assert ids(live.ring()) == [keys.NEW_ID, keys.OLD_ID]


def test_a_file_that_is_gone_takes_no_key_away(file: Path) -> None:
    """What this process knows it goes on with."""
    live = RingFile(file, keys.OLD)
    file.unlink()

    assert ids(live.ring()) == [keys.OLD_ID]


def test_nothing_is_read_when_nothing_changed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look costs one call of the system."""
    live = RingFile(file, keys.OLD)
    live.ring()
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("read again"))

    assert ids(live.ring()) == [keys.OLD_ID]


def test_a_tenant_is_made_under_a_key_that_was_put_first_meanwhile(
    alice: Person, file: Path, settings: Settings
) -> None:
    """With the ring in a file, a running process needs no restart; an older tenant stays readable."""
    account, _ = alice.link()
    settings.MASTER_KEYS_FILE = file
    assert ids(master_keys()) == [keys.OLD_ID]
    write(file, keys.BOTH)
    made = Tenant.create("Later Ltd")
    with alice.at_work():
        assert account.credential()

    assert sealed_under(bytes(made.sealed_key)) == keys.NEW_ID


def test_a_ring_that_is_none_is_refused_at_start(file: Path) -> None:
    """There is nothing to go on with."""
    with pytest.raises(BadKeyRing):
        RingFile(file, "")


def test_a_changed_time_alone_changes_nothing(file: Path) -> None:
    """The file is read again, and holds the same."""
    live = RingFile(file, keys.OLD)
    live.ring()
    os.utime(file, (1, 1))

    assert live.ring().text().reveal() == keys.OLD
