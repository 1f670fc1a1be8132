"""What follows for streams when it changes what of an account may be read.

A model that may not be read is not read: its stream rests as DISABLED, and its records are shown to nobody. A field
that may not be read is left out of what is stored from now on, and what is stored of it is shown to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from integrations.kit.provider import Provider, Resource
from tenants import permissions
from tenants.models import LinkedAccount
from tenants.permissions import Says
from unified_api import registry
from unified_api.models.base import model_id
from unified_api.sync import connect, job, streams
from unified_api.sync.bridge import changing
from unified_api.sync.models import Stream


def set_own(account: LinkedAccount, says: Says) -> None:
    """Have this hold for an account, beside what holds for all; within the transaction that is open."""
    _follow(account, permissions.set_own(account, says))


def set_of_all(says: Says) -> None:
    """Have this hold for all accounts that say nothing else; within the transaction that is open."""
    for account, before in permissions.set_of_all(says):
        _follow(account, before)


def narrowed(provider: Provider, account: LinkedAccount) -> Provider:
    """The provider without the fields that may neither be read nor written at this account."""
    if not account.permissions:
        return provider
    return replace(provider, resources=tuple(_narrowed(resource, account) for resource in provider.resources))


def _narrowed(resource: Resource, account: LinkedAccount) -> Resource:
    hidden, unread = kept_back(resource, account)
    return resource.without(hidden, unread) if unread or any(hidden.values()) else resource


def kept_back(resource: Resource, account: LinkedAccount) -> tuple[dict[str, frozenset[str]], set[str]]:
    """Of its model and those its answers tell of, the hidden fields by `category.Model`; those that may not be read."""
    hidden = {model_id(model): account.hidden(model_id(model)) for model in _models(resource)}
    return hidden, {name for name in hidden if not account.may("read", name)}


def _models(resource: Resource) -> list[Any]:
    inside = [*(embedded.mapping for embedded in resource.embedded), *resource.quotes.values()]
    return [resource.model, *(mapping.model for mapping in inside)]


def _follow(account: LinkedAccount, before: Mapping[str, Any]) -> None:
    """Stop streams of what may not be read any more; read again what may, or whose fields are others.

    One that is paused begins when it is resumed. What only comes inside another model's answers comes anew with these.
    Bridges look at all pairs again, those between which more is allowed once that was read.
    """
    if account.permissions != before:
        changing.look_again(account.id)
    if connect.is_hosted(account):
        return
    inside = _inside(account)
    mine = Stream.objects.filter(linked_account_id=account.id).order_by("model")
    streams_of = dict(mine.values_list("model", "id"))
    for model, stream_id in streams_of.items():
        within = [model, *(one for one in inside.get(model, ()) if one not in streams_of)]
        was, now = ([each.get(one, {}) for one in within] for each in (before, account.permissions))
        if not any(_differ(*each) for each in zip(was, now, strict=True)):
            continue
        job.forget(streams.KIND, stream_id)
        stream: Stream = Stream.objects.select_for_update().get(id=stream_id)
        if any(_is_wider(*each) for each in zip(was, now, strict=True)):
            stream.fresh_as_of = None
            stream.save(update_fields=["fresh_as_of"])
        if account.may("read", model):
            streams.start_over(stream)
        else:
            streams.rest(stream)


def _inside(account: LinkedAccount) -> dict[str, set[str]]:
    """By model, those that its answers bring along; nothing of an adapter that is gone."""
    try:
        resources = connect.adapter_of(account).resources
    except registry.UnknownIntegration:
        return {}
    return {model_id(one.model): {model_id(each.mapping.model) for each in one.embedded} for one in resources}


def _differ(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return was.get("read", True) != now.get("read", True) or was.get("hidden") != now.get("hidden")


def _is_wider(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether something may be read of a model that could not be before: what is stored of it is old.

    The reading that makes it new moves `modified_at` of all of it, so that whoever asks for changes is told.
    """
    is_read = not was.get("read", True) and now.get("read", True)
    return is_read or not set(was.get("hidden", ())) <= set(now.get("hidden", ()))
