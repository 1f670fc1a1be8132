"""Where accounts come from: a unified API that answers as the wire contract says, read with its own client library.

That library is optional, see docs/importing.md: whoever imports this module has it.
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

from integrations.kit.guard import Guard
from tenants.vault import Secret
from unified_api.management.importing.answers import (
    Listed,
    Malformed,
    Page,
    Refused,
    SourceError,
    Unreachable,
    listed,
    page_of,
    part,
    rows_of,
    uuid_of,
    value,
)
from unified_api.management.importing.outgoing import TIMEOUT, Closed, GuardedTransport
from unified_api.models.base import CommonModel, category_of

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
        self._client = Merge(
            base_url=url,
            api_key=key.reveal,
            account_token=None if token is None else token.reveal(),
            httpx_client=http,
        )

    def of(self, token: Secret) -> Source:
        """The same for the account of this token."""
        return Source(self._http, self._url, self._key, self._outside, token)

    def accounts(self) -> Iterator[Listed | str]:
        """All linked accounts, test accounts too; in the place of one that cannot be understood, why."""
        for category in CATEGORIES:
            for test in ("false", "true"):
                lists = getattr(self._client, category).linked_accounts.list
                for rows, _ in self._turned(lists, None, category=category, is_test_account=test):
                    yield from (listed(row, category) for row in rows)

    def account_id(self, category: str) -> uuid.UUID:
        """The id of the token's account."""
        found = uuid_of(part(self._ask(self._at(category, "account_details").retrieve), "id"))
        if found is None:
            raise Malformed("the id of the account is no UUID")
        return found

    def default_scopes(self, category: str) -> list[Any]:
        """What holds for all accounts, by model; in the library's types."""
        return rows_of(self._ask(self._at(category, "scopes").default_scopes_retrieve), "common_models")

    def scopes(self, category: str) -> list[Any]:
        """What holds for the account."""
        return rows_of(
            self._ask(self._at(category, "scopes").linked_account_scopes_retrieve), "common_models"
        )

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
                yield page_of(rows, further)
            return
        yield from self._pages_below(category, path, cursor, asked)

    def _pages_below(
        self, category: str, path: str, cursor: str | None, asked: Mapping[str, Any]
    ) -> Iterator[Page]:
        """Pages of each record above, one after the other. A cursor: the id of that record, and one of its list."""
        above, call = _BELOW[path]
        lists = getattr(self._at(category, path.replace("-", "_")), call)
        at, _, inner = (cursor or "").partition(" ")
        ids = sorted(str(part(row, "id")) for row in self._all(category, above))
        for number, record in enumerate(ids):
            if record < at:
                continue
            following = ids[number + 1] + " " if record != ids[-1] else None
            begin = inner or None if record == at else None
            for rows, further in self._turned(lambda r=record, **told: lists(r, **told), begin, **asked):
                yield page_of(rows, following if further is None else f"{record} {further}")

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
            rows, cursor = rows_of(answer, "results"), value(answer, "next")
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
