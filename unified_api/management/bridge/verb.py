"""What a verb of `manage.py bridge` is, and which bridges it is about."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.db.models import QuerySet

from tenants.models import Tenant
from tenants.operators import as_operator
from tenants.scope import scope, tenant_or_none
from unified_api.management.answering import Document, tenant_id
from unified_api.sync.bridge import setup
from unified_api.sync.models_bridge import Bridge

Options = dict[str, Any]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Verb:
    """One verb. answer: does what was asked for, and tells meanwhile how it goes."""

    name: str
    help: str
    take: Callable[[CommandParser], None]
    answer: Callable[[Options, Progress], Document]
    tell: Callable[[Document], Iterable[str]]


@dataclass(frozen=True)
class Meant:
    """The bridges that a command is about: one, or all of a name, in the order in which they were made."""

    tenant: uuid.UUID
    bridges: tuple[uuid.UUID, ...]
    named: bool

    def each(self, answer: Callable[[Bridge], Document]) -> Document:
        """What a function, called in a transaction of its own, says of each; of one, that alone."""
        documents = []
        for bridge_id in self.bridges:
            with scope(self.tenant), transaction.atomic():
                documents.append(answer(Bridge.objects.get(id=bridge_id)))
        return {"bridges": documents} if self.named else documents[0]


def take_bridge(parser: CommandParser) -> None:
    """Add the bridges that a verb is about."""
    parser.add_argument("bridge", help="name, NAME/MODEL such as tickets/Ticket, or id")
    take_tenant(parser)


def take_tenant(parser: CommandParser) -> None:
    """Add the tenant whose bridges are meant."""
    parser.add_argument("--tenant", metavar="T", help="name or id; not needed if there is only one")


def meant(options: Options) -> Meant:
    """The bridges of this name, the one of NAME/MODEL, or the one with this id; CommandError if there is none."""
    given = options["bridge"]
    located = setup.locate(given)
    if located is not None:
        return Meant(located[0], (located[1],), named=False)
    tenant = one_tenant(options["tenant"])
    with scope(tenant), transaction.atomic():
        found = [one.id for one in _named(given)]
        if found:
            return Meant(tenant, tuple(found), named=True)
        name, _, model = given.rpartition("/")
        named = _named(name) if name else ()
        one_model = [one.id for one in named if model in {one.model, one.model.partition(".")[2]}]
        near = _nearly(given) if len(one_model) != 1 else ""
    if len(one_model) != 1:
        raise CommandError(
            f"There is no bridge {given!r}{near}; `manage.py bridge status` shows those there are."
        )
    return Meant(tenant, tuple(one_model), named=False)


def _nearly(given: str) -> str:
    """The name that is nearly the one that was given, as a question; empty where there is none."""
    known = {
        one.casefold(): one
        for bridge in Bridge.objects.exclude(name="")
        for one in (bridge.name, in_words(bridge))
    }
    near = get_close_matches(given.casefold(), known, n=1)
    return f" (did you mean {known[near[0]]!r}?)" if near else ""


def _named(name: str) -> QuerySet[Bridge]:
    return Bridge.objects.filter(name=name).order_by("created_at", "id")


def in_words(bridge: Bridge) -> str:
    """How one bridge is named on the command line: NAME/MODEL, or its id where it has no name."""
    return f"{bridge.name}/{bridge.model.partition('.')[2]}" if bridge.name else str(bridge.id)


def of_one(
    answer: Callable[[uuid.UUID, uuid.UUID, Options], Document],
) -> Callable[[Options, Progress], Document]:
    """The answer of a verb that is about one bridge: of a name that several have, which has to be said."""

    def answered(options: Options, _progress: Progress) -> Document:
        about = meant(options)
        if len(about.bridges) > 1:
            with scope(about.tenant), transaction.atomic():
                each = [in_words(bridge) for bridge in _named(options["bridge"])]
            raise CommandError(f"{options['bridge']!r} has several bridges; say which: {' or '.join(each)}.")
        return answer(about.tenant, about.bridges[0], options)

    return answered


def one_tenant(given: str | None) -> uuid.UUID:
    """The tenant that was given, or the only one there is; CommandError."""
    if given:
        return tenant_id(given)
    if (inside := tenant_or_none()) is not None:
        return inside
    with as_operator("manage.py bridge"):
        tenants = list(Tenant.objects.values_list("id", flat=True)[:2])
    if len(tenants) != 1:
        raise CommandError("Give --tenant: there are several tenants, or none.")
    only: uuid.UUID = tenants[0]
    return only
