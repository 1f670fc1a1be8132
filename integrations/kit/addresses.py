"""Which address a call goes to: below the account's own, where a provider leads, and where somebody says a file is."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

from integrations.kit.errors import Misconfigured, Rejected


def below(base_url: str, path: str) -> str:
    """The whole address of a path below the base address.

    Raises Misconfigured for one that leads elsewhere.
    """
    url = f"{base_url.rstrip('/')}/{path.lstrip('/')}" if path else base_url
    bare = path.partition("?")[0]
    climbs = any(part in {".", ".."} for part in unquote(bare).split("/"))
    if "://" in bare or climbs or "\\" in unquote(bare):
        raise Misconfigured("the path leads outside the account's address", request=bare[:100])
    return url


def follow(url: str, location: str, *, request: str) -> tuple[str, bool]:
    """The address of a redirect, and whether it is of the same origin, so that the signature may go along."""
    return _led(url, location, "the host redirects to", request)


def told(base_url: str, address: str, *, request: str) -> tuple[str, bool]:
    """The same for an address that an answer of the provider names."""
    return _led(f"{base_url}/", address, "the provider names", request)


def _led(url: str, location: str, leads: str, request: str) -> tuple[str, bool]:
    try:
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        same = (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port)
    except ValueError:
        raise Misconfigured(f"{leads} no valid address", request=request) from None
    if new.scheme not in {"http", "https"}:
        raise Misconfigured(f"{leads} something that is no web address", request=request)
    if old.scheme == "https" and new.scheme == "http":
        raise Misconfigured(f"{leads} an address without encryption", request=request)
    return target, same


def elsewhere(address: str, *, request: str) -> str:
    """An address that somebody named, and no provider: a whole one, of the web; raises Rejected."""
    try:
        parts = urlsplit(address)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        whole = False
    if not whole:
        raise Rejected("the address of a file has to begin with https:// or http://", request=request)
    return address
