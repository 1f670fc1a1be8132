"""What all kinds of records have in common there: how they are listed, searched, read by their ids, and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import DELETE, GET, PATCH, Api
from integrations.kit.errors import Gone
from integrations.kit.mapping import Mapping as FieldMapping
from integrations.kit.paging import ByCursor
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.kit.session import beside
from integrations.kit.steps import owed
from integrations.providers.hubspot.archived import archived
from integrations.providers.hubspot.associations import Link, associate, associated
from integrations.providers.hubspot.properties import WITHIN, field_classes, forms, spelled, told_apart
from integrations.providers.hubspot.searching import MOST, changed, newest

OBJECTS = "/crm/v3/objects"
LINKS = "associations"
PAGES = ByCursor("after", path="paging.next.after", size_param="limit", size=MOST)
#: It moves forward only: what is before where a record stands is taken once that has been cleared.
_FORWARD_ONLY = "lifecyclestage"
#: From the properties to be sent, and the record as it was just before, to all that go with them.
Prepare = Callable[[Api, dict[str, Any], Any], dict[str, Any]]


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
        known = self.forms(api)
        asked = {
            "inputs": [{"id": str(item["id"])} for item in items],
            "properties": sorted(known),
            "propertiesWithHistory": [],
        }
        found = api.ask(f"{self.path}/batch/read", asked)["results"]
        linked = {name: associated(api, (self.name, name), link, found) for name, link in self.links.items()}
        return [_shown(record, known, linked) for record in found]

    def forms(self, api: Api) -> Mapping[str, str | None]:
        """The properties that are read, see `properties`."""
        return forms(api, self.name)

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
        there = self._alone(api, {"id": remote_id})
        if there is None:
            try:
                left = api.get(self._at(remote_id))
            except Gone:
                return None
            there = self._alone(api, left)
        return there

    def _alone(self, api: Api, item: Any) -> Any:
        """One record; what a batch does not have is left out of its answer, so that a 404 does not speak of it."""
        with beside("what belongs to the record"):
            return next(iter(self.whole(api, [item])), None)

    def make(self, api: Api, body: dict[str, Any]) -> str:
        """A create; with its associations it is one call."""
        properties = self.prepare(api, body.get(WITHIN, {}), None)
        told = {name: value for name, value in properties.items() if value is not None}
        links = [
            {"to": {"id": one}, "types": [self.links[name].as_data()]}
            for name, ids in body.get(LINKS, {}).items()
            for one in ids
        ]
        return str(api.send("POST", self.path, {WITHIN: spelled(told), LINKS: links})["id"])

    def change(self, api: Api, remote_id: str, patch: dict[str, Any], current: Any) -> None:
        """An update; each association is a call of its own."""
        if patch.get(WITHIN):
            self._set(api, remote_id, spelled(self.prepare(api, patch[WITHIN], current)))
        with owed(remote_id):
            for name, wanted in patch.get(LINKS, {}).items():
                there = dig(current, (LINKS, name)) or []
                associate(api, (self.name, remote_id, name), self.links[name], wanted, there)

    def _set(self, api: Api, remote_id: str, properties: dict[str, str]) -> None:
        answer = api.send("PATCH", self._at(remote_id), {WITHIN: properties})
        wanted, shown = properties.get(_FORWARD_ONLY), dig(answer, (WITHIN, _FORWARD_ONLY))
        if not wanted or not isinstance(shown, str) or shown in {"", wanted}:
            return
        with owed(remote_id):
            for stage in ("", wanted):
                api.send("PATCH", self._at(remote_id), {WITHIN: {_FORWARD_ONLY: stage}}, repeatable=True)

    def _at(self, remote_id: str) -> str:
        return f"{self.path}/{quote(remote_id, safe='')}"


def _shown(record: Any, known: Mapping[str, str | None], linked: Mapping[str, Any]) -> dict[str, Any]:
    links = {name: found.get(record["id"], []) for name, found in linked.items() if found is not None}
    return {**record, WITHIN: told_apart(known, record[WITHIN]), LINKS: links}


def resource(kind: Kind, mapping: FieldMapping, mapped: Iterable[str], **more: Any) -> Resource:
    """What can be done with a kind of records. mapped: the properties that common fields show."""
    return Resource(
        mapping=mapping,
        list=GET(kind.path, items="results", params={"archived": "false"}, paging=PAGES, then=kind.whole),
        changes=changed(kind.path, kind.changed, kind.whole, partial(archived, kind.path)),
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
