"""Texts that go over to a desk which calls people by `@name`: nobody is called there, and nothing echoes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged
from unified_api import registry
from unified_api.engine.mention import JOINER


@pytest.fixture
def calling(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> Bridged:
    """Desk b calls people whom a text names; a ticket of desk a names somebody."""
    (tickets,) = PLAIN.resources
    loud = replace(PLAIN, resources=(replace(tickets, mentions={"description": ("@",)}),))
    monkeypatch.setitem(registry._providers, PLAIN.slug, loud)
    desks.a.add(title="Printer of @ann", text="@ann, mail ann@example.org", state="open", priority="p2")
    desks.join()
    desks.round()
    return desks


def test_a_text_calls_nobody_there(calling: Bridged) -> None:
    """The name stands in it with a joiner; fields by which nobody is called, and addresses, go over as they are."""
    assert calling.both("text")[1] == [f"@{JOINER}ann, mail ann@example.org"]
    assert calling.both("title")[1] == ["Printer of @ann"]


def test_a_joiner_is_no_edit(calling: Bridged) -> None:
    """Desk a keeps its text, and further rounds write nothing."""
    before = calling.writes()
    calling.round()

    assert calling.both("text")[0] == ["@ann, mail ann@example.org"]
    assert calling.writes() == before


def test_an_edit_comes_back_without_joiners(calling: Bridged) -> None:
    """What was edited there arrives here as it would have been typed here."""
    (remote_id,) = calling.b.tables["tickets"]
    calling.b.edit(remote_id, text=f"@{JOINER}ann, mail ann@example.org\n\n@carl: done")
    calling.round()
    before = calling.writes()
    calling.round()

    assert calling.both("text")[0] == ["@ann, mail ann@example.org\n\n@carl: done"]
    assert calling.writes() == before


def test_an_edit_calls_nobody_anew(calling: Bridged) -> None:
    """Whom that side's own people called stays called; who is named by the edit is not."""
    (here,), (there,) = calling.a.tables["tickets"], calling.b.tables["tickets"]
    calling.b.edit(there, text="@carl, look")
    calling.round()
    calling.a.edit(here, text="@carl, look; and @dora")
    calling.round()

    assert calling.both("text")[1] == [f"@carl, look; and @{JOINER}dora"]
