"""What all kinds of records have in common there: how they are listed, searched, read by their ids, and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import DELETE, GET, PATCH, Api
from integrations.kit.errors import Forbidden, Gone, Rejected
from integrations.kit.mapping import Mapping as FieldMapping
from integrations.kit.paging import ByCursor
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.kit.steps import owed
from integrations.providers.hubspot.properties import WITHIN, field_classes, spelled, told_apart
from integrations.providers.hubspot.searching import MOST, changed, moment, newest

OBJECTS = "/crm/v3/objects"
LINKS = "associations"
PAGES = ByCursor("after", path="paging.next.after", size_param="limit", size=MOST)
#: It moves forward only: what is before where a record stands is taken once that has been cleared.
_FORWARD_ONLY = "lifecyclestage"
#: Of what is archived, so many pages are looked through for what was lately.
_PAGES_OF_ARCHIVED = 10
#: Answers in which one record's associations may go on.
_ROUNDS = 50
#: From the properties to be sent, and the record as it was just before, to all that go with them.
Prepare = Callable[[Api, dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Link:
    """How records of a kind are associated with another. primary: one of these is first.

    type: the vendor's number, by which it is written; None where that is only read.
    """

    type: int | None = None
    primary: bool = False


def _as_they_are(_api: Api, properties: dict[str, Any], _current: Any) -> dict[str, Any]:
    return properties


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of records, by its name in addresses. changed, created: the properties that tell when. links: by kind.

    calls_to_prepare: requests that `prepare` makes at the most.
    """

    name: str
    changed: str = "hs_lastmodifieddate"
    created: str = "createdate"
    links: Mapping[str, Link] = field(default_factory=dict)
    prepare: Prepare = _as_they_are
    calls_to_prepare: int = 0

    @property
    def path(self) -> str:
        """Where they are."""
        return f"{OBJECTS}/{self.name}"

    def whole(self, api: Api, items: list[Any]) -> list[Any]:
        """Records by their ids, with all properties and associations: neither lists nor the search show these."""
        if not items:
            return []
        asked = {
            "inputs": [{"id": str(item["id"])} for item in items],
            "properties": sorted(api.known(self.name)),
            "propertiesWithHistory": [],
        }
        found = api.ask(f"{self.path}/batch/read", asked)["results"]
        linked = {name: self.linked(api, name, found) for name in self.links}
        return [self._shown(api, record, linked) for record in found]

    @property
    def tables(self) -> tuple[str, ...]:
        """The lists of properties that `whole` looks into."""
        return (self.name,)

    @property
    def calls_to_read(self) -> int:
        """Requests that `whole` makes, while no record has more associations than one answer shows."""
        return 1 + len(self.links)

    @property
    def calls_to_make(self) -> int:
        """Requests that `make` makes at the most."""
        return self.calls_to_prepare + 1

    @property
    def calls_to_change(self) -> int:
        """Requests that `change` makes at the most: a stage that goes back takes two, each kind two."""
        return self.calls_to_prepare + 3 + 2 * len(self.links)

    def find(self, api: Api, remote_id: str) -> Any:
        """A record by its id; of one that was merged the one that is left, and none that is archived."""
        there = self.whole(api, [{"id": remote_id}])
        if not there:
            with suppress(Gone):
                there = self.whole(api, [api.get(self._at(remote_id))])
        return there[0] if there else None

    def archived(self, api: Api, since: datetime) -> list[Any]:
        """What was archived since a moment, a hundred at the most, of the thousand that the list of it shows first.

        The list takes no question. A record that was merged stands there, too [?], and answers by its id with the one
        that is left: it is left to who reads it by that.
        """
        lately: list[Any] = []
        asked = {"archived": "true", "limit": str(MOST)}
        for _page in range(_PAGES_OF_ARCHIVED):
            answer = api.get(self.path, asked)
            lately += [one for one in answer["results"] if _was_archived(one, since)]
            following = dig(answer, "paging.next.after")
            if not isinstance(following, str):
                break
            asked["after"] = following
        lately.sort(key=lambda one: moment(one["archivedAt"]), reverse=True)
        return [one for one in lately[:MOST] if self._is_gone(api, one["id"])]

    def _is_gone(self, api: Api, remote_id: str) -> bool:
        try:
            api.get(self._at(remote_id))
        except Gone:
            return True
        return False

    def make(self, api: Api, body: dict[str, Any]) -> str:
        """A create; with its associations it is one call."""
        properties = self.prepare(api, body.get(WITHIN, {}), None)
        told = {name: value for name, value in properties.items() if value is not None}
        associated = [
            {"to": {"id": one}, "types": [self._type(name)]}
            for name, ids in body.get(LINKS, {}).items()
            for one in ids
        ]
        return str(api.send("POST", self.path, {WITHIN: spelled(told), LINKS: associated})["id"])

    def change(self, api: Api, remote_id: str, patch: dict[str, Any], current: Any) -> None:
        """An update; each association is a call of its own."""
        if patch.get(WITHIN):
            self._set(api, remote_id, spelled(self.prepare(api, patch[WITHIN], current)))
        with owed(remote_id):
            for name, wanted in patch.get(LINKS, {}).items():
                self._associate(api, remote_id, name, wanted, dig(current, (LINKS, name)) or [])

    def _set(self, api: Api, remote_id: str, properties: dict[str, str]) -> None:
        answer = api.send("PATCH", self._at(remote_id), {WITHIN: properties})
        wanted, shown = properties.get(_FORWARD_ONLY), dig(answer, (WITHIN, _FORWARD_ONLY))
        if not wanted or not isinstance(shown, str) or shown in {"", wanted}:
            return
        with owed(remote_id):
            for stage in ("", wanted):
                api.send("PATCH", self._at(remote_id), {WITHIN: {_FORWARD_ONLY: stage}}, repeatable=True)

    def _associate(self, api: Api, remote_id: str, name: str, wanted: list[str], there: list[str]) -> None:
        """Put what is wanted; where one of them is the first, others stay beside it."""
        base = f"/crm/v4/objects/{self.name}/{quote(remote_id, safe='')}/associations/{name}"
        first = self.links[name].primary
        for one in wanted:
            if one not in (there[:1] if first else there):
                api.send("PUT", f"{base}/{quote(one, safe='')}", [self._type(name)], repeatable=True)
        for one in there if not (first and wanted) else ():
            if one not in wanted:
                api.send("DELETE", f"{base}/{quote(one, safe='')}", repeatable=True)

    def _type(self, name: str) -> dict[str, Any]:
        return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": self.links[name].type}

    def _at(self, remote_id: str) -> str:
        return f"{self.path}/{quote(remote_id, safe='')}"

    def _shown(self, api: Api, record: Any, linked: Mapping[str, Any]) -> dict[str, Any]:
        known = {name: found.get(record["id"], []) for name, found in linked.items() if found is not None}
        return {**record, WITHIN: told_apart(api, self.name, record[WITHIN]), LINKS: known}

    def linked(self, api: Api, name: str, records: Iterable[Any]) -> dict[str, list[str]] | None:
        """The ids with which records are associated, the first one first; None where they may not be seen.

        An association that no document names may be unknown to a portal.
        """
        path, link = f"/crm/v4/associations/{self.name}/{name}/batch/read", self.links[name]
        asked: list[dict[str, str]] = [{"id": record["id"]} for record in records]
        found: dict[str, list[tuple[bool, int, str]]] = {}
        with suppress(Forbidden, *(() if link.type else (Rejected,))):
            for _round in range(_ROUNDS):
                answer = api.ask(path, {"inputs": asked})["results"] if asked else []
                for one in answer:
                    found.setdefault(str(one["from"]["id"]), []).extend(_ranked(one["to"], link))
                asked = [
                    {"id": str(one["from"]["id"]), "after": str(one["paging"]["next"]["after"])}
                    for one in answer
                    if dig(one, "paging.next.after")
                ]
            return {id_: [one for _, _, one in sorted(ranked)] for id_, ranked in found.items()}
        return None


