"""From an answer, or the lack of one, to the error that says what to do next.

The question that decides is: may the provider have carried it out? A read, or a write declared repeatable,
can simply be tried again; any other write is Uncertain as soon as it left, unless the answer itself says that
nothing was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.kit.breaks import Broken
from integrations.kit.errors import (
    SHAPELESS,
    Forbidden,
    Gone,
    Late,
    Misconfigured,
    Moved,
    NeedsReauthorisation,
    ProviderError,
    Rejected,
    RetryLater,
    Uncertain,
)
from integrations.kit.strict import fit, plain

#: Beyond a day a Retry-After is no plan.
_MAX_AFTER = 86_400.0
_MAX_DETAIL = 300
_MOST_FIELDS = 20
BUSY = frozenset({429, 503})
#: A part of what was asked for. We never ask for parts, so nobody knows what is missing.
_PARTIAL = 206
_MOVED = frozenset({301, 302, 303, 307, 308})
_CONSTANT: Mapping[int, tuple[type[ProviderError], str]] = {
    401: (NeedsReauthorisation, "the provider refuses the credential"),
    403: (Forbidden, "the provider does not allow this"),
    404: (Gone, "there is no such thing at the provider"),
    405: (Misconfigured, "the provider does not offer this"),
    406: (Misconfigured, "the provider does not speak our format"),
    407: (Misconfigured, "a proxy stands in between and wants a credential"),
    410: (Gone, "there is no such thing at the provider any more"),
    412: (Moved, "somebody else changed the record first"),
    415: (Misconfigured, "the provider does not understand our format"),
    421: (Misconfigured, "the provider says that another host is responsible"),
    428: (Misconfigured, "the provider wants a condition on every write"),
    501: (Misconfigured, "the provider does not offer this"),
    505: (Misconfigured, "the provider does not speak HTTP/1.1"),
}


def of_break(broken: Broken, *, repeatable: bool, request: str) -> ProviderError:
    """The error for an exchange without an answer."""
    if broken.left and not repeatable:
        return Uncertain(f"nobody knows whether this was carried out: {broken.reason}", request=request)
    if broken.hopeless:
        what = "the provider's answer is refused" if broken.left else "the provider cannot be called"
        return Misconfigured(f"{what}: {broken.reason}", request=request)
    what = "the provider gave no usable answer" if broken.left else "the provider could not be reached"
    kind = Late if broken.late and broken.left else RetryLater
    return kind(f"{what}: {broken.reason}", left=broken.left, request=request)


def of_status(
    status: int,
    headers: Mapping[str, str],
    body: Any,
    *,
    repeatable: bool,
    request: str,
    now: datetime,
    faults: Callable[[Any], dict[str, str]] | None = None,
) -> ProviderError | None:
    """The error that a status stands for, None for a success. body: decoded, or text."""
    if 200 <= status < 300 and status != _PARTIAL:  # noqa: PLR2004 - success, RFC 9110
        return None
    facts: dict[str, Any] = {"request": request, "status": status, "detail": detail(body)}
    if status in _CONSTANT:
        kind, sentence = _CONSTANT[status]
        return kind(sentence, **facts)
    if status in {408, 425} or status in BUSY or status >= 500:  # noqa: PLR2004 - server errors, RFC 9110
        return _busy(status, retry_after(headers, now), repeatable=repeatable, facts=facts)
    if 400 <= status < 500:  # noqa: PLR2004 - client errors, RFC 9110
        fields = _named(faults, body) if faults else {}
        return Rejected("the provider refuses this", fields=fields, **facts)
    return _odd(status, headers, repeatable=repeatable, facts=facts)


def of_another_host(error: ProviderError | None) -> ProviderError | None:
    """The same of a host that is not the account's: it was shown no credential, and knows none of our versions."""
    if isinstance(error, NeedsReauthorisation | Forbidden | Moved):
        facts: dict[str, Any] = {
            "request": error.request,
            "status": error.status,
            "detail": error.detail,
        }
        return Rejected("another host, which is shown no credential, refuses this", **facts)
    return error


def _odd(
    status: int, headers: Mapping[str, str], *, repeatable: bool, facts: dict[str, Any]
) -> ProviderError:
    if status in _MOVED:
        return Misconfigured(f"the provider has moved to {_host(headers)}; correct the address", **facts)
    if not repeatable and status < 300:  # noqa: PLR2004 - not a success, and not a refusal either
        return Uncertain(f"nobody knows whether this was carried out: status {status} does not say", **facts)
    return Misconfigured(
        f"status {status} is no answer to this; something else may stand in between", **facts
    )


def _named(faults: Callable[[Any], dict[str, str]], body: Any) -> dict[str, str]:
    """Reasons by field, as an adapter's function finds them; none in an answer whose shape it does not know."""
    try:
        return {
            str(name)[:100]: _line(str(reason)) for name, reason in list(faults(body).items())[:_MOST_FIELDS]
        }
    except SHAPELESS:
        return {}


def _busy(status: int, after: float | None, *, repeatable: bool, facts: dict[str, Any]) -> ProviderError:
    untouched = status in {425, 429} or (status == 503 and after is not None)  # noqa: PLR2004 - see docstring
    if repeatable or untouched:
        sentence = "the provider asks to slow down" if status == 429 else "the provider is out of order"  # noqa: PLR2004
        return RetryLater(sentence, after=after, left=not untouched, **facts)
    return Uncertain("nobody knows whether this was carried out: the provider failed on it", **facts)


def not_json(
    reason: str, *, html: bool, hopeless: bool, repeatable: bool, request: str, status: int
) -> ProviderError:
    """The error for a success that is not in JSON, or in more of it than we take (`hopeless`)."""
    what = "a web page, where JSON is due" if html else f"something that we cannot take: {reason}"
    if not repeatable:
        return Uncertain(
            f"nobody knows whether this was carried out: the answer is {what}", request=request, status=status
        )
    if hopeless:
        return Misconfigured(f"the answer is {what}", request=request, status=status)
    hint = (
        "; a login or maintenance page may stand before the provider, or its address is wrong" if html else ""
    )
    return RetryLater(f"the answer is {what}{hint}", left=True, request=request, status=status)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, as number or date; None when it says nothing sensible."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _MAX_AFTER)
    try:
        due = parsedate_to_datetime(text)
        aware = due if due.tzinfo else due.replace(tzinfo=UTC)
        return min(max(0.0, (aware - now).total_seconds()), _MAX_AFTER)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def detail(body: Any) -> str:
    """What the provider says in an answer, on one short line; a web page says nothing."""
    if isinstance(body, dict):
        inner = next((body[k] for k in ("error", "detail", "message", "errors", "msg") if body.get(k)), body)
        return detail(inner) if inner is not body and isinstance(inner, dict) else _line(str(inner))
    if isinstance(body, str) and body.lstrip()[:1] == "<":
        return ""
    return _line(str(body or ""))


def _line(text: str) -> str:
    return plain(fit(text[: 2 * _MAX_DETAIL]))[:_MAX_DETAIL]


def _host(headers: Mapping[str, str]) -> str:
    target = headers.get("Location", "").partition("?")[0]
    return _line(target)[:120] or "another address"
