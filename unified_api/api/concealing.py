"""What an account's scopes keep from whoever reads its records: fields show null, the provider's answers lack them.

Where it is not known at which place of an answer a field stands, the whole answer is kept back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from integrations.kit.lens import Lens
from integrations.kit.mapping import Mapping
from integrations.kit.paths import Path, steps, without
from integrations.kit.provider import Provider
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.api.render import Record
from unified_api.models.base import CUSTOM, CommonModel, model_id
from unified_api.sync import connect


def conceal(account: LinkedAccount, model: type[CommonModel], rows: Iterable[Record]) -> None:
    """Take out of records what may not be read of them."""
    hidden = account.hidden(model_id(model))
    for row in rows if hidden else ():
        row.update(dict.fromkeys(hidden))


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
    found = list(_places(account, model, provider))
    return None if () in found else found


def _places(
    account: LinkedAccount, model: type[CommonModel], provider: Provider
) -> Iterator[tuple[str, ...]]:
    for resource in provider.resources:
        if resource.model is model:
            yield from _fields(account, resource.mapping)
        for inner in resource.embedded:
            if resource.model is model and not account.may("read", model_id(inner.mapping.model)):
                yield steps(inner.path)
            elif resource.model is model:
                yield from (
                    (*steps(inner.path), *path) if path else () for path in _fields(account, inner.mapping)
                )
            elif inner.mapping.model is model:
                yield from _fields(account, inner.mapping)


def _fields(account: LinkedAccount, mapping: Mapping) -> Iterator[tuple[str, ...]]:
    """The places of hidden fields; an empty one where a function reads the whole answer."""
    for name in sorted(account.hidden(model_id(mapping.model))):
        lens = mapping.lenses.get(name)
        if lens is not None and not name.startswith(CUSTOM):
            yield steps(_place(lens))


def _place(lens: Lens) -> Path:
    inner: Lens = getattr(lens, "inner", lens)
    return inner.path
