"""Which address a call goes to: below the account's own, and where a redirect may lead."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

from integrations.kit.errors import Misconfigured


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
    try:
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        same = (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port)
    except ValueError:
        raise Misconfigured("the provider redirects to no valid address", request=request) from None
    if new.scheme not in {"http", "https"}:
        raise Misconfigured("the provider redirects to something that is no web address", request=request)
    if old.scheme == "https" and new.scheme == "http":
        raise Misconfigured("the provider redirects away from encryption", request=request)
    return target, same
