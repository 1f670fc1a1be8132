"""Making a bridge: what it wants of each field, by default and by wish, and what is refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection, transaction

from tenants import audit, door
from tenants.models import LinkedAccount
from tenants.scope import current_tenant
from tenants.vault import Secret
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side
from unified_api.models.base import CommonModel, common_model, model_id, wire_fields
from unified_api.models.fields import Choice, Day, Flag, Instant, Number, Text, Whole, WireField
from unified_api.sync import clock, connect, job, steer
from unified_api.sync.bridge.records import access
from unified_api.sync.bridge.stirring import KIND
from unified_api.sync.models_bridge import Bridge

#: Kind of the door by which a bridge's tenant is found.
DOOR: Final = "bridge id"
#: Seconds between rounds, at the most: a day.
LONGEST: Final = 86_400.0
#: Fields that one value is compared in, and how. Others (references, lists) come with their own policies.
NORMALIZERS: Final[tuple[tuple[type[WireField], str], ...]] = (
    (Choice, "exact"),
    (Text, "trim"),
    (Instant, "instant"),
    (Day, "exact"),
    (Flag, "exact"),
    (Whole, "exact"),
    (Number, "exact"),
)


class BridgeRefused(ValueError):
    """A bridge that cannot be; the message says why and what would do."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants kept equal.

    fields: common fields, in order. match: the fields that make the key. options: further options by field, as
    the policy has them (direction, winner, first, normalizer). words: (field, side, word there, word here) in
    addition to the words that both sides know.
    """

    account_a: LinkedAccount
    account_b: LinkedAccount
    model: str
    winner: str
    fields: Sequence[str]
    match: Sequence[str] = ("name",)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    words: Sequence[tuple[str, Side, str, str]] = ()
    first: str = "fill"
    frequency: float = 60.0
    paused: bool = False


def create(wish: Wish) -> Bridge:
    """Make a bridge within the transaction that is open; raises BridgeRefused or PolicyError."""
    _refuse(wish)
    model = common_model(wish.model)
    policy = Policy.parse({"fields": {name: _field(wish, model, name) for name in wish.fields}})
    _refuse_idle_wishes(wish)
    bridge: Bridge = Bridge.objects.create(
        account_a=wish.account_a.id,
        account_b=wish.account_b.id,
        model=model_id(model),
        configuration={"policy": policy.as_data(), "match": list(wish.match)},
        frequency=wish.frequency,
        created_at=clock.now(),
        paused_by="its maker" if wish.paused else None,
        status=Bridge.Status.PAUSED if wish.paused else Bridge.Status.NEW,
    )
    door.open_door(DOOR, Secret(str(bridge.id)), reference=bridge.id)
    audit.record("bridge.created", subject=str(bridge.id), configuration=bridge.configuration)
    if not wish.paused:
        job.ask(KIND, bridge.id)
    return bridge


def locate(bridge_id: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """(tenant id, bridge id), for who does not know the tenant; needs no scope."""
    with transaction.atomic():
        entered = door.enter(DOOR, Secret(bridge_id))
    return (entered.tenant_id, entered.reference) if entered and entered.reference else None


def limits(bridge: Bridge, accounts: Both[LinkedAccount]) -> Iterator[str]:
    """What the accounts cannot do of what the bridge wants, in sentences."""
    policy = Policy.parse(bridge.configuration["policy"])
    for side in Side:
        able, name = access(accounts[side], bridge.model), accounts[side].integration
        for one in policy.fields.values():
            if one.direction.reaches(side) and one.name not in able.update:
                how = (
                    "is set when a record is created and cannot be changed later"
                    if one.name in able.create
                    else ("cannot be written")
                )
                yield f"{one.name} {how} at side {side} ({name}); an edit of it on side {side.other} is a problem."
        if not able.creates:
            yield f"No records are created at side {side} ({name})."


def _refuse(wish: Wish) -> None:
    a, b = wish.account_a, wish.account_b
    if a.id == b.id:
        raise BridgeRefused("A bridge has two different accounts.")
    if a.end_user_origin_id != b.end_user_origin_id:
        raise BridgeRefused(
            f"Both accounts must belong to one end user: {a} and {b} do not. Link the other one for the same end user."
        )
    for account in (a, b):
        if connect.provider_of(account).resource(wish.model) is None:
            raise BridgeRefused(f"{account.integration} has no {wish.model}.")
    if unmatched := set(wish.match) - set(wish.fields):
        raise BridgeRefused(
            f"Records are matched by {', '.join(sorted(unmatched))}, which the bridge does not carry."
        )
    if not wish.match:
        raise BridgeRefused("Without a field to match by, records that exist on both sides would be doubled.")
    if not steer.SHORTEST <= wish.frequency <= LONGEST:
        raise BridgeRefused(
            f"Rounds are {steer.SHORTEST:g} to {LONGEST:g} s apart, not {wish.frequency:g} s."
        )
    _refuse_ring(wish)


def _refuse_idle_wishes(wish: Wish) -> None:
    """Refuse an option that would do nothing: who misspelt a field would find it written both ways."""
    for name in (*wish.options, *(given for given, *_ in wish.words)):
        if name not in wish.fields:
            raise BridgeRefused(f"An option is given for {name}, which the bridge does not carry.")
    for name, *_ in wish.words:
        if not isinstance(wire_fields(common_model(wish.model)).get(name), Choice):
            raise BridgeRefused(f"Words are given for {name}, which holds no words of a list.")


def _refuse_ring(wish: Wish) -> None:
    """Bridges over one model form a forest: in a ring with different winners writes never end."""
    with connection.cursor() as cursor:  # two at once would not see each other's
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [str(current_tenant())])
    groups: dict[uuid.UUID, uuid.UUID] = {}

    def root(account: uuid.UUID) -> uuid.UUID:
        while account in groups:
            account = groups[account]
        return account

    for a, b in Bridge.objects.filter(model=wish.model).values_list("account_a", "account_b"):
        if root(a) != root(b):
            groups[root(a)] = root(b)
    if root(wish.account_a.id) == root(wish.account_b.id):
        raise BridgeRefused(
            "These accounts are joined by bridges over this model already; one more would close a ring, in which"
            " a value can go round for ever."
        )


def _field(wish: Wish, model: type[CommonModel], name: str) -> dict[str, Any]:
    declared = wire_fields(model).get(name)
    if declared is None:
        raise BridgeRefused(f"{wish.model} has no field {name}; it has {', '.join(wire_fields(model))}.")
    normalizer = next((how for kind, how in NORMALIZERS if isinstance(declared, kind)), None)
    if normalizer is None:
        raise BridgeRefused(f"{name} holds references or a list; a bridge carries single values for now.")
    for account in (wish.account_a, wish.account_b):
        resource = connect.provider_of(account).resource(wish.model)
        if resource is None or name not in resource.mapping.lenses:
            raise BridgeRefused(f"{account.integration} has no {name}.")
    words = _words(wish, name, declared.words) if isinstance(declared, Choice) else None
    settings = {"winner": wish.winner, "first": wish.first, "normalizer": normalizer, "words": words}
    return settings | dict(wish.options.get(name, {}))


def _words(wish: Wish, name: str, known: Sequence[str]) -> dict[str, dict[str, str]]:
    """Words that both sides know mean the same; what a side cannot store has no word there unless it is given."""
    able = {
        Side.A: _storable(wish.account_a, wish.model, name),
        Side.B: _storable(wish.account_b, wish.model, name),
    }
    words = {side.value: {word: word for word in able[side] or known} for side in Side}
    for given, to, theirs, here in wish.words:
        if given == name:
            words[to.value][theirs] = here
    return words


def _storable(account: LinkedAccount, model: str, name: str) -> Sequence[str] | None:
    resource = connect.provider_of(account).resource(model)
    return resource.words(name) if resource else None
