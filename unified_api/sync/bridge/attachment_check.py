"""What somebody wishes of the files that records stand for: checked against what both accounts can do with files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from integrations.kit.provider import FILE_ADDRESS
from unified_api.engine.values import Side
from unified_api.models.base import CommonModel, wire_fields
from unified_api.sync import connect
from unified_api.sync.bridge import attachment_choice
from unified_api.sync.bridge.attachment_choice import Files
from unified_api.sync.bridge.wish import BridgeRefused, Mistake, Wish

#: A model that has this field stands for files.
ADDRESS: Final = FILE_ADDRESS


def holds_files(model: type[CommonModel]) -> bool:
    """Whether records of a model stand for files."""
    return ADDRESS in wire_fields(model)


def content(wish: Wish) -> dict[str, Any] | None:
    """What becomes of the files, as stored; raises BridgeRefused or PolicyError."""
    if not holds_files(wish.common):
        if wish.content is not None or wish.cap is not None:
            raise BridgeRefused(Mistake("content", f"a {wish.model} is no file"))
        return None
    if wish.content not in {one.value for one in Files}:
        sentence = (
            "say what becomes of the files: copy (with a cap), link, or skip (they stay where they are)"
        )
        raise BridgeRefused(Mistake("content", sentence))
    files = Files(wish.content)
    if wish.cap is not None and files is not Files.COPY:
        raise BridgeRefused(Mistake("cap", "goes with files that are copied"))
    if mistakes := list(_CHECKS[files](wish)):
        raise BridgeRefused(*(Mistake("content", sentence) for sentence in mistakes))
    cap = attachment_choice.USUAL if wish.cap is None else attachment_choice.size(wish.cap)
    return attachment_choice.AttachmentChoice(files, cap).as_data()


def _not_copied(wish: Wish) -> Iterator[str]:
    if ADDRESS in wish.fields:
        yield f"of a file that is copied, either side has its own {ADDRESS}; leave the field out"
    for side in _made_at(wish):
        source, target = (wish.accounts[one] for one in (side.other, side))
        there = connect.provider_of(target).resource(wish.model)
        if there is not None and not there.uploads:
            yield f"{target.integration} takes no files; say link or skip"
        here = connect.provider_of(source).resource(wish.model)
        if here is not None and not here.hosted and here.download is None:
            yield f"{source.integration} does not show what is in a file; say link or skip"


def _not_linked(wish: Wish) -> Iterator[str]:
    if ADDRESS not in wish.fields:
        yield f"a link travels as {ADDRESS}; name it among the fields"
    for side in _made_at(wish):
        target = wish.accounts[side]
        there = connect.provider_of(target).resource(wish.model)
        if there is not None and (there.uploads or ADDRESS not in there.writable("create")):
            yield f"{target.integration} takes no file by its address; say copy or skip"


def _made_at(wish: Wish) -> list[Side]:
    return [side for side in Side if side in wish.creates]


_CHECKS: Final[Mapping[Files, Any]] = {
    Files.SKIP: lambda _wish: (),
    Files.LINK: _not_linked,
    Files.COPY: _not_copied,
}
