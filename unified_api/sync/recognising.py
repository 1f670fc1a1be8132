"""What a create may have made, and somebody has changed since: the provider's search does not find it any more."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.kit.provider import Resource
from unified_api.models.base import CommonModel, model_id
from unified_api.sync import values
from unified_api.sync.memory import log
from unified_api.sync.memory.walk import Image
from unified_api.sync.models import Change, Write


def said_before(write: Write, resource: Resource) -> list[str]:
    """Remote ids of records that came since the write was journalled, and once said what it sent.

    Within a transaction. Work grows with the records that came since and were changed since then.
    """
    return [str(row.remote_id) for row in _changed_since(write, resource) if _once_said(row, write, resource)]


def _changed_since(write: Write, resource: Resource) -> Iterator[CommonModel]:
    """Records that came since, of which the log has other values of what tells one from another."""
    came = resource.model.objects.filter(
        linked_account_id=write.linked_account_id, created_at__gt=write.journalled_at, is_shell=False
    )
    changes = Change.objects.filter(
        record_id__in=came.values("id"), fields__has_any_keys=[*resource.recognise, *resource.tells_apart]
    )
    changed = changes.filter(linked_account_id=write.linked_account_id, model=model_id(resource.model))
    yield from came.filter(id__in=changed.values("record_id")).exclude(remote_id=None).order_by("created_at")


def _once_said(row: CommonModel, write: Write, resource: Resource) -> bool:
    image = Image.of(row)
    for entry in log.newest_first(row.id):
        if _says(image, write, resource):
            return True
        image = image.before(entry)
    return False


def _says(image: Image, write: Write, resource: Resource) -> bool:
    sent = values.from_json(resource.model, write.sent or {})
    names = resource.known_by(sent)
    said = values.from_json(resource.model, {name: image.values.get(name) for name in names})
    return all(resource.mapping.same(name, value, sent.get(name)) for name, value in said.items())
