"""Making a bridge, and what cannot be joined."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django.db import connection, transaction

from tenants import audit, door
from tenants.audit import current_actor
from tenants.models import LinkedAccount
from tenants.scope import current_tenant
from tenants.vault import Secret
from unified_api.engine.values import Both, Side
from unified_api.models.base import model_id, relations
from unified_api.sync import clock, connect, job, steer
from unified_api.sync.bridge import drift, references
from unified_api.sync.bridge.configuration import Configuration, Counterparts
from unified_api.sync.bridge.configure import configure
from unified_api.sync.bridge.records import access
from unified_api.sync.bridge.stirring import KIND
from unified_api.sync.bridge.wish import BridgeRefused, Mistake, Mistakes, Wish
from unified_api.sync.models_bridge import Bridge, BridgeVersion

__all__ = ["DOOR", "KIND", "BridgeRefused", "Wish", "create", "limits", "locate"]

#: The door by which a bridge's tenant is found.
DOOR: Final = "bridge id"
_WHO_CROSSES: Final = "only an administrator of the tenant can have data cross, by --across-end-users."
#: Seconds between rounds, at the most: a day.
LONGEST: Final = 86_400.0


def create(wish: Wish) -> Bridge:
    """Make a bridge within the transaction that is open; raises BridgeRefused."""
    refuse_joining(wish)
    configuration = checked(wish)
    if wish.mode == Bridge.Mode.LIVE:
        refuse_unseen_canary(configuration)
    _refuse_ring(wish)
    bridge: Bridge = Bridge.objects.create(
        account_a=wish.account_a.id,
        account_b=wish.account_b.id,
        model=model_id(wish.common),
        configuration=configuration.as_data(),
        follows=followed(wish, configuration),
        name=wish.name,
        goal=wish.goal,
        owner=wish.owner,
        mode=wish.mode,
        frequency=wish.frequency,
        priority=wish.priority,
        created_at=clock.now(),
        paused_by="its maker" if wish.paused else None,
        status=Bridge.Status.PAUSED if wish.paused else Bridge.Status.NEW,
    )
    door.open_door(DOOR, Secret(str(bridge.id)), reference=bridge.id)
    audit_in(bridge, configuration.audit)
    keep_version(bridge)
    audit.record("bridge.created", subject=str(bridge.id), configuration=bridge.configuration)
    _record_crossing(wish, bridge)
    if not wish.paused:
        job.ask(KIND, bridge.id, priority=bridge.priority)
    return bridge


def locate(bridge_id: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """(tenant id, bridge id), for who does not know the tenant; needs no scope."""
    with transaction.atomic():
        entered = door.enter(DOOR, Secret(bridge_id))
    return (entered.tenant_id, entered.reference) if entered and entered.reference else None


def limits(bridge: Bridge, accounts: Both[LinkedAccount]) -> Iterator[str]:
    """What the accounts cannot do of what the bridge wants, in sentences."""
    policy = Configuration.parse(bridge.configuration).policy
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
        if side in policy.creates and not able.creates:
            yield f"No records are created at side {side} ({name})."


def checked(wish: Wish, before: Configuration | None = None) -> Configuration:
    """The configuration that a wish amounts to; raises BridgeRefused with all that is wrong."""
    mistakes = Mistakes()
    configurations: list[Configuration] = []
    with mistakes.noting():
        configurations.append(configure(wish, before))
    with mistakes.noting():
        if not steer.SHORTEST <= wish.frequency <= LONGEST:
            sentence = f"Rounds are {steer.SHORTEST:g} to {LONGEST:g} s apart, not {wish.frequency:g} s."
            raise BridgeRefused(Mistake("frequency", sentence))
    mistakes.refuse()
    return configurations[0]


def refuse_unseen_canary(configuration: Configuration) -> None:
    """Refuse to let a bridge write by itself that is to try a few records first; raises BridgeRefused."""
    if configuration.canary is not None:
        raise BridgeRefused(
            Mistake(
                "start.canary",
                f"a canary of {configuration.canary} is a plan that a person approves, and a bridge that is live at"
                " once makes none; take out the canary, or let it plan",
            )
        )


def followed(
    wish: Wish, configuration: Configuration, bridge_id: uuid.UUID | None = None
) -> uuid.UUID | None:
    """The bridge whose pairs the records refer to: the one that is named, else that of the first reference by pairs.

    Of bridges that are made together, only an earlier one is followed, and never one that follows this.
    """
    fields, later = relations(wish.common), _later(wish)
    referred = [
        fields[name].to for name, how in configuration.references.items() if how is Counterparts.PAIRS
    ]
    models = [wish.follows] if wish.follows else [to for to in referred if to not in later]
    between = {one.id: one for one in references.between(wish.account_a.id, wish.account_b.id)}
    found = {one.model: one.id for one in between.values() if not _leads_to(one, bridge_id, between)}
    if wish.follows and wish.follows not in {*found, *wish.beside} - {wish.model}:
        sentence = (
            f"no bridge over {wish.follows} joins these accounts without following this; add it to the file"
        )
        raise BridgeRefused(Mistake("follows", sentence))
    return next((found[model] for model in models if model in found), None)


def _leads_to(bridge: Bridge, wanted: uuid.UUID | None, between: Mapping[uuid.UUID, Bridge]) -> bool:
    """Whether a bridge follows another, be it through others."""
    at: Bridge | None = bridge
    while at is not None:
        if at.id == wanted:
            return True
        at = between.get(at.follows) if at.follows else None
    return False


def _later(wish: Wish) -> set[str]:
    """This model, and those whose bridges are made after it."""
    if wish.model not in wish.beside:
        return {wish.model}
    return set(wish.beside[wish.beside.index(wish.model) :])


def keep_version(bridge: Bridge) -> None:
    """Keep what a bridge is told from now on, beside what it was told before."""
    BridgeVersion.objects.create(
        bridge_id=bridge.id,
        version=bridge.version,
        configuration=told(bridge),
        actor=who(),
        at=clock.now(),
    )


def audit_in(bridge: Bridge, hours: float) -> None:
    """Have the next audit made after so many hours, unless one is due before."""
    job.ask(drift.KIND, bridge.id, priority=drift.PRIORITY, delay=hours * 3_600.0)


def who() -> str:
    """Who acts now, in a word or two."""
    actor = current_actor()
    return f"{actor.kind} {actor.name}".strip()


def told(bridge: Bridge) -> dict[str, Any]:
    """All that a version consists of: the configuration, and under `about` what is said of the bridge as a whole."""
    about = {name: getattr(bridge, name) for name in ("name", "goal", "owner", "frequency", "priority")}
    return {
        **Configuration.parse(bridge.configuration).as_data(),
        "about": {**about, "follows": str(bridge.follows) if bridge.follows else None},
    }


def refuse_joining(wish: Wish) -> None:
    """Refuse accounts that no bridge over this model can join; raises BridgeRefused."""
    a, b = wish.account_a, wish.account_b
    if a.id == b.id:
        same = f"a and b are the same account ({a}); a bridge joins two different ones"
        raise BridgeRefused(Mistake("b", same))
    if _crosses(wish) and not wish.crossing:
        sentence = (
            f"Both accounts must belong to one end user: {a} and {b} do not. Link the other one for the same end user;"
            f" {_WHO_CROSSES}"
        )
        raise BridgeRefused(Mistake("b", sentence))
    for account in (a, b):
        if connect.provider_of(account).resource(model_id(wish.common)) is None:
            raise BridgeRefused(f"{account.integration} has no {wish.model}.")


def allow_wider(wish: Wish, bridge: Bridge) -> None:
    """Put on record that more is to cross from one end user to another; raises BridgeRefused where nobody may.

    Whoever may steer a bridge can narrow one that crosses; to have it carry more takes who may make it.
    """
    if _crosses(wish) and not wish.crossing:
        raise BridgeRefused(
            Mistake(
                "b", f"This bridge joins two end users, and would carry more between them: {_WHO_CROSSES}"
            )
        )
    _record_crossing(wish, bridge)


def _crosses(wish: Wish) -> bool:
    return bool(wish.account_a.end_user_origin_id != wish.account_b.end_user_origin_id)


def _record_crossing(wish: Wish, bridge: Bridge) -> None:
    if _crosses(wish):
        end_users = [account.end_user_origin_id for account in (wish.account_a, wish.account_b)]
        audit.record("bridge.crossing_allowed", subject=str(bridge.id), end_users=end_users)


def _refuse_ring(wish: Wish) -> None:
    """Bridges over one model form a forest: in a ring with different winners writes never end."""
    with connection.cursor() as cursor:  # two at once would not see each other's
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [str(current_tenant())])
    path = _path(Bridge.objects.filter(model=wish.model), wish.account_a.id, wish.account_b.id)
    if path:
        joined = f"These accounts are joined over {wish.model} by {', '.join(map(_called, path))} already"
        raise BridgeRefused(f"{joined}{_what_to_do(wish, path)}")


def _what_to_do(wish: Wish, path: Sequence[Bridge]) -> str:
    first = path[0]
    if len(path) > 1:
        return (
            "; one more would close a ring, in which a value can go round for ever. End one of them first: `bridge end"
            f" {first.id}`."
        )
    is_swapped = first.account_a == wish.account_b.id
    change = ", with a and b the other way round. Swap them" if is_swapped else ". Apply its file"
    return f"{change} to change that bridge, or end it first: `bridge end {first.id}`."


def _path(bridges: Iterable[Bridge], start: uuid.UUID, end: uuid.UUID) -> list[Bridge]:
    """The fewest bridges by which one account leads to another; none where they are not joined."""
    leaving: defaultdict[uuid.UUID, list[tuple[uuid.UUID, Bridge]]] = defaultdict(list)
    for bridge in bridges:
        leaving[bridge.account_a].append((bridge.account_b, bridge))
        leaving[bridge.account_b].append((bridge.account_a, bridge))
    paths: dict[uuid.UUID, list[Bridge]] = {start: []}
    reached = [start]
    for account in reached:
        for other, bridge in leaving[account]:
            if other not in paths:
                paths[other] = [*paths[account], bridge]
                reached.append(other)
    return paths.get(end, [])


def _called(bridge: Bridge) -> str:
    return f"{bridge.name!r} ({bridge.id})" if bridge.name else str(bridge.id)
