"""What functions of adapters have in common: joins by id, and creates that may be asked for twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import (
    Misconfigured,
    Moved,
    NeedsReauthorisation,
    ProviderError,
    RetryLater,
    Uncertain,
)
from integrations.kit.paths import dig

#: Ids in one request: with ids of 20 characters the address stays far below 8 KB, which every server takes.
_CHUNK = 100
#: So often a change that minds nobody is tried again.
_ATTEMPTS = 5


def by_ids(
    api: Api, path: str, ids: Iterable[str], params: Mapping[str, Any], *, items: str, param: str = "id"
) -> dict[str, Any]:
    """The records of a list that have these ids, by id; the parameter is repeated for each."""
    wanted = list(dict.fromkeys(ids))
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), _CHUNK):
        answer = dig(api.get(path, {**params, param: wanted[start : start + _CHUNK]}), items)
        if not isinstance(answer, list):
            raise Misconfigured(f"the answer has no list at {items!r}", request=f"GET {path}")
        found.update({str(dig(item, "id")): item for item in answer})
    return found


def post_once(
    api: Api, path: str, body: Any, *, door: str = "@poe", link: str = "data.link", made: str = "data.id"
) -> str:
    """Create by "post once exactly" (draft-nottingham-http-poe): a fresh address that works one time.

    The new id.

    When the answer is lost, the same address is asked again: either the create happens now, or the address is
    used up and the outcome stays Uncertain, to be settled by a search that is sure to find it if it happened.
    """
    prefix = f"{path}/{door}"
    address = str(dig(api.send("POST", prefix, {}, repeatable=True), link))
    once = f"{prefix}{address.rpartition(prefix)[2]}"
    try:
        answer = api.send("POST", once, body)
    except Uncertain as lost:
        try:
            answer = api.send("POST", once, body)
        except ProviderError:
            raise lost from None
    return str(dig(answer, made))


@contextmanager
def owed(remote_id: str) -> Iterator[None]:
    """What a record is owed that has its id already: a call that may succeed later leaves its create Uncertain."""
    try:
        yield
    except (Uncertain, RetryLater, NeedsReauthorisation, Moved) as error:
        told = f"it was made as {remote_id}, but is not finished: {error}"
        raise Uncertain(told, remote_id=remote_id) from error


def amend(api: Api, path: str, body: Any) -> Any:
    """Change a record under its ETag, whatever others change meanwhile.

    For additions to a set, which nobody loses.
    """
    for _attempt in range(_ATTEMPTS - 1):
        with suppress(Moved):
            return api.send("PATCH", path, body, headers={"If-Match": api.etag(path)})
    return api.send("PATCH", path, body, headers={"If-Match": api.etag(path)})
