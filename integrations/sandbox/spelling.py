"""How the sandbox says what a common model holds: in names, words and shapes of its own.

Adapter and service read the same facts. What stands in the tables is odd on purpose, as real systems are; all else
follows from the declarations, so a field that a model gets tomorrow is spelled by rule.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from integrations.kit.errors import Unmappable
from integrations.kit.lens import Lens, Words
from integrations.kit.lenses import at, choice, day, each, instant, ref, refs
from integrations.kit.paths import MISSING, merge
from unified_api.models.base import CommonModel, category_of, common_models, model_id, wire_fields
from unified_api.models.fields import Choice, Choices, Day, Instant, Ref, Refs, WireField
from unified_api.models.shapes import Keyed, Shapes

CREATED: Final = "createdOn"
CHANGED: Final = "changedOn"
#: What every record has beside its fields.
OWN: Final = ("id", CREATED, CHANGED)
#: Fields that are not in camel case: of all models, then of single ones.
_NAMES: Final = {
    "remote_created_at": CREATED,
    "remote_updated_at": CHANGED,
    "first_name": "givenName",
    "last_name": "familyName",
    "email_address": "mail",
}
_NAMES_OF: Final = {
    ("ticketing.Ticket", "name"): "subject",
    ("ticketing.Ticket", "status"): "state",
    ("ticketing.Comment", "body"): "text",
    ("crm.Opportunity", "amount"): "worth",
    ("hris.Employee", "employment_status"): "standing",
    ("hris.Employee", "manager"): "reportsToKey",
}
#: Words that are not spelled by rule; where several mean the same, the first is the one that is written.
_WORDS_OF: Final[dict[tuple[str, str], Mapping[str, Any]]] = {
    ("ticketing.Ticket", "status"): {
        "OPEN": ("new", "reopened"),
        "IN_PROGRESS": "working",
        "ON_HOLD": ("waiting for customer", "waiting for vendor"),
        "CLOSED": ("solved", "closed"),
    },
    ("ticketing.Ticket", "priority"): {"URGENT": "p1", "HIGH": "p2", "NORMAL": "p3", "LOW": "p4"},
    ("hris.Employee", "employment_status"): {
        "ACTIVE": ("employed", "on leave"),
        "PENDING": "hired",
        "INACTIVE": "left",
    },
    ("crm.Opportunity", "status"): {"OPEN": "running", "WON": "won", "LOST": ("lost", "abandoned")},
}
#: What the system fills in itself.
_ITS_OWN: Final = {
    ("ticketing.Attachment", "size"),
    ("ticketing.Attachment", "file_url"),
}


def kind_of(model: type[CommonModel]) -> str:
    """What the system calls the records of a model: `time-off-balance`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", model.__name__).lower()


@functools.cache
def kinds(category: str) -> dict[str, type[CommonModel]]:
    """The models of a category by their kinds."""
    return {kind_of(model): model for model in common_models(category)}


def kind_named(model: str, category: str) -> str | None:
    """The kind of `category.Model`; None for one of another category."""
    return next((kind for kind, one in kinds(category).items() if model_id(one) == model), None)


def categories() -> tuple[str, ...]:
    """The categories of which there are sandboxes: all in which accounts can be linked."""
    return tuple(dict.fromkeys(category_of(model) for model in common_models()))


def name_of(model: str, name: str, field: WireField | None = None) -> str:
    """What the system calls a field."""
    known = _NAMES_OF.get((model, name)) or _NAMES.get(name)
    if known:
        return known
    first, *rest = name.split("_")
    plain = first + "".join(map(str.capitalize, rest))
    if isinstance(field, Refs):
        return f"{plain.removesuffix('s')}Keys"
    return f"{plain}Key" if isinstance(field, Ref) else plain


def words_of(model: str, name: str, words: tuple[str, ...]) -> Mapping[str, Any]:
    """What the system says for the words of a field."""
    by_rule = {word: re.sub(r"[_-]", " ", word).lower() for word in words}
    return _WORDS_OF.get((model, name), by_rule)


@functools.cache
def lenses(model: type[CommonModel]) -> dict[str, Lens]:
    """How each field of a model is read and written, by its common name."""
    told = model_id(model)
    return {name: _lens(told, name, field) for name, field in wire_fields(model).items()}


def _lens(model: str, name: str, field: WireField) -> Lens:
    path = name_of(model, name, field)
    fixed = path in OWN or (model, name) in _ITS_OWN
    options: dict[str, Any] = {"read_only": True} if fixed else {}
    if isinstance(field, Choice):
        return choice(path, words_of(model, name, field.words), **options)
    if isinstance(field, Choices):
        return each(path, choice("", words_of(model, name, field.words)), **options)
    if isinstance(field, Keyed):
        return _shape(path, field, options)
    return _plain(path, field, options)


def _plain(path: str, field: WireField, options: dict[str, Any]) -> Lens:
    if isinstance(field, Refs):
        return refs(path, **options)
    if isinstance(field, Ref):
        return ref(path, **options)
    if isinstance(field, Day):
        return day(path, **options)
    return instant(path, spell=spelled, **options) if isinstance(field, Instant) else at(path, **options)


def spelled(moment: datetime) -> str:
    """A point in time, of always the same length, so that later ones are greater as texts."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


@dataclass(frozen=True, kw_only=True)
class ShapeLens(Lens):
    """Nested objects, each key through a lens. several: whether they stand in a list."""

    keys: Mapping[str, Lens]
    several: bool

    def decode(self, found: Any) -> Any:
        """The objects with common keys; what an object does not speak of stays absent."""
        if self.several is not isinstance(found, list):
            raise Unmappable(f"what stands at {self.path!r} has another shape")
        return [self._read(one) for one in found] if self.several else self._read(found)

    def encode(self, value: Any, words: Words) -> Any:
        """The objects as the system has them."""
        return [self._write(one, words) for one in value] if self.several else self._write(value, words)

    def _read(self, one: Any) -> dict[str, Any]:
        if not isinstance(one, dict):
            raise Unmappable(f"an object is due at {self.path!r}")
        told = {name: lens.read(one) for name, lens in self.keys.items()}
        return {name: value for name, value in told.items() if value is not MISSING}

    def _write(self, one: Mapping[str, Any], words: Words) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for name, value in one.items():
            written = merge(written, self.keys[name].write(value, None, words))
        return written


def _shape(path: str, field: Keyed, options: dict[str, Any]) -> Lens:
    keys = {name: _lens("", name, one) for name, one in field.keys.items()}
    return ShapeLens(path=path, keys=keys, several=isinstance(field, Shapes), **options)
