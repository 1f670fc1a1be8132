"""What the pages say can be done can be done: commands exist, links lead somewhere, code runs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import get_commands

from integrations.kit.provider import Provider
from tests.docs.pages import README, ROOT, blocks, links, page, pages, shell_lines

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^(\w+):", MAKEFILE, re.MULTILINE))


def _shell_lines() -> list[str]:
    found = [line for path in pages() for line in shell_lines(path.read_text(encoding="utf-8"))]
    assert "make demo" in found
    return found


def test_every_make_target_in_a_page_exists() -> None:
    """A shell line of a page calls only targets that the Makefile has."""
    called = {found[1] for line in _shell_lines() if (found := re.search(r"\bmake (\w+)", line))}

    assert called - TARGETS == set()


def test_every_command_in_a_page_exists() -> None:
    """A shell line of a page calls only commands that manage.py has."""
    called = {found[1] for line in _shell_lines() if (found := re.search(r"manage\.py ([\w-]+)", line))}

    assert "link" in called
    assert called - set(get_commands()) == set()


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    """A link within the documentation leads to a file, and to a heading where it names one."""
    wrong = []
    for link in links(path.read_text(encoding="utf-8")):
        target, _, heading = link.partition("#")
        if "://" in link:
            continue
        to = (path.parent / target).resolve() if target else path
        if not to.exists() or (heading and heading not in _anchors(to)):
            wrong.append(link)

    assert wrong == []


def _anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_adapter_of_the_page_is_one() -> None:
    """The walk-through's adapter can be imported, and can do what the page says."""
    source, oauth, webhooks = blocks(page("adding-an-adapter.md"), "python")
    module = ModuleType("bugs_by_example")
    for block in (source, oauth, webhooks):
        exec(compile(block, "docs/adding-an-adapter.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    facts = {name: module.__dict__[name] for name in ("webhooks", "auth", "settings")}
    provider = replace(module.__dict__["provider"], **facts)

    assert isinstance(provider, Provider)
    assert [r.model.__name__ for r in provider.resources if r.can("create")] == ["Ticket"]
    assert len(source.splitlines()) <= 70


def test_the_readme_is_short() -> None:
    """The README can be read in a few minutes."""
    assert len(README.read_text(encoding="utf-8").splitlines()) < 250
