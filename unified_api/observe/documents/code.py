"""Which code runs a bridge: the modules of the product, and the adapters of its sides with their versions."""

from __future__ import annotations

from collections.abc import Iterator

from tenants.models import LinkedAccount
from unified_api import __version__, registry
from unified_api.engine import merge, plan, policy
from unified_api.engine.values import Side
from unified_api.models.base import CommonModel
from unified_api.observe.documents.parts import Section, Table
from unified_api.sync import pull, write
from unified_api.sync.bridge import drift, intake, matching, outcome, rounds, work
from unified_api.sync.bridge.records import Frame

#: In the order in which a change passes them.
MODULES = (pull, work, intake, matching, rounds, plan, merge, policy, write, outcome, drift)


def section(frame: Frame) -> Section:
    """Modules with what each is for, by their own first sentence."""
    rows = [*_adapters(frame), *((module.__name__, _first(module), __version__) for module in MODULES)]
    return Section("Code", [Table(("Module", "What it does", "Version"), rows, frozenset({0, 2}))])


def _adapters(frame: Frame) -> Iterator[tuple[str, str, str]]:
    for side in Side:
        account = frame.accounts[side]
        if account is not None:
            yield _adapter(account, side, frame.model)


def _adapter(account: LinkedAccount, side: Side, model: type[CommonModel]) -> tuple[str, str, str]:
    try:
        provider = registry.by_slug(account.integration)
    except registry.UnknownIntegration:
        return account.integration, f"The adapter of side {side}, which is not installed", ""
    resource = provider.resource(model)
    version = f"mapping {resource.version}" if resource is not None and not resource.hosted else __version__
    return registry.module_of(account.integration), f"The adapter of side {side}: {provider.name}", version


def _first(module: object) -> str:
    """The first line of a module's docstring."""
    return (module.__doc__ or "").strip().partition("\n")[0]
