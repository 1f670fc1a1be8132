"""Field mappings from elsewhere: targets of a tenant, and where in the provider's records they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from tenants.models import LinkedAccount
from unified_api.models.base import common_models, model_id
from unified_api.sync import targets
from unified_api.sync.models import FieldMapping


@dataclass(frozen=True)
class Mapped:
    """A mapping as it is told there. steps: where it is read, in place of a JMESPath. is_shared: of all accounts."""

    model: str
    target: str
    description: str
    jmes_path: str
    steps: tuple[str | int, ...]
    is_shared: bool


def told(listed: Mapping[str, Iterable[Any]], category: str, problems: list[str]) -> list[Mapped]:
    """The mappings of an account; what cannot be understood is a problem."""
    known = {model.__name__: model_id(model) for model in common_models(category) if model.wire.is_mappable}
    found = []
    for name, rows in listed.items():
        for row in rows:
            mapped = _mapped(known.get(name), row)
            if mapped is None:
                problems.append(
                    f"field mappings: one of {name} is not understood; map it by `manage.py mapping`"
                )
            else:
                found.append(mapped)
    return found


def keep(account: LinkedAccount, mappings: Iterable[Mapped], problems: list[str]) -> int:
    """Map what is not mapped yet, within the transaction that is open; how many that is."""
    made = 0
    for one in mappings:
        try:
            with transaction.atomic():
                made += _keep(account, one)
        except targets.TargetRefused as error:
            problems.append(f"field mapping {one.target} of {one.model}: {error}")
    return made


def _keep(account: LinkedAccount, one: Mapped) -> bool:
    where: LinkedAccount | str = account.integration if one.is_shared else account
    path = one.jmes_path or targets.path_of(one.steps)
    same = FieldMapping.objects.filter(
        integration=account.integration,
        linked_account_id=None if one.is_shared else account.id,
        model=one.model,
        target=one.target,
    )
    if (there := same.first()) is not None:
        if there.jmes_path != path:
            raise targets.TargetRefused(f"it is read at {there.jmes_path!r} here, and at {path!r} there")
        return False
    targets.add(
        where,
        one.model,
        one.target,
        jmes_path=one.jmes_path,
        steps=one.steps,
        description=one.description,
    )
    return True


def _mapped(model: str | None, row: Any) -> Mapped | None:
    target, remote = (_object(row, name) for name in ("target_field", "remote_field"))
    steps = list(_steps(_object(remote, "remote_endpoint_info").get("field_traversal_path") or []))
    name, path = target.get("name"), row.get("jmes_path") if isinstance(row, dict) else None
    about = target.get("description")
    if model is None or not isinstance(name, str) or None in steps:
        return None
    return Mapped(
        model=model,
        target=name,
        description=about if isinstance(about, str) else "",
        jmes_path=path if isinstance(path, str) else "",
        steps=tuple(step for step in steps if step is not None),
        is_shared=row.get("is_integration_wide") is True,
    )


def _object(row: Any, name: str) -> dict[str, Any]:
    found = row.get(name) if isinstance(row, dict) else None
    return found if isinstance(found, dict) else {}


def _steps(listed: Any) -> Iterator[str | int | None]:
    """Names, and places in lists; None for what is neither."""
    for step in listed if isinstance(listed, list) else [None]:
        yield step if type(step) in {str, int} else None
