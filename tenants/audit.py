"""The audit trail: who did what to a tenant's things.

The actor is set once, where a request, a command or a task begins (`acting`), and every event below takes it
from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple

from tenants.events import EventType
from tenants.models import AuditEvent

ActorKind = Literal["api_key", "operator", "command", "system"]


class Actor(NamedTuple):
    """Who acts. name: an API key's hint, an operator's login, a command's name. address: that a request came from."""

    kind: ActorKind
    name: str
    address: str = ""


_actor: ContextVar[Actor] = ContextVar("isthmus_actor", default=Actor("system", ""))  # noqa: B039 - a tuple


def current_actor() -> Actor:
    """Who acts now; the system itself if nobody said otherwise."""
    return _actor.get()


@contextmanager
def acting(kind: ActorKind, name: str, address: str = "") -> Iterator[None]:
    """What happens inside the block is done by this actor."""
    token = _actor.set(Actor(kind, name, address))
    try:
        yield
    finally:
        _actor.reset(token)


def record(
    action: str, subject: str = "", *, event_type: EventType | None = None, **detail: Any
) -> AuditEvent:
    """Add an event to the trail of the tenant in scope, in the caller's transaction: both happen, or neither.

    action: `thing.verb`. subject: id of the thing. event_type: what the wire contract calls it, if it has a word.
    detail: JSON without secrets (a Secret raises TypeError).
    """
    actor = current_actor()
    event: AuditEvent = AuditEvent.objects.create(
        actor_kind=actor.kind,
        actor=actor.name,
        address=actor.address,
        action=action,
        subject=subject,
        event_type=event_type,
        detail=detail,
    )
    return event
