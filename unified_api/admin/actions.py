"""What operators may do: each action on the rows that they ticked, on record, and asked again where it matters."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from tenants import apikeys, audit
from tenants.models import LinkedAccount
from unified_api.sync import steer
from unified_api.sync.models import Stream

Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]
Step = Callable[[Any], object]

#: How many rows one action may steer.
MOST = 500


def action(
    name: str,
    title: str,
    done: str,
    step: Step,
    *,
    warning: str = "",
    refusals: tuple[type[Exception], ...] = (),
) -> Action:
    """An action that does `step` to each row.

    warning: what to think of first, on a page that asks again. refusals: errors that say why a row is left as it is.
    """

    @admin.action(description=title, permissions=["steer"])
    def act(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        chosen = list(rows[: MOST + 1])
        if len(chosen) > MOST:
            page.message_user(request, f"Choose {MOST} at the most at a time.", messages.ERROR)
            return None
        if warning and "confirmed" not in request.POST:
            return _ask_again(page, request, chosen, name, title, warning)
        did = [row for row in chosen if _did(page, request, step, row, refusals)]
        if did:
            page.message_user(request, f"{done}: {', '.join(map(str, did))}", messages.SUCCESS)
        return None

    act.__name__ = name
    return act


def _did(
    page: Any, request: HttpRequest, step: Step, row: Any, refusals: tuple[type[Exception], ...]
) -> bool:
    """Do it to one row; where that is refused, tell why."""
    try:
        with transaction.atomic():
            step(row)
    except refusals as error:
        page.message_user(request, f"{row}: {error}", messages.ERROR)
        return False
    return True


def _ask_again(
    page: Any, request: HttpRequest, chosen: list[Any], name: str, title: str, warning: str
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "title": f"{title}?",
        "opts": page.model._meta,
        "rows": chosen,
        "warning": warning,
        "action": name,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "console/confirm.html", context)


def _streams(account: LinkedAccount) -> Iterable[uuid.UUID]:
    ids = Stream.objects.filter(linked_account_id=account.id).order_by("id")
    return list(ids.values_list("id", flat=True))


def pause_account(account: LinkedAccount) -> None:
    """Stop reading all streams of an account."""
    for stream in _streams(account):
        steer.pause(stream)
    audit.record("account.paused", subject=str(account.id))


def resume_account(account: LinkedAccount) -> None:
    """Go on reading all streams of an account."""
    for stream in _streams(account):
        steer.resume(stream)
    audit.record("account.resumed", subject=str(account.id))


OF_STREAMS = (
    action("pause", "Pause", "Paused", lambda s: steer.pause(s.id)),
    action("resume", "Resume", "Resumed", lambda s: steer.resume(s.id)),
    action("read_now", "Read now", "Asked for", lambda s: steer.read_now(s.id)),
    action(
        "read_everything",
        "Read everything again",
        "Reading again from the start",
        lambda s: steer.read_everything(s.id),
        warning="All records of the stream are read again, which takes as many requests as the first time.",
    ),
    action(
        "allow_removals",
        "Allow removals",
        "Removals are allowed, once",
        lambda s: steer.allow_removals(s.id),
        warning="Everything is read again, and all records that are gone at the provider are marked as deleted,"
        " however many. Look there first.",
    ),
)
OF_ACCOUNTS = (
    action("pause", "Pause reading", "Paused", pause_account),
    action("resume", "Resume reading", "Resumed", resume_account),
)
OF_KEYS = (
    action(
        "revoke",
        "Revoke",
        "Revoked",
        apikeys.revoke,
        warning="Whoever uses these keys is refused from the next request on. This cannot be undone.",
    ),
)
