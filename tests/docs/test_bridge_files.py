"""The ready-made bridge files can be applied as they are, and docs/bridges.md names every key there is."""

from __future__ import annotations

import io
import re
import shlex
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from tenants import accounts
from tenants.models import LinkedAccount, Tenant
from tenants.scope import current_tenant, scope
from tenants.vault import Secret
from tests import able
from tests.docs.pages import README, ROOT, page
from unified_api import registry
from unified_api.engine.policy import Direction
from unified_api.sync import job
from unified_api.sync.bridge import applying, exporting, file
from unified_api.sync.bridge.file import BridgeFile, Each, Several
from unified_api.sync.models_bridge import Bridge

FILES = sorted((ROOT / "docs" / "bridges").glob("*.yaml"))


@pytest.fixture
def tenant(database: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[uuid.UUID]:
    """A tenant in scope, whose jobs wake nobody."""
    monkeypatch.setattr(job, "wake", lambda *_args: None)
    made = Tenant.create("Alice's company")
    with scope(made.id):
        yield made.id


def _link(told: Mapping[str, str], category: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slug = told["integration"]
    if slug not in {provider.slug for provider in registry.all()}:
        monkeypatch.setitem(registry._providers, slug, able.provider(slug, category))
    accounts.link(
        category=category,
        integration=slug,
        end_user_origin_id=told["end_user"],
        settings={},
        credential={"token": Secret("nothing")},
    )


def _read(path: Path, monkeypatch: pytest.MonkeyPatch) -> BridgeFile:
    """A ready-made file, its accounts linked."""
    read = file.parse(path.read_text(encoding="utf-8"), path.name)
    category = next(iter(read.data["models"])).partition(".")[0]
    for side in ("a", "b"):
        _link(read.data[side], category, monkeypatch)
    _map(path)
    return read


def _map(path: Path) -> None:
    """Map the fields that the head of a file says."""
    for line in re.findall(
        r"^#   manage\.py (mapping add .+)$", path.read_text(encoding="utf-8"), re.MULTILINE
    ):
        call_command(
            *shlex.split(line.replace(" --tenant T ", f" --tenant {current_tenant()} ")), stdout=io.StringIO()
        )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_ready_made_file_can_be_applied(
    tenant: uuid.UUID, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every field, word and rule of it can be meant; applied again, or exported and applied, it changes nothing."""
    read = _read(path, monkeypatch)
    made = applying.apply(read, applying.How())
    with transaction.atomic():
        bridges = list(Bridge.objects.order_by("created_at"))
        text = exporting.export(bridges, LinkedAccount.objects.in_bulk())

    for comments in (one.bridge for one in made if one.bridge.model == "ticketing.Comment"):
        assert comments.follows == made[0].bridge.id
    assert [one.what for one in made] == ["created"] * len(read.models)
    assert [one.what for one in applying.apply(read, applying.How())] == ["unchanged"] * len(made)
    exported = applying.apply(file.parse(text, "export.yaml"), applying.How())
    assert [(one.what, one.changed.differences) for one in exported] == [("unchanged", ())] * len(made)


def test_the_use_cases_have_their_files() -> None:
    """Tickets, leads, employees and recommended leads, some for certain systems; the page names each."""
    assert [path.name for path in FILES] == [
        "bamboohr-product.yaml",
        "employees.yaml",
        "hubspot-salesforce.yaml",
        "leads.yaml",
        "recommended-leads-hubspot.yaml",
        "recommended-leads-mailchimp.yaml",
        "recommended-leads-pipedrive.yaml",
        "recommended-leads-salesforce.yaml",
        "recommended-leads-tryton.yaml",
        "tickets.yaml",
        "zendesk-github.yaml",
    ]
    assert [path.name for path in FILES if f"bridges/{path.name}" not in page("bridges.md")] == []
    assert "docs/bridges.md" in README.read_text(encoding="utf-8")


def _keys(kind: Any, prefix: str = "") -> Iterator[str]:
    """Every key of a kind, as the page writes it."""
    if isinstance(kind, Each):
        yield from _keys(kind.kind, prefix)
    elif isinstance(kind, Mapping):
        for name, inner in kind.items():
            yield f"{prefix}{name}"
            if name not in {"models", "fields"}:
                yield from _keys(inner, f"{prefix}{name}.")
    elif isinstance(kind, Several):
        yield from _keys(kind.kind, prefix)


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("The file", file.FILE), ("A model", file.MODEL), ("A field", file.FIELD)],
)
def test_every_key_is_documented(heading: str, kind: Mapping[str, Any]) -> None:
    """The tables of the page have the keys that a file may have, and no other."""
    section = page("bridges.md").partition(f"\n### {heading}\n")[2].partition("\n##")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    documented = {key.strip("` ") for cell in cells for key in cell.split(",")}

    assert documented == set(_keys(kind))


def test_the_words_of_a_file_are_documented() -> None:
    """Each word that a key can have stands on the page."""
    text = page("bridges.md")
    words = {word for kind in (file.FILE, file.MODEL, file.FIELD) for word in _words(kind)}

    assert set(Direction) <= words
    assert [word for word in sorted(words) if f"`{word}`" not in text] == []


def _words(kind: Any) -> Iterator[str]:
    if isinstance(kind, tuple):
        yield from map(str, kind)
    elif isinstance(kind, Each | Several):
        yield from _words(kind.kind)
    elif isinstance(kind, Mapping):
        for inner in kind.values():
            yield from _words(inner)
