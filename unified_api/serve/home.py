"""ISTHMUS_HOME: the folder of the embedded mode, with the secrets that it makes for itself.

A laptop needs no set-up: what a production installation is given, an embedded one makes at its first start
and keeps in files that only their owner can read.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def make_private(folder: Path) -> Path:
    """Make a folder, and its parents, that only the owner can enter; returns it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _unusable(home: Path, error: OSError) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"The folder {home} cannot be used ({error.strerror}): give one that can be written to by ISTHMUS_HOME."
    )


def kept_secret(home: Path, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """The secret of this name, made and written (mode 0600) when it is asked for the first time.

    Several processes may ask at once: all get the same one, since a finished file is linked into place.
    ImproperlyConfigured when the folder cannot be used.
    """
    try:
        return _kept(home, name, make)
    except OSError as error:
        raise _unusable(home, error) from error


def _kept(home: Path, name: str, make: Callable[[], str]) -> str:
    path = make_private(home / "secrets") / name
    if not path.exists():
        draft = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its secret is the one
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8")


def new_master_key() -> str:
    """A ring of one fresh master key, as MASTER_KEYS spells it."""
    return f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}"
