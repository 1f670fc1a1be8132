"""Scopes from elsewhere: what of accounts may be read and written, for all of them and for one.

What is listed there says everything of every model. Kept of it is what limits, and where an account differs from what
holds for all, so that a change of what holds for all reaches it here, too. What was said here for all counts more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from tenants import permissions
from tenants.models import LinkedAccount
from tenants.permissions import Say
from unified_api.management.importing.answers import Malformed, value
from unified_api.models.base import CommonModel, common_models, model_id, public_id, wire_fields
from unified_api.sync.permissions import set_of_all, set_own


def told(listed: Iterable[Any], category: str, problems: list[str]) -> dict[str, Say]:
    """What is said of each model, in full; what it disables and is not known here is a problem. Raises Malformed."""
    known = {name: model for model in common_models(category) for name in _names(model)}
    says = {}
    for one in listed:
        name = value(one, "model_name")
        model = known.get(name) if isinstance(name, str) else None
        if model is not None:
            says[model_id(model)] = _say(model, one, problems)
        elif _limits(one):
            problems.append(f"scopes: {name!r} is limited there, and is no common model here")
    return says


def keep_of_all(says: Mapping[str, Say]) -> None:
    """Have this hold for all accounts, of models of which nothing was said here yet."""
    with transaction.atomic(durable=True):
        here = permissions.of_all()
        limits = {model: _limiting(said) for model, said in says.items()}
        news = {model: said for model, said in limits.items() if model not in here and said != Say()}
        if news:
            set_of_all({**here, **news})


def keep_own(account: LinkedAccount, says: Mapping[str, Say]) -> int:
    """Have this hold for an account, within the transaction that is open; of how many models it says more."""
    here = permissions.of_all()
    own = {model: _beyond(said, here.get(model, Say())) for model, said in says.items()}
    own = {model: said for model, said in own.items() if said != Say()}
    if own:
        set_own(account, own)
    return len(own)


def _names(model: type[CommonModel]) -> set[str]:
    return {
        model.__name__,
        model_id(model),
        public_id(model),
        *([model.wire.public] if model.wire.public else []),
    }


def _say(model: type[CommonModel], one: Any, problems: list[str]) -> Say:
    off, known = _disabled(one), wire_fields(model)
    strange = [name for name in off if not isinstance(name, str) or not dict.__contains__(known, name)]
    problems += [
        f"scopes: {model_id(model)} has no field {name!r} here, which is disabled there" for name in strange
    ]
    fields = {name: name not in off for name in known}
    return Say(_enabled(one, "READ"), _enabled(one, "WRITE"), fields)


def _limits(one: Any) -> bool:
    return bool(_disabled(one)) or not (_enabled(one, "READ") and _enabled(one, "WRITE"))


def _disabled(one: Any) -> list[Any]:
    found = value(value(one, "field_permissions"), "disabled_fields") or []
    if not isinstance(found, list):
        raise Malformed("scopes name disabled fields that are no list")
    return found


def _enabled(one: Any, action: str) -> bool:
    """Whether something is allowed; what is not spoken of is."""
    actions = value(one, "model_permissions") or {}
    if not isinstance(actions, dict):
        raise Malformed("scopes name permissions that are no object")
    said = value(actions.get(action), "is_enabled")
    if said is not None and not isinstance(said, bool):
        raise Malformed(f"scopes say neither true nor false of {action}")
    return said is not False


def _limiting(said: Say) -> Say:
    off = {name: False for name, allowed in said.fields.items() if not allowed}
    return Say(None if said.reads else False, None if said.writes else False, off)


def _beyond(said: Say, here: Say) -> Say:
    """Where what is said of an account differs from what holds for all."""
    return Say(
        None if said.reads == (here.reads is not False) else said.reads,
        None if said.writes == (here.writes is not False) else said.writes,
        {n: allowed for n, allowed in said.fields.items() if allowed != here.fields.get(n, True)},
    )
