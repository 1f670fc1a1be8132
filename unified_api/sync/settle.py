"""Finding out what became of a write whose answer was lost, by reading back. A create is never blindly repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from integrations.kit import errors
from integrations.kit.observation import Observation
from unified_api.sync import clock, journal, recognising, values
from unified_api.sync.identity import Identities
from unified_api.sync.models import Run, Stream, Write, WriteState

if TYPE_CHECKING:
    from unified_api.sync.write import Performance

#: Asked while no other write of the account can be stored.
Ask = Callable[[], bool]

#: Seconds after sending until which a request that seems to have had no effect may still arrive.
STILL_UNDER_WAY: Final = 75.0
_FIRST: Final = 2.0
#: Seconds between two looks at the most.
LAST: Final = 300.0


def delay(write: Write, error: errors.ProviderError | None = None) -> float:
    """Seconds until the next look: soon at first, then ever later."""
    if isinstance(error, errors.RetryLater) and error.after is not None:
        return error.after
    return min(max(_FIRST, _age(write)), LAST)


def settle(performance: Performance) -> None:
    """Look for the write's effect, and end it or wait; raises ProviderError when nothing can be read now."""
    {"create": _create, "update": _update, "delete": _delete}[performance.write.operation](performance)


def _update(performance: Performance) -> None:
    """The record shows what was sent: done. It shows what stood there before: send again, as an update may be.

    Of an update in steps that broke off it shows both: what is left is sent. A bridge sends that by itself.
    """
    write, model = performance.write, performance.model
    record = performance.read_again()
    sent = values.from_json(model, write.sent or {})
    before = values.from_json(model, write.pre_image or {})
    same = performance.resource.mapping.same
    shows = performance.shown(record, sent)
    arrived = {
        n for n, value in sent.items() if same(n, shows[n], value) and not same(n, before.get(n), value)
    }
    left = {n for n in sent.keys() - arrived if same(n, shows[n], before.get(n))}
    broke_off = write.pair_id is None and performance.resource.updates_in_steps and left
    if arrived and not (broke_off and arrived | left == sent.keys()):
        journal.close_alone(write, performance.lease, WriteState.DONE, "")
    elif arrived | left == sent.keys():
        performance.arrived = frozenset(arrived)
        _wait_or(performance, performance.go)
    else:
        shown = "The record shows neither what was sent nor what stood there before; a person must tell."
        _leave_to_a_person(performance, shown)


def _create(performance: Performance) -> None:
    """The record whose id the provider told is ours; else exactly one that came since and says what was sent."""
    write = performance.write
    sent = values.from_json(performance.model, write.sent or {})
    told = values.for_adapter(performance.model, sent, write.linked_account_id)
    if write.remote_id is not None and performance.resource.can("get"):
        _named(performance, write.remote_id, told)
    else:
        _searched(performance, told)


def _named(
    performance: Performance, remote_id: str, told: Mapping[str, Any], *, is_ours: Ask = lambda: True
) -> None:
    """Nothing has to be recognised, so it may have been edited since."""
    try:
        made = _shown(performance, remote_id, told)
    except errors.Gone:
        gone = f"It was made as {remote_id} at the provider, and is not there any more."
        # Of several steps the first may have named what is no record yet.
        kept = performance.write.pair_id is not None and performance.resource.complete is None
        ends = partial(performance.store_loss, remote_id) if kept else partial(_not_applied, performance)
        _wait_or(performance, lambda: ends(gone))
    else:
        _take(performance, made, told, is_ours)


def _shown(performance: Performance, remote_id: str, told: Mapping[str, Any]) -> Observation:
    """The record, completed where its create broke off before it could be seen; raises Gone."""
    client = performance.line.client
    try:
        return client.read(performance.resource, remote_id)
    except errors.Gone:
        return client.complete(performance.resource, remote_id, told)


