"""Adapters that installed packages bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.apps import installed
from tests.docs.pages import blocks, page


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a package is installed that has the adapter of the documentation."""
    (tmp_path / "bugs_by_example.py").write_text(blocks(page("adding-an-adapter.md"), "python")[0])
    facts = tmp_path / "bugs_by_example-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: bugs-by-example\nVersion: 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    return facts


def test_an_entry_point_brings_an_adapter(package: Path) -> None:
    """Under the slug that it is installed as, with the module that has its code."""
    (package / "entry_points.txt").write_text(
        "[isthmus.adapters]\nbugs-by-example = bugs_by_example:provider\n"
    )

    assert [(provider.slug, module) for provider, module in installed()] == [
        ("bugs-by-example", "bugs_by_example")
    ]


@pytest.mark.parametrize(("name", "what"), [("other", "provider"), ("bugs-by-example", "tickets")])
def test_an_entry_point_that_is_none_is_named(package: Path, name: str, what: str) -> None:
    """A slug that is not the adapter's, and something else than an adapter."""
    (package / "entry_points.txt").write_text(f"[isthmus.adapters]\n{name} = bugs_by_example:{what}\n")

    with pytest.raises(TypeError, match=f"entry point {name} of isthmus.adapters"):
        list(installed())
