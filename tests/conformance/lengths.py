"""How long adapters are, and whether anything beside them had to be edited for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from integrations.kit.provider import Provider
from unified_api import registry

ROOT: Final = Path(__file__).resolve().parents[2]
_PROVIDERS: Final = ROOT / "integrations" / "providers"
#: Where an adapter would be named if it did not stand by itself.
_ROOMS: Final = ("unified_api", "tenants", "integrations")
_SOURCES: Final = frozenset({".py", ".html", ".js", ".css", ".json", ".txt", ".sql"})


@dataclass(frozen=True)
class Length:
    """Of one adapter. edits: the files of others that name it."""

    provider: Provider
    files: int
    lines: int
    edits: tuple[str, ...]

    @property
    def models(self) -> int:
        """How many it serves."""
        return len(self.provider.resources)

    @property
    def lines_a_model(self) -> float:
        """Lines for each of them."""
        return self.lines / self.models


def of(provider: Provider) -> Length:
    """The length of an adapter: every line of its files, comments and all."""
    own = files_of(provider)
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in own)
    return Length(provider, len(own), lines, tuple(sorted(_others(provider, frozenset(own)))))


def files_of(provider: Provider) -> list[Path]:
    """The one file of an adapter, or those of its package."""
    path = _PROVIDERS / provider.slug.replace("-", "_")
    return list(path.glob("*.py")) or [path.with_suffix(".py")]


def _others(provider: Provider, own: frozenset[Path]) -> Iterator[str]:
    names = {f'"{provider.slug}"', f"'{provider.slug}'", f"providers.{provider.slug.replace('-', '_')}"}
    for path in (path for room in _ROOMS for path in (ROOT / room).rglob("*")):
        if path.suffix in _SOURCES and path not in own and path.is_file():
            text = path.read_text(encoding="utf-8")
            if any(name in text for name in names):
                yield str(path.relative_to(ROOT))


def measured() -> list[Length]:
    """Those that were written by hand: sandboxes and the product follow from the models."""
    return [of(one) for one in registry.all() if not (one.hosted or one.is_sandbox)]


def lengths() -> list[str]:
    """A table, with the median of all in its last row."""
    told = measured()
    rows = [
        (one.provider.name, one.files, one.lines, one.models, f"{one.lines_a_model:.0f}", len(one.edits))
        for one in told
    ]
    every = (
        "median",
        *(f"{median(values):.0f}" for values in zip(*[row[1:4] for row in rows], strict=True)),
        f"{median(one.lines_a_model for one in told):.0f}",
        f"{median(len(one.edits) for one in told):.0f}",
    )
    head = ("adapter", "files", "lines", "models", "lines a model", "edits outside it")
    return [f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *rows, every)]
