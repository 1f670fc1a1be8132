"""What a token endpoint answers: tokens, that the grant is over, that the application is refused, or an outage.

Only words that say so end a grant: an answer that nobody understands, whatever its status, is an outage or a mistake in
the settings, and the account waits. Some providers answer with a form in place of JSON, or with an error in a success.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from math import isfinite
from typing import Any, Final
from urllib.parse import parse_qsl

from integrations.kit import verdict
from integrations.kit.errors import (
    ApplicationRefused,
    Misconfigured,
    NeedsReauthorisation,
    ProviderError,
    RetryLater,
)
from integrations.kit.http import Answer
from integrations.kit.strict import NotJson, strictly
from integrations.kit.transport import SUCCESS

#: RFC 6749 5.2; the second is what some answer for a refresh token that they do not know (any more).
_OVER: Final = frozenset({"invalid_grant", "invalid_token"})
_CLIENT: Final = frozenset({"invalid_client", "unauthorized_client"})
_OUTAGE: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_WAIT: Final = frozenset({408, 425, *verdict.BUSY})
_MOVED: Final = range(300, 400)
_BROKEN: Final = 500
#: Longer tokens than any that was ever seen.
_LONGEST: Final = 16_384
_MOST_SECONDS: Final = 10 * 365 * 86_400.0
_SHARE: Final = 0.8
_PARTS: Final = 50


@dataclass(frozen=True)
class Granted:
    """Tokens that were granted. expires_in: seconds, None where it was not said. told: settings of the account."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: float | None = None
    told: dict[str, str] = field(default_factory=dict)

    def secrets(self, now: datetime) -> dict[str, str]:
        """By the names under which an account keeps them; moments in seconds since 1970.

        `renew_at` is before `expires_at`, so that nobody waits for a new token.
        """
        told = {"access_token": self.access_token}
        if self.refresh_token:
            told["refresh_token"] = self.refresh_token
        if self.expires_in is not None:
            stamp = now.timestamp()
            told["expires_at"] = str(int(stamp + self.expires_in))
            told["renew_at"] = str(int(stamp + self.expires_in * _SHARE))
        return told


def read(
    answer: Answer,
    *,
    where: str,
    revoked: Collection[str],
    refused: Collection[str],
    tells: Mapping[str, str],
    now: datetime,
    clean: Callable[[str], str],
) -> Granted:
    """The tokens in an answer; raises what `oauth.TokenEndpoint` says.

    where: the path that was asked. revoked: further words for a grant that is over, wherever they stand; refused: for
    an application that is refused. tells: settings in the answer, by its names for them. clean: cuts secrets out of a
    text.
    """
    facts: dict[str, Any] = {"request": f"POST {where}", "status": answer.status}
    if answer.status in _WAIT or answer.status >= _BROKEN:
        after = verdict.retry_after(answer.headers, now)
        raise RetryLater(
            "the token endpoint is out of order, or asks to slow down", after=after, left=True, **facts
        )
    if answer.status in _MOVED:
        raise Misconfigured("the token endpoint has moved, and secrets are sent to no other address", **facts)
    told = _decoded(answer)
    if told is None:
        raise RetryLater(
            "the token endpoint answers something that is none of its answers", left=True, **facts
        )
    word = told.get("error")
    if word or answer.status not in SUCCESS:
        word = next((one for one in told.values() if isinstance(one, str) and one in revoked), word)
        facts["detail"] = verdict.detail(
            clean(f"{word or 'no error named'}: {told.get('error_description') or ''}")
        )
        raise _refusal("invalid_client" if word in refused else word, revoked, facts)
    return _granted(told, tells, facts)


def of_end(answer: Answer, *, revoked: Collection[str], facts: dict[str, Any]) -> ProviderError | None:
    """What an answer in the manner of token endpoints says where a token is ended; None where it says nothing so.

    NeedsReauthorisation: it was over before. ApplicationRefused: nobody knows.
    """
    if answer.status >= _BROKEN:
        return None
    word = (_decoded(answer) or {}).get("error")
    if answer.status == HTTPStatus.UNAUTHORIZED and word not in _OVER:
        word = "invalid_client"
    refused = _refusal(word, revoked, facts)
    return refused if isinstance(refused, NeedsReauthorisation | ApplicationRefused) else None


def _refusal(word: Any, revoked: Collection[str], facts: dict[str, Any]) -> ProviderError:
    if not isinstance(word, str):
        return Misconfigured("the token endpoint refuses this without saying why", **facts)
    if word in _OVER or word in revoked:
        return NeedsReauthorisation("what the end user allowed is over", **facts)
    if word in _CLIENT:
        return ApplicationRefused("the OAuth application is refused; look at its id and secret", **facts)
    if word in _OUTAGE:
        return RetryLater("the token endpoint is out of order", left=True, **facts)
    return Misconfigured("the token endpoint refuses this", **facts)


def _granted(told: dict[str, Any], tells: Mapping[str, str], facts: dict[str, Any]) -> Granted:
    access = told.get("access_token")
    if not _is_token(access):
        raise Misconfigured("the token endpoint answers without a usable access token", **facts)
    kind = told.get("token_type")
    if kind and str(kind).lower() != "bearer":
        raise Misconfigured("the token endpoint grants a token of a kind that we cannot use", **facts)
    refresh = told.get("refresh_token")
    if refresh and not _is_token(refresh):
        raise Misconfigured("the token endpoint grants a refresh token that is none", **facts)
    settings = {name: told[said] for name, said in tells.items() if isinstance(told.get(said), str)}
    lasts = _seconds(told.get("expires_in"))
    return Granted(str(access), str(refresh) if refresh else None, lasts, settings)


def _is_token(value: Any) -> bool:
    """Whether it is a token as RFC 6749 has it: visible ASCII, so that no header can be broken by it."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and all("!" <= sign <= "~" for sign in value)


def _seconds(value: Any) -> float | None:
    """How long a token lasts; None for what is no number of seconds in the future."""
    if isinstance(value, bool):
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(seconds, _MOST_SECONDS) if isfinite(seconds) and seconds > 0 else None


def _decoded(answer: Answer) -> dict[str, Any] | None:
    """The object in an answer, of JSON or of a form; None for a web page and whatever else it may be."""
    body = answer.body.strip()
    if body[:1] in {b"<", b"", b"["}:
        return None
    if body[:1] != b"{":
        return _form(body)
    try:
        data = strictly(body).data
    except NotJson:
        return None
    return data if isinstance(data, dict) else None


def _form(body: bytes) -> dict[str, Any] | None:
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=_PARTS)
    except ValueError:
        return None
    told = dict(pairs)
    return told if len(told) == len(pairs) and told.keys() & {"access_token", "error"} else None
