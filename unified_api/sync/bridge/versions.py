"""What a bridge was told, version by version: since when, by whom, and how each differs from the one before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from unified_api.sync.bridge.changing import differing
from unified_api.sync.models_bridge import Bridge, BridgeVersion

Document = dict[str, Any]


def shown(bridge: Bridge, some: Sequence[BridgeVersion]) -> Iterator[Document]:
    """Some versions of a bridge, in their order, within the transaction that is open."""
    kept = BridgeVersion.objects.filter(
        bridge_id=bridge.id, version__in={number for one in some for number in (one.version - 1, one.version)}
    )
    told = {one.version: one.configuration for one in kept}
    for one in some:
        before = told.get(one.version - 1)
        differences = [] if before is None else differing(before, one.configuration)
        yield {
            "version": one.version,
            "at": one.at.isoformat(),
            "by": one.actor,
            "is_current": one.version == bridge.version,
            "differences": [difference.as_data() for difference in differences],
        }