def _was_archived(record: Any, since: datetime) -> bool:
    told = record.get("archivedAt")
    return isinstance(told, str) and moment(told) >= since


def _ranked(there: list[Any], link: Link) -> Iterable[tuple[bool, int, str]]:
    for one in there:
        types = [told["typeId"] for told in one["associationTypes"]]
        id_ = str(one["toObjectId"])
        yield not (link.primary and link.type in types), int(id_), id_


def resource(kind: Kind, mapping: FieldMapping, mapped: Iterable[str], **more: Any) -> Resource:
    """What can be done with a kind of records. mapped: the properties that common fields show."""
    return Resource(
        mapping=mapping,
        list=GET(kind.path, items="results", params={"archived": "false"}, paging=PAGES, then=kind.whole),
        changes=changed(kind.path, kind.changed, kind.whole, kind.archived),
        get=GET(f"{kind.path}/{{remote_id}}", find=kind.find, calls=kind.calls_to_read),
        create=kind.make,
        create_calls=kind.calls_to_make,
        update=PATCH(f"{kind.path}/{{remote_id}}", send=kind.change, calls=kind.calls_to_change),
        delete=DELETE(f"{kind.path}/{{remote_id}}"),
        recent=newest(kind.path, kind.created, kind.whole, calls=1 + kind.calls_to_read),
        tables=kind.tables,
        lookback=600.0,
        read_lag=60.0,
        redirects=True,
        custom=(f"{WITHIN}.",),
        field_classes=field_classes(kind.name, frozenset(mapped)),
        **more,
    )
