"""The bytes of a file that a write makes: brought from the other account just before the create leaves.

They go through a temporary file without a name: never into the database, nor whole into memory. A download that fails
has changed nothing, whatever its reason, so the write has not been sent then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from integrations.kit import errors
from integrations.kit.content import Content, Spool
from integrations.kit.provider import FILE_ADDRESS, Resource
from unified_api import registry
from unified_api.models.base import common_model
from unified_api.sync import connect, job, values
from unified_api.sync.bridge.attachment_choice import LARGEST
from unified_api.sync.bridge.attachment_source import Source, source_of
from unified_api.sync.limit import Purpose
from unified_api.sync.models import Write

#: What is said of a file of which nobody knows what it is.
UNKNOWN: Final = "application/octet-stream"
_KIND: Final = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}")


@contextmanager
def brought(
    write: Write, resource: Resource, line: connect.Line, lease: job.Lease
) -> Iterator[Content | None]:
    """The file that a create needs; None for what needs none. Raises RetryLater, Rejected, Misconfigured.

    line: of the account where it is made, which fetches what a caller of the API names by its address.
    """
    if not resource.uploads:
        yield None
    elif write.pair_id is None:
        with Spool(LARGEST) as spool:
            yield Content(spool, kind_of(write.values.get("content_type"), _named(write, line, spool)))
    else:
        source = values.in_transaction(lambda: source_of(write))
        if source is None:
            raise errors.Rejected("the file that was to be copied is not there any more")
        with Spool(source.cap) as spool:
            told = _bring(source, common_model(write.model), spool, lease)
            yield Content(spool, kind_of(write.values.get("content_type"), told))


def kind_of(*told: str | None) -> str:
    """The first media type of these that is one."""
    return next((kind for kind in told if kind and _KIND.fullmatch(kind)), UNKNOWN)


def _named(write: Write, line: connect.Line, spool: Spool) -> str:
    """Fetch what a caller named, as anybody could; the media type that was told."""
    address = write.values.get(FILE_ADDRESS)
    if not address:
        raise errors.Rejected("a file is needed", fields={FILE_ADDRESS: "is required: where the file is"})
    try:
        return line.client.fetch(address, spool)
    except errors.TooLarge:
        raise
    except (errors.Gone, errors.Misconfigured, errors.Rejected) as error:
        raise errors.Rejected("the file cannot be had", fields={FILE_ADDRESS: str(error)}) from error


def _bring(source: Source, model: type, spool: Spool, lease: job.Lease) -> str:
    """Download, and say what the other account's refusal means for this write; the media type that was told."""
    try:
        with connect.line(source.account, lease, purpose=Purpose.NEWS) as line:
            resource = line.client.provider.resource(model)
            if resource is not None and not resource.hosted:
                return line.client.download(resource, source.remote_id, spool)
            if not source.address:
                raise errors.Rejected("the record of the file says no address")
            return line.client.fetch(source.address, spool)
    except registry.UnknownIntegration as error:
        raise errors.RetryLater(f"the file cannot be had now: {error}") from error
    except errors.NeedsReauthorisation as error:
        connect.pause(source.account, str(error))
        raise errors.RetryLater(
            f"the file cannot be had until its account is linked again: {error}"
        ) from error
    except (errors.Gone, errors.Forbidden) as error:
        raise errors.Rejected(f"the file cannot be had: {error}") from error
