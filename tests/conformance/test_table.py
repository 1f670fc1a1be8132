"""The tables of adapters: nobody is missing, they are current, and adapters stand by themselves."""

from __future__ import annotations

import pytest

from integrations.kit.provider import Provider
from tests.conformance import lengths, pages
from tests.conformance.far_side import far_side_of, place_of, tried
from tests.conformance.table import without_figures


@pytest.mark.parametrize("provider", tried(), ids=lambda provider: provider.slug)
def test_every_adapter_brings_its_far_side(provider: Provider) -> None:
    """Who calls a system says against what that is tried."""
    assert far_side_of(provider) is not None, f"give `far_side` in {place_of(provider)}"


def test_the_tables_are_current() -> None:
    """As they would be written now, but for figures; `python -m tests.conformance --write` writes them."""
    for path, before, now in pages.current({}):
        assert without_figures(before) == without_figures(now), f"{path.name}: write it anew"


def test_an_adapter_needs_no_edit_outside_its_own_files() -> None:
    """Nothing under integrations, tenants and the product names one."""
    assert {one.provider.slug: one.edits for one in lengths.measured() if one.edits} == {}
