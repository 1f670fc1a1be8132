"""What tests say that they stand for: the tests that they name are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
_TITLE: Final = re.compile(r"What SEMANTICS\.md says of (.+) with a source, and the test that stands for it")
TELLING: Final = {
    found[1]: (path, text)
    for room in ("emulators", "integrations/providers")
    for path in sorted((ROOT / room).rglob("test_*.py"))
    if path != Path(__file__).resolve() and (found := _TITLE.search(text := path.read_text(encoding="utf-8")))
}


def _told(text: str) -> list[str]:
    """The tests in the right column of a file's table, and below lines that are too long for one."""
    table = text.partition("stands for it")[2].partition("\n\n")[2].partition("\n\n")[0]
    return re.findall(r"(?:providers/\w+/)?test_\w+(?:\.py)?", table)


def _is_there(name: str, beside: Path) -> bool:
    """Whether it is a file, or begins the name of a test of the same vendor."""
    if name.endswith(".py"):
        return (ROOT / "integrations" / name).exists() or (beside.parent / name).exists()
    module = beside.stem.removeprefix("test_") if beside.parent.name == "emulators" else beside.parent.name
    files = [*(ROOT / "integrations/providers" / module).glob("test_*.py"), beside]
    return any(name == one.stem or f"def {name}" in one.read_text(encoding="utf-8") for one in files)


@pytest.mark.parametrize("vendor", TELLING)
def test_what_stands_for_a_statement_is_there(vendor: str) -> None:
    """Nobody renames a test and leaves its statement to none."""
    path, text = TELLING[vendor]
    told = _told(text)

    assert told, f"{path.name} names no test"
    assert [name for name in told if not _is_there(name, path)] == []
