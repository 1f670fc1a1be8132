"""Looks at both systems for a ticket by its title."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demo import directly
from demo.stage import Stage
from demo.telling import NotSeen


def find_issue(stage: Stage, title: str) -> Callable[[], dict[str, Any] | None]:
    """A look at Roundup for the issue with this title."""
    return lambda: directly.find_issue(stage.roundup, title=title)


def find_ticket(stage: Stage, title: str) -> Callable[[], dict[str, Any] | None]:
    """A look at the help desk for the ticket with this title."""
    return lambda: directly.find_ticket(stage.desk, title)


def there(found: dict[str, Any] | None) -> dict[str, Any]:
    """What was found; NotSeen if nothing was."""
    if found is None:
        raise NotSeen("a ticket that was there before is gone")
    return found
