"""`bridge create`: one bridge over one model, by options; what they cannot say, a file can."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants import accounts
from tenants.models import LinkedAccount
from tenants.scope import scope
from unified_api.engine.values import Side
from unified_api.management.answering import Document, take_json, tenant_id
from unified_api.management.bridge import standing
from unified_api.management.bridge.verb import Options, Progress, Verb
from unified_api.sync.bridge import setup, showing
from unified_api.sync.models_bridge import Bridge

FIELDS = "name,description,status,priority"


def _take(parser: CommandParser) -> None:
    parser.add_argument("--tenant", required=True, metavar="T", help="name or id")
    parser.add_argument("--a", required=True, metavar="ACCOUNT", help="id or token of the account of side a")
    parser.add_argument("--b", required=True, metavar="ACCOUNT", help="the same for side b")
    parser.add_argument("--model", default="ticketing.Ticket", metavar="M")
    parser.add_argument(
        "--winner", required=True, choices=list("ab"), help="whose edit prevails over the other's"
    )
    parser.add_argument("--fields", default=FIELDS, metavar="NAMES", help=f"by default {FIELDS}")
    parser.add_argument("--match", metavar="NAMES", help="fields by which records find each other")
    parser.add_argument(
        "--first",
        default="fill",
        choices=["fill", "winner", "keep"],
        help="what happens where both differ at first",
    )
    repeated: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument(
        "--one-way", **repeated, metavar="FIELD=SIDE", help="a field that travels to SIDE only"
    )
    parser.add_argument(
        "--word",
        **repeated,
        metavar="FIELD:SIDE:THEIRS=OURS",
        help="at SIDE, the other side's word THEIRS is written as OURS",
    )
    parser.add_argument("--frequency", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--paused", action="store_true", help="do not begin yet")
    parser.add_argument("--live", action="store_true", help="write at once, without a plan to approve")
    take_json(parser)


def _answer(options: Options, _progress: Progress) -> Document:
    tenant = tenant_id(options["tenant"])
    try:
        with scope(tenant), transaction.atomic():
            wish = _wish(tenant, options)
            bridge = setup.create(wish)
            return {**showing.standing(bridge), "limits": list(setup.limits(bridge, wish.accounts))}
    except setup.BridgeRefused as error:
        raise CommandError(str(error)) from error


def _tell(document: Document) -> Iterable[str]:
    return standing.tell(document)


def _wish(tenant: uuid.UUID, options: Options) -> setup.Wish:
    return setup.Wish(
        account_a=_account(tenant, options["a"]),
        account_b=_account(tenant, options["b"]),
        model=options["model"],
        winner=options["winner"],
        fields=_names(options["fields"]),
        match=_names(options["match"]) if options["match"] else None,
        options=dict(_one_way(text) for text in options["one_way"]),
        words=[_word(text) for text in options["word"]],
        first=options["first"],
        frequency=options["frequency"],
        paused=options["paused"],
        mode=Bridge.Mode.LIVE if options["live"] else Bridge.Mode.PLAN,
    )


def _account(tenant: uuid.UUID, given: str) -> LinkedAccount:
    located = accounts.locate(given)
    found = LinkedAccount.objects.filter(id=located[1], deleted_at=None) if located else None
    account: LinkedAccount | None = found.first() if found and located and located[0] == tenant else None
    if account is None:
        raise CommandError("The tenant has no such linked account; `manage.py status` shows those there are.")
    return account


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _one_way(text: str) -> tuple[str, dict[str, str]]:
    name, _, side = text.partition("=")
    if side not in {"a", "b"}:
        raise CommandError(f"--one-way takes FIELD=a or FIELD=b, not {text!r}.")
    return name, {"direction": "a_to_b" if side == "b" else "b_to_a"}


def _word(text: str) -> tuple[str, Side, str, str]:
    place, sign, ours = text.partition("=")
    parts = place.split(":", 2)
    if not sign or len(parts) != 3 or parts[1] not in {"a", "b"}:  # noqa: PLR2004 - field, side, word
        raise CommandError(
            f"--word takes FIELD:SIDE:THEIRS=OURS, such as status:b:IN_PROGRESS=OPEN, not {text!r}."
        )
    return parts[0], Side(parts[1]), parts[2], ours


CREATE = Verb("create", "join two accounts over one model, by options", _take, _answer, _tell)
