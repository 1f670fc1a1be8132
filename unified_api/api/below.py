"""The endpoints of records that stand below others: `{others}/{id}/{model}`. `by`: the field in which they name these.

A record that names exactly one other has its place there; it can be retrieved and made there, and names by its path
what it belongs to.
"""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import filters, meta, reading, upserts, writes
from unified_api.models.base import model_id, relations


class Below(writes.WritingEndpoint):
    """{others}/{id}/{model}: list and, where records have their place here, create."""

    by: str = ""
    operations = {"get": reading.list_told, "post": upserts.create_told}

    def get(self, _request: Request, id: str, above: str = "") -> HttpResponse:  # noqa: A002 - the path's word
        """A page of the records that name this one: none where it may not be read what they name."""
        reading.stand_below(self, self.by, id, above)
        record = uuid.UUID(self.place[self.by])
        shows = filters.shows(self.account, model_id(self.model), self.by)
        named = filters.below(relations(self.model)[self.by], record) if shows else filters.NOTHING
        return reading.show_list(self, named)

    def post(self, request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """A new record that names this one."""
        reading.stand_below(self, self.by, id)
        return upserts.create(self, request)


class BelowMember(reading.ModelEndpoint):
    """{others}/{above}/{model}/{id}: retrieve."""

    by: str = ""
    operations = {"get": reading.one_told}

    def get(self, request: Request, above: str, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """One of the records that name this one."""
        reading.stand_below(self, self.by, above)
        return reading.show_one(self, request, id)


class BelowMeta(meta.MetaPost):
    """GET {others}/{id}/{model}/meta/post."""

    by: str = ""

    def get(self, _request: Request, id: str) -> HttpResponse:  # type: ignore[override]  # noqa: A002
        """The schema of a create."""
        reading.stand_below(self, self.by, id)
        return meta.answered(self)
