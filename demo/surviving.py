"""A worker is killed in the middle of a write: the ticket is there once, not twice."""

from __future__ import annotations

import signal
from typing import Any

from demo import directly, titles
from demo.looking import find_ticket
from demo.stage import Stage
from demo.telling import expect


def tell(stage: Stage) -> None:
    """All steps; raises NotSeen at the first that does not show what it should."""
    settle(stage, kill(stage))


def kill(stage: Stage) -> str:
    """The worker dies between Roundup's answer and its storing; the id of the write."""
    title = titles.of_killed(stage.run)
    with stage.teller.step(
        "A worker creates a ticket in Roundup, and is killed (-9) before it can note the answer"
    ):
        account = stage.accounts[stage.roundup.name].id
        status, told = stage.isthmus.python("demo.dying", stage.tenant, account, title)
        expect("the end of the worker", status, -signal.SIGKILL)
        made = directly.issues_named(stage.roundup, title)
        expect("the issues in Roundup", made, [title])
        stage.teller.values(("in Roundup", made), ("the write", told.strip()))
    return told.strip()


def settle(stage: Stage, write: str) -> None:
    """Another worker takes over, finds the ticket instead of making it again, and the bridge carries it on."""
    title, path = titles.of_killed(stage.run), f"sync/v1/writes/{write}"
    with stage.teller.step("Another worker takes over, and finds out what became of it: one ticket, not two"):
        stage.teller.say(stage.isthmus.curl("GET", path))

        def look() -> dict[str, Any]:
            return dict(stage.isthmus.api("GET", path))

        ended = stage.until("the write", look, lambda seen: seen["is_final"])
        expect("the state of the write", ended["state"], "done")
        stage.until("the ticket in the help desk", find_ticket(stage, title), bool)
        made = directly.issues_named(stage.roundup, title)
        expect("the issues in Roundup", made, [title])
        stage.teller.values(
            ("the write", f"{ended['state']}, as #{ended['remote_id']}"), ("in Roundup", made)
        )
