"""Applying a bridge file: bridges are made, or told what has changed; what is so already stays as it is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction

from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.engine.values import Both, Side
from unified_api.sync.bridge import regardless, setup, stirring
from unified_api.sync.bridge.changing import Changed, change
from unified_api.sync.bridge.configuration import Configuration
from unified_api.sync.bridge.file import PRIORITIES, BridgeFile
from unified_api.sync.bridge.marked import Path
from unified_api.sync.bridge.wish import BridgeRefused, Mistake, Wish
from unified_api.sync.models_bridge import Bridge

#: Keys of a model that a wish takes as they are.
_SAME: Final = (
    "follows",
    "match",
    "winner",
    "otherwise",
    "first",
    "references",
    "filter",
    "leaving",
    "start",
    "budget",
    "audit",
    "content",
    "cap",
    "creates",
    "constants",
    "deletes",
)


@dataclass(frozen=True)
class How:
    """How a file is applied. live: its bridges write by themselves, whatever is new. crossing: see Wish.

    test_only: only test accounts are found.
    """

    live: bool = False
    crossing: bool = False
    test_only: bool = False


@dataclass(frozen=True)
class Applied:
    """One bridge of a file, and what was done to it: created, changed or unchanged."""

    bridge: Bridge
    what: str
    changed: Changed
    limits: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """The same for people and programs."""
        return {
            "bridge_id": str(self.bridge.id),
            "model": self.bridge.model,
            "what": self.what,
            "version": self.bridge.version,
            "mode": self.bridge.mode,
            "differences": [one.as_data() for one in self.changed.differences],
            "wider": list(self.changed.wider),
            "limits": list(self.limits),
        }


def apply(file: BridgeFile, how: How, *, dry_run: bool = False) -> list[Applied]:
    """Make the tenant in scope have the bridges of this file; raises FileRefused, and then nothing was changed."""
    with transaction.atomic(durable=True):
        applied = _apply(file, how)
        if dry_run:
            transaction.set_rollback(True)
    return applied


def left_out(file: BridgeFile) -> list[Bridge]:
    """Bridges of this name that the file does not speak of any more, within the transaction that is open."""
    named = Bridge.objects.filter(name=file.data["name"])
    return list(named.exclude(model__in=file.models).order_by("created_at"))


def wishes(file: BridgeFile, accounts: Both[LinkedAccount], how: How) -> Iterator[Wish]:
    """What the file wants, model by model, in the order in which bridges are made."""
    order = tuple(file.models)
    for model in order:
        yield _wish(file.data, accounts, order, model, how)


def configured(file: BridgeFile, bridge: Bridge) -> Configuration:
    """What a file would tell a bridge that there is, within the transaction that is open; raises FileRefused."""
    accounts = _accounts(file, How())
    if (accounts.a.id, accounts.b.id) != (bridge.account_a, bridge.account_b):
        raise file.refused(
            [((), Mistake("a", "the bridge joins two other accounts, or these the other way round"))]
        )
    wish = next((one for one in wishes(file, accounts, How()) if one.model == bridge.model), None)
    if wish is None:
        raise file.refused(
            [((), Mistake("models", f"the bridge is over {bridge.model}, which is not among these"))]
        )
    try:
        return setup.checked(wish, Configuration.parse(bridge.configuration))
    except BridgeRefused as error:
        raise file.refused((_below(file, wish.model, one), one) for one in error.mistakes) from error


def _apply(file: BridgeFile, how: How) -> list[Applied]:
    accounts = _accounts(file, how)
    mistakes: list[tuple[Path, Mistake]] = []
    applied = []
    known = Bridge.objects.filter(account_a=accounts.a.id, account_b=accounts.b.id, model__in=file.models)
    stirring.overtake(set(known.values_list("id", flat=True)))
    for wish in wishes(file, accounts, how):
        try:
            applied.append(_apply_one(wish, how))
        except BridgeRefused as error:
            mistakes += [(_below(file, wish.model, one), one) for one in error.mistakes]
    if mistakes:
        raise file.refused(mistakes)
    return applied


def _below(file: BridgeFile, model: str, mistake: Mistake) -> Path:
    """Where a mistake about a model was made: what is not said of the model was said of all."""
    above = mistake.place in file.data and mistake.place not in file.data["models"][model]
    return () if above else ("models", model)


def _apply_one(wish: Wish, how: How) -> Applied:
    _refuse_other_name(wish)
    a, b = wish.account_a.id, wish.account_b.id
    known = Bridge.objects.filter(account_a=a, account_b=b, model=wish.model).first()
    if known is None:
        made = setup.create(wish)
        return Applied(made, "created", Changed(made, (), ()), tuple(setup.limits(made, wish.accounts)))
    changed = change(known, wish, live=how.live)
    what = "changed" if changed.differences else "unchanged"
    return Applied(changed.bridge, what, changed, tuple(setup.limits(changed.bridge, wish.accounts)))


def _refuse_other_name(wish: Wish) -> None:
    """The bridges of one name join the same accounts, and a bridge has one name."""
    a, b = wish.account_a.id, wish.account_b.id
    for name, *accounts, model in Bridge.objects.values_list("name", "account_a", "account_b", "model"):
        if accounts == [a, b] and model == wish.model and name not in {"", wish.name}:
            raise BridgeRefused(
                f"These accounts are joined over {model} by {name!r} already; give this file its name."
            )
        if name == wish.name and accounts == [b, a]:
            raise BridgeRefused(
                f"{name!r} joins these accounts with a and b the other way round; swap them, or give this file another"
                " name."
            )
        if name == wish.name and accounts != [a, b]:
            raise BridgeRefused(f"{name!r} joins two other accounts; give this file another name.")


def _wish(
    data: Mapping[str, Any], accounts: Both[LinkedAccount], order: tuple[str, ...], model: str, how: How
) -> Wish:
    told = data["models"][model]
    fields: Mapping[str, Mapping[str, Any]] = {name: one or {} for name, one in told["fields"].items()}
    priority = told.get("priority") or data.get("priority") or "normal"
    given = {name: told[name] for name in _SAME if told.get(name) is not None}
    return Wish(
        accounts.a,
        accounts.b,
        model,
        fields=list(fields),
        options={name: {k: v for k, v in one.items() if k != "words"} for name, one in fields.items()},
        words=[word for name, one in fields.items() for word in _words(name, one.get("words") or {})],
        frequency=_frequency(data, told),
        priority=PRIORITIES[priority],
        mode=Bridge.Mode.LIVE if how.live else data.get("mode") or Bridge.Mode.PLAN,
        name=data["name"],
        goal=data.get("goal") or "",
        owner=data.get("owner") or "",
        beside=order,
        crossing=how.crossing,
        **given,
    )


def _frequency(*documents: Mapping[str, Any]) -> float:
    """What is said last, of the file and then of the model. Nought is said, too, and refused like others."""
    said = [one["frequency"] for one in documents if one.get("frequency") is not None]
    return float(said[-1]) if said else Wish.frequency


def _words(name: str, told: Mapping[str, Any]) -> Iterator[tuple[str, Side, str, str | None]]:
    for side, words in told.items():
        for there, here in (words or {}).items():
            yield name, Side(side), there, here


def _accounts(file: BridgeFile, how: How) -> Both[LinkedAccount]:
    found: dict[Side, LinkedAccount] = {}
    mistakes: list[tuple[Path, Mistake]] = []
    for side in Side:
        try:
            found[side] = _account(file.data[side.value], how)
        except BridgeRefused as error:
            mistakes += [((), replace(one, place=side.value)) for one in error.mistakes]
    if mistakes:
        raise file.refused([*mistakes, *regardless.mistakes(file.data)])
    return Both(found[Side.A], found[Side.B])


def _account(told: Mapping[str, str], how: How) -> LinkedAccount:
    living = LinkedAccount.objects.filter(deleted_at=None, **({"is_test": True} if how.test_only else {}))
    named = {name: told[name] for name in ("integration", "category") if name in told}
    if "end_user" in told:
        named["end_user_origin_id"] = told["end_user"]
    if "account" in told:
        named["id"] = str(_id(told["account"]))
    accounts: list[LinkedAccount] = list(living.filter(**named)[:2])
    if not accounts:
        raise BridgeRefused(_unknown(told))
    if len(accounts) > 1:
        raise BridgeRefused("there are several such accounts; name the category, or the account by its id")
    return accounts[0]


def _unknown(told: Mapping[str, str]) -> str:
    """The sentence about an account that there is not, with what was asked for."""
    slug = told.get("integration")
    if slug is not None and slug not in {one.slug for one in registry.all()}:
        return f"there is no integration {slug!r}; `manage.py integrations` shows those there are"
    names = {"account": "with the id", "end_user": "of the end user", "integration": "at", "category": "for"}
    asked = " ".join(f"{how} {told[name]!r}" for name, how in names.items() if name in told)
    return f"the tenant has no linked account {asked}; `manage.py status` shows those there are"


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BridgeRefused(f"{text!r} is no id of a linked account") from None
