"""The product's side of a history: a tenant, two linked accounts, a bridge; made and seen as its users do."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from unittest import mock

from django.db import transaction
from django.db.models.signals import post_save
from django.test.utils import override_settings

from integrations.kit.provider import Provider
from tenants import accounts
from tenants.models import LinkedAccount, Tenant
from tenants.scope import scope
from tenants.vault import Secret
from tests.simulation.adapter import SLUGS
from tests.simulation.terms import CommentTerms, Terms
from unified_api import registry
from unified_api.engine.policy import Policy
from unified_api.engine.values import Side, Value
from unified_api.models.base import CommonModel
from unified_api.models.ticketing import Comment, Ticket
from unified_api.sync import connect, job, streams
from unified_api.sync.bridge import conflicts, plans, setup
from unified_api.sync.models import Change, Write
from unified_api.sync.models_bridge import Bridge, Conflict, Overruled, Pair
from unified_api.sync.models_plan import Plan, PlanItem

#: Seconds between rounds of the bridge that no change asks for.
FREQUENCY: Final = 300.0
WORDS: Final = (("status", Side.B, "IN_PROGRESS", "OPEN"),)


@dataclass(frozen=True)
class Shown:
    """A plan as a person sees it; items: to which side, and what each field becomes there."""

    id: uuid.UUID
    hash: str
    made_by: str
    items: tuple[tuple[Side, dict[str, Value]], ...]


@dataclass
class Stage:
    """What there is of the product: a bridge, and the records of its model."""

    tenant: uuid.UUID
    accounts: dict[Side, LinkedAccount]
    bridge: uuid.UUID
    #: What the bridge was told when it was made.
    wish: setup.Wish
    model: type[CommonModel] = Ticket
    #: The same, of the bridge that follows, where there is one.
    follower: Stage | None = None

    @property
    def policy(self) -> Policy:
        """The policy of the bridge."""
        return Policy.parse(self.of(lambda: Bridge.objects.get(id=self.bridge).configuration["policy"]))

    def of(self, read: Callable[[], Any]) -> Any:
        """What the product says."""
        with scope(self.tenant), transaction.atomic():
            return read()

    def mirrored(self, side: Side) -> list[Any]:
        """The records of an account."""
        account = self.accounts[side].id
        return list(self.of(lambda: list(self.model.objects.filter(linked_account_id=account))))

    def pairs(self) -> list[Pair]:
        """The pairs as stored."""
        return list(self.of(lambda: list(Pair.objects.filter(bridge_id=self.bridge))))

    def overruled(self) -> list[Overruled]:
        """The edits that gave way, on record."""
        return list(self.of(lambda: list(Overruled.objects.filter(bridge_id=self.bridge))))

    def writes(self) -> list[Write]:
        """The journal."""
        return list(
            self.of(lambda: list(Write.objects.filter(bridge_id=self.bridge).order_by("journalled_at")))
        )

    def planned(self) -> dict[uuid.UUID, dt.datetime]:
        """By write that a plan shows: when that plan was made."""
        made = self.of(lambda: dict(Plan.objects.values_list("id", "created_at")))
        shown = self.of(lambda: dict(PlanItem.objects.values_list("write_id", "plan_id")))
        return {write: made[plan] for write, plan in shown.items() if write and plan in made}

    def conflicts(self) -> list[Conflict]:
        """The queue that people see."""
        return list(self.of(lambda: list(conflicts.of_bridge(Bridge(id=self.bridge)))))

    def remote_ids(self, pair: uuid.UUID) -> tuple[str, str]:
        """The records of a pair, as their own systems call them."""
        stored = self.of(lambda: Pair.objects.get(id=pair))
        known = self.of(lambda: self.model.objects.in_bulk([stored.record_a, stored.record_b]))
        return str(known[stored.record_a].remote_id), str(known[stored.record_b].remote_id)

    def resolve(self, conflict: Conflict, resolution: str) -> bool:
        """A person rules; False when it was too late for that."""
        try:
            self.of(lambda: conflicts.resolve(conflict.id, resolution))
        except conflicts.ConflictClosed:
            return False
        return True

    def open_plan(self) -> Shown | None:
        """The plan that waits for a person, as it is shown."""
        return self.of(self._open_plan)  # type: ignore[no-any-return] # `of` says what it reads

    def _open_plan(self) -> Shown | None:
        plan = plans.current(self.bridge)
        if plan is None or plan.state != Plan.State.OPEN:
            return None
        items = PlanItem.objects.filter(plan_id=plan.id, state=PlanItem.State.WAITING)
        told = [
            (Side(item.side), {n: one["value"] for n, one in item.fields["fields"].items()}) for item in items
        ]
        return Shown(plan.id, plan.hash, plan.made_by, tuple(told))

    def approve(self, plan: uuid.UUID, told_hash: str) -> bool:
        """A person approves a plan by its hash; False when it is not that any more."""
        try:
            self.of(lambda: plans.approve(plan, told_hash))
        except plans.PlanRefused:
            return False
        return True

    def in_flight(self) -> int:
        """Writes that people are shown as not ended."""
        return int(self.of(lambda: Write.objects.filter(finished_at=None).count()))

    @contextmanager
    def leaving(self, note: Callable[[Write], None]) -> Iterator[None]:
        """Tell each write of the bridge at the moment at which it leaves."""

        def tell(instance: Write, update_fields: Collection[str] | None, **_more: Any) -> None:
            if "sent_at" in (update_fields or ()) and instance.bridge_id == self.bridge:
                note(instance)

        post_save.connect(tell, sender=Write, weak=False)
        try:
            yield
        finally:
            post_save.disconnect(tell, sender=Write)

    def side_of(self, write: Write) -> Side:
        """To which side a write goes."""
        return next(side for side, one in self.accounts.items() if one.id == write.linked_account_id)

    def changes(self) -> int:
        """Entries of the change log."""
        return int(self.of(Change.objects.count))


@contextmanager
def opened(outside: connect.Outside, providers: Mapping[Side, Provider]) -> Iterator[None]:
    """The product calls these remotes, over these wires, and tells no broker."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(connect, "OUTSIDE", outside))
        stack.enter_context(mock.patch.object(job, "wake", return_value=None))
        stack.enter_context(
            mock.patch.dict(registry._providers, {one.slug: one for one in providers.values()})
        )
        stack.enter_context(override_settings(PROVIDER_REQUESTS_PER_SECOND=10_000, PROVIDER_BURST=10_000))
        yield


