"""GET {model}/remote-field-classes: the fields of a provider's own, beside the common ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import cursors, parameters
from unified_api.api.cursors import Key, Window
from unified_api.api.errors import answer
from unified_api.api.field_values import shown
from unified_api.api.openapi.field_classes import CLASS
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.schema import page as page_of
from unified_api.api.parameters import Parameter
from unified_api.api.reading import ModelEndpoint, refuse_unsupported
from unified_api.models.base import category_of, model_id
from unified_api.sync import field_classes
from unified_api.sync.models_fields import RemoteFieldClass

_FILTERS: Final = (
    parameters.maybe_flag("is_custom", "Those that somebody made at the account, or the others."),
    parameters.maybe_flag("is_common_model_field", "Those that a common field shows already, or the others."),
)
_IDS: Final = parameters.ids("ids", "These classes.")
_NOTHING: Final = "Without effect: a class has none."
_WITHOUT_EFFECT: Final = tuple(
    parameters.flag(name, _NOTHING)
    for name in ("include_deleted_data", "include_remote_data", "include_shell_data")
)
_REMOTE_FIELDS: Final = parameters.flag("include_remote_fields", _NOTHING)
#: The category in which the contract has `ids`; the others have `include_remote_fields` instead.
_WITH_IDS: Final = "ticketing"


def _parameters(endpoint: ModelEndpoint) -> tuple[Parameter[Any], ...]:
    """Beside those of paging."""
    with_ids = category_of(endpoint.model) == _WITH_IDS
    other: Sequence[Parameter[Any]] = () if with_ids else (_REMOTE_FIELDS,)
    return (*_FILTERS, replace(_IDS, is_ours=not with_ids), *_WITHOUT_EFFECT, *other)


def _told(endpoint: ModelEndpoint) -> Operation:
    return Operation({200: page_of(CLASS)}, query=(*cursors.PAGING, *_parameters(endpoint)))


class FieldClasses(ModelEndpoint):
    """GET {model}/remote-field-classes."""

    operations = {"get": _told}

    def get(self, _request: Request) -> HttpResponse:
        """A page of the fields that the provider's records have, in the order of their keys."""
        refuse_unsupported(self.account, self.model)
        asked = {one.name: self.asked(one) for one in _parameters(self)}
        wanted = self._wanted(asked) if self.account.may("read", model_id(self.model)) else []

        def fetch(key: Key | None, backwards: bool, limit: int) -> Sequence[Any]:  # noqa: FBT001 - cursors.Fetch
            ordered = wanted[::-1] if backwards else wanted
            beyond = [
                one for one in ordered if key is None or (_key(one) < key if backwards else _key(one) > key)
            ]
            return beyond[:limit]

        window = Window.asked(self.params, f"{self.account.id} {model_id(self.model)} field classes")
        found, page = cursors.turn(window, fetch, _key)
        return answer({**page, "results": [shown(one) for one in found]})

    def _wanted(self, asked: Mapping[str, Any]) -> list[RemoteFieldClass]:
        ids, filters = asked[_IDS.name], {one.name: asked[one.name] for one in _FILTERS}
        return [
            one
            for one in field_classes.of(self.account, self.model)
            if (not ids or one.id in ids)
            and all(value is None or bool(getattr(one, name)) is value for name, value in filters.items())
        ]


def _key(one: RemoteFieldClass) -> Key:
    return (one.remote_key_name, str(one.id))
