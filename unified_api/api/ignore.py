"""POST {model}/ignore/{model_id}: a record is blank from now on, and is not taken in again."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import bodies
from unified_api.api.errors import Busy, answer
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.reading import ModelEndpoint, parse_id, read_one
from unified_api.sync import ignoring

_REASONS: Final = ("GENERAL_CUSTOMER_REQUEST", "GDPR", "OTHER")
_REASON: Final = bodies.word("reason", _REASONS, "Why, in a word.")
_MESSAGE: Final = bodies.maybe_text("message", "What else there is to say; it is kept with the record's id.")
_BODY: Final = bodies.body(_REASON, _MESSAGE)


class Ignore(ModelEndpoint):
    """POST {model}/ignore/{model_id}."""

    operations = {"post": Operation({200: _BODY, 503: REFUSAL}, body=_BODY)}

    def post(self, _request: Request, model_id: str) -> HttpResponse:
        """The reason that is kept. The record is blank from now on, its past is erased, and no sync brings it back."""
        body = self.body()
        why = ignoring.Why(_REASON.of(body), _MESSAGE.of(body))
        record = read_one(self, model_id)
        try:
            ignoring.ignore(self.account, self.model, parse_id(record["id"]), why)
        except ignoring.UnderWay as error:
            raise Busy("A write to this record is on its way; nothing was changed.", after=5) from error
        return answer({"reason": why.reason, "message": why.message})
