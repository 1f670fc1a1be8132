"""Custom fields: what a tenant has mapped of a provider's records beyond the common fields.

A target is a name of the tenant's own, such as `churn_risk`, of one common model: for one linked account, or for all
accounts at an integration. Where both say one name, the account's own says more. It is read by a JMESPath from what the
adapter makes of an answer, and written at a path, if there is one. Beside common fields it is called
`field_mappings.churn_risk`, and takes part like any of them: in observations, the log, writes and bridges.

A new mapping shows once its model was read again from the start, which is asked for here. One that is taken away leaves
the records at once, some at a time, each with an entry in the log.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from psycopg.errors import UniqueViolation

from integrations.kit.provider import Provider, Resource
from integrations.kit.searching import NoPath, compiled
from integrations.kit.target import Target
from tenants import audit
from tenants.events import EventType
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.models.base import CUSTOM, common_model, model_id
from unified_api.sync import clock, connect, permissions, store, streams
from unified_api.sync.models import FieldMapping, Stream

#: Records that one transaction takes a target away from.
AT_ONCE: Final = 500
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_KNOWN: Final = "_field_mappings"


class TargetRefused(ValueError):
    """A mapping that cannot be; the sentence says why and what would do."""


def of(account: LinkedAccount) -> list[FieldMapping]:
    """The mappings of an account; its own before those of its integration, which it has once a name."""
    return _of([account])[account.id]


def _of(accounts: Collection[LinkedAccount]) -> dict[uuid.UUID, list[FieldMapping]]:
    shared = Q(linked_account_id=None, integration__in={one.integration for one in accounts})
    own = Q(linked_account_id__in=[one.id for one in accounts])
    rows = FieldMapping.objects.filter(shared | own).order_by("id")
    ordered = sorted(rows, key=lambda one: one.linked_account_id is not None)
    return {account.id: _for(account, ordered) for account in accounts}


def _for(account: LinkedAccount, ordered: Iterable[FieldMapping]) -> list[FieldMapping]:
    """Those that an account has, of these; of two with one name the later one."""
    told = {
        (one.model, one.target): one
        for one in ordered
        if one.linked_account_id == account.id
        or (one.linked_account_id is None and one.integration == account.integration)
    }
    return list(told.values())


def look_up(accounts: Collection[LinkedAccount]) -> None:
    """Have the mappings of some accounts at hand, by one query, within the transaction that is open."""
    found = _of(accounts) if accounts else {}
    for account in accounts:
        account.__dict__[_KNOWN] = found[account.id]


def mapped(provider: Provider, account: LinkedAccount) -> Provider:
    """The provider as this account has it; the same where nothing is mapped. Looked up once an account object."""
    if account._state.adding:  # noqa: SLF001 - documented; nothing is mapped of an account that is not stored
        return provider
    known = _at_hand(account)
    if not known:
        return provider
    return replace(provider, resources=tuple(_extended(resource, known) for resource in provider.resources))


def _at_hand(account: LinkedAccount) -> list[FieldMapping]:
    if _KNOWN not in account.__dict__:
        with transaction.atomic(savepoint=False):
            look_up([account])
    known: list[FieldMapping] = account.__dict__[_KNOWN]
    return known


def hidden(account: LinkedAccount, model: str) -> frozenset[str]:
    """The fields of a model that may not be read at an account, and the custom fields that read such a one, or may.

    Where the adapter is gone nobody knows what they read, so none is shown.
    """
    names = account.hidden(model)
    if not account.permissions:
        return names
    try:
        resource = mapped(connect.adapter_of(account), account).resource(model)
    except registry.UnknownIntegration:
        return names.union(CUSTOM + one.target for one in _at_hand(account) if one.model == model)
    if resource is None:
        return names
    places = resource.hidden_places(*permissions.kept_back(resource, account))
    return names | resource.mapping.touching(places)


def _extended(resource: Resource, mappings: Iterable[FieldMapping]) -> Resource:
    mine = [one for one in mappings if one.model == model_id(resource.model)]
    told = [Target(CUSTOM + one.target, one.jmes_path, one.remote_path) for one in mine]
    return resource.with_targets(told) if told else resource


def add(
    account: LinkedAccount | str,
    model: str,
    target: str,
    *,
    jmes_path: str = "",
    steps: Sequence[str | int] = (),
    remote_path: str | None = None,
    description: str = "",
) -> FieldMapping:
    """Map a target, for an account or for all at an integration (its slug), within the transaction that is open.

    steps: where it is read, in place of a JMESPath. Raises TargetRefused.
    """
    jmes_path = jmes_path or path_of(steps)
    integration = account if isinstance(account, str) else account.integration
    _check(integration, model, target, jmes_path, remote_path)
    if isinstance(account, LinkedAccount):
        account.__dict__.pop(_KNOWN, None)
    about = {
        "integration": integration,
        "linked_account_id": None if isinstance(account, str) else account.id,
    }
    made = FieldMapping(
        **about,
        model=model,
        target=target,
        description=description,
        jmes_path=jmes_path,
        steps=list(steps),
        remote_path=remote_path,
        created_at=clock.now(),
    )
    _store(made)
    audit.record(
        "field_mapping.created",
        subject=str(made.id),
        event_type=_event("CREATED", made),
        target=target,
        model=model,
    )
    _read_again(made)
    return made


def _store(made: FieldMapping) -> None:
    """Store a mapping, unless there is one of its name: the database says so, also of two that come at once."""
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        told = f"{made.target} of {made.model} is mapped there already; remove that mapping first."
        raise TargetRefused(told) from error


def change(mapping: FieldMapping, *, jmes_path: str = "", steps: Sequence[str | int] = ()) -> None:
    """Read a target somewhere else from now on, within the transaction that is open; raises TargetRefused."""
    path = jmes_path or path_of(steps)
    _check(mapping.integration, mapping.model, mapping.target, path, mapping.remote_path)
    mapping.jmes_path, mapping.steps = path, list(steps)
    mapping.save(update_fields=["jmes_path", "steps"])
    audit.record(
        "field_mapping.changed",
        subject=str(mapping.id),
        event_type=_event("CHANGED", mapping),
        target=mapping.target,
        jmes_path=path,
    )
    _read_again(mapping)


def path_of(steps: Sequence[str | int]) -> str:
    """The JMESPath of names and places in lists, one inside the other; empty for none."""
    told = [f"[{step}]" if isinstance(step, int) else json.dumps(step, ensure_ascii=False) for step in steps]
    return ".".join(told).replace(".[", "[")


def remove(mapping_id: uuid.UUID) -> FieldMapping:
    """Take a mapping away, and its target out of all records that have it from there; raises TargetRefused.

    In transactions of its own.
    """
    with transaction.atomic(durable=True):
        mapping: FieldMapping | None = FieldMapping.objects.filter(id=mapping_id).first()
        if mapping is None:
            raise TargetRefused("There is no field mapping with this id.")
        accounts = list(_accounts(mapping))
        mapping.delete()
        event_type = _event("DELETED", mapping)
        audit.record(
            "field_mapping.deleted", subject=str(mapping_id), event_type=event_type, target=mapping.target
        )
        left = {account.id: {(one.model, one.target) for one in of(account)} for account in accounts}
        _read_again(mapping)
    for account in accounts:
        if (mapping.model, mapping.target) not in left[account.id]:
            _forget(account, mapping)
    return mapping


def _event(done: str, mapping: FieldMapping) -> EventType:
    whose = "INTEGRATION_WIDE" if mapping.linked_account_id is None else "LINKED_ACCOUNT"
    return EventType(f"{done}_{whose}_FIELD_MAPPING")


def _check(integration: str, model: str, target: str, jmes_path: str, remote_path: str | None) -> None:
    try:
        resource = registry.by_slug(integration).resource(model)
    except registry.UnknownIntegration as error:
        raise TargetRefused(str(error)) from error
    if resource is None:
        raise TargetRefused(f"{integration} has no {model}.")
    if not _NAME.fullmatch(target):
        raise TargetRefused(
            f"{target!r} is no name of a target: small letters, digits and _ are, a letter first."
        )
    if resource.hosted:
        if jmes_path or remote_path:
            raise TargetRefused(
                f"{integration} keeps its records here: its targets have names, and no paths."
            )
        return
    if not jmes_path:
        raise TargetRefused("Say where the target is read, by a JMESPath.")
    try:
        compiled(jmes_path)
    except NoPath as error:
        raise TargetRefused(f"{error}.") from error
    _refuse_sensitive(resource, target, jmes_path)
    if remote_path is not None and not any(remote_path.startswith(begin) for begin in resource.custom):
        able = ", ".join(f"{begin}…" for begin in resource.custom) or "nowhere"
        raise TargetRefused(
            f"{integration} does not write {remote_path!r}; custom fields are written at: {able}"
        )


def _refuse_sensitive(resource: Resource, target: str, jmes_path: str) -> None:
    """Raise TargetRefused where it would read a sensitive field, or may; one would be stored and logged in clear."""
    extended = resource.with_targets([Target(target, jmes_path, None)])
    if extended.mapping.touching(extended.sensitive):
        raise TargetRefused(
            f"{jmes_path} reads a sensitive field of {model_id(resource.model)}, or may read one. Such a field is read"
            " by its common name alone, with include_sensitive_fields; map a path that leads elsewhere."
        )


def _accounts(mapping: FieldMapping) -> Iterable[LinkedAccount]:
    named: Mapping[str, Any] = (
        {"id": mapping.linked_account_id}
        if mapping.linked_account_id
        else {"integration": mapping.integration}
    )
    return LinkedAccount.objects.filter(deleted_at=None, **named).order_by("id")


def _read_again(mapping: FieldMapping) -> None:
    """Have the model read from the start at all accounts of a mapping, unless Isthmus itself keeps the records."""
    ids = [account.id for account in _accounts(mapping)]
    for stream in Stream.objects.filter(linked_account_id__in=ids, model=mapping.model).order_by("id"):
        if not registry.by_slug(mapping.integration).hosted:
            streams.resync(stream)


def _forget(account: LinkedAccount, mapping: FieldMapping) -> None:
    model, name = common_model(mapping.model), CUSTOM + mapping.target
    having = model.objects.filter(linked_account_id=account.id, field_mappings__has_key=mapping.target)
    while True:
        with store.entry(account.id) as entry:
            ids = list(having.order_by("id").values_list("id", flat=True)[:AT_ONCE])
            entry.forget(model, ids, name, store.Cause("mapping"))
        if len(ids) < AT_ONCE:
            return
