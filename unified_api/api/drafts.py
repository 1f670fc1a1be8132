"""What a caller wants written, checked against what the linked account can really write, before anything is called.

Unknown keys are warned about and left out; a value of another type that could be converted is warned about and taken.
What the account cannot do is an error that names the field. An account whose records are hosted holds every field of
them, also those that the wire contract has nobody write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api.api import field_drafts, own_ids
from unified_api.api.errors import malformed
from unified_api.models.base import CUSTOM, wire_fields
from unified_api.models.conversions import understood
from unified_api.models.fields import Malformed, WireField
from unified_api.sync import fitting
from unified_api.sync.problems import converted, problem

Operation = Literal["create", "update"]
Problem = dict[str, Any]
_MAPPINGS = CUSTOM.removesuffix(".")


@dataclass
class Draft:
    """values: by common field, as they are stored. With errors, nothing may be sent.

    remote_id: that a new record is to have, where its maker may say. named: records by their remote ids that may not
    be known yet.
    """

    values: dict[str, Any] = field(default_factory=dict)
    remote_id: str | None = None
    named: own_ids.Named = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)


def model_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The `model` of a body; raises DRF's ValidationError."""
    if "model" not in body:
        raise malformed("model", "This field is required.")
    if not isinstance(body["model"], dict):
        raise malformed("model", "An object is expected.")
    return dict(body["model"])


def check(
    sent: Mapping[str, Any],
    operation: Operation,
    resource: Resource,
    account: LinkedAccount,
    place: Mapping[str, str],
    *,
    sent_as: Operation | None = None,
) -> Draft:
    """The draft of a write: what is sent, what is left out, what stands against it. place: what its path says of it.

    sent_as: the operation by whose rules the contract lets the caller name fields, where that is not the same.
    """
    draft = Draft()
    sent = _spread(
        {name: value for name, value in sent.items() if name not in place},
        operation,
        resource,
        account,
        draft,
    )
    fields = wire_fields(resource.model)
    for name, value in sent.items():
        known = fields.get(name)
        if known is None or not (resource.hosted or known.write in {"always", sent_as or operation}):
            if name not in field_drafts.KEYS or value:
                draft.warnings.append(_ignored(name))
        else:
            _take(draft, known, value, operation, resource)
    for name, record in place.items():
        if fields[name].contract or name in resource.writable(operation):
            _take(draft, fields[name], record, operation, resource)
    if operation == "create":
        draft.errors += _missing(draft, resource)
    welcome = {*draft.named.values()}
    draft.errors += [
        problem("INVALID_FIELD_CHOICE", "Unknown record", told, name)
        for name, told in fitting.strange_records(draft.values, resource.model, account.id, welcome)
    ]
    return draft


def _spread(
    sent: dict[str, Any], operation: Operation, resource: Resource, account: LinkedAccount, draft: Draft
) -> dict[str, Any]:
    """What was sent by common field; what is said in other forms is put into the draft, or beside these by its name."""
    if keys := field_drafts.keys_of(resource):
        own = field_drafts.take(sent, operation, resource, account)
        draft.values, draft.warnings, draft.errors = own.values, own.warnings, own.errors
        sent = {name: value for name, value in sent.items() if name not in keys}
    if not resource.hosted:
        return sent
    sent, draft.named = own_ids.translate(sent, resource.model, account.id)
    if operation == "create" and (remote_id := sent.pop("remote_id", None)) is not None:
        draft.remote_id = own_ids.parse(remote_id)
    mappings = sent.pop(_MAPPINGS, None)
    return {**sent, **({} if mappings is None else _custom(mappings, resource, draft))}


def _custom(told: Any, resource: Resource, draft: Draft) -> dict[str, Any]:
    """The custom fields of a record that its owner pushes, in the form in which they are shown."""
    groups = told.values() if isinstance(told, dict) else [told]
    if not all(isinstance(group, dict) for group in groups):
        draft.errors.append(problem("INCORRECT_FIELD_TYPE", "Wrong type", "objects are expected.", _MAPPINGS))
        return {}
    values = {CUSTOM + target: _bare(value) for group in groups for target, value in group.items()}
    strangers = [name for name in values if name not in resource.mapping.lenses]
    draft.warnings += [_ignored(name) for name in strangers]
    return {name: value for name, value in values.items() if name not in strangers}


def _bare(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and set(value) == {"value"} else value


def _take(draft: Draft, known: WireField, value: Any, operation: Operation, resource: Resource) -> None:
    name = known.name
    if name not in resource.writable(operation):
        if value is not None or operation == "update":
            draft.errors.append(_unwritable(name, operation))
        return
    try:
        draft.values[name], expected = (None, "") if value is None else understood(known, value)
    except Malformed as error:
        draft.errors.append(problem(error.problem_type, "Wrong type", f"{name}: {error}.", name))
        return
    if told := fitting.strange_word(known, draft.values[name], resource):
        draft.errors.append(problem("INVALID_FIELD_CHOICE", "Unknown choice", told, name))
    elif expected:
        draft.warnings.append(converted(name, expected, name))


def _missing(draft: Draft, resource: Resource) -> list[Problem]:
    told = "The linked account's system requires this field."
    refused = {e.get("source", {}).get("pointer") for e in draft.errors}
    return [
        problem("MISSING_REQUIRED_FIELD", "Missing required field", told, name)
        for name in sorted(resource.requires("create"))
        if draft.values.get(name) in (None, "", []) and f"model/{name}" not in refused
    ]


def _ignored(name: str) -> Problem:
    return problem(
        "UNSUPPORTED_FIELD", "Unsupported field", f"{name} cannot be written; it was ignored.", name
    )


def _unwritable(name: str, operation: Operation) -> Problem:
    verb = {"create": "set when a record is made", "update": "changed"}[operation]
    told = f"{name} cannot be {verb} in the linked account's system; leave it out."
    return problem("UNSUPPORTED_FIELD", "Unsupported field", told, name)
