"""Who looks at each write of a history at the moment at which it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from tests.simulation.approved import Approved, Owed
from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.following import Following
from tests.simulation.grounds import Grounds
from tests.simulation.stage import Stage
from tests.simulation.steered import Steered
from unified_api.sync.models import Write


@contextmanager
def watched(
    stage: Stage, books: Bookkeeper, following: Following | None, steered: Steered, owner: Any
) -> Iterator[None]:
    """What leaves may, by what the bridge is told then; of a live one it may arrive when that plans again."""
    grounds = Grounds(books, owner)
    plans = [(stage, books.plan)]
    if following:
        plans.append((following.stage, following.threads.plan))
    with ExitStack() as stack:
        stack.enter_context(stage.leaving(steered.left))
        for one, plan in plans:
            if plan is not None:
                stack.enter_context(one.leaving(partial(_note_left, one, plan, owner)))
            stack.enter_context(one.leaving(partial(grounds.left, one.model._meta.db_table)))
        yield


def _note_left(stage: Stage, plan: Approved, owner: Any, write: Write) -> None:
    found = owner.execute(
        f"SELECT remote_id FROM {stage.model._meta.db_table} WHERE id = %s",  # noqa: S608 - a table of ours
        [write.record_id],
    ).fetchone()
    remote_id = str(found[0]) if found and write.operation != "create" else None
    plan.left(Owed(stage.side_of(write), remote_id, write.values))
