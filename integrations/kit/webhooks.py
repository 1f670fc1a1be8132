"""Webhooks of a provider as data: whose a delivery is, which records it names, and how they are subscribed to.

What a delivery says is never taken for a record: it is a hint, and what it names is read again by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from integrations.kit.auth import Revealable
from integrations.kit.endpoints import Api
from integrations.kit.errors import SHAPELESS
from integrations.kit.paths import Path, dig
from integrations.kit.signatures import Delivery, Header, Place, Proof, text
from unified_api.models.base import CommonModel

#: Records that one delivery names at the most; of more, none is looked at.
MOST: Final = 1_000
#: Seconds for which a subscription is believed in: nobody tells that it was paused, or removed.
A_WEEK: Final = 7 * 86_400.0
#: Seconds between two looks whether it is there.
A_DAY: Final = 86_400.0
#: Characters of an id, of an event or a record.
LONGEST: Final = 500


class Hint(NamedTuple):
    """Something happened to a record. model: None for a word that says nothing here. remote_id: None if not said."""

    word: str
    model: type[CommonModel] | None
    remote_id: str | None


@dataclass(frozen=True)
class Callback:
    """Where deliveries are to go, and a secret to sign them with."""

    url: str = field(repr=False)
    secret: Revealable


@dataclass(frozen=True)
class Subscribed:
    """What was subscribed to, by the provider's own id. secret: by which it signs, where it chose its own."""

    id: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Subscriptions:
    """How deliveries are asked for at the provider.

    make: also takes the place of what was subscribed to at this address before. remove: raises Gone where there is
    none any more. is_active: by the id of one, whether the provider still has it, for this address, and sends: asked
    every day where the provider can be. lasts: seconds after which it has to be made anew, and is before.
    """

    make: Callable[[Api, Callback], Subscribed]
    remove: Callable[[Api, str], None]
    is_active: Callable[[Api, str, Callback], bool] | None = None
    lasts: float = A_WEEK


@dataclass(frozen=True, kw_only=True)
class Webhooks:
    """What deliveries of a provider are like.

    items: where the events stand in the body, if it has several; `word` and `remote_id` are looked for in each.
    word: what happened to what, in the provider's words, or a function of the event to it; only what stands before
    `until` counts. models: from such a word to the common model. remote_id: of the record; a list for several. Where
    facts end, a function from the event and its headers to the ids. event_id: by which a delivery that comes again is
    known; without it, by its body, until it was followed.
    """

    proof: Proof
    models: Mapping[str, type[CommonModel]]
    word: Place | Callable[[Any], str]
    remote_id: Place | Callable[[Any, Mapping[str, str]], list[str]]
    event_id: Place | None = None
    items: Path | None = None
    until: str = ""
    subscriptions: Subscriptions | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers, in small letters, without which a delivery is not understood later."""
        places = (self.word, self.remote_id)
        return ("content-type", *(place.name.lower() for place in places if isinstance(place, Header)))

    def name_of(self, delivery: Delivery) -> str | None:
        """By what a delivery that comes again is known; None where it is not said."""
        found = delivery.at(self.event_id) if self.event_id is not None else None
        return found if found and len(found) <= LONGEST else None

    def hints(self, delivery: Delivery) -> list[Hint]:
        """What a delivery names; nothing where it has another shape than is documented."""
        try:
            content = delivery.content()
            events = [content] if self.items is None else dig(content, self.items)
            if not isinstance(events, list) or len(events) > MOST:
                return []
            return [hint for event in events for hint in self._of(event, delivery)]
        except SHAPELESS:
            return []

    def _of(self, event: Any, delivery: Delivery) -> Iterator[Hint]:
        word = self.word(event) if callable(self.word) else self._at(self.word, event, delivery) or ""
        model = self.models.get(word.partition(self.until)[0] if self.until else word)
        ids: list[str | None] = [*self._ids(event, delivery)]
        if len(ids) > MOST:
            ids = [None]  # so many are read with their list
        for remote_id in ids or [None]:
            yield Hint(word, model, remote_id)

    def _ids(self, event: Any, delivery: Delivery) -> list[str]:
        if callable(self.remote_id):
            told: Any = self.remote_id(event, delivery.headers)
        elif isinstance(self.remote_id, Header):
            told = delivery.at(self.remote_id)
        else:
            told = dig(event, self.remote_id)
        several = told if isinstance(told, list) else [told]
        return [one for item in several if (one := text(item)) and len(one) <= LONGEST]

    @staticmethod
    def _at(place: Place, event: Any, delivery: Delivery) -> str | None:
        if isinstance(place, Header):
            return delivery.at(place)
        return text(dig(event, place))