def prepared(name: str, options: Mapping[str, Mapping[str, Any]], winner: str, terms: Terms) -> Stage:
    """Link both accounts and make the bridge, and the one that follows it; nothing is read yet."""
    tenant = Tenant.create(name).id
    with scope(tenant):
        linked = {side: _link(side) for side in Side}
        wish = setup.Wish(
            linked[Side.A],
            linked[Side.B],
            "ticketing.Ticket",
            winner=winner,
            fields=("name", "description", "status", "priority"),
            options=options,
            words=WORDS,
            deletes=terms.deletes,
            budget=terms.budget,
            filter=terms.filter,
            frequency=FREQUENCY,
            mode=Bridge.Mode.PLAN if terms.plans else Bridge.Mode.LIVE,
        )
        with transaction.atomic():
            bridge = setup.create(wish)
            about = _comments(linked, terms.comments) if terms.comments else None
            comments = setup.create(about) if about else None
    follower = Stage(tenant, linked, comments.id, about, Comment) if comments and about else None
    return Stage(tenant, linked, bridge.id, wish, follower=follower)


def _comments(linked: Mapping[Side, LinkedAccount], terms: CommentTerms) -> setup.Wish:
    return setup.Wish(
        linked[Side.A],
        linked[Side.B],
        "ticketing.Comment",
        winner=terms.winner,
        fields=("ticket", "body"),
        deletes=terms.deletes,
        budget=terms.budget,
        frequency=FREQUENCY,
        mode=Bridge.Mode.PLAN if terms.plans else Bridge.Mode.LIVE,
    )


def _link(side: Side) -> LinkedAccount:
    account, _, _ = accounts.link(
        category="ticketing",
        integration=SLUGS[side],
        end_user_origin_id="customer-1",
        settings={"base_url": f"https://{side.value}.example"},
        credential={"token": Secret("token")},
        remote_identity=side.value,
    )
    with transaction.atomic():
        streams.start(account)
    return account
