"""What a bridge was told to do, as data: the engine's policy, and what the shell does with it.

    policy      fields, creates, constants, deletes: as `unified_api.engine.policy` reads them
    match       the fields whose values are the key by which records find each other
    filter      by side, which records take part: as `unified_api.engine.filter` reads it
    leaving     what happens to a pair when a record does not match any more: rest (nothing is written until it does
                again) or stay (once paired, it is kept equal)
    references  by field that holds ids of records, how counterparts are found: pairs (of a bridge between the same
                accounts over the model that it names) or email (people with one e-mail address are one person)
    start       which records take part that were there before the bridge: "everything", or the moment since which they
                must have been changed, and whether that is the day on which somebody said `today`; of the pairs that
                are written to, the first plan shows at most `canary`
    audit       hours between audits of whether both sides have drifted apart
    budget      by "creates" and "deletes", how much one run may do: `share` of the pairs, and `least` in any case

Whatever is not named has its default, so that configurations of earlier versions keep their meaning.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from unified_api.engine.filter import Filter
from unified_api.engine.policy import Policy, PolicyError
from unified_api.engine.values import Both, Side
from unified_api.sync.bridge.attachment_choice import AttachmentChoice

EVERYTHING: Final = "everything"
#: Where a bridge starts that takes what changes from today on.
TODAY: Final = "today"
#: A record with this flag stays where it is, unless a bridge carries the flag itself.
PRIVATE: Final = "is_private"
#: Models whose records are people, with the fields that may hold their addresses.
PEOPLE: Final[Mapping[str, tuple[str, ...]]] = {
    "crm.Contact": ("email_addresses",),
    "crm.Lead": ("email_addresses",),
    "crm.User": ("email",),
    "hris.Employee": ("work_email", "personal_email"),
    "ticketing.Contact": ("email_address",),
    "ticketing.User": ("email_address",),
}
#: Hours between audits: usually, at the least, at the most (a year).
DAILY: Final = 24.0
SHORTEST: Final = 1.0
LONGEST: Final = 8_760.0


class Leaving(StrEnum):
    """What happens to a pair of which a record stopped matching."""

    REST = "rest"
    STAY = "stay"


class Counterparts(StrEnum):
    """How the counterpart of a referenced record is found."""

    PAIRS = "pairs"
    EMAIL = "email"


@dataclass(frozen=True)
class Limit:
    """How much of one kind a run may do: a share of the bridge's pairs, and a number that is allowed in any case."""

    share: float
    least: int

    def of(self, pairs: int) -> int:
        """The most that is allowed with so many pairs."""
        return max(self.least, int(self.share * pairs))


@dataclass(frozen=True)
class Budget:
    """What one run may do before a person has to say go on."""

    creates: Limit = Limit(share=0.5, least=100)
    deletes: Limit = Limit(share=0.1, least=10)


@dataclass(frozen=True)
class Configuration:
    """Everything that a bridge was told.

    today: whether `since` is the day on which somebody said `today`; None where there is none, or nobody noted it.
    """

    policy: Policy
    match: tuple[str, ...]
    filter: Both[Filter] = field(default_factory=lambda: Both(Filter(), Filter()))
    leaving: Leaving = Leaving.REST
    references: Mapping[str, Counterparts] = field(default_factory=dict)
    since: dt.datetime | None = None
    canary: int | None = None
    budget: Budget = field(default_factory=Budget)
    audit: float = DAILY
    content: AttachmentChoice | None = None
    today: bool | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Configuration:
        """Read the stored form; raises PolicyError."""
        filters = data.get("filter", {})
        since, canary = start(data.get("start", {}))
        return cls(
            Policy.parse(data["policy"]),
            tuple(data["match"]),
            Both(*(Filter.parse(filters.get(side.value, {}), f"filter.{side}") for side in Side)),
            Leaving(data.get("leaving", Leaving.REST)),
            {name: Counterparts(how) for name, how in data.get("references", {}).items()},
            since,
            canary,
            budget(data.get("budget", {})),
            hours(data.get("audit", DAILY)),
            AttachmentChoice.parse(data.get("content")),
            data.get("start", {}).get("today") if since else None,
        )

    def as_data(self) -> dict[str, Any]:
        """The stored form that `parse` reads."""
        return {
            "policy": self.policy.as_data(),
            "match": list(self.match),
            "filter": {side.value: self.filter[side].as_data() for side in Side},
            "leaving": self.leaving.value,
            "references": {name: how.value for name, how in self.references.items()},
            "start": {
                "from": self.since.isoformat() if self.since else EVERYTHING,
                "canary": self.canary,
                **({} if self.today is None else {"today": self.today}),
            },
            "budget": {
                name: {"share": limit.share, "least": limit.least}
                for name, limit in (("creates", self.budget.creates), ("deletes", self.budget.deletes))
            },
            "audit": self.audit,
            **({"content": self.content.as_data()} if self.content else {}),
        }

    def reads(self) -> frozenset[str]:
        """The fields of records that the bridge looks at."""
        return frozenset((*self.policy.fields, *self.filter.a.reads(), *self.filter.b.reads()))


def start(data: Mapping[str, Any]) -> tuple[dt.datetime | None, int | None]:
    """Since when records must have been changed, and the canary; raises PolicyError."""
    told = data.get("from", EVERYTHING)
    canary = data.get("canary")
    if canary is not None and (not isinstance(canary, int) or canary < 1):
        raise PolicyError(f"start.canary: {canary!r} is no number of records, at least 1")
    if told is None or told == EVERYTHING:
        return None, canary
    try:
        since = dt.datetime.fromisoformat(told)
    except (TypeError, ValueError):
        raise PolicyError(f"start.from: {told!r} is neither {EVERYTHING!r} nor a moment") from None
    return (since if since.tzinfo else since.replace(tzinfo=dt.UTC)), canary


def budget(data: Mapping[str, Any]) -> Budget:
    """What one run may do; raises PolicyError."""
    usual = Budget()
    unknown = set(data) - {"creates", "deletes"}
    if unknown:
        raise PolicyError(f"budget: unknown kind {min(unknown)!r}; possible are creates, deletes")
    return Budget(
        _limit(data.get("creates"), usual.creates, "budget.creates"),
        _limit(data.get("deletes"), usual.deletes, "budget.deletes"),
    )


def _limit(data: Mapping[str, Any] | None, usual: Limit, place: str) -> Limit:
    if data is None:
        return usual
    share, least = data.get("share", usual.share), data.get("least", usual.least)
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        raise PolicyError(f"{place}.share: {share!r} is no share from 0 to 1")
    if not isinstance(least, int) or least < 0:
        raise PolicyError(f"{place}.least: {least!r} is no number of records")
    return Limit(float(share), least)


def hours(told: Any) -> float:
    """Hours between audits; raises PolicyError."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not SHORTEST <= told <= LONGEST:
        raise PolicyError(f"audit: {told!r} is no number of hours from {SHORTEST:g} to {LONGEST:g}")
    return float(told)
