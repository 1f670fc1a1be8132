"""What belongs to what takes no part; the rest is told with bridges that follow, in `test_following`."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

from unified_api.engine.events import Look, Record
from unified_api.engine.pair import State
from unified_api.models.ticketing import Ticket
from unified_api.sync.bridge.belonging import astray
from unified_api.sync.bridge.configuration import Counterparts


def test_what_names_several_belongs_to_none_of_them() -> None:
    """A ticket takes part whatever becomes of its collections."""
    by_pairs = SimpleNamespace(references={"collections": Counterparts.PAIRS})
    frame: Any = SimpleNamespace(parents=frozenset({"collections"}), model=Ticket, configuration=by_pairs)
    lone: Any = SimpleNamespace(id=uuid.uuid4(), state=State.ALONE)

    assert astray(frame, [lone], {lone.id: Look(Record({"collections": ["x", "y"]}), None)}) == frozenset()
