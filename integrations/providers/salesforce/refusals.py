"""What refusals mean, which are lists of errors there, and what every answer tells of the limit of the day."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from integrations.kit.errors import Forbidden, Gone, ProviderError, Rejected, RetryLater
from integrations.kit.limiter import Rate

#: Seconds for which it is left alone: the limit counts the last 24 hours, so that some of it is free again soon.
_OF_A_DAY, _OF_LONG_CALLS = 3_600.0, 10.0
_USED = re.compile(r"\bapi-usage=(\d+)/(\d+)")
_LIMIT = "REQUEST_LIMIT_EXCEEDED"
#: What their status does not say. Of a row that is locked nothing was done: the transaction was rolled back.
_MEANS: Mapping[str, Callable[..., ProviderError]] = {
    "UNABLE_TO_LOCK_ROW": partial(RetryLater, "somebody else is just writing to the record"),
    "ENTITY_IS_DELETED": partial(Gone, "the record is deleted there"),
    "DUPLICATES_DETECTED": partial(Rejected, "a rule of theirs takes the record for a duplicate"),
    **dict.fromkeys(
        ("INVALID_TYPE", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"),
        partial(Forbidden, "the provider does not allow this"),
    ),
}


def refuse(status: int, body: Any, _headers: Mapping[str, str]) -> ProviderError | None:
    """The error that an answer stands for, where its status does not say it."""
    found = _errors(body)
    if not found:
        return None
    code, facts = _code(found[0]), dict[str, Any](status=status, detail=_said(found))
    if code == _LIMIT:
        # Calls that run for long have a limit of their own, under the same word.
        after = _OF_LONG_CALLS if "Concurrent" in facts["detail"] else _OF_A_DAY
        return RetryLater("the provider's limit of requests is reached", after=after, **facts)
    if code in _MEANS:
        return _MEANS[code](**facts)
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return Rejected("the provider refuses this", fields=faults(found), **facts)
    return None


def faults(body: Any) -> dict[str, str]:
    """Reasons by field."""
    return {name: one["message"] for one in _errors(body) for name in one.get("fields") or ()}


def _errors(body: Any) -> list[Any]:
    """The errors in an answer; also in one of a success that says that it is none."""
    if isinstance(body, dict) and body.get("success") is False:
        body = body.get("errors")
    found = body if isinstance(body, list) else []
    return [one for one in found if isinstance(one, dict) and ("errorCode" in one or "statusCode" in one)]


def _said(errors: list[Any]) -> str:
    """All of them on one line, with the records that one is a duplicate of."""
    return "; ".join(f"{_code(one)}: {one.get('message')}{_like(one)}" for one in errors)


def _code(error: Mapping[str, Any]) -> str:
    """Its word, which in a success that is none has another name."""
    return str(error.get("errorCode") or error.get("statusCode"))


def _like(error: Mapping[str, Any]) -> str:
    # The vendor's own spelling.
    told = error.get("duplicateResult") or error.get("duplicateResut") or {}
    ids = [
        match["record"]["Id"]
        for result in told.get("matchResults") or ()
        for match in result.get("matchRecords") or ()
    ]
    return f" It is like {', '.join(ids)}." if ids else ""


@dataclass(frozen=True)
class DayLimit(Rate):
    """What the header tells: how many requests of the last 24 hours, of how many."""

    def read(self, headers: Mapping[str, str], now: datetime) -> tuple[int, datetime] | None:
        """What remains; once nothing does, it is looked at again in an hour."""
        found = _USED.search(headers.get("Sforce-Limit-Info", ""))
        if found is None:
            return None
        return max(0, int(found[2]) - int(found[1])), now + timedelta(seconds=_OF_A_DAY)
