"""A bridge file between the two desks, and what tests do with it."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from unified_api.sync.bridge import applying, file
from unified_api.sync.bridge.applying import Applied, How
from unified_api.sync.models_bridge import Bridge

TICKETS: Final = """\
name: tickets
goal: Engineering works on what support escalates
owner: support@example.com
a: {end_user: customer-1, integration: stub}
b: {end_user: customer-1, integration: plain}
models:
  ticketing.Ticket:
    winner: a
    fields:
      name:
      description:
      status:
        winner: newest
        words:
          b: {IN_PROGRESS: OPEN}
      priority:
"""


def changed(old: str, new: str, text: str = TICKETS) -> str:
    """The file with one part replaced."""
    assert old in text
    return text.replace(old, new)


def apply(text: str = TICKETS, **how: Any) -> list[Applied]:
    """Apply a text as `tickets.yaml`."""
    return applying.apply(file.parse(text, "tickets.yaml"), How(**how))


def whats(applied: list[Applied]) -> list[str]:
    """What was done to each bridge."""
    return [one.what for one in applied]


def the_bridge(model: str = "ticketing.Ticket") -> Bridge:
    """The one bridge over a model."""
    with transaction.atomic():
        bridge: Bridge = Bridge.objects.get(model=model)
    return bridge
