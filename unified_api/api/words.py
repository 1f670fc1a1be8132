"""GET {model}/{choice}s: the words that a choice can have, or has at a linked account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import parameters
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.schema import TEXT, many, record
from unified_api.api.reading import ModelEndpoint
from unified_api.models.base import model_id, wire_fields

_DELETED: Final = parameters.flag("include_deleted_data", "Also words of records that were deleted.")
_ORIGINS: Final = parameters.text(
    "show_enum_origins", "Without effect: a word that only the provider has is shown as it is."
)


def _told(endpoint: Words) -> Operation:
    return Operation({200: record({endpoint.key_of_words: many(TEXT)})}, query=(_DELETED, _ORIGINS))


class Words(ModelEndpoint):
    """GET {model}/{choice}s. The account token may be left out."""

    choice: str = ""
    needs_account = False
    operations = {"get": _told}

    @property
    def key_of_words(self) -> str:
        """Under which the words stand."""
        return f"{self.choice}s"

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Enter the caller's scope; a linked account that is named has to be one."""
        self.needs_account = "X-Account-Token" in request.headers
        super().initial(request, *args, **kwargs)

    def get(self, _request: Request) -> HttpResponse:
        """The words of the vocabulary; where a linked account is named, those that its records have."""
        return answer({self.key_of_words: self._of_account() if self.needs_account else self._known()})

    def _known(self) -> Sequence[str]:
        return wire_fields(self.model)[self.choice].words  # type: ignore[attr-defined,no-any-return] # a choice

    def _of_account(self) -> list[str]:
        name = model_id(self.model)
        if not self.account.may("read", name) or self.choice in self.account.hidden(name):
            return []
        mine = self.model.objects.filter(linked_account_id=self.account.id, is_shell=False)
        shown = mine if self.asked(_DELETED) else mine.filter(remote_was_deleted=False)
        with transaction.atomic():
            found = shown.exclude(**{self.choice: None}).values_list(self.choice, flat=True)
            return list(found.order_by(self.choice).distinct())
