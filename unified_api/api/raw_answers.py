"""The provider's own answers about records, one of each endpoint that told of them: the newest one first."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson
from django.db import transaction

from integrations.kit.endpoints import Write
from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.models.base import CommonModel
from unified_api.sync import connect, landing
from unified_api.sync.models import RemoteData

Answers = list[dict[str, Any]]


def of(account: LinkedAccount, model: type[CommonModel], ids: Sequence[str]) -> dict[str, Answers]:
    """By record its answers, each with the `path` of its endpoint and its `data`."""
    found: dict[str, Answers] = defaultdict(list)
    with transaction.atomic():
        rows = list(RemoteData.objects.filter(record_id__in=ids).values_list("record_id", "path", "body"))
        digests = {
            str(record): digest
            for record, digest in model.objects.filter(id__in=ids).values_list("id", "digest")
        }
    for record_id, path, body in rows:
        found[str(record_id)].append({"path": path, "data": orjson.loads(zlib.decompress(body))})
    by_id = _by_id(resource_of(account, model))
    for record, answers in found.items():
        answers.sort(key=lambda one: (not _is_newest(one["path"], digests.get(record), by_id), one["path"]))
    return found


def resource_of(account: LinkedAccount, model: type[CommonModel]) -> Resource | None:
    """What the adapter says of a model; None where it is not installed, or has none of it."""
    try:
        return connect.adapter_of(account).resource(model)
    except registry.UnknownIntegration:
        return None


def _is_newest(path: str, digest: bytes | None, by_id: frozenset[str]) -> bool:
    """Whether a record shows the answer of this endpoint; of one that shows no list's, those about it alone may be."""
    return path in by_id if digest is None else landing.is_from(digest, path)


def _by_id(resource: Resource | None) -> frozenset[str]:
    if resource is None:
        return frozenset()
    writes = (one for one in (resource.update, resource.get) if one is not None)
    return frozenset(one.path for one in writes if not isinstance(one, Write) or one.answer is not None)
