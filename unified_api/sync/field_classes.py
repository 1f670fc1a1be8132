"""The fields of a provider's own, as `RemoteFieldClass`: read where a model is read from its beginning, and kept.

Those of custom objects are in their classes, which are records.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import structlog
from django.db import transaction

from integrations.kit import errors
from integrations.kit.field_classes import FieldClass
from integrations.kit.paths import steps
from integrations.kit.provider import Resource
from tenants import audit
from tenants.models import LinkedAccount
from unified_api.models.base import NAMESPACE, CommonModel, model_id
from unified_api.models.crm import CustomObject, CustomObjectClass
from unified_api.sync import connect, issues, job
from unified_api.sync.models_fields import RemoteFieldClass
from unified_api.sync.models_watch import Issue

log = structlog.get_logger(__name__)
#: What is kept of a class beside what names it.
_NAMED_BY: Final = ("id", "tenant_id", "linked_account_id", "model", "object_class", "remote_key_name")
_ABOUT: Final = tuple(f.name for f in RemoteFieldClass._meta.concrete_fields if f.name not in _NAMED_BY)


def of(account: LinkedAccount, model: type[CommonModel]) -> list[RemoteFieldClass]:
    """The field classes of a model at an account, in the order of their keys."""
    with transaction.atomic():
        if model is CustomObject:
            found = list(_of_objects(account))
        else:
            mine = RemoteFieldClass.objects.filter(linked_account_id=account.id, model=model_id(model))
            found = list(mine)
    return sorted(found, key=lambda one: (one.remote_key_name, str(one.id)))


def _of_objects(account: LinkedAccount) -> Iterator[RemoteFieldClass]:
    """Those that the classes of custom objects name."""
    classes = CustomObjectClass.objects.filter(linked_account_id=account.id, remote_was_deleted=False)
    for of_class in classes.exclude(fields=None).only("id", "fields"):
        for told in of_class.fields or []:
            if key := told.get("remote_key_name"):
                about = {name: value for name, value in told.items() if name in _ABOUT}
                yield RemoteFieldClass(
                    **{**about, "is_custom": True, "is_common_model_field": False},
                    id=_id(account, CustomObject, key, of_class.id),
                    linked_account_id=account.id,
                    model=model_id(CustomObject),
                    object_class=of_class.id,
                    remote_key_name=key,
                )


def _id(
    account: LinkedAccount, model: type[CommonModel], key: str, of_class: uuid.UUID | None = None
) -> uuid.UUID:
    """The id of a class: the same for as long as the field has its name."""
    return uuid.uuid5(NAMESPACE, "\x1f".join(["field", str(account.id), model_id(model), str(of_class), key]))


def read(line: connect.Line, account: LinkedAccount, resource: Resource, lease: job.Lease) -> None:
    """Ask the provider what fields it has, and keep that; where it does not say, what is known stays.

    Raises RetryLater and NeedsReauthorisation.
    """
    if resource.field_classes is None:
        return
    try:
        told = line.client.field_classes(resource)
    except (errors.Forbidden, errors.Gone, errors.Misconfigured, errors.Rejected) as error:
        log.warning("field_classes.not_read", model=model_id(resource.model), problem=str(error))
        return
    with transaction.atomic(durable=True):
        job.hold(lease)
        _keep(account, resource, told)


def _keep(account: LinkedAccount, resource: Resource, told: Iterable[FieldClass]) -> None:
    mine = RemoteFieldClass.objects.filter(linked_account_id=account.id, model=model_id(resource.model))
    known = {one.id: one for one in mine}
    is_first, new, keys = not known, [], set()
    for field in told:
        wanted = _class_of(account, resource, field)
        keys.add(field.key)
        there = known.pop(wanted.id, None)
        if there is None:
            new.append(field.key)
            wanted.save(force_insert=True)
        elif any(getattr(there, name) != getattr(wanted, name) for name in _ABOUT):
            wanted.save(force_update=True)
    mine.filter(id__in=list(known)).delete()
    if not is_first:
        _report(account, resource, new, [one.remote_key_name for one in known.values()], keys)


def _report(
    account: LinkedAccount,
    resource: Resource,
    added: Iterable[str],
    removed: Iterable[str],
    there: Collection[str],
) -> None:
    """Have new and removed fields in the audit trail, and an issue as long as a custom field reads a removed one."""
    model = model_id(resource.model)
    new, gone = sorted(added), sorted(removed)
    if new or gone:
        audit.record(
            "linked_account.fields_changed", subject=str(account.id), model=model, added=new, removed=gone
        )
    subject = uuid.uuid5(account.id, model)
    known = Issue.objects.filter(kind=issues.FIELDS, subject=subject, status=Issue.Status.ONGOING).first()
    missing = {*gone, *(known.details["removed"] if known else ())} - set(there)
    missed = {key: names for key in sorted(missing) if (names := _readers(resource, key))}
    if missed:
        fields = "; ".join(
            f"{key}, which {', '.join(sorted(names))} may read" for key, names in missed.items()
        )
        told = (
            f"{account} has no such fields of {model} any more: {fields}. What they read there is null now."
        )
        told += " Map them to what is there instead, or remove them."
        details = {"removed": list(missed)}
        issues.open_issue(issues.FIELDS, subject, told, linked_account_id=account.id, details=details)
    elif known:
        issues.close(known)


def _readers(resource: Resource, key: str) -> frozenset[str]:
    """The custom fields that read a field of the provider's, or may."""
    assert resource.field_classes is not None  # noqa: S101 - it has just been asked
    return resource.mapping.touching([resource.field_classes.place(key)])


def _class_of(account: LinkedAccount, resource: Resource, field: FieldClass) -> RemoteFieldClass:
    assert resource.field_classes is not None  # noqa: S101 - it has just been asked
    common = {steps(_place(lens)) for lens in resource.mapping.lenses.values()}
    return RemoteFieldClass(
        **field.described(),
        id=_id(account, resource.model, field.key),
        linked_account_id=account.id,
        model=model_id(resource.model),
        is_common_model_field=resource.field_classes.place(field.key) in common,
    )


def _place(lens: Any) -> Any:
    return getattr(lens, "inner", lens).path
