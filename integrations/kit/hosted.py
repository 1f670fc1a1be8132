"""Providers that are nowhere else: Isthmus itself is the store of their records.

There is no server to call. So nothing is asked for when an account is linked, nothing is read or searched for, and no
outcome is ever unknown: a write stands in the store when it ends, or it never was. The shell knows such providers and
resources by `hosted`, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Self

from integrations.kit.auth import Auth, Unsigned
from integrations.kit.endpoints import GET, Check
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Operation, Provider, Resource
from integrations.kit.setting import Setting
from unified_api.models.base import CommonModel, wire_fields

_OFFERED: frozenset[Operation] = frozenset({"create", "update", "delete"})


@dataclass(frozen=True, kw_only=True)
class HostedResource(Resource):
    """A common model as it is stored: every field under its own name, all of them writable, and always up to date."""

    hosted: ClassVar[bool] = True

    frequency: float = 0.0

    @classmethod
    def of(cls, model: type[CommonModel]) -> Self:
        """All of a model."""
        return cls(mapping=Mapping(model, **{name: name for name in wire_fields(model)}))

    def can(self, operation: Operation) -> bool:
        """Everything but to be asked: nobody else knows more of the records."""
        return operation in _OFFERED


@dataclass(frozen=True, kw_only=True)
class Hosted(Provider):
    """An integration whose accounts keep their records here; linked without settings or secrets."""

    hosted: ClassVar[bool] = True

    settings: tuple[Setting, ...] = ()
    auth: Auth = field(default_factory=Unsigned)
    check: Check = field(default_factory=lambda: Check(GET("/")))
    base_url: str = ""

    @staticmethod
    def holding(models: Iterable[type[CommonModel]]) -> tuple[HostedResource, ...]:
        """Resources for these models."""
        return tuple(HostedResource.of(model) for model in models)
