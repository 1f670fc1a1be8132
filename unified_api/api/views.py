"""The endpoints of one common model."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import reading, upserts, writes


class Collection(writes.WritingEndpoint):
    """{model}: list and create."""

    may_recall = True
    operations = {"get": reading.list_told, "post": upserts.create_told}

    def get(self, _request: Request) -> HttpResponse:
        """A page of records."""
        return reading.show_list(self)

    def post(self, request: Request) -> HttpResponse:
        """A new record."""
        return upserts.create(self, request)


class Member(writes.WritingEndpoint):
    """{model}/{id}: retrieve and patch."""

    may_recall = True
    operations = {"get": reading.one_told, "patch": writes.update_told}

    def get(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """One record."""
        return reading.show_one(self, request, id)

    def patch(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The record, changed."""
        return writes.update(self, request, id)
