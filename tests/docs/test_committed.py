"""What may stand in committed files."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.test_laws import EVERYDAY
from tests.docs.pages import ROOT
from unified_api import registry


@cache
def committed() -> tuple[Path, ...]:
    """The files of the repository, without those that are text for nobody."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    found = tuple(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())
    assert ROOT / "manage.py" in found
    return found


def holding(pattern: str, files: list[Path]) -> list[str]:
    """The files in which the pattern occurs, with the line where it first does."""
    assert files
    wanted = re.compile(pattern, re.IGNORECASE)
    texts = ((path, path.read_text(encoding="utf-8", errors="replace")) for path in files)
    hits = ((path, text, wanted.search(text)) for path, text in texts)
    return [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, hit.start()) + 1}"
        for path, text, hit in hits
        if hit
    ]


def test_locks_hold_no_addresses() -> None:
    """A lock names packages and hashes, never where they were downloaded from."""
    locks = [path for path in committed() if path.suffix == ".lock" or path.name == "package-lock.json"]

    assert holding(r"://", locks) == []


def test_no_file_names_a_folder_of_this_machine() -> None:
    """No path of the machine on which something was written or run is committed."""
    folders = {re.escape(str(folder)) for folder in (ROOT, Path.home()) if len(folder.parts) > 2}
    folders |= {"/" + "work" + r"/\w", "/" + "home" + r"/\w"}

    assert holding("|".join(sorted(folders)), list(committed())) == []


@pytest.mark.parametrize("slug", [provider.slug for provider in registry.all()])
def test_the_product_names_no_adapter(slug: str) -> None:
    """An adapter's slug occurs nowhere in the product, the tenants' room and the kit; an everyday word no literal."""
    rooms = [ROOT / room for room in ("unified_api", "tenants", "integrations/kit")]
    ours = [path for path in committed() if any(room in path.parents for room in rooms)]

    word = re.escape(slug).replace(r"\-", "[-_ ]?")
    assert holding(f"[\"']{word}[\"']" if slug in EVERYDAY else word, ours) == []
