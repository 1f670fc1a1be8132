"""`manage.py new_adapter`: what it writes passes the suite of conformance as it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integrations.kit.provider import Provider
from tests.conformance import test_abilities, test_failures, test_laws
from tests.conformance.far_side import far_side_of
from tests.conformance.trial import opened
from unified_api import registry

SLUG = "bugs-by-example"
#: Packages in which modules of an adapter lie.
ROOMS = ("integrations.providers", "tests.emulators.vendors", "tests.integrations.providers")
LAWS = (
    test_laws.test_examples_are_understood,
    test_laws.test_writing_back_what_was_read_is_nothing,
    test_laws.test_reading_what_was_written_gives_it_back,
    test_laws.test_what_cannot_be_written_is_never_sent,
    test_laws.test_absent_is_not_null,
    test_laws.test_unknown_words_pass_through_and_are_counted,
    test_laws.test_lists_go_on,
)


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A new adapter, in a folder of its own that lies over the repository, registered for as long as a test runs."""
    known = set(sys.modules)
    call_command("new_adapter", SLUG, "--into", str(tmp_path), stdout=StringIO())
    for room in ROOMS:
        package = import_module(room)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / room.replace(".", "/"))])
    monkeypatch.setattr(test_laws, "FIXTURES", tmp_path / "tests" / "integrations" / "fixtures")
    monkeypatch.setattr(registry, "_providers", dict(registry._providers))
    monkeypatch.setattr(registry, "_modules", dict(registry._modules))
    code = import_module("integrations.providers.bugs_by_example")
    registry.register(code.provider, code.__name__)
    yield code.provider
    for name in set(sys.modules) - known:
        if "bugs_by_example" in name:
            del sys.modules[name]


def test_a_skeleton_passes_the_suite(provider: Provider, request: pytest.FixtureRequest) -> None:
    """Its laws, what it says that it can do at its far side, and failures."""
    far_side = far_side_of(provider)
    assert far_side is not None
    for resource in provider.resources:
        for law in LAWS:
            law(provider, resource)
    for trial_of in (
        test_abilities.test_lists_go_on_to_their_end_and_show_what_is_read_by_id,
        test_abilities.test_what_can_be_written_is_written_and_nothing_else,
        test_failures.test_failures_are_told_as_what_they_are,
    ):
        with far_side.start(request) as started, opened(provider, started) as trial:
            trial_of(trial)


@pytest.mark.parametrize(
    ("slug", "why"), [("Bugs", "is no slug"), ("product", "already"), (SLUG, "are there")]
)
def test_nothing_is_overwritten(tmp_path: Path, slug: str, why: str) -> None:
    """A slug that is none or taken, and files that are there, are refused."""
    (tmp_path / "docs" / "integrations").mkdir(parents=True)
    (tmp_path / "docs" / "integrations" / f"{SLUG}.md").write_text("mine")
    with pytest.raises(CommandError, match=why):
        call_command("new_adapter", slug, "--into", str(tmp_path), stdout=StringIO())

    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{SLUG}.md"]
