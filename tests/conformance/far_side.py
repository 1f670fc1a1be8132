"""What an adapter is tried against: the one object that it gives the suite.

`tests/integrations/providers/<module>/far_side.py` has it as `far_side`, where `<module>` is the adapter's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final

import pytest

from integrations.kit.client import Client
from integrations.kit.provider import Provider, Resource
from tests.emulators.vendor import Delivery, Vendor
from tests.integrations.lines import NOW, Sleeper
from unified_api import registry

OFFICIAL: Final = "the vendor's description"
_BESIDE: Final = "tests.integrations.providers"


@dataclass(frozen=True)
class Samples:
    """Values for records of a model: each of `make` makes one, and each of `change` changes the last of these.

    Every field that can be written stands in one of them, with something in it. only: fields that can hold one value
    here, so that a change of them shows nothing.
    """

    make: Sequence[Mapping[str, Any]] = ()
    change: Sequence[Mapping[str, Any]] = ()
    only: frozenset[str] = frozenset()


def _refused(status: int) -> Any:
    return {"error": f"refused with {status}"}


@dataclass(frozen=True, kw_only=True)
class Started:
    """A far side that runs, and holds some records of every model.

    Where nobody can ask for short pages, it has short ones by itself, so that they are turned. values: what an account
    is linked with. samples: of a model that can be written. now, sleep: its clock. refusal: the body of an answer with
    this status. asks: how addresses end at which a POST only reads. whole: the models that it lists in one answer.
    deliveries: the webhooks that are on their way; who asks for them has to send them. set_up: has them sent to an
    address, signed by a secret, as a person does it there where the account cannot ask for them itself.
    """

    values: Mapping[str, str]
    samples: Callable[[Client, Resource], Samples]
    now: Callable[[], datetime] = lambda: NOW
    sleep: Callable[[float], None] = field(default_factory=Sleeper)
    refusal: Callable[[int], Any] = _refused
    asks: tuple[str, ...] = ()
    whole: frozenset[Any] = frozenset()
    deliveries: Callable[[], Sequence[Delivery]] | None = None
    set_up: Callable[[str, str], object] | None = None


@dataclass(frozen=True, kw_only=True)
class FarSide:
    """How it is started, and who judges what is asked of it.

    start: is given what asks pytest for fixtures. judge: in a few words. vendor: of an emulator, whose exchanges are
    judged by the description that it names. examples: settings of the account that the examples in there are about.
    drawn: by read, as `Ticket get`, what drawn answers say under these names: of that no schema knows.
    undrawn: reads, as `Ticket get`, of which no answer by that description's schemas is ever a whole record, and why;
    unshown: the same of its examples.
    marks: of its tests, such as `real` for a server of others, or `django_db`. absent: why it cannot be started on this
    machine, where nobody can install it; empty where it can.
    """

    judge: str
    start: Callable[[pytest.FixtureRequest], AbstractContextManager[Started]]
    vendor: Vendor | None = None
    examples: Mapping[str, str] = field(default_factory=dict)
    drawn: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    undrawn: Mapping[str, str] = field(default_factory=dict)
    unshown: Mapping[str, str] = field(default_factory=dict)
    marks: Sequence[pytest.MarkDecorator] = ()
    absent: Callable[[], str] = str

    def require(self) -> None:
        """Leave the test, and say why, where it cannot be started."""
        if reason := self.absent():
            pytest.skip(reason)


def emulated(
    vendor: Vendor,
    start: Callable[[pytest.FixtureRequest], AbstractContextManager[Started]],
    *,
    drawn: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    undrawn: Mapping[str, str] = MappingProxyType({}),
    unshown: Mapping[str, str] = MappingProxyType({}),
    **examples: str,
) -> FarSide:
    """That of a vendor whose system cannot be run here. drawn, undrawn, unshown, examples: see FarSide."""
    judge = OFFICIAL if vendor.official else "an emulator"
    told: dict[str, Any] = {"examples": examples, "drawn": drawn, "undrawn": undrawn, "unshown": unshown}
    return FarSide(judge=judge, start=start, vendor=vendor, **told)


def tried() -> list[Provider]:
    """The adapters that call a system; the records of others are nowhere else."""
    return [provider for provider in registry.all() if not provider.hosted]


def place_of(provider: Provider) -> str:
    """The module in which an adapter's far side is looked for."""
    return f"{_BESIDE}.{registry.module_of(provider.slug).rpartition('.')[2]}.far_side"


def far_side_of(provider: Provider) -> FarSide | None:
    """The far side of an adapter; None where it brings none."""
    place = place_of(provider)
    if find_spec(place.rpartition(".")[0]) is None or find_spec(place) is None:
        return None
    found: FarSide = import_module(place).far_side
    return found


def of_slug(slug: str) -> FarSide | None:
    """The same of an adapter that is registered under this name; None also where there is none."""
    return next((far_side_of(provider) for provider in tried() if provider.slug == slug), None)
