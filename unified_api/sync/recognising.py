"""What a create may have made, and somebody has changed since: the provider's search does not find it any more."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from integrations.kit.provider import Resource
from unified_api.models.base import CommonModel
from unified_api.sync import values
from unified_api.sync.memory import log
from unified_api.sync.memory.walk import Image, Presence
from unified_api.sync.models import Change, Write


def stored_as_sent(write: Write, resource: Resource) -> list[str]:
    """Remote ids of records that came since the write was journalled, and say, or once said, what it sent.

    What is still stored so may be another at the provider already. Within a transaction. Work grows with the records
    that came since.
    """
    return [
        str(row.remote_id) for row in _came_since(write, resource) if _was_stored_so(row, write, resource)
    ]


def _came_since(write: Write, resource: Resource) -> Iterator[CommonModel]:
    """Records that came since; `was_changed`: the log has other values of what tells one from another."""
    names = [*resource.recognise, *resource.tells_apart]
    changes = Change.objects.filter(record_id=OuterRef("id"), fields__has_any_keys=names)
    came = resource.model.objects.filter(
        linked_account_id=write.linked_account_id, created_at__gt=write.journalled_at, is_shell=False
    )
    yield from came.exclude(remote_id=None).annotate(was_changed=Exists(changes)).order_by("created_at")


def _was_stored_so(row: CommonModel, write: Write, resource: Resource) -> bool:
    if getattr(row, "was_changed"):  # noqa: B009 - annotated
        return _once_said(row, write, resource)
    image = Image.of(row)
    return image.presence is Presence.PRESENT and _says(image, write, resource)


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
