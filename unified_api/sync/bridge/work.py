"""The job of a bridge: take in what changed, match, look, until nothing is left or the slice ends."""

from __future__ import annotations

import time
import uuid
from typing import Final

import structlog
from django.db import transaction
from django.db.models import QuerySet

from integrations.kit import errors
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.engine.values import Side
from unified_api.sync import clock, connect, issues, job
from unified_api.sync.bridge import (
    budget,
    failing,
    kept,
    lasting,
    leading,
    plans,
    references,
    standing_plans,
    steering,
    stopping,
    turns,
)
from unified_api.sync.bridge.executing import execute_some
from unified_api.sync.bridge.held import FREE, SEARCH, UNDER_WAY
from unified_api.sync.bridge.intake import take_in
from unified_api.sync.bridge.matching import match_some, note_some_keys
from unified_api.sync.bridge.records import Frame
from unified_api.sync.bridge.rounds import look_at_some
from unified_api.sync.bridge.search import search_some
from unified_api.sync.models import Stream
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan

log = structlog.get_logger(__name__)
#: Why a bridge that plans does nothing more by itself.
WAITS: Final = "Its plan waits for approval."
REFUSED: Final = "Its last plan was refused; nothing is written until another one is asked for and approved."
#: Kind of the issue that a run over its budget opens.
BUDGET: Final = "budget"
#: Seconds after which a bridge that waits for its accounts looks again.
PATIENCE: Final = 5.0


def work(lease: job.Lease, ends: float) -> None:
    """One slice; `ends`: monotonic time at which to stop."""
    with failing.on_record(lease):
        _work(lease, ends)


def _work(lease: job.Lease, ends: float) -> None:
    while time.monotonic() < ends:
        going = _pieces(lease)
        if going is None:
            return
        if not going:
            _rest(lease)
            return
    with transaction.atomic(durable=True):
        priority = Bridge.objects.filter(id=lease.reference).values_list("priority", flat=True).first()
        job.go_on(lease, usual=job.USUAL if priority is None else priority)


def _pieces(lease: job.Lease) -> bool | None:
    """A bounded part of a round; False when nothing is left to do now, None when the bridge is not to go on."""
    try:
        with transaction.atomic(durable=True):
            frame = _frame(lease)
            if frame is None:
                return None
            turns.take(frame.bridge.id)
            if _piece(frame):
                return True
            searched = _searched(frame)
    except budget.OverBudget as over:
        _brake(lease, over)
        return True
    return _search(frame, lease, searched)


def _searched(frame: Frame) -> QuerySet[Pair]:
    """The lone records whose counterparts may be searched for: of a bridge that plans, those of the approved plan."""
    lone = Pair.objects.filter(bridge_id=frame.bridge.id, dirty=True, held=SEARCH)
    if frame.bridge.mode == Bridge.Mode.LIVE:
        return lone
    plan = plans.approved(frame.bridge.id)
    return lone.filter(id__in=plans.creating(plan)) if plan else lone.none()


def _piece(frame: Frame) -> bool:
    """The first piece that finds something to do.

    Nothing is matched before all is taken in and has its key, and what a search finds is taken in and matched before
    the next look. A bridge that plans writes only what an approved plan shows.
    """
    looks = look_at_some if frame.bridge.mode == Bridge.Mode.LIVE else _plan_some
    return any(piece(frame) for piece in (take_in, note_some_keys, match_some, _execute_some, looks))


def _execute_some(frame: Frame) -> bool:
    """Go on with a plan that was approved; what moved meanwhile is planned anew, and else the bridge goes live."""
    plan = plans.approved(frame.bridge.id)
    if plan is None:
        return False
    if execute_some(frame, plan):
        return True
    if not standing_plans.is_over(plan):
        return False
    if kept.look_again(frame, plan):
        return True
    as_shown = plans.conclude(plan)
    if plan.purpose == Plan.Purpose.ROUND and frame.bridge.mode == Bridge.Mode.PLAN:
        _go_on(frame, plan, as_shown=as_shown)
    return True


def _go_on(frame: Frame, plan: Plan, *, as_shown: bool) -> None:
    """After a plan: the next one, for what the canary left or what moved; or live."""
    bridge = frame.bridge
    if as_shown and not plans.was_canary(frame, plan):
        steering.go_live(bridge)
    else:
        plans.begin(bridge, "What the plan before left to be done.", made_by=f"plan {plan.id}")


def _plan_some(frame: Frame) -> bool:
    """Go on with the plan that is being made, or begin the one that nobody has made yet.

    Not before what was journalled without one has ended: else it would be owed, and in no plan.
    """
    plan = plans.current(frame.bridge.id, locked=True)
    if not plans.is_to_be_made(frame.bridge, plan) or leading.is_unsettled(frame.leader):
        return False
    if stopping.are_ending(frame.bridge):
        return False
    if plan is None:
        plan = plans.begin(frame.bridge, frame.bridge.reason, made_by="bridge")
    if not plans.make_some(frame, plan) and plans.is_idle(plan):
        plans.conclude(plan)
        steering.go_live(frame.bridge)
    return True


def _brake(lease: job.Lease, over: budget.OverBudget) -> None:
    """A run would do more than it may: from now on the bridge plans, until a person has approved what it shows.

    What the run has journalled before, and what has not left of it, ends, and the plan shows it.
    """
    log.warning(
        "bridge.over_budget", bridge=str(lease.reference), kind=over.kind, would=over.would, most=over.most
    )
    with transaction.atomic(durable=True):
        job.hold(lease)
        stopping.hasten(lease.reference)
        bridge = Bridge.objects.get(id=lease.reference)
        bridge.mode, bridge.run = Bridge.Mode.PLAN, {}
        bridge.status, bridge.reason = Bridge.Status.HELD, str(over)
        bridge.save(update_fields=["mode", "run", "status", "reason"])
        plans.begin(bridge, str(over), made_by=budget.MADE)
        issues.open_issue(BUDGET, bridge.id, str(over), bridge_id=bridge.id, details={"kind": over.kind})


