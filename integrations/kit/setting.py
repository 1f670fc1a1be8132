"""What has to be known to reach one account, as an adapter asks for it when the account is linked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Setting:
    """One thing to be known. kind `url`: an http(s) address without credentials in it; `flag`: yes or no."""

    name: str
    help: str
    required: bool = True
    secret: bool = False
    default: str | None = None
    kind: Literal["text", "url", "number", "flag"] = "text"

    def __post_init__(self) -> None:
        if self.required and self.default is not None:
            raise TypeError(f"Setting({self.name!r}): a required setting has no default; drop one of the two")
        if self.secret and self.default is not None:
            raise TypeError(f"Setting({self.name!r}): a secret has no default")

    def fault(self, value: str) -> str | None:
        """Why this value cannot be it, or None."""
        if not value.strip():
            return "is empty"
        if self.kind == "number" and not (value.isascii() and value.isdigit()):
            return "must be a number"
        if self.kind == "flag" and value.strip().lower() not in {"yes", "no"}:
            return "must be yes or no"
        return _url_fault(value) if self.kind == "url" else None

    def canonical(self, value: str) -> str:
        """The one spelling under which it is kept; a secret is not touched."""
        if self.secret:
            return value
        told = value.strip().lower() if self.kind == "flag" else value.strip()
        return told.rstrip("/") if self.kind == "url" else told


def _url_fault(value: str) -> str | None:
    try:
        url = urlsplit(value.strip())
        port_is_fine = url.port != 0
    except ValueError:
        return "is no valid address"
    if url.scheme not in {"http", "https"} or not url.hostname or not port_is_fine:
        return "must be an address that begins with http:// or https://"
    if url.username or url.password or "@" in url.netloc:
        return "must not hold a user name or password; there are settings of their own for these"
    if url.query or url.fragment:
        return "must not hold a query or fragment"
    return None
