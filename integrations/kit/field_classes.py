"""The fields of a provider's own, beside the common ones: how it describes them, and where their values stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from integrations.kit.endpoints import GET
from integrations.kit.lens import Lens
from integrations.kit.paths import Path, steps

#: Kinds of values, in the words of the wire contract.
Kind = Literal["string", "number", "date", "datetime", "bool", "list"]


@dataclass(frozen=True, kw_only=True)
class FieldClass:
    """One of them. key: the provider's name of it. choices: the values that it can have, and how these are shown.

    kind, kind_of_items: of its value, and of what is in it, if that is a list. is_custom: somebody made it at the
    account; None where the provider does not say.
    """

    key: str
    name: str | None = None
    description: str | None = None
    kind: Kind | None = None
    kind_of_items: Kind | None = None
    choices: Sequence[tuple[Any, str]] = ()
    is_custom: bool | None = None
    is_required: bool | None = None

    def __post_init__(self) -> None:
        for kind in (self.kind, self.kind_of_items):
            if kind is not None and kind not in get_args(Kind):
                raise TypeError(
                    f"{self.key}: {kind!r} is no kind of values; known are {', '.join(get_args(Kind))}"
                )

    def described(self) -> dict[str, Any]:
        """The same, as it is stored."""
        told = asdict(self)
        choices = [{"value": value, "display_name": name} for value, name in self.choices]
        items = {"item_type": self.kind_of_items, "item_format": self.kind_of_items, "item_choices": None}
        return {
            "remote_key_name": self.key,
            "display_name": self.name,
            "field_type": self.kind,
            "field_format": self.kind,
            "field_choices": choices or None,
            "item_schema": items if self.kind == "list" else None,
            **{name: told[name] for name in ("description", "is_custom", "is_required")},
        }


@dataclass(frozen=True, kw_only=True)
class FieldClasses:
    """All of them, of a model's records.

    known: those that every account has. get, read: where an account lists its own, and how one of these is understood;
    None leaves it out. within: the path of the object in which their values stand by their keys. lenses: by key, how
    those are written of which more has to be said than a value at that place.
    """

    known: Sequence[FieldClass] = ()
    get: GET | None = None
    read: Callable[[Any], FieldClass | None] | None = None
    within: Path = ""
    lenses: Mapping[str, Lens] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.get is None) != (self.read is None):
            raise TypeError("FieldClasses: get= and read= belong together; give both or none")
        if self.get is not None and self.get.items is None:
            raise TypeError("FieldClasses: get= needs items=")

    def place(self, key: str) -> tuple[str, ...]:
        """Where the value of a field stands in a record."""
        return (*steps(self.within), key)

    def writes(self, key: str, beginnings: Sequence[str]) -> bool:
        """Whether a field can be written; beginnings: of the places where all can."""
        return key in self.lenses or ".".join(self.place(key)).startswith(tuple(beginnings))

    def lens(self, key: str) -> Lens:
        """How a field is read and written."""
        return self.lenses.get(key) or Lens(path=self.place(key))
