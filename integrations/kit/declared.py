"""What a declaration of a provider cannot mean: found when it is made, so that no account meets it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from integrations.kit.auth import OAuth2
from integrations.kit.limiter import MOST_PACES
from unified_api.models.base import category_of

if TYPE_CHECKING:
    from integrations.kit.provider import Provider


def mistakes(provider: Provider) -> Iterator[str]:
    """A sentence for each."""
    yield from _of_settings(provider)
    yield from _of_models(provider)
    if len(provider.paces) > MOST_PACES:
        yield f"paces= has more than {MOST_PACES}"


def _of_settings(provider: Provider) -> Iterator[str]:
    names = [setting.name for setting in provider.settings]
    secrets, needs = {one.name for one in provider.settings if one.secret}, set(provider.auth.needs)
    if len(set(names)) != len(names):
        yield "two settings have the same name"
    if missing := needs - set(names):
        yield f"its auth needs {sorted(missing)}, which settings= does not declare"
    if not secrets <= needs:
        yield f"{sorted(secrets - needs)} is secret, but auth= ignores it"
    auth, host = provider.auth, provider.host_setting
    asked = host.name if host and host.required else None
    if asked and isinstance(auth, OAuth2) and auth.is_renewable and auth.is_dance and asked != auth.site:
        yield (
            f"{asked} says where tokens go, and no end user does: have token_url= begin with it, or a default, tells="
            " or finds= say it, and declare it as not required"
        )


def _of_models(provider: Provider) -> Iterator[str]:
    models = [resource.model for resource in provider.resources]
    if len(set(models)) != len(models):
        yield "two resources map the same model"
    if foreign := {m.__name__ for m in models if category_of(m) not in provider.categories}:
        yield f"{sorted(foreign)} is not of category {', '.join(provider.categories)}"
    told = set(provider.webhooks.models.values()) if provider.webhooks else set()
    if unread := {m.__name__ for m in told - set(models) if category_of(m) in provider.categories}:
        yield f"webhooks= tells of {sorted(unread)}, which resources= does not have"
