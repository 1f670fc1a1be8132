"""Who may import whom, where the import linter's lists would have to name every module there is."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_ADAPTERS = (
    "integrations/kit",
    "integrations/providers",
    "integrations/sandbox/adapter.py",
    "integrations/sandbox/data",
    "integrations/sandbox/spelling.py",
    "integrations/sandbox/webhooks.py",
)


def imports(file: Path) -> Iterator[str]:
    """The modules that a file imports, by their full names."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            yield node.module or ""


def files(*rooms: str) -> list[Path]:
    """The source files of these rooms."""
    found = [
        path
        for room in rooms
        for path in ([ROOT / room] if room.endswith(".py") else (ROOT / room).rglob("*.py"))
    ]
    assert found
    return found


@pytest.mark.parametrize(
    ("room", "allowed"),
    [("unified_api/engine", {"unified_api.engine"}), ("tenants/vault.py", {"cryptography"})],
)
def test_pure_rooms_import_the_standard_library_only(room: str, allowed: set[str]) -> None:
    """Engine and vault import nothing but the standard library, themselves, and for the vault `cryptography`."""
    foreign = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files(room)
        for name in imports(file)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(name == known or name.startswith(f"{known}.") for known in allowed)
    }

    assert foreign == set()


def test_adapters_import_of_the_product_only_the_vocabulary() -> None:
    """Kit and providers import nothing of the product but `unified_api.models`, and nothing of tenants."""
    foreign = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files(*_ADAPTERS)
        for name in imports(file)
        if name.split(".")[0] in {"unified_api", "tenants"} and not name.startswith("unified_api.models")
    }

    assert foreign == set()
