"""How records are associated with others: read for many at once, written one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import Api
from integrations.kit.errors import Forbidden, Rejected
from integrations.kit.paths import dig

#: Answers in which one record's associations may go on.
_ROUNDS = 50


@dataclass(frozen=True)
class Link:
    """How records of a kind are associated with another. primary: one of these is first.

    type: the vendor's number, by which it is written; None where that is only read.
    """

    type: int | None = None
    primary: bool = False

    def as_data(self) -> dict[str, Any]:
        """Its type, as it is written."""
        return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": self.type}


def associated(
    api: Api, kinds: tuple[str, str], link: Link, records: Iterable[Any]
) -> dict[str, list[str]] | None:
    """The ids with which records are associated, the first one first; None where they may not be seen.

    kinds: of the records, and of those that they are associated with. An association that no document names may be
    unknown to a portal.
    """
    found: dict[str, list[tuple[bool, int, str]]] = {}
    with suppress(Forbidden, *(() if link.type else (Rejected,))):
        for id_, there in several(api, kinds, [record["id"] for record in records]):
            found.setdefault(id_, []).extend(_ranked(there, link))
        return {id_: [one for _, _, one in sorted(ranked)] for id_, ranked in found.items()}
    return None


def several(api: Api, kinds: tuple[str, str], ids: Iterable[str]) -> Iterator[tuple[str, list[Any]]]:
    """The associations of records with another kind, by their ids: of each as often as an answer has some of them.

    kinds: of the records, and of those that they are associated with.
    """
    path = f"/crm/v4/associations/{kinds[0]}/{kinds[1]}/batch/read"
    asked: list[dict[str, str]] = [{"id": one} for one in ids]
    for _round in range(_ROUNDS):
        answer = api.ask(path, {"inputs": asked})["results"] if asked else []
        yield from ((str(one["from"]["id"]), one["to"]) for one in answer)
        asked = [
            {"id": str(one["from"]["id"]), "after": str(one["paging"]["next"]["after"])}
            for one in answer
            if dig(one, "paging.next.after")
        ]


def _ranked(there: list[Any], link: Link) -> Iterable[tuple[bool, int, str]]:
    for one in there:
        types = [told["typeId"] for told in one["associationTypes"]]
        id_ = str(one["toObjectId"])
        yield not (link.primary and link.type in types), int(id_), id_


def associate(api: Api, place: tuple[str, str, str], link: Link, wanted: list[str], there: list[str]) -> None:
    """Put what is wanted, each by a call of its own; where one of them is the first, others stay beside it.

    place: the kind of a record, its id, and the kind that it is associated with.
    """
    kind, remote_id, name = place
    base = f"/crm/v4/objects/{kind}/{quote(remote_id, safe='')}/associations/{name}"
    first = link.primary
    for one in wanted:
        if one not in (there[:1] if first else there):
            api.send("PUT", f"{base}/{quote(one, safe='')}", [link.as_data()], repeatable=True)
    for one in there if not (first and wanted) else ():
        if one not in wanted:
            api.send("DELETE", f"{base}/{quote(one, safe='')}", repeatable=True)
