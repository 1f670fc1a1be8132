"""Streams: made when an account is linked, read anew from the start, at rest, stopped and gone on with.

What a run of one does, see `unified_api.sync.pull`.
"""

from __future__ import annotations

from typing import Final

from tenants.models import LinkedAccount
from unified_api.models.base import model_id
from unified_api.sync import clock, connect, job, sweep
from unified_api.sync.models import Run, Stream

#: Kind of a stream's job.
KIND: Final = "pull"
#: A stream of which all that there is is here already.
_COMPLETE: Final = {"is_initial": False, "status": "DONE", "last_result": "DONE"}


def start(account: LinkedAccount, *, frequency: float | None = None) -> list[Stream]:
    """Make the streams of a newly linked account and have them read; those that exist are read again.

    Streams of a hosted model are complete from the first, and never due.
    """
    provider = connect.provider_of(account)
    made = []
    for resource in provider.resources:
        if not (resource.can("list") or resource.hosted):
            continue
        rhythm = {"frequency": frequency or resource.frequency, "sweep_every": resource.sweep_every}
        stream, _ = Stream.objects.get_or_create(
            linked_account_id=account.id,
            model=model_id(resource.model),
            defaults=rhythm | (_COMPLETE if resource.hosted else {}),
        )
        if not resource.hosted:
            job.ask(KIND, stream.id)
        made.append(stream)
    return made


def resync(stream: Stream) -> None:
    """Read everything again from the start; a run that is under way is overtaken."""
    job.forget(KIND, stream.id)
    Run.objects.filter(id=stream.run_id, finished=None).update(
        finished=clock.now(), result="FAILED", error="Overtaken by a resync."
    )
    sweep.forget(stream)
    stream.mode, stream.cursor, stream.sweep, stream.run_id = "everything", None, None, None
    stream.status, stream.reason, stream.error, stream.next_due = "SYNCING", None, None, clock.now()
    stream.save()
    job.ask(KIND, stream.id, priority=3)


def start_over(stream: Stream) -> None:
    """From the start; a paused stream begins when it is resumed."""
    resync(stream)
    if stream.paused_by:
        pause(stream, stream.paused_by)


def rest(stream: Stream) -> None:
    """Nothing may be read of the stream's model, as things are; a slice under way is overtaken by who takes its job."""
    Run.objects.filter(id=stream.run_id, finished=None).update(
        finished=clock.now(), result="DISABLED", error="Its model may not be read any more."
    )
    sweep.forget(stream)
    stream.sweep, stream.run_id, stream.status, stream.next_due = None, None, "DISABLED", None
    stream.save()


def pause(stream: Stream, who: str) -> None:
    """Stop reading a stream until it is resumed; a slice under way is overtaken at its next page."""
    stream.paused_by, stream.status, stream.next_due = who, "PAUSED", None
    stream.save(update_fields=["paused_by", "status", "next_due"])
    job.forget(KIND, stream.id)


def resume(stream: Stream) -> None:
    """Go on reading a paused stream behind the last page that landed."""
    stream.paused_by, stream.status, stream.next_due = None, "SYNCING", clock.now()
    stream.save(update_fields=["paused_by", "status", "next_due"])
    job.ask(KIND, stream.id)