def _searched(performance: Performance, told: Mapping[str, Any]) -> None:
    """Ours is what the provider's search shows, or what was stored as it was sent, whatever it says by now."""
    write = performance.write
    recent = performance.line.client.recent(performance.resource, told)
    found = values.in_transaction(lambda: _news_among(performance, [o.remote_id for o in recent]))
    if (
        found and _age(write) < performance.resource.read_lag
    ):  # ours may be one that the search does not show yet
        why = "The provider's search may not show yet what was created; looking again later."
        journal.postpone(write, performance.lease, WriteState.UNCERTAIN, why, delay(write))
    elif not found:
        missing = "No record at the provider says what was sent: it was not created."
        _wait_or(performance, lambda: _not_applied(performance, missing))
    elif len(found) > 1 or not values.in_transaction(lambda: _knew_all(write)):
        which = f"It could be {', '.join(found)} at the provider; a person must tell which, if any."
        _leave_to_a_person(performance, which)
    else:
        is_ours = partial(_is_news, performance, found[0])
        shown = next((o for o in recent if o.remote_id == found[0]), None)
        if shown is not None:
            _take(performance, shown, told, is_ours)
        else:
            _named(performance, found[0], told, is_ours=is_ours)


def _news_among(performance: Performance, shown: list[str]) -> list[str]:
    """The records that may be ours, of what the search shows and of what was stored since."""
    by_id = performance.resource.can("get")
    stored = recognising.stored_as_sent(performance.write, performance.resource) if by_id else []
    return [remote_id for remote_id in dict.fromkeys([*shown, *stored]) if _is_news(performance, remote_id)]


def _take(performance: Performance, made: Observation, told: Mapping[str, Any], is_ours: Ask) -> None:
    """Store it as the answer, unless another write has taken it meanwhile."""
    if not performance.store_answer(_finished(performance, made, told), is_ours=is_ours):
        taken = "What was found at the provider was made by another write: it was not created."
        _wait_or(performance, lambda: _not_applied(performance, taken))


def _not_applied(performance: Performance, told: str) -> None:
    journal.close_alone(performance.write, performance.lease, WriteState.NOT_APPLIED, told)


def _finished(performance: Performance, found: Observation, told: Mapping[str, Any]) -> Observation:
    """The record with what its create could not carry: whoever made it may have died before sending that.

    A bridge does this itself, and knows whether somebody has edited the record since.
    """
    if performance.write.pair_id is not None:
        return found
    return performance.line.client.finish(performance.resource, found, told)


def _delete(performance: Performance) -> None:
    try:
        performance.read_again()
    except errors.Gone:
        performance.store_deletion()
    else:
        _wait_or(performance, performance.go)


def _is_news(performance: Performance, remote_id: str) -> bool:
    """Whether a record was unknown when the write was journalled, and no other write made it."""
    write, identities = performance.write, Identities(performance.line.account_id)
    identities.learn([remote_id])
    record = identities.of(performance.model, remote_id)
    known = performance.model.objects.filter(id=record, created_at__lte=write.journalled_at, is_shell=False)
    others = Write.objects.filter(record_id=record, operation="create").exclude(id=write.id)
    return not known.exists() and not others.exists() and not _named_by_another(write, remote_id)


def _named_by_another(write: Write, remote_id: str) -> bool:
    """Whether another create, which is still open, is known to have made this record."""
    unfinished = Write.objects.filter(state=WriteState.UNCERTAIN, operation="create").exclude(id=write.id)
    same = {"linked_account_id": write.linked_account_id, "model": write.model, "remote_id": remote_id}
    return unfinished.filter(**same).exists()


def _knew_all(write: Write) -> bool:
    """Whether the model had been read completely before the write: else a record that is news to us may be old."""
    streams = Stream.objects.filter(linked_account_id=write.linked_account_id, model=write.model)
    runs = Run.objects.filter(stream_id__in=streams.values("id"), finished__lte=write.journalled_at)
    return runs.filter(mode="everything").exclude(result="FAILED").exists()


def _wait_or(performance: Performance, then: Callable[[], None]) -> None:
    """Wait while the request may still be under way, else conclude."""
    write = performance.write
    if _age(write) >= STILL_UNDER_WAY + performance.resource.read_lag:
        then()
        return
    told = "The provider shows no effect yet; looking again later."
    journal.postpone(write, performance.lease, WriteState.UNCERTAIN, told, delay(write))


def _leave_to_a_person(performance: Performance, told: str) -> None:
    """The write stays uncertain, and is not looked at again unless somebody asks."""
    with transaction.atomic(durable=True):
        journal.abandon(performance.write, performance.lease, told)


def _age(write: Write) -> float:
    return (clock.now() - write.sent_at).total_seconds() if write.sent_at else 0.0
