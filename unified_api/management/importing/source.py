"""Where accounts come from: a unified API that answers as the wire contract says, read with its own client library.

    Refused       the answer to one question is no: this account, or this model, cannot be read
    Malformed     an answer that is none
    Unreachable   no answer, for longer than is worth waiting: the whole import ends, to be gone on with later

The library parses without checking, so every value is looked at here. It is optional, see docs/importing.md: whoever
imports this module has it.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from merge.client import Merge
from merge.core.api_error import ApiError
from merge.core.parse_error import ParsingError

from integrations.kit.errors import Unmappable
from integrations.kit.guard import Guard
from integrations.kit.kinds import identifier
from tenants.vault import Secret
from unified_api.management.importing.outgoing import TIMEOUT, Closed, GuardedTransport
from unified_api.models.base import CommonModel, category_of
from unified_api.sync.imported_ids import OldId

CATEGORIES: Final = ("hris", "crm", "ticketing")
#: Rows of a page.
AT_ONCE: Final = 100
#: How often one question is asked, and seconds that one wait lasts at the most.
ATTEMPTS: Final = 8
LONGEST_WAIT: Final = 3600.0
_LONGEST_BACKOFF: Final = 60.0
_TOO_MANY: Final = 429
_AGAIN: Final = frozenset({408, 409, _TOO_MANY})
_SERVER: Final = 500

#: Models that are listed below records of another one only: the path of that one, and the call.
_BELOW: Final[Mapping[str, tuple[str, str]]] = {
    "custom-objects": ("custom_object_classes", "custom_object_classes_custom_objects_list"),
    "association-types": ("custom_object_classes", "custom_object_classes_association_types_list"),
}


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


@dataclass(frozen=True)
class Outside:
    """Time, as it passes outside; a test brings its own."""

    now: Callable[[], dt.datetime]
    sleep: Callable[[float], None]


class Source:
    """A way there, with an API key; for one linked account at a time, or for none."""

    def __init__(
        self, http: httpx.Client, url: str, key: Secret, outside: Outside, token: Secret | None = None
    ) -> None:
        self._http, self._url, self._key, self._outside = http, url, key, outside
        held = None if token is None else token.reveal()
        self._client = Merge(base_url=url, api_key=key.reveal, account_token=held, httpx_client=http)

    def of(self, token: Secret) -> Source:
        """The same for the account of this token."""
        return Source(self._http, self._url, self._key, self._outside, token)

    def accounts(self) -> Iterator[Listed | str]:
        """All linked accounts, test accounts too; in the place of one that cannot be understood, why."""
        for category in CATEGORIES:
            for test in ("false", "true"):
                lists = getattr(self._client, category).linked_accounts.list
                for rows, _ in self._turned(lists, None, category=category, is_test_account=test):
                    yield from (_listed(row, category) for row in rows)

    def account_id(self, category: str) -> uuid.UUID:
        """The id of the token's account."""
        found = _uuid(_part(self._ask(self._at(category, "account_details").retrieve), "id"))
        if found is None:
            raise Malformed("the id of the account is no UUID")
        return found

    def default_scopes(self, category: str) -> list[Any]:
        """What holds for all accounts, by model; in the library's types."""
        return _list(self._ask(self._at(category, "scopes").default_scopes_retrieve), "common_models")

    def scopes(self, category: str) -> list[Any]:
        """What holds for the account."""
        return _list(self._ask(self._at(category, "scopes").linked_account_scopes_retrieve), "common_models")

    def mappings(self, category: str) -> dict[str, Any]:
        """What is mapped for the account, by the names of models."""
        call = self._at(category, "field_mapping").field_mappings_retrieve
        answer = self._ask(call, exclude_remote_field_metadata=True)
        told = answer if isinstance(answer, dict) else answer.dict()
        return {str(model): rows for model, rows in told.items() if isinstance(rows, list)}

    def pages(
        self, model: type[CommonModel], cursor: str | None, since: dt.datetime | None
    ) -> Iterator[Page]:
        """The ids of a model's records, from a cursor of an earlier page on; of those created since, or of all.

        A record that the provider deleted is left out: it comes back nowhere, and may have a namesake that lives.
        """
        category, path = category_of(model), model.wire.path
        asked: dict[str, Any] = {"include_shell_data": True}
        if since is not None:
            asked["created_after"] = since
        if path not in _BELOW:
            lists = self._at(category, path.replace("-", "_")).list
            for rows, further in self._turned(lists, cursor, **asked):
                yield _page(rows, further)
            return
        yield from self._pages_below(category, path, cursor, asked)

    def _pages_below(
        self, category: str, path: str, cursor: str | None, asked: Mapping[str, Any]
    ) -> Iterator[Page]:
        """Pages of each record above, one after the other. A cursor: the id of that record, and one of its list."""
        above, call = _BELOW[path]
        lists = getattr(self._at(category, path.replace("-", "_")), call)
        at, _, inner = (cursor or "").partition(" ")
        ids = sorted(str(_part(row, "id")) for row in self._all(category, above))
        for number, record in enumerate(ids):
            if record < at:
                continue
            following = ids[number + 1] + " " if record != ids[-1] else None
            begin = inner or None if record == at else None
            for rows, further in self._turned(lambda r=record, **told: lists(r, **told), begin, **asked):
                yield _page(rows, following if further is None else f"{record} {further}")

    def _all(self, category: str, resource: str) -> Iterator[Any]:
        for rows, _ in self._turned(self._at(category, resource).list, None, include_shell_data=True):
            yield from rows

    def _turned(
        self, call: Callable[..., Any], cursor: str | None, **asked: Any
    ) -> Iterator[tuple[list[Any], str | None]]:
        """Rows and the next cursor, page by page."""
        seen = set()
        while True:
            given = {**asked, **({"cursor": cursor} if cursor else {})}
            answer = self._ask(call, page_size=AT_ONCE, **given)
            rows, cursor = _list(answer, "results"), value(answer, "next")
            if cursor is not None and (not isinstance(cursor, str) or "\0" in cursor):
                raise Malformed("a list names no next page that can be asked for")
            if cursor and cursor in seen:
                raise Malformed("a list goes in circles: a page names one that was there before as its next")
            seen.add(cursor)
            yield rows, cursor or None
            if not cursor:
                return

    def _at(self, category: str, resource: str) -> Any:
        return getattr(getattr(self._client, category), resource)

    def _ask(self, call: Callable[..., Any], **asked: Any) -> Any:
        """The answer, asked for again where that may help."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return call(**asked, request_options={"max_retries": 0})
            except ApiError as error:
                status = error.status_code or 0
                if status < _SERVER and status not in _AGAIN:
                    raise _no(status) from error
                failed, wait = f"it answers {status}", self._told_wait(error)
            except Closed as error:
                raise Unreachable(f"{error}.") from error
            except httpx.HTTPError as error:
                failed, wait = f"the connection failed ({type(error).__name__})", None
            except (ParsingError, ValueError, TypeError, AttributeError) as error:
                raise Malformed(f"an answer is none of the contract's ({type(error).__name__})") from error
            if attempt < ATTEMPTS:
                backoff = min(2.0 ** (attempt - 1), _LONGEST_BACKOFF)
                self._outside.sleep(backoff if wait is None else wait)
        raise Unreachable(f"{self._url} was asked {ATTEMPTS} times: {failed}.")

    def _told_wait(self, error: ApiError) -> float | None:
        """Seconds that an answer asks to wait."""
        headers = {str(name).lower(): value for name, value in (error.headers or {}).items()}
        told = str(headers.get("retry-after", "")).strip()
        if told.isdecimal():
            return min(float(told), LONGEST_WAIT)
        try:
            moment = email.utils.parsedate_to_datetime(told)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return min(max(0.0, (moment - self._outside.now()).total_seconds()), LONGEST_WAIT)


@contextmanager
def opened(url: str, key: Secret, guard: Guard, outside: Outside) -> Iterator[Source]:
    """A way to where accounts come from."""
    transport = GuardedTransport(guard, Guard(resolve=guard.resolve))
    with httpx.Client(transport=transport, timeout=TIMEOUT, trust_env=False) as http:
        yield Source(http, url.rstrip("/"), key, outside)


def _no(status: int) -> SourceError:
    if status in range(200, 300):
        return Malformed("an answer is no JSON")
    return Refused(status, f"the answer is {status}")


def value(row: Any, name: str) -> Any:
    """What an object of an answer has under a name; None if nothing. The library leaves what it cannot parse."""
    return row.get(name) if isinstance(row, dict) else getattr(row, name, None)


def _part(row: Any, name: str) -> Any:
    found = value(row, name)
    if found is None:
        raise Malformed(f"an answer lacks {name!r}")
    return found


def _list(answer: Any, name: str) -> list[Any]:
    found = _part(answer, name)
    if not isinstance(found, list):
        raise Malformed(f"{name!r} of an answer is no list")
    return found


def _listed(row: Any, category: str) -> Listed | str:
    found, slug = _uuid(value(row, "id")), _slug(value(row, "integration"))
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


def _text(value: Any) -> str:
    """A text; empty for what is none, or cannot be stored."""
    return value if isinstance(value, str) and "\0" not in value else ""


def _page(rows: list[Any], further: str | None) -> Page:
    page = Page([], [], 0, None, further)
    newest, nameless = None, 0
    for row in rows:
        created = value(row, "created_at")
        if isinstance(created, dt.datetime) and created.tzinfo:
            newest = created if newest is None else max(newest, created)
        if not isinstance(row, dict) and not hasattr(row, "remote_id"):
            page.bad.append("a row is no record")
            continue
        if value(row, "remote_id") is None:
            nameless += 1
            continue
        try:
            page.ids.append(_old_id(row))
        except Unmappable as error:
            page.bad.append(str(error))
    return Page(page.ids, page.bad, nameless, newest, further)


def _old_id(row: Any) -> OldId:
    remote_id, found = identifier(value(row, "remote_id")), _uuid(value(row, "id"))
    if "\0" in remote_id:
        raise Unmappable("a remote id with NUL characters cannot be stored")
    if found is None:
        raise Unmappable(f"the id of {remote_id!r} is no UUID")
    return OldId(remote_id, found)


def _uuid(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None
