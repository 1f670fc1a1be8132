"""The search: an index that comes behind, and shows no more than 10,000 records to one question.

Only ids and stamps are taken out of it; records are read by their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.kit.endpoints import GET, Behind, Since, Then
from integrations.kit.errors import SHAPELESS, Misconfigured
from integrations.kit.lens import Lens
from integrations.kit.lenses import compute, instant
from integrations.kit.paging import State, Turn
from integrations.kit.paths import dig
from integrations.providers.hubspot.through import Through

#: Ids that a batch may have, and so records of a page.
MOST = 100
_ID = "hs_object_id"


def moment(told: Any) -> datetime:
    """A moment in ISO 8601, or in milliseconds since 1970."""
    if str(told).lstrip("-").isdigit():
        return datetime.fromtimestamp(int(told) / 1000, UTC)
    return datetime.fromisoformat(told)


def millis(when: datetime) -> str:
    """A moment as filters take it."""
    return str(max(0, round(when.timestamp() * 1000)))


def changed(path: str, stamp: str, then: Then, behind: Behind) -> GET:
    """What changed since a moment; stamp: the property that tells when. behind: what was archived since then."""
    return GET(
        f"{path}/search",
        items="results",
        body=question,
        paging=ByStamp(stamp),
        since=Since(param="from", spell=millis, stamp=_when(stamp)),
        then=then,
        behind=behind,
    )


def changed_among(
    path: str,
    name: str,
    stamps: Mapping[str, str],
    then: Then,
    behind: Behind,
    if_allowed: tuple[str, ...] = (),
) -> GET:
    """The same of several kinds, one after the other. name: of the kind, in the path. stamps: by kind."""
    lenses = {kind: _when(stamp) for kind, stamp in stamps.items()}
    return GET(
        f"{path}/search",
        items="results",
        body=question,
        paging=Through(name, {kind: ByStamp(stamp) for kind, stamp in stamps.items()}),
        since=Since(param="from", spell=millis, stamp=compute(lambda one: lenses[one[name]].read(one))),
        of=name,
        if_allowed=if_allowed,
        then=then,
        behind=behind,
    )


def _when(stamp: str) -> Lens:
    return instant(("properties", stamp), parse=moment)


def newest(path: str, created: str, then: Then, of: str = "", calls: int = 1) -> GET:
    """The newest records; created: the property that tells when they were made. calls: with those of `then`."""
    return GET(
        f"{path}/search",
        items="results",
        body=lambda _params: _question([], created, "DESCENDING"),
        of=of,
        then=then,
        calls=calls,
    )


def question(params: Mapping[str, Any]) -> Any:
    """What is asked for at a place of `ByStamp`."""
    stamp = params["stamp"]
    if "at" in params:
        filters = [_filter(stamp, "EQ", params["at"]), _filter(_ID, "GT", params["id"])]
        return _question(filters, _ID, also=stamp)
    bounds = (("GTE", params.get("from")), ("GT", params.get("beyond")))
    return _question([_filter(stamp, word, bound) for word, bound in bounds if bound], stamp)


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _question(
    filters: list[dict[str, str]], by: str, direction: str = "ASCENDING", also: str = ""
) -> dict[str, Any]:
    return {
        "filterGroups": [{"filters": filters}] if filters else [],
        "sorts": [{"propertyName": by, "direction": direction}],
        "properties": [name for name in (by, also) if name],
        "limit": MOST,
    }


@dataclass(frozen=True)
class ByStamp:
    """From the last stamp on, so that no question has to show more than a page: 10,000 records are no end.

    A page whose records all have one stamp, as of an import, is gone through by their ids, and then what is beyond it.
    Records that change meanwhile move to the end, and are met there.
    """

    stamp: str

    def params(self, state: State | None) -> dict[str, str]:
        """The property, and from which stamp on, or at which one behind which id, or beyond which one."""
        return {"stamp": self.stamp, **{name: str(value) for name, value in (state or {}).items()}}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """Where the last record of the page stands."""
        goes_on = turn.count and isinstance(dig(turn.body, "paging.next.after"), str)
        if state and "at" in state:
            last_id = str(dig(turn.body, f"results.{turn.count - 1}.id"))
            return {"at": state["at"], "id": last_id} if goes_on else {"beyond": state["at"]}
        if not goes_on:
            return None
        first, last = self._stamp(turn, 0), self._stamp(turn, turn.count - 1)
        return {"at": last, "id": "0"} if first == last else {"from": last}

    def _stamp(self, turn: Turn, place: int) -> str:
        try:
            return millis(moment(dig(turn.body, ("results", str(place), "properties", self.stamp))))
        except SHAPELESS as error:
            raise Misconfigured("the search does not say when a record changed, and cannot go on") from error
