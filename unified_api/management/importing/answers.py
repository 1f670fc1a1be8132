"""What answers of where accounts come from say, be they well-formed or not; and why something could not be read.

    Refused       the answer to one question is no: this account, or this model, cannot be read
    Malformed     an answer that is none
    Unreachable   no answer, for longer than is worth waiting: the whole import ends, to be gone on with later

The client library parses without checking, so every value is looked at here.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from integrations.kit.errors import Unmappable
from integrations.kit.kinds import identifier
from unified_api.sync.imported_ids import OldId


class SourceError(Exception):
    """Why something could not be read; a sentence without secrets."""


class Refused(SourceError):
    """The answer is no. status: of HTTP."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


class Malformed(SourceError):
    """An answer that is not as the contract has it."""


class Unreachable(SourceError):
    """No answer."""


@dataclass(frozen=True)
class Listed:
    """A linked account as it is listed there. integration: its slug there, or its name where it has none."""

    id: uuid.UUID
    category: str
    integration: str
    end_user_origin_id: str
    end_user_organization_name: str
    end_user_email_address: str
    is_test: bool
    completed_at: dt.datetime | None


@dataclass(frozen=True)
class Page:
    """Rows of a list. bad: what is wrong with some. nameless: rows without a remote id. newest: creation among them.

    next: where it goes on; None at the end.
    """

    ids: list[OldId]
    bad: list[str]
    nameless: int
    newest: dt.datetime | None
    next: str | None


def value(row: Any, name: str) -> Any:
    """What an object of an answer has under a name; None if nothing. The library leaves what it cannot parse."""
    return row.get(name) if isinstance(row, dict) else getattr(row, name, None)


def part(row: Any, name: str) -> Any:
    """What has to be there; raises Malformed."""
    found = value(row, name)
    if found is None:
        raise Malformed(f"an answer lacks {name!r}")
    return found


def rows_of(answer: Any, name: str) -> list[Any]:
    """A list that has to be there; raises Malformed."""
    found = part(answer, name)
    if not isinstance(found, list):
        raise Malformed(f"{name!r} of an answer is no list")
    return found


def listed(row: Any, category: str) -> Listed | str:
    """A linked account; in its place, what is wrong with it."""
    found, slug = uuid_of(value(row, "id")), _slug(value(row, "integration"))
    names = ("end_user_origin_id", "end_user_organization_name", "end_user_email_address")
    texts = {name: _text(value(row, name)) for name in names}
    if found is None or not slug or not texts["end_user_origin_id"].strip():
        return f"A linked account of {category} is listed without id, integration or end user ({found})."
    if value(row, "category") != category:
        return f"Linked account {found} is listed as one of {category}, and is none."
    completed = value(row, "completed_at")
    return Listed(
        id=found,
        category=category,
        integration=slug,
        is_test=value(row, "account_type") == "TEST",
        completed_at=completed if isinstance(completed, dt.datetime) and completed.tzinfo else None,
        **texts,
    )


def _slug(integration: Any) -> str:
    return _text(value(integration, "slug")) or _text(value(integration, "name"))


def _text(told: Any) -> str:
    """A text; empty for what is none, or cannot be stored."""
    return told if isinstance(told, str) and "\0" not in told else ""


def page_of(rows: list[Any], further: str | None) -> Page:
    """What the rows of a page say of ids, and where the list goes on."""
    ids, bad = [], []
    named = [row for row in rows if _is_record(row) and value(row, "remote_id") is not None]
    for row in named:
        try:
            ids.append(_old_id(row))
        except Unmappable as error:
            bad.append(str(error))
    strange = ["a row is no record" for row in rows if not _is_record(row)]
    created = [at for row in named if isinstance(at := value(row, "created_at"), dt.datetime) and at.tzinfo]
    nameless = len(rows) - len(named) - len(strange)
    return Page(ids, bad + strange, nameless, max(created, default=None), further)


def _is_record(row: Any) -> bool:
    return isinstance(row, dict) or hasattr(row, "remote_id")


def _old_id(row: Any) -> OldId:
    remote_id, found = identifier(value(row, "remote_id")), uuid_of(value(row, "id"))
    if "\0" in remote_id:
        raise Unmappable("a remote id with NUL characters cannot be stored")
    if found is None:
        raise Unmappable(f"the id of {remote_id!r} is no UUID")
    return OldId(remote_id, found)


def uuid_of(text: Any) -> uuid.UUID | None:
    """An id; None for what is none."""
    try:
        return uuid.UUID(text)
    except (ValueError, TypeError, AttributeError):
        return None
