"""/api/sync/v1/bridges/{id}/versions: what a bridge was told, since when, and by whom."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from unified_api.api import newest, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi import bridges as told_as
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.schema import WHOLE
from unified_api.api.openapi.schema import page as page_of
from unified_api.sync.bridge import versions
from unified_api.sync.models_bridge import Bridge, BridgeVersion

#: Digits of a number that a column of numbers holds in any case.
_DIGITS: Final = 9


class Versions(Endpoint):
    """GET bridges/{id}/versions."""

    needs_account = False
    tag = "bridges"
    operations = {"get": Operation({200: page_of(told_as.VERSION)}, query=PAGING)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """A page of what a bridge was told, the newest first, each with what it changed."""
        with transaction.atomic():
            bridge = _bridge(self, id)
            window = Window.asked(self.params, f"{bridge.id} versions")
            found, page = newest.page(window, BridgeVersion.objects.filter(bridge_id=bridge.id), "at")
            return answer({**page, "results": list(versions.shown(bridge, found))})


class OneVersion(Endpoint):
    """GET bridges/{id}/versions/{version}."""

    needs_account = False
    tag = "bridges"
    operations = {"get": answers(told_as.VERSION_WITH_CONFIGURATION)}
    path_others = {"version": WHOLE}

    def get(self, _request: Request, id: str, version: str) -> HttpResponse:  # noqa: A002 - the path's word
        """One of them, with all that the bridge was told then."""
        with transaction.atomic():
            bridge = _bridge(self, id)
            kept = BridgeVersion.objects.filter(bridge_id=bridge.id, version=_number(version)).first()
            if kept is None:
                raise NotFound
            (shown,) = versions.shown(bridge, [kept])
            return answer({**shown, "configuration": kept.configuration})


def _bridge(endpoint: Endpoint, text: str) -> Bridge:
    return reach.one(reach.bridges(endpoint.key), text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise NotFound
    return int(text)
