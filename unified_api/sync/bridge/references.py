"""Who is whose counterpart, for fields that hold ids of records: the words of a value map that changes by itself.

By pairs: what a bridge between the same two accounts keeps equal over the model that is named; not what rests, or is
gone. By e-mail: people
with one address, known once on either side, are one person; somebody unknown there is not named there.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q, QuerySet

from unified_api.engine.pair import State
from unified_api.engine.values import Both, Side
from unified_api.models.base import CommonModel, common_model, relations
from unified_api.models.fields import Ref
from unified_api.sync.bridge.configuration import Configuration, Counterparts
from unified_api.sync.models_bridge import Bridge, Pair

if TYPE_CHECKING:
    from unified_api.sync.bridge.records import Frame

Words = Both[Mapping[str, str]]
#: States of pairs whose records are kept equal. What names a record of another one, which left the filter or was
#: deleted, has no word for it until it is back.
TOGETHER: Final = (State.PAIRED, State.PUSHING)


def words(frame: Frame, name: str, told: Both[Sequence[Mapping[str, Any]]]) -> Words:
    """The counterparts of all that a field names in these values, into each side."""
    named = Both(*(_named(told[side], name) for side in Side))
    if frame.configuration.references[name] is Counterparts.EMAIL:
        return _people(frame, common_model(target(frame.model, name)), named)
    return _paired(frame, target(frame.model, name), named)


def target(model: type[CommonModel], name: str) -> str:
    """The model that a field refers to, as `category.Model`."""
    return relations(model)[name].to


def names_one(model: type[CommonModel], name: str) -> bool:
    """Whether a field names one record, and not several."""
    return isinstance(relations(model)[name], Ref)


def people(frame: Frame) -> frozenset[str]:
    """The models of people whom this bridge's records name, and who are known by their addresses."""
    told = frame.configuration.references
    return frozenset(target(frame.model, name) for name, how in told.items() if how is Counterparts.EMAIL)


def read_by(bridge: Bridge) -> frozenset[str]:
    """The models whose changes a bridge looks at: its own, and those of people whom its records name."""
    told: Mapping[str, str] = bridge.configuration.get("references", {})
    by_email = [name for name, how in told.items() if how == Counterparts.EMAIL]
    model = common_model(bridge.model) if by_email else None
    return frozenset((bridge.model, *(target(model, name) for name in by_email if model)))


def followers(bridge: Bridge) -> list[Bridge]:
    """Bridges between the same accounts whose fields refer to this one's records by its pairs."""
    others = between(bridge.account_a, bridge.account_b)
    return [one for one in others if _by_pairs(one, bridge.model)]


def naming(bridge: Bridge, model: str, named: Collection[uuid.UUID]) -> QuerySet[CommonModel, uuid.UUID]:
    """The ids of a bridge's records of which a field names one of these, records of a model."""
    mine = common_model(bridge.model)
    ways = {name: "in" if names_one(mine, name) else "overlap" for name in _by_pairs(bridge, model)}
    told = (Q(**{f"{name}__{way}": list(named)}) for name, way in ways.items())
    rows = mine.objects.filter(linked_account_id__in=(bridge.account_a, bridge.account_b))
    return rows.filter(reduce(or_, told, Q(pk__in=()))).values_list("id", flat=True)


def _by_pairs(bridge: Bridge, model: str) -> list[str]:
    """The fields of a bridge's records that name those of a model, and whose counterparts are told by pairs."""
    told, mine = Configuration.parse(bridge.configuration).references, common_model(bridge.model)
    return [name for name, how in told.items() if how is Counterparts.PAIRS and target(mine, name) == model]


def followed(bridge: Bridge) -> Bridge | None:
    """The bridge whose records those of this one refer to, and wait for."""
    found: Bridge | None = Bridge.objects.filter(id=bridge.follows).first() if bridge.follows else None
    return found


def between(one: uuid.UUID, other: uuid.UUID) -> list[Bridge]:
    """The bridges between two accounts, whichever side they are on."""
    either = Q(account_a=one, account_b=other) | Q(account_a=other, account_b=one)
    return list(Bridge.objects.filter(either).order_by("id"))


def over(bridge: Bridge, model: str) -> list[Bridge]:
    """The bridges over a model between the accounts of this one, whichever side they are on."""
    return [one for one in between(bridge.account_a, bridge.account_b) if one.model == model]


def _named(told: Iterable[Mapping[str, Any]], name: str) -> set[str]:
    found: set[str] = set()
    for values in told:
        held = values.get(name)
        found.update(held if isinstance(held, list) else [held] if held else [])
    return found


def _paired(frame: Frame, model: str, named: Both[set[str]]) -> Words:
    into: Both[dict[str, str]] = Both({}, {})
    for bridge in over(frame.bridge, model):
        turned = bridge.account_a != frame.bridge.account_a
        here = Both(named.b, named.a) if turned else named
        either = Q(record_a__in=here.a) | Q(record_b__in=here.b)
        pairs = Pair.objects.filter(either, bridge_id=bridge.id, state__in=TOGETHER)
        for a, b in pairs.exclude(record_a=None).exclude(record_b=None).values_list("record_a", "record_b"):
            one, other = (str(b), str(a)) if turned else (str(a), str(b))
            into.b[one], into.a[other] = other, one
    return Both[Mapping[str, str]](into.a, into.b)


def _people(frame: Frame, model: type[CommonModel], named: Both[set[str]]) -> Words:
    """Who has an address that each side knows once; an address that two people of a side share is nobody's."""
    mails = {mail for side in Side for mail in _addresses(model, frame.account_id(side), named[side])}
    a, b = (_by_address(model, frame.account_id(side), mails) for side in Side)
    both = a.keys() & b.keys()
    return Both[Mapping[str, str]]({b[mail]: a[mail] for mail in both}, {a[mail]: b[mail] for mail in both})


def _addresses(model: type[CommonModel], account: uuid.UUID, ids: set[str]) -> list[str]:
    """Addresses of some people, without those who have none."""
    people = _known(model, account).filter(id__in=ids, email_key__isnull=False)
    return list(people.values_list("email_key", flat=True))


def _by_address(model: type[CommonModel], account: uuid.UUID, wanted: set[str]) -> dict[str, str]:
    """Ids by address, of people whose address nobody shares."""
    found: dict[str, list[str]] = {}
    people = _known(model, account).filter(email_key__in=wanted)
    for mail, person in people.values_list("email_key", "id"):
        found.setdefault(mail, []).append(str(person))
    return {mail: ids[0] for mail, ids in found.items() if len(ids) == 1}


def _known(model: type[CommonModel], account: uuid.UUID) -> Any:
    """People of an account; Any, as only models of people have an address."""
    return model.objects.filter(linked_account_id=account, remote_was_deleted=False, is_shell=False)
