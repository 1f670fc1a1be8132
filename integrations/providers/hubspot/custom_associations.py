"""Which records of the company's own kinds are associated with which others.

Two records have one association of each type by which they are associated: its id is `2-3456-512:0-1:77:…`, with the
rest of the id of the type. Nothing tells when one changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from integrations.kit.endpoints import GET, Api
from integrations.kit.errors import Gone, Rejected
from integrations.kit.lenses import at, ref
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from integrations.providers.hubspot.associations import several
from integrations.providers.hubspot.custom_objects import CLASS, listed, parted
from integrations.providers.hubspot.custom_types import TypeId
from integrations.providers.hubspot.schemas import CUSTOM, ID, LISTED, known_targets, targets_of
from unified_api.models.base import model_id
from unified_api.models.crm import Account, Association, Contact, CustomObject, Opportunity

_MODELS: Final = {"0-1": model_id(Contact), "0-2": model_id(Account), "0-3": model_id(Opportunity)}
#: Under which a schema is told of which record a create is.
_OF: Final = "source_object"
_PARTS: Final = 5


def _model(kind: str) -> str:
    return _MODELS.get(kind, model_id(CustomObject))


def _shown(source: str, own: str, type_: TypeId) -> dict[str, Any]:
    """One of a record. source: its id; own: that of the other one, which its kind does not begin."""
    return {
        "id": f"{source}:{type_.target}:{own}:{type_.category}:{type_.number}",
        "source": source,
        "target": f"{type_.target}-{own}" if type_.target.startswith(CUSTOM) else own,
        "target_model": _model(type_.target),
        "type": str(type_),
    }


def _of(api: Api, kind: str, targets: Iterable[str], ids: list[str]) -> list[Any]:
    """Those of records of one kind. ids: their own."""
    return [
        _shown(
            f"{kind}-{id_}",
            str(one["toObjectId"]),
            TypeId(kind, target, told["category"], str(told["typeId"])),
        )
        for target in targets
        for id_, there in several(api, (kind, target), ids)
        for one in there
        for told in one["associationTypes"]
    ]


def _of_page(api: Api, items: list[Any]) -> list[Any]:
    """Those of records; all that is on a page is of one kind."""
    if not items:
        return []
    kind = items[0][CLASS]
    return _of(api, kind, known_targets(api, kind), [str(item["id"]) for item in items])


def _of_source(api: Api, schemas: list[Any]) -> list[Any]:
    return [one for schema in schemas for one in _of_one(api, schema, *parted(schema[_OF]))]


def _of_one(api: Api, schema: Any, kind: str, own: str) -> list[Any]:
    return _of(api, kind, targets_of(schema), [own]) if kind == schema[ID] else []


def _find(api: Api, remote_id: str) -> Any:
    parts = remote_id.split(":")
    kind, own = parted(parts[0])
    if not kind or len(parts) != _PARTS:
        return None
    return next((one for one in _of(api, kind, [parts[1]], [own]) if one["id"] == remote_id), None)


def _make(api: Api, body: dict[str, Any]) -> str:
    """Its type is put beside those by which the two are associated already: a call may stand for all of them [?]."""
    type_, (kind, own) = TypeId.of(body["type"]), parted(body["source"])
    if type_ is None or type_.source != kind:
        raise Rejected("no such type", fields={"type": "is none of the class of the record"})
    other = _other(body, type_)
    wanted = _shown(body["source"], other, type_)
    path = "/".join(quote(part, safe="") for part in (kind, own, "associations", type_.target, other))
    with _both_there():
        there = [one for one in _of(api, kind, [type_.target], [own]) if one["target"] == body["target"]]
        types = {one["type"]: TypeId.of(one["type"]) for one in (*there, wanted)}
        told = [one.as_data() for one in types.values() if one]
        api.send("PUT", f"/crm/v4/objects/{path}", told, repeatable=True)
    return str(wanted["id"])


def _other(body: dict[str, Any], type_: TypeId) -> str:
    """The own id of the record that is the target; raises Rejected where it is of another class than the type says."""
    target, kind = body["target"], type_.target
    found = parted(target) if kind.startswith(CUSTOM) else (kind, target)
    if found[0] != kind or (body.get("target_model") or _model(kind)) != _model(kind):
        raise Rejected("no such target", fields={"target": "is of another class than the type says"})
    return found[1]


@contextmanager
def _both_there() -> Iterator[None]:
    try:
        yield
    except Gone as gone:
        raise Rejected(
            "one of the two is not there any more", status=gone.status, detail=gone.detail
        ) from gone


associations = Resource(
    mapping=Mapping(
        Association,
        source_object=ref("source", create_only=True),
        target_object=ref("target", create_only=True),
        target_model=at("target_model", create_only=True),
        association_type=ref("type", create_only=True),
    ),
    list=replace(listed, then=_of_page),
    get=GET("/crm/v4/objects/{remote_id}", find=_find),
    create=_make,
    create_calls=2,
    recent=replace(LISTED, of=_OF, then=_of_source, calls=5),
    recognise=(_OF, "target_object", "association_type"),
    frequency=21_600.0,
)
