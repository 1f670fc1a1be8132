"""What an account's scopes keep from whoever reads its records: fields show null, the provider's answers lack them.

Where it is not known at which place of an answer a field stands, the whole answer is kept back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from integrations.kit.paths import Path, steps, without
from integrations.kit.provider import Provider
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.api.render import Record
from unified_api.models.base import CUSTOM, CommonModel, model_id
from unified_api.sync import connect, permissions, targets


def conceal(account: LinkedAccount, model: type[CommonModel], rows: Iterable[Record]) -> None:
    """Take out of records what may not be read of them."""
    hidden = targets.hidden(account, model_id(model))
    custom = {name.removeprefix(CUSTOM) for name in hidden if name.startswith(CUSTOM)}
    common = dict.fromkeys(name for name in hidden if not name.startswith(CUSTOM))
    for row in rows if hidden else ():
        row.update(common)
        if custom and row.get("field_mappings"):
            row["field_mappings"] = _without_targets(row["field_mappings"], custom)


def _without_targets(told: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    """The custom fields of a record, of all accounts and of its own, but for some."""
    return {
        whose: {target: value for target, value in values.items() if target not in hidden}
        for whose, values in told.items()
    }


def cleaned(
    account: LinkedAccount, model: type[CommonModel], told: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The provider's answers about a record without what may not be read."""
    if not account.permissions:
        return list(told)
    paths = _paths(account, model)
    if paths is None:
        return []
    return [{**one, "data": _without(one["data"], paths)} for one in told]


def _without(data: Any, paths: Iterable[tuple[str, ...]]) -> Any:
    for path in paths:
        data = without(data, path)
    return data


def _paths(account: LinkedAccount, model: type[CommonModel]) -> list[tuple[str, ...]] | None:
    """Where what may not be read stands in answers about a model; None where that is not known."""
    try:
        provider = connect.adapter_of(account)
    except registry.UnknownIntegration:
        return None
    found = [steps(place) for place in _places(account, model, provider)]
    return None if () in found else found


def _places(account: LinkedAccount, model: type[CommonModel], provider: Provider) -> Iterator[Path]:
    for resource in provider.resources:
        if resource.model is model:
            yield from resource.hidden_places(*permissions.kept_back(resource, account))
        for inner in resource.embedded:
            if inner.mapping.model is model and resource.model is not model:
                yield from inner.mapping.places(account.hidden(model_id(model)))
