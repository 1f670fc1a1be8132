"""Remote records that do not map: kept with their reason, so that one bad record neither stops a page nor is lost."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import orjson
from django.db.models import Q

from integrations.kit.observation import Bad, Observation, Page
from integrations.kit.strict import plain
from tenants.models import LinkedAccount
from unified_api.models.base import CommonModel, common_model, model_id, sensitive
from unified_api.sync import clock, tables, told
from unified_api.sync.identity import Identities, Key
from unified_api.sync.models import Run, SetAside, Stream

#: Characters of the raw record, and of the reason, that are kept.
_KEPT = 20_000
_REASON = 500
#: Characters of the id of a record, where a run names it.
_NAMED = 80
#: In the place of what a run said, where that named a record that is ignored.
_UNSAID = "What was wrong is not said any more, as it named a record that is ignored."
#: Kept in the place of a record that does not map: where its sensitive or disabled fields stand, nobody can tell.
_SENSITIVE = "(not kept: records of this model have sensitive fields)"
_DISABLED = "(not kept: some of it may not be read, by the account's scopes)"


def keep(stream: Stream, run: Run, account: LinkedAccount, bad: Sequence[Bad]) -> None:
    """Set these records of a page aside, in place of what was said of them earlier, and count them in the run.

    Of a record that is ignored nothing is kept, nor counted.
    """
    bad = _not_ignored(stream, bad) if bad else bad
    if not bad:
        return
    run.set_aside += len(bad)
    _strike(stream, [name for b in bad if (name := _name(b)) is not None])
    if None in map(_name, bad):  # nobody can tell which they are: those of the latest run stand for all
        SetAside.objects.filter(stream_id=stream.id, remote_id=None).exclude(run_id=run.id).delete()
    now = clock.now()
    SetAside.objects.bulk_create(
        SetAside(
            stream_id=stream.id,
            run_id=run.id,
            remote_id=_name(b),
            reason=plain(b.reason)[:_REASON],
            raw=_raw(b, b.inside or stream.model, account),
            seen_at=now,
        )
        for b in bad
    )


def forget(account: LinkedAccount, model: type[CommonModel], remote_ids: Collection[str]) -> None:
    """Keep nothing of a record that the provider knows by these ids, wherever it stood, nor what a run said of it."""
    streams, name = Stream.objects.filter(linked_account_id=account.id), model_id(model)
    own = Q(stream_id__in=streams.filter(model=name).values("id"), remote_id__in=list(remote_ids))
    inside = [_inside(name, one) for one in remote_ids]
    SetAside.objects.filter(own | Q(stream_id__in=streams.values("id"), remote_id__in=inside)).delete()
    for one in (*remote_ids, *inside):
        said = Q(error__contains=f"({named(one)}: ") | Q(error__contains=f"; {named(one)}: ")
        streams.filter(said).update(error=_UNSAID)
        Run.objects.filter(said, stream_id__in=streams.values("id")).update(error=_UNSAID)


def named(remote_id: str | None) -> str:
    """How a run names a record that it has set aside."""
    return (remote_id or "no id")[:_NAMED]


def clear(stream: Stream, landed: Iterable[Key], bad: Sequence[Bad]) -> None:
    """Strike out records that map now, but for those that the same page shows to be `bad` as well."""
    names = {
        remote if model_id(model) == stream.model else _inside(model_id(model), remote)
        for model, remote in landed
    }
    _strike(stream, names - {_name(b) for b in bad})


def clear_older(stream: Stream, than: dt.datetime) -> None:
    """Strike out what a complete sweep, begun then, has not met as bad again: it maps by now, or is gone."""
    SetAside.objects.filter(stream_id=stream.id, seen_at__lt=than).delete()


def without_unstorable(page: Page) -> Page:
    """The page with those records set aside that no text of Postgres can hold; the page itself when there are none."""
    odd = [o for o in page.observations if _is_unstorable(o)]
    if not odd:
        return page
    left = tuple(o for o in page.observations if not any(o is other for other in odd))
    reason = "what the adapter made of it holds characters that cannot be stored"
    return replace(page, observations=left, bad=(*page.bad, *(Bad(o.remote_id, reason, o.raw) for o in odd)))


def _is_unstorable(observation: Observation) -> bool:
    try:
        return any(b"\\u0000" in orjson.dumps(o.values) for o in told.flat([observation]))
    except TypeError:
        return True


def _not_ignored(stream: Stream, bad: Sequence[Bad]) -> list[Bad]:
    named = [(b, b.remote_id) for b in bad if b.remote_id is not None]
    identities = Identities(stream.linked_account_id)
    identities.learn(remote for _, remote in named)
    records = {id(b): identities.of(common_model(b.inside or stream.model), remote) for b, remote in named}
    ignored = tables.ignored(records.values())
    return [b for b in bad if records.get(id(b)) not in ignored]


def _strike(stream: Stream, names: Collection[str]) -> None:
    waiting = SetAside.objects.filter(stream_id=stream.id)
    if names and waiting.exists():
        waiting.filter(remote_id__in=list(names)).delete()


def _name(bad: Bad) -> str | None:
    """By what a record is known here: its remote id, with its model where it stands inside a record of another one."""
    return _inside(bad.inside, bad.remote_id) if bad.inside and bad.remote_id else bad.remote_id


def _inside(model: str, remote_id: str) -> str:
    return f"{model}/{remote_id}"


def _raw(bad: Bad, model: str, account: LinkedAccount) -> str:
    """What is kept of a record of a model."""
    if sensitive(common_model(model)):
        return _SENSITIVE
    return _DISABLED if account.withholds else _text(bad.raw)


def _text(raw: object) -> str:
    """ASCII, as what is set aside may hold anything, NUL characters and lone surrogates too."""
    return json.dumps(raw, ensure_ascii=True, default=repr)[:_KEPT]
