"""Hooks: addresses of a tenant's product at which it hears what happens; added, tried, resumed and removed."""

from __future__ import annotations

import datetime as dt
import os
import re
import uuid
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.db import transaction

from integrations.kit.guard import Blocked, Guard
from tenants import audit, secrets
from tenants.events import EventType
from tenants.tokens import Prefix, new_token
from tenants.vault import Secret
from unified_api.events import outbox, posting
from unified_api.sync import connect, issues, job
from unified_api.sync.memory import place
from unified_api.sync.models import Change
from unified_api.sync.models_hooks import Hook, Notice

#: Of one tenant: each is asked to look whenever something changes.
MOST: Final = 20
TRIAL: Final = "Webhook.test"
#: What an address looks like; where it leads is asked of the network.
ADDRESS: Final = r"^https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?([/?][!-~]*)?$"
_PORTS: Final = {"https": 443, "http": 80}


class HookRefused(ValueError):
    """Nothing was stored; the sentence says why and what to do. about: the url, or events."""

    def __init__(self, sentence: str, about: str = "url") -> None:
        super().__init__(sentence)
        self.about = about


def add(url: str, *, events: Sequence[str] = (), is_test: bool = False) -> tuple[Hook, Secret]:
    """A hook of the tenant in scope, with its secret, which is shown now and never again; HookRefused.

    It hears what happens from now on. events: those that are wanted; all, where none is named.
    """
    _check(url)
    if unknown := sorted(set(events) - set(outbox.events())):
        raise HookRefused(
            f"There is no event {unknown[0]!r}; docs/webhooks-out.md names those there are.", "events"
        )
    secret = new_token(Prefix.HOOK, os.urandom)
    with transaction.atomic():
        if Hook.objects.count() >= MOST:
            raise HookRefused(f"There are {MOST} hooks, and no tenant may have more; remove one first.")
        wanted = list(dict.fromkeys(events))
        hook = Hook(id=uuid.uuid4(), url=url, events=wanted, is_test=is_test, cursor=place.end())
        secrets.put(secret, hook, "sealed_secret")
        hook.save(force_insert=True)
        job.ask(job.DELIVERY, hook.id)
        _record("webhook.added", hook, EventType.ENABLED_MERGE_WEBHOOK)
    return hook, secret


def remove(hook: Hook) -> None:
    """Send nothing more there, and forget what was still to be told; within the open transaction."""
    job.forget(job.DELIVERY, hook.id)
    Hook.objects.filter(id=hook.id).delete()
    Notice.objects.filter(hook_id=hook.id).delete()  # none can be noted any more
    issues.resolve(issues.DELIVERY, hook.id)
    _record("webhook.removed", hook, EventType.DISABLED_MERGE_WEBHOOK)


def resume(hook: Hook) -> None:
    """Try again at once, from where it stopped; within the open transaction. Of one that is well, nothing changes."""
    job.forget(job.DELIVERY, hook.id)  # a worker that is failing just now notes nothing of it any more
    Hook.objects.filter(id=hook.id).update(rests=False, failing_since=None, retry_at=None)
    job.ask(job.DELIVERY, hook.id)
    _record("webhook.resumed", hook)


def try_out(hook: Hook) -> posting.Outcome:
    """Post a message that means nothing, once, whatever else waits; outside of transactions."""
    content = posting.body(hook, TRIAL, uuid.uuid4(), (None, {}))
    with posting.way(hook) as wire:
        return posting.post(wire, hook, content)


def tried(outcome: posting.Outcome) -> dict[str, Any]:
    """What came of a trial."""
    return {
        "is_delivered": not outcome.problem,
        "status": outcome.status,
        "problem": outcome.problem or None,
    }


def shown(hook: Hook) -> dict[str, Any]:
    """A hook without its secret; `untold_since`: when the oldest happened that stands before it, if anything does."""
    names = ("url", "events", "is_test", "delivered", "failures", "problem", "rests")
    times = ("created_at", "last_delivered_at", "failing_since", "retry_at")
    stored = {name: getattr(hook, name) for name in (*names, *times)}
    return {"id": str(hook.id), **stored, "untold_since": _untold_since(hook)}


def _untold_since(hook: Hook) -> dt.datetime | None:
    """Of the log that includes what it may turn out not to want."""
    entries = Change.objects.filter(position__gt=hook.cursor).order_by("position")
    notices = Notice.objects.filter(hook_id=hook.id).order_by("position", "at")
    oldest = (rows.values_list("at", flat=True).first() for rows in (entries, notices))
    return min((at for at in oldest if at is not None), default=None)


def _record(action: str, hook: Hook, event_type: EventType | None = None) -> None:
    host = urlsplit(hook.url).hostname
    audit.record(action, subject=str(hook.id), event_type=event_type, host=host, is_test=hook.is_test)


def _check(url: str) -> None:
    """Refuse what is no address, what leads where the operator lets nobody, and the open internet without TLS."""
    parts, port = _parts(url)
    host = parts.hostname or ""
    if _is_blocked(connect.guard(), host, port):
        raise HookRefused(
            f"{host} leads into a private network, which is closed to webhooks. If it is yours, the operator can add"
            " the name or its range to ALLOW_PRIVATE_HOSTS."
        )
    if parts.scheme == "http" and not _is_blocked(Guard(), host, port):
        raise HookRefused("The address has to begin with https://, as data of customers is sent there.")


def _parts(url: str) -> tuple[SplitResult, int]:
    if re.fullmatch(ADDRESS, url):
        try:
            parts = urlsplit(url)
            return parts, parts.port or _PORTS[parts.scheme]
        except ValueError:  # of ports and of addresses in brackets, there are fewer than can be written
            pass
    raise HookRefused(
        "The address has to begin with https:// and a host, without user or password, in ASCII."
    )


def _is_blocked(guard: Guard, host: str, port: int) -> bool:
    try:
        guard.targets(host, port)
    except Blocked:
        return True
    except UnicodeError:
        raise HookRefused(f"{host!r} cannot be the name of a host.") from None
    except OSError:
        return False  # a name that is not known yet: each delivery asks again
    return False
