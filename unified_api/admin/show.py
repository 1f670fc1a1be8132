"""How a column is shown, derived from its field: nothing sealed, JSON and texts readable, references as links.

A column is a field's name where Django's own way is good enough, else a function of the row. What says something of
records asks first what of it is withheld from everybody.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Container, Iterable
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.utils import display_for_field
from django.db import models
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from tenants.models import LinkedAccount
from unified_api.admin import hiding
from unified_api.models.base import common_model, wire_fields
from unified_api.models.fields import Ref, Refs, Text, Texts, WireField
from unified_api.models.hidden import HIDDEN, masked
from unified_api.sync.models import Run, Stream, Write
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.withheld import Lookup

Column = str | Callable[[Any], Any]
#: What a function shows for nothing, as Django does.
NOTHING: Final = "-"
#: Characters of a text in a list.
SHORT: Final = 140
#: Characters of a text that stays on one line.
WORD: Final = 24

#: Columns that hold the id of a row of another table.
_POINTS_AT: Final[dict[str, type[models.Model]]] = {
    "linked_account_id": LinkedAccount,
    "stream_id": Stream,
    "run_id": Run,
    "write_id": Write,
    "bridge_id": Bridge,
    "pair_id": Pair,
    "account_a": LinkedAccount,
    "account_b": LinkedAccount,
}
#: What the reference of a job of each kind is the id of.
_JOB_OF: Final[dict[str, type[models.Model]]] = {
    "pull": Stream,
    "write": Write,
    "erase": LinkedAccount,
    "oauth renewal": LinkedAccount,
    "oauth end": LinkedAccount,
    "bridge": Bridge,
    "drift": Bridge,
}


def page(model: type[models.Model]) -> list[Column]:
    """The columns of a row's own page: all, but for a digest and other bytes; what is sensitive is hidden."""
    known = Lookup()
    return [_column(field, known, short=False) for field in _shown(model)]


def columns(model: type[models.Model], names: Iterable[str]) -> list[Column]:
    """These columns for a list, where texts are short."""
    known = Lookup()
    return [_column(_field(model, name), known, short=True) for name in names]


def telling(model: type[models.Model], most: int = 5) -> list[str]:
    """The wire fields of a common model that tell its rows apart in a list."""
    fields: Any = wire_fields(model)  # asked for common models only
    odd = (Ref, Refs, Texts, models.JSONField, models.BinaryField)
    plain = [name for name, f in fields.items() if not isinstance(f, odd)]
    return plain[:most]


def link(model: type[models.Model], key: Any, text: str) -> Any:
    """A link to a row's page, or the bare text where there is no such page."""
    if not admin.site.is_registered(model):
        return text
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[key]), text)


def listed(model: type[models.Model], text: str, **filters: Any) -> Any:
    """A link to the list of those rows."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    query = "&".join(f"{key}={value}" for key, value in filters.items())
    return format_html('<a href="{}?{}">{}</a>', reverse(name), query, text)


def joined(parts: Iterable[Any]) -> Any:
    """Several links on one line."""
    return format_html_join(" · ", "{}", ((part,) for part in parts))


def readable(value: Any, secret: Container[str] = ()) -> Any:
    """JSON with one value per line; what stands under the names of sensitive or secret fields is hidden."""
    if value is None:
        return NOTHING
    shown = json.dumps(masked(value, secret), indent=2, ensure_ascii=False, sort_keys=True, default=str)
    return format_html("<pre class='json'>{}</pre>", shown)


def _shown(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """What was stored, without bytes and what the database derives; a sensitive field has its place, not its value."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, WireField) or not (field.generated or isinstance(field, models.BinaryField))
    ]


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    return next(field for field in _shown(model) if field.name == name)


def _column(field: models.Field[Any, Any], known: Lookup, *, short: bool) -> Column:
    shown, hides = _show(field, short=short), hiding.of_column(field)
    if shown is None and hides is None:
        return field.name
    is_json = isinstance(field, models.JSONField)

    def column(row: Any) -> Any:
        value = getattr(row, field.name)
        if value in (None, "", [], b""):
            return NOTHING
        if hides is not None and hides(row, known):
            return HIDDEN
        told = hiding.within(field, value, known.of(row)) if is_json else value
        return display_for_field(told, field, NOTHING) if shown is None else shown(row, told)

    column.__name__ = f"{field.name}_shown"
    name = str(field.verbose_name)
    return admin.display(
        column, description=name.removesuffix(" id") if isinstance(field, models.UUIDField) else name
    )


def _show(field: models.Field[Any, Any], *, short: bool) -> Callable[[Any, Any], Any] | None:
    """How a value that is not empty is shown; None for Django's way."""
    if isinstance(field, Ref | Refs | models.UUIDField):
        return _show_reference(field)
    if isinstance(field, models.JSONField):
        return _names if short else _document
    if isinstance(field, models.TextField) and short:
        return _short
    return next((shown for kind, shown in _BY_CLASS if isinstance(field, kind)), None)


def _show_reference(field: models.Field[Any, Any]) -> Callable[[Any, Any], Any] | None:
    if isinstance(field, Ref):
        return lambda _row, value: link(common_model(field.to), value, str(value))
    if isinstance(field, Refs):
        return lambda _row, value: joined(link(common_model(field.to), key, str(key)) for key in value)
    return None if field.primary_key else lambda row, value: _reference(row, field.name, value)


def _document(_row: Any, value: Any) -> Any:
    """JSON on a row's page."""
    return readable(value)


def _names(row: Any, value: Any) -> Any:
    """What a list says of a JSON document: its keys; of a value, the value."""
    if not isinstance(value, dict | list):
        return _short(row, str(value))
    return ", ".join(sorted(value)) if isinstance(value, dict) else f"{len(value)} entries"


def _short(_row: Any, value: str) -> Any:
    if len(value) <= WORD:
        return value
    cut = value if len(value) <= SHORT else f"{value[:SHORT].rstrip()}…"
    return format_html("<div class='short'>{}</div>", cut)


_BY_CLASS: Final[tuple[tuple[type[Any], Callable[[Any, Any], Any]], ...]] = (
    (models.DateTimeField, lambda _row, value: f"{value:%Y-%m-%d %H:%M:%S} UTC"),
    (Texts, lambda _row, value: ", ".join(value)),
    (Text, lambda _row, value: format_html("<div class='lines'>{}</div>", value)),
)


def _reference(row: Any, name: str, value: uuid.UUID) -> Any:
    """A link with the name of what it points at, when the list has looked that up."""
    target = _POINTS_AT.get(name)
    if name == "reference":
        target = _JOB_OF.get(row.kind)
    if name == "record_id" and hasattr(row, "model"):
        target = common_model(row.model)
    text = getattr(row, f"{name}_named", None) or str(value)
    return link(target, value, text) if target else text