def _search(frame: Frame, lease: job.Lease, searched: QuerySet[Pair]) -> bool | None:
    """The piece that calls providers, and so holds no transaction while it does."""
    try:
        return bool(search_some(frame, lease, searched))
    except errors.ProviderError as error:
        _wait_for_provider(frame, lease, error)
        return None


def _frame(lease: job.Lease) -> Frame | None:
    """The bridge, within the transaction that is open; None, and its job given back, when it is not to go on."""
    job.hold(lease)
    bridge = Bridge.objects.filter(id=lease.reference).first()
    if bridge is None or bridge.paused_by:
        job.finish(lease)
        return None
    frame = Frame.of(bridge)
    if reason := obstacle(frame):
        _note(bridge, Bridge.Status.WAITING, reason)
        job.again(lease, min(PATIENCE, bridge.frequency), usual=bridge.priority)
        return None
    if bridge.status == Bridge.Status.WAITING:
        _note(bridge, Bridge.Status.WORKING, "")
    return frame


def _wait_for_provider(frame: Frame, lease: job.Lease, error: errors.ProviderError) -> None:
    log.warning("bridge.search_failed", error=type(error).__name__, request=error.request)
    after = error.after if isinstance(error, errors.RetryLater) else None
    with transaction.atomic(durable=True):
        job.hold(lease)
        _note(frame.bridge, Bridge.Status.WAITING, f"looking for counterparts: {error}")
        job.put_off(lease, after if after is not None else job.backoff(lease.attempts))


def obstacle(frame: Frame) -> str:
    """Why the bridge can do nothing now, in a sentence; empty when it can."""
    if reason := frame.scopes.obstacle:
        return reason
    for side in Side:
        account = frame.accounts[side]
        if account is None:
            return f"The account of side {side} was deleted."
        if account.status != LinkedAccount.Status.COMPLETE:
            return f"{account} is {account.status}: {account.status_detail}"
        if missing := _not_installed(account):
            return missing
        stream = Stream.objects.filter(linked_account_id=account.id, model=frame.bridge.model).first()
        if stream is None or stream.is_initial or _is_outdated(stream, account):
            return (
                f"{account} has not been read completely yet; until then a counterpart could be overlooked."
            )
    return leading.is_unmatched(frame)


def _is_outdated(stream: Stream, account: LinkedAccount) -> bool:
    """Whether the account's scopes let more be read than before, and it has not been read since."""
    return stream.fresh_as_of is None and not connect.is_hosted(account)


def _not_installed(account: LinkedAccount) -> str:
    try:
        connect.provider_of(account)
    except registry.UnknownIntegration as error:
        return f"The adapter of {account} is not installed: {error}"
    return ""


def _rest(lease: job.Lease) -> None:
    """Nothing is left to do now: note it, and come again when something changes, or when it is time."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        bridge = Bridge.objects.get(id=lease.reference)
        bridge.last_round = clock.now()
        lasting.tell(bridge)
        if in_flight(bridge.id).exists():
            carried_out = bridge.mode == Bridge.Mode.PLAN and plans.approved(bridge.id) is not None
            _note(bridge, Bridge.Status.WORKING, plans.CARRIED_OUT if carried_out else "")
        elif bridge.mode == Bridge.Mode.PLAN:
            _note(bridge, *_standing(bridge, plans.current(bridge.id)))
        else:
            _note_quiet(bridge)
        job.again(lease, bridge.frequency, usual=bridge.priority)


def _note_quiet(bridge: Bridge) -> None:
    if bridge.status != Bridge.Status.QUIET:
        leading.has_settled(bridge)
    bridge.run = {}
    _note(bridge, Bridge.Status.QUIET, "")


def _standing(bridge: Bridge, plan: Plan | None) -> tuple[Bridge.Status, str]:
    """How a bridge stands that plans, whatever has been noted of it meanwhile, and why."""
    if plan is not None and plan.state == Plan.State.APPROVED:
        return Bridge.Status.WORKING, plans.CARRIED_OUT
    if plan is not None and plan.made_by == budget.MADE:
        return Bridge.Status.HELD, plan.reason
    if plans.is_to_be_made(bridge, plan):
        waits = leading.is_unsettled(references.followed(bridge))
        return (Bridge.Status.WAITING, waits) if waits else (Bridge.Status.WORKING, "")
    return Bridge.Status.PLANNED, REFUSED if plan is None else WAITS


def _note(bridge: Bridge, status: str, reason: str) -> None:
    bridge.status, bridge.reason = status, reason
    bridge.save(update_fields=["status", "reason", "last_round", "run"])


def is_quiet(bridge_id: uuid.UUID) -> bool:
    """Whether nothing is under way or waiting to be looked at; what waits for a person is quiet."""
    pairs = Pair.objects.filter(bridge_id=bridge_id)
    return not (
        in_flight(bridge_id).exists()
        or pairs.filter(dirty=True, held__in=UNDER_WAY, write_id=None, paused_by=None).exists()
    )


def in_flight(bridge_id: uuid.UUID) -> QuerySet[Pair]:
    """Pairs whose write is under way."""
    return Pair.objects.filter(bridge_id=bridge_id, held=FREE).exclude(write_id=None)
