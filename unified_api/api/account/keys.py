"""API keys: made, and replaced by name. The text of a key is in the answer that makes it, and nowhere else."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from tenants import apikeys
from unified_api.api import bodies
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, malformed
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import TEXT, named, record

_NAME: Final = bodies.text("name", "A name for people, and for replacing the key.")
_KEY: Final = named("ApiKey", record({"name": TEXT, "key": TEXT}))


class GenerateKey(Endpoint):
    """POST generate-key."""

    needs_account = False
    tag = "accounts"
    operations = {"post": Operation({200: _KEY}, body=bodies.body(_NAME))}

    def post(self, _request: Request) -> HttpResponse:
        """A new API key, of the kind of the one that asks for it."""
        try:
            key, text = apikeys.issue_first(_NAME.of(self.body()), self.key.kind)
        except apikeys.NameTaken as error:
            raise malformed("name", str(error)) from error
        return answer({"name": key.name, "key": text.reveal()})


class RegenerateKey(Endpoint):
    """POST regenerate-key."""

    needs_account = False
    tag = "accounts"
    operations = {"post": Operation({200: _KEY, 403: REFUSAL}, body=bodies.body(_NAME))}

    def post(self, _request: Request) -> HttpResponse:
        """A new API key in the place of those that have this name, which open nothing from now on."""
        try:
            key, text = apikeys.replace(_NAME.of(self.body()), self.key)
        except apikeys.NoSuchKey as error:
            raise malformed("name", str(error)) from error
        except apikeys.MayNotReadSensitive as error:
            raise PermissionDenied(str(error)) from error
        return answer({"name": key.name, "key": text.reveal()})
