"""What the fields of issues need beside the kit's lenses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.kit.errors import Unwritable
from integrations.kit.lens import ChoiceLens, EachLens, Lens, Words
from integrations.kit.paths import dig

#: With what an issue is closed and opened again, and all reasons that there are.
_REASONS = {"CLOSED": "completed", "OPEN": "reopened"}
REASONS = {"completed": "closed", "not_planned": "closed", "duplicate": "closed", "reopened": "open"}
#: The table that says whether the credential may triage.
TRIAGE = "triage"


@dataclass(frozen=True, kw_only=True)
class TextLens(Lens):
    """A text, which a new issue goes without where there is none: the description allows no null there."""

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """See Lens."""
        return {} if value is None and current is None else super().write(value, current, words)


@dataclass(frozen=True, kw_only=True)
class StateLens(ChoiceLens):
    """Open or closed, each with a reason: what is closed as not planned is closed, and stays so."""

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """State and reason."""
        if value is None:
            raise Unwritable("cannot be without a value there; known are OPEN, CLOSED")
        return {**super().write(value, current, words), "state_reason": _REASONS[value]}


@dataclass(frozen=True, kw_only=True)
class ReasonLens(Lens):
    """Why it is open or closed: it says both, and is ignored where the state does not change."""

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:  # noqa: ARG002 - see Lens
        """State and reason."""
        state = REASONS.get(value)
        if state is None:
            raise Unwritable(f"cannot be {value!r} there; known are {', '.join(REASONS)}")
        if current is None:
            raise Unwritable("can be told when the issue is closed or opened again, and not when it is made")
        if dig(current, "state") == state:
            raise Unwritable(f"is ignored there, as the issue is {state} already")
        return {"state": state, "state_reason": value}


@dataclass(frozen=True, kw_only=True)
class TriageLens(TextLens):
    """What is dropped without a word where the credential may not triage: here it is refused with one."""

    @property
    def tables(self) -> frozenset[str]:
        """That, beside those of the words."""
        return super().tables | {TRIAGE}

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """See Lens; where the repository does not say what the credential may, it is tried."""
        denied = "False" in [words.key(TRIAGE, row) for row in words.known(TRIAGE)]
        if denied and (value or current is not None):
            raise Unwritable("needs the right to triage or push; without, GitHub drops it without a word")
        return super().write(value, current, words)


@dataclass(frozen=True, kw_only=True)
class TriageEach(TriageLens, EachLens):
    """The same of a list, which is replaced whole. most: so many at the most."""

    most: int = 100

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """None is an empty list."""
        if value and len(value) > self.most:
            raise Unwritable(f"can be at most {self.most} there")
        return super().write([] if value is None and current is not None else value, current, words)


@dataclass(frozen=True, kw_only=True)
class LabelLens(Lens):
    """The name of a label, which stands in an object or alone; in capitals it is the same one."""

    def read(self, record: Any) -> Any:
        """The name."""
        return record if isinstance(record, str) else super().read(record)

    def canonical(self, value: Any) -> Any:
        """In small letters."""
        return value.lower()
