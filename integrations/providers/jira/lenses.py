"""What the fields of issues need beside the kit's lenses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.kit.errors import Unwritable
from integrations.kit.lens import ChoiceLens, Lens, Words
from integrations.kit.paths import Path, steps


@dataclass(frozen=True, kw_only=True)
class PartLens(Lens):
    """A value within an object that is replaced whole: `{"assignee": {"accountId": …}}`, or null."""

    @property
    def target(self) -> Path:
        """The object."""
        return steps(self.path)[:-1]

    def encode(self, value: Any, words: Words) -> Any:
        """The object, with nothing else in it."""
        return {steps(self.path)[-1]: super().encode(value, words)}


@dataclass(frozen=True, kw_only=True)
class PartChoice(PartLens, ChoiceLens):
    """The same of a word."""


@dataclass(frozen=True, kw_only=True)
class StatusLens(ChoiceLens):
    """Of which category a status is. It is not a field to be set: a transition leads there, see `writing`."""

    @property
    def target(self) -> Path:
        """The status."""
        return steps(self.path)[:-2]

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """The category that is wished."""
        if value is None:
            raise Unwritable(f"cannot be without a value there; known are {', '.join(self.remote)}")
        return super().write(value, current, words)

    def encode(self, value: Any, words: Words) -> Any:
        """The same, as it will be shown."""
        return {"statusCategory": {"key": super().encode(value, words)}}


@dataclass(frozen=True, kw_only=True)
class LabelLens(Lens):
    """A label. One with a blank is refused there; here it is named."""

    def encode(self, value: Any, words: Words) -> Any:  # noqa: ARG002 - see Lens
        """As it is."""
        if value.split() != [value]:
            raise Unwritable(f"cannot have a label with blanks, as {value!r} has")
        return value
