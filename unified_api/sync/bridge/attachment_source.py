"""Where the file is that a bridge has a side make."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from tenants.models import LinkedAccount
from unified_api.engine.values import Side
from unified_api.sync.bridge import attachment_choice
from unified_api.sync.bridge.attachment_check import ADDRESS
from unified_api.sync.bridge.records import Frame, record_of
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Pair


@dataclass(frozen=True)
class Source:
    """A file of an account: by the id of its record there, or where Isthmus keeps the record, at an address.

    cap: bytes that it may have.
    """

    account: LinkedAccount
    remote_id: str
    address: str | None
    cap: int


def source_of(write: Write) -> Source | None:
    """The file behind a bridge's create, within the transaction that is open; None when it is not there any more."""
    pair = Pair.objects.filter(id=write.pair_id).first()
    bridge = Bridge.objects.filter(id=write.bridge_id).first()
    if pair is None or bridge is None:
        return None
    frame = Frame.of(bridge)
    side = Side.B if write.linked_account_id == bridge.account_a else Side.A
    return _at(frame, side, record_of(pair, side))


def _at(frame: Frame, side: Side, record_id: uuid.UUID | None) -> Source | None:
    account, told = frame.accounts[side], frame.configuration.content
    record = frame.model.objects.filter(id=record_id, remote_was_deleted=False).first()
    if account is None or record is None or record.remote_id is None:
        return None
    cap = told.cap if told else attachment_choice.USUAL
    return Source(account, record.remote_id, getattr(record, ADDRESS), cap)
