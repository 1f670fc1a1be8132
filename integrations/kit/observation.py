"""What the kit hands to the shell: records as a provider's answer showed them, and pages of these."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal

from integrations.kit.auth import Revealable
from integrations.kit.guard import Guard
from integrations.kit.limiter import Limiter, Unlimited
from integrations.kit.paths import MISSING
from unified_api.models.base import OWN, CommonModel

Shape = Literal["list", "get", "write"]


def _now() -> datetime:
    return datetime.now(UTC)


def _nothing(_name: str) -> Any:
    return MISSING


@dataclass(frozen=True)
class Connection:
    """One account's way to its provider, and everything that is not a pure function of it.

    moments: an increasing sequence, drawn before a request leaves and after its answer came. renew: for OAuth
    2, new secrets after the old ones were refused; called at most once a request. of_application: the further budget
    of the OAuth application that the account was linked by, where the provider counts by these. paces: those of some
    addresses alone, by what these begin with.
    """

    settings: Mapping[str, str]
    secrets: Mapping[str, Revealable]
    limiter: Limiter = field(default_factory=Unlimited)
    paces: Mapping[str, Limiter] = field(default_factory=dict)
    of_application: Limiter | None = None
    guard: Guard = field(default_factory=Guard)
    moments: Callable[[], int] = field(default_factory=lambda: count(1).__next__)
    clock: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    renew: Callable[[], Mapping[str, Revealable]] | None = None


@dataclass(frozen=True)
class Observation:
    """What one answer said about one record.

    values: only fields that the answer speaks of. References hold remote ids, instants are aware and UTC,
    days are dates. version: the provider's version, comparable as text, or None. started, arrived: moments
    around the request. path: of the request, without query. shape: kind of answer. cleaned: what had to be
    cut out of the values, and why. merged_into: the id of another record, into which this one went; it is no
    record any more. gone: the provider shows it, and says that it is deleted; there are no values. withheld: what
    it says of a field that the account may not have, to decide by and not to keep; may raise Unmappable.
    """

    model: type[CommonModel]
    remote_id: str
    values: dict[str, Any]
    version: str | None
    started: int
    arrived: int
    raw: Any
    path: str
    shape: Shape
    embedded: tuple[Observation, ...] = ()
    cleaned: tuple[str, ...] = ()
    merged_into: str | None = None
    gone: bool = False
    withheld: Callable[[str], Any] = field(default=_nothing, repr=False, compare=False)

    def said(self, name: str) -> Any:
        """What the answer says of a field, be it withheld; MISSING where it does not speak of it. Raises Unmappable."""
        return self.values[name] if name in self.values else self.withheld(name)

    def common(self) -> Observation:
        """The same without fields of the provider's own, which a write has asked for: `raw` has them."""
        values = {name: value for name, value in self.values.items() if not name.startswith(OWN)}
        return self if len(values) == len(self.values) else replace(self, values=values)


@dataclass(frozen=True)
class Bad:
    """A record that does not fit the common model, and why; the page goes on.

    inside: the id of its model, where it stands inside a record of another one.
    """

    remote_id: str | None
    reason: str
    raw: Any
    inside: str | None = None


@dataclass(frozen=True)
class Page:
    """A page of a list.

    cursor: JSON; resumes after this page, and after the last one begins the next run. complete: the last page
    of a list without filter, so that what was not seen is not there. unknown_words: `field: word` -> how
    often. skew: seconds by which the provider's clock is ahead of ours, None where it does not tell.
    """

    observations: tuple[Observation, ...]
    bad: tuple[Bad, ...]
    cursor: dict[str, Any]
    last: bool
    complete: bool
    requests: int
    unknown_words: dict[str, int]
    skew: float | None = None


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it came, for passthrough. body: decoded JSON if it is some, else text, else bytes."""

    status: int
    headers: dict[str, str]
    body: Any
