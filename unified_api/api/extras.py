"""What a reader may ask for beyond the plain record: related records, the provider's own answer and its own words."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rest_framework.exceptions import PermissionDenied

from integrations.kit.lens import EachLens
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from tenants.models import ApiKey, LinkedAccount
from unified_api.api import disclosed, field_values, parameters, raw_answers, records
from unified_api.api.concealing import cleaned, conceal
from unified_api.api.openapi.schema import open_word
from unified_api.api.parameters import Parameter
from unified_api.api.params import Params
from unified_api.api.render import Record
from unified_api.models.base import CommonModel, common_model, expandable, model_id, relations, wire_fields
from unified_api.models.fields import Choice, Choices, Text

_REMOTE_DATA: Final = parameters.flag(
    "include_remote_data", "Show the provider's own answers in `remote_data`."
)
_REMOTE_FIELDS: Final = parameters.flag("include_remote_fields", "Show further fields in `remote_fields`.")
_NATIVE: Final = replace(
    parameters.flag(
        "show_native_enum_values",
        "Show the provider's own word for each field of words beside it, as `<field>_native`.",
    ),
    is_ours=True,
)
SENSITIVE: Final = "include_sensitive_fields"
_NO_SENSITIVE: Final = (
    "This API key may not read sensitive fields. Leave include_sensitive_fields out, or use a key made with"
    " `manage.py tenant key create TENANT --may-read-sensitive`."
)
#: Two names of one parameter; the second one is the contract's old one.
ORIGINS: Final = ("show_enum_origins", "remote_fields")


@functools.cache
def asked_for(model: type[CommonModel]) -> tuple[Parameter[Any], ...]:
    """The parameters by which a reader of a model asks for more, of which each has a meaning for it."""
    expand = [_expand_of(model)] if expandable(model) else []
    hidden = [one] if (one := _sensitive_of(model)) else []
    origins = [_origins_of(name, model) for name in ORIGINS] if _with_origins(model) else []
    further = [_REMOTE_FIELDS] if model.wire.remote_fields else []
    native = [_NATIVE] if with_native(model) else []
    return (*expand, *origins, _REMOTE_DATA, *further, *native, *hidden)


def _expand_of(model: type[CommonModel]) -> Parameter[list[str]]:
    about = "Relations to show as records, one level deep; others are ignored."
    return parameters.texts("expand", about, open_word(expandable(model)))


def _origins_of(name: str, model: type[CommonModel]) -> Parameter[list[str]]:
    about = "Fields to show in the provider's own words; others are ignored."
    return parameters.texts(name, about, open_word(_with_origins(model)))


def _sensitive_of(model: type[CommonModel]) -> Parameter[bool] | None:
    """The parameter by which a reader asks for sensitive fields, where the model has such."""
    hidden = [field for field in wire_fields(model).values() if field.sensitive]
    if not hidden:
        return None
    is_ours = any(field.is_ours(SENSITIVE) for field in hidden)
    return replace(parameters.flag(SENSITIVE, "Show sensitive fields too."), is_ours=is_ours)


@functools.cache
def _with_origins(model: type[CommonModel]) -> tuple[str, ...]:
    """The fields that can be shown in the provider's own words."""
    return tuple(n for n, f in wire_fields(model).items() if isinstance(f, Text) and f.origins)


def with_native(model: type[CommonModel]) -> tuple[str, ...]:
    """The fields of words, beside each of which the provider's own one can be shown."""
    return tuple(name for name, field in wire_fields(model).items() if isinstance(field, Choice | Choices))


@dataclass(frozen=True)
class Extras:
    """expand: relations to show as records. origins: fields to show in the provider's own words.

    native: whether to show the provider's own words beside all fields of words.
    """

    expand: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    remote_data: bool = False
    remote_fields: bool = False
    native: bool = False
    sensitive: bool = False

    @classmethod
    def asked(cls, model: type[CommonModel], params: Params) -> Extras:
        """What the parameters ask for; names that the model does not have are ignored."""
        asked = {parameter.name: parameter.of(params) for parameter in asked_for(model)}
        related, known = relations(model), _with_origins(model)
        origins = [name for given in ORIGINS for name in asked.get(given, ())]
        return cls(
            expand=tuple(n for n in asked.get("expand", ()) if n in related and related[n].expands),
            origins=tuple(name for name in origins if name in known),
            remote_data=asked[_REMOTE_DATA.name],
            remote_fields=asked.get(_REMOTE_FIELDS.name, False),
            native=asked.get(_NATIVE.name, False),
            sensitive=asked.get(SENSITIVE, False),
        )

    @classmethod
    def asked_with(cls, key: ApiKey, model: type[CommonModel], params: Params) -> Extras:
        """The same; raises PermissionDenied for what the key may not read."""
        extras = cls.asked(model, params)
        if extras.sensitive and not key.may_read_sensitive:
            raise PermissionDenied(_NO_SENSITIVE)
        return extras

    def add(self, model: type[CommonModel], account: LinkedAccount, page: Sequence[Record]) -> None:
        """Put what was asked for into the records of a page."""
        raw: dict[str, Any] = {}
        if self.remote_data or self.origins or self.remote_fields or self.native:
            raw = {
                record_id: cleaned(account, model, told)
                for record_id, told in raw_answers.of(account, model, [row["id"] for row in page]).items()
            }
            self._add_raw(model, account, page, raw)
        if self.remote_fields:
            field_values.show(account, model, page, raw)
        if self.sensitive:
            disclosed.show(model, page, hidden=account.hidden(model_id(model)))
        if self.expand:
            _expand(model, account, page, self.expand)

    def _add_raw(
        self, model: type[CommonModel], account: LinkedAccount, page: Sequence[Record], raw: dict[str, Any]
    ) -> None:
        resource = raw_answers.resource_of(account, model) if self.origins or self.native else None
        native = with_native(model) if self.native else ()
        for record in page:
            told = raw.get(record["id"])
            if native:
                own = dict(_own_words(resource, told or (), native))
                record.update({f"{name}_native": own.get(name) for name in native})
            if told:
                record.update(_own_words(resource, told, self.origins))
            if self.remote_data:
                record["remote_data"] = told


def _own_words(
    resource: Resource | None, told: Sequence[dict[str, Any]], names: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """The provider's own text of each field, where an answer has it at the place of its lens; the newest one last."""
    for name in names:
        lens = resource.mapping.lenses.get(name) if resource else None
        for answer in reversed(told) if lens is not None and lens.path else ():
            found = dig(answer["data"], lens.path)  # type: ignore[union-attr] # asked in the line above
            if isinstance(found, str | int | float):
                yield name, str(found)
            elif isinstance(found, list) and isinstance(lens, EachLens):
                yield name, [str(one) for one in found]


def _expand(
    model: type[CommonModel], account: LinkedAccount, page: Sequence[Record], names: Sequence[str]
) -> None:
    """Put records in the place of their ids, one level deep; an id without a record that may be read stays an id."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for record in page:
            wanted[relations(model)[name].to].update(_ids(record[name]))
    known = {
        to: records.by_id(common_model(to), account.id, sorted(ids))
        for to, ids in wanted.items()
        if account.may("read", to)
    }
    for to, found in known.items():
        conceal(account, common_model(to), found.values())
    for name in names:
        there = known.get(relations(model)[name].to, {})
        for record in page:
            told = record[name]
            record[name] = (
                [there.get(i, i) for i in told] if isinstance(told, list) else there.get(told, told)
            )


def _ids(told: Any) -> list[str]:
    return told if isinstance(told, list) else [told] if told else []
