"""Remote records that do not map: kept with their reason, so that one bad record neither stops a page nor is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from integrations.kit.observation import Bad
from unified_api.sync import clock
from unified_api.sync.models import Run, SetAside, Stream

#: Characters of the raw record that are kept.
_KEPT = 20_000


def keep(stream: Stream, run: Run, bad: Sequence[Bad]) -> None:
    """Set these records of a page aside, in place of what was said of them earlier."""
    if not bad:
        return
    clear(stream, [b.remote_id for b in bad if b.remote_id is not None])
    if any(
        b.remote_id is None for b in bad
    ):  # nobody can tell which they are: those of the latest run stand for all
        SetAside.objects.filter(stream_id=stream.id, remote_id=None).exclude(run_id=run.id).delete()
    now = clock.now()
    SetAside.objects.bulk_create(
        SetAside(
            stream_id=stream.id,
            run_id=run.id,
            remote_id=b.remote_id,
            reason=b.reason,
            raw=_text(b.raw),
            seen_at=now,
        )
        for b in bad
    )


def clear(stream: Stream, remote_ids: Iterable[str]) -> None:
    """Strike out records that map now."""
    waiting = SetAside.objects.filter(stream_id=stream.id)
    if waiting.exists():
        waiting.filter(remote_id__in=list(remote_ids)).delete()


def _text(raw: object) -> str:
    """ASCII, as what is set aside may hold anything, NUL characters and lone surrogates too."""
    return json.dumps(raw, ensure_ascii=True, default=repr)[:_KEPT]
