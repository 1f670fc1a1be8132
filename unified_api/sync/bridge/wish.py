"""What somebody wants of a bridge, before anything is known of defaults; and what is wrong with it, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tenants.models import LinkedAccount
from unified_api.engine.policy import PolicyError
from unified_api.engine.values import Both, Side
from unified_api.models.base import CommonModel, common_model
from unified_api.sync import job
from unified_api.sync.bridge.configuration import DAILY
from unified_api.sync.models_bridge import Bridge


@dataclass(frozen=True)
class Mistake:
    """Something that cannot be meant. place: dotted, such as `fields.status.winner`; empty for the whole bridge."""

    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}" if self.place else self.sentence


class BridgeRefused(ValueError):
    """A bridge that cannot be; each mistake says why and what would do."""

    def __init__(self, *mistakes: Mistake | str) -> None:
        told = [Mistake("", one) if isinstance(one, str) else one for one in mistakes]
        self.mistakes: tuple[Mistake, ...] = tuple(told)
        super().__init__("\n".join(map(str, told)))


class Mistakes:
    """All that is found wrong, so that it can be said at once."""

    def __init__(self) -> None:
        self._found: list[Mistake] = []

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Go on after the block, whatever is wrong there."""
        try:
            yield
        except BridgeRefused as error:
            self._found += error.mistakes
        except PolicyError as error:
            place, _, sentence = str(error).partition(": ")
            self._found.append(Mistake(place, sentence))

    def refuse(self) -> None:
        """Raise BridgeRefused if anything was noted."""
        if self._found:
            raise BridgeRefused(*self._found)


@dataclass(frozen=True)
class Wish:
    """What somebody wants kept equal.

    fields: common fields, in order. match: the fields that make the key; None for those that the model is known by.
    winner, otherwise, first: for all fields whose options do not say otherwise. options: further options by field, as
    the policy has them (direction, winner, first, normalizer …), and the winner `merge` of fields with parts. words:
    (field, side, word there, word here) in addition to the words that both sides know; a word here of None takes
    one of these away. filter, leaving, references, start, budget, audit, creates, constants, deletes: as stored, see
    `unified_api.sync.bridge.configuration`; what is absent has its default. content, cap: what becomes of files, see
    `unified_api.sync.bridge.attachment_choice`. follows: the model whose pairs its records
    refer to. beside: the models of all bridges that are made together, in that order. crossing: a tenant
    administrator said that data of one end user may reach another.
    """

    account_a: LinkedAccount
    account_b: LinkedAccount
    model: str
    winner: str
    fields: Sequence[str]
    match: Sequence[str] | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    words: Sequence[tuple[str, Side, str, str | None]] = ()
    first: str = "fill"
    otherwise: str | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)
    leaving: str = "rest"
    references: Mapping[str, str] = field(default_factory=dict)
    start: Mapping[str, Any] = field(default_factory=dict)
    budget: Mapping[str, Any] = field(default_factory=dict)
    audit: float = DAILY
    creates: Sequence[str] = ("a", "b")
    constants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    deletes: Mapping[str, str] = field(default_factory=dict)
    content: str | None = None
    cap: str | int | None = None
    frequency: float = 60.0
    priority: int = job.USUAL
    mode: str = Bridge.Mode.PLAN
    paused: bool = False
    name: str = ""
    goal: str = ""
    owner: str = ""
    follows: str | None = None
    beside: tuple[str, ...] = ()
    crossing: bool = False

    @property
    def accounts(self) -> Both[LinkedAccount]:
        """The account of each side."""
        return Both(self.account_a, self.account_b)

    @property
    def common(self) -> type[CommonModel]:
        """The model; raises BridgeRefused where there is none of this name."""
        try:
            return common_model(self.model)
        except (LookupError, ValueError):
            raise BridgeRefused(f"There is no common model {self.model!r}.") from None
