"""ISTHMUS_HOME: the folder of the embedded mode, with the secrets that it makes for itself.

A laptop needs no set-up: what a production installation is given, an embedded one makes at its first start
and keeps in files that only their owner can read. What a database cannot do without is never made a second
time: when its file is gone, that is a loss to be told, not a reason to begin anew.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

#: The ring of master keys.
MASTER = "master_keys"
#: What a database is lost without, and what to do then. Other secrets are made anew: the server's roles get
#: their passwords when it starts.
IRREPLACEABLE = {
    MASTER: "without it no stored credential opens. Put the file back from a backup, or set MASTER_KEYS",
    "database_superuser": "without it nobody may start the database. Put the file back from a backup",
}


def make_private(folder: Path) -> Path:
    """Make a folder, and its parents, that only the owner can enter; returns it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _unusable(home: Path, error: OSError) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"The folder {home} cannot be used ({error.strerror}): give one that can be written to by ISTHMUS_HOME."
    )


def secret_file(home: Path, name: str) -> Path:
    """Where the secret of this name is kept."""
    return home / "secrets" / name


def kept_secret(home: Path, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """The secret of this name, made and written (mode 0600) when it is asked for the first time.

    Several processes may ask at once: all get the same one, since a finished file is linked into place.
    ImproperlyConfigured when the folder cannot be used, the file is empty, or a secret is gone that the
    database, which is there, was made with.
    """
    try:
        kept = _kept(home, name, make)
    except OSError as error:
        raise _unusable(home, error) from error
    except UnicodeDecodeError:  # the cause would show the bytes
        raise ImproperlyConfigured(
            f"{secret_file(home, name)} is no text. Put the file back from a backup."
        ) from None
    if not kept.strip():
        raise ImproperlyConfigured(
            f"{secret_file(home, name)} is empty. Put the file back from a backup; if there is no database in"
            f" {home} yet, remove it, and a new one is made."
        )
    return kept


def _kept(home: Path, name: str, make: Callable[[], str]) -> str:
    # In this order: whoever makes the database has made its secrets before.
    database = (home / "postgres").exists()
    path = secret_file(home, name)
    if not path.exists():
        if database and name in IRREPLACEABLE:
            raise ImproperlyConfigured(
                f"{path} is gone, and there is a database in {home}: {IRREPLACEABLE[name]}. See docs/operations.md,"
                " When a key is lost."
            )
        make_private(path.parent)
        # When the file exists by now, another process was first; its secret is the one.
        with _written(path, make()) as draft, suppress(FileExistsError):
            os.link(draft, path)
    return path.read_text(encoding="utf-8")


@contextmanager
def _written(path: Path, text: str) -> Iterator[Path]:
    """A draft beside the path, safely on disk; so is what the block makes of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """See to it that the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_on_top(home: Path, name: str, line: str) -> None:
    """Put a line before those of a kept secret: the file is the old one or the new one, at every moment."""
    path = secret_file(home, name).resolve()  # a link stays one
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two at once would lose a line
        owner = path.stat()
        with _written(path, f"{line}\n{path.read_text(encoding='utf-8').strip()}\n") as draft:
            if os.geteuid() == 0:
                os.chown(draft, owner.st_uid, owner.st_gid)
            draft.replace(path)
    except OSError as error:
        raise _unusable(home, error) from error
    finally:
        os.close(folder)


def new_master_key(key_id: str = "k1") -> str:
    """A line with a fresh master key, as MASTER_KEYS spells it."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
